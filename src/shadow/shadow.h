/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * shadow.h - run a program tree whose sockets are the stack's.
 */
#ifndef PERSONA_SHADOW_SHADOW_H
#define PERSONA_SHADOW_SHADOW_H

#include <stdbool.h>

struct config;

/**
 * struct shadow_options
 * @isolate: loopback addresses are the stack's, too
 * @linger:  seconds to wait at the end for written data to be delivered
 */
struct shadow_options {
	bool isolate;
	int linger;
};

/**
 * shadow_run() - start the stack and the program, serve it, wait for its whole tree
 * @config: its descriptors pass into the stack's possession
 * @path:   executable
 *
 * Return: exit status for this process, as of supervise().
 */
int shadow_run(const struct config *config, const struct shadow_options *options, const char *path,
	       char *const *argv);

#define SHADOW_SUPERVISED \
	"this process is supervised already (container, other persona): use --inline"

/**
 * shadow_probe() - try whether this machine and user can
 *
 * Forks; not to be called with threads around. Return: 0, or -errno with one sentence in
 * @why, remedy included.
 */
int shadow_probe(const char **why);

#endif /* PERSONA_SHADOW_SHADOW_H */
