/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * supervise.h - run a program as a child and be as transparent as can be.
 */
#ifndef PERSONA_LAUNCH_SUPERVISE_H
#define PERSONA_LAUNCH_SUPERVISE_H

#include <stdbool.h>
#include <sys/types.h>

/**
 * struct supervise_ops - what happens around the start, and when it is over
 * @in_child:  before the program is executed; 0, or it ends with EXIT_PERSONA
 *	       (and has said why)
 * @in_parent: after the fork; 0, or an exit status: then the child is killed
 * @tree:      wait until all descendants have ended, not just the program
 */
struct supervise_ops {
	int (*in_child)(void *arg);
	int (*in_parent)(void *arg, pid_t child);
	void *arg;
	bool tree;
};

/**
 * supervise() - run a program and wait for its end
 * @path:  executable
 * @argv:  its arguments
 * @keep:  descriptors that it inherits; they are closed in this process
 * @nkeep: how many
 * @ops:   or NULL
 *
 * Return: exit status for this process: the program's, 128+N if signal N ended
 * it, EXIT_NOEXEC, EXIT_NOCMD, or EXIT_PERSONA (with the line printed).
 */
int supervise(const char *path, char *const *argv, const int *keep, unsigned int nkeep,
	      const struct supervise_ops *ops);

/** supervise_become() - be the program, in this process; returns an exit status if that fails. */
int supervise_become(const char *path, char *const *argv);

#endif /* PERSONA_LAUNCH_SUPERVISE_H */
