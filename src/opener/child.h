/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * child.h - a tool that reads commands from us, for as long as we live.
 */
#ifndef PERSONA_OPENER_CHILD_H
#define PERSONA_OPENER_CHILD_H

#include <stddef.h>
#include <sys/types.h>

/**
 * struct child - a running tool
 * @in:	 its standard input
 * @out: its standard output and error
 */
struct child {
	pid_t pid;
	int in;
	int out;
};

/**
 * child_start() - start a tool with CAP_NET_ADMIN and without our descriptors
 * @argv: argv[0] is looked for in the system's directories, not in PATH
 *
 * It dies with us. Return: 0, -ENOENT (not installed) or another -errno.
 */
int child_start(struct child *c, char *const *argv);

/** child_tell() - write all of @text to it; 0 or -errno. */
int child_tell(struct child *c, const char *text, size_t len);

/**
 * child_hear() - read what it says until @mark, its end, or @ms milliseconds
 * @text: receives it, cut to @size, with a NUL
 *
 * Return: 0 (@mark was read), -EPIPE (it has ended), -ETIMEDOUT.
 */
int child_hear(struct child *c, const char *mark, char *text, size_t size, int ms);

/** child_end() - close its input, wait for its end (a second, then by force). */
void child_end(struct child *c);

#endif /* PERSONA_OPENER_CHILD_H */
