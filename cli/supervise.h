/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * supervise.h - run a program as a child and be as transparent as can be.
 */
#ifndef PERSONA_SUPERVISE_H
#define PERSONA_SUPERVISE_H

/**
 * supervise() - run a program and wait for its end
 * @path:  executable
 * @argv:  its arguments
 * @keep:  descriptors that it inherits; they are closed in this process
 * @nkeep: how many
 *
 * Return: exit status for this process: the program's, 128+N if signal N ended
 * it, EXIT_NOEXEC, EXIT_NOCMD, or EXIT_PERSONA (with the line printed).
 */
int supervise(const char *path, char *const *argv, const int *keep, unsigned int nkeep);

#endif /* PERSONA_SUPERVISE_H */
