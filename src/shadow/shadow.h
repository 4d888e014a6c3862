/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * shadow.h - run a program tree whose sockets are the stack's.
 */
#ifndef PERSONA_SHADOW_SHADOW_H
#define PERSONA_SHADOW_SHADOW_H

#include <sys/types.h>

struct config;
struct shadow;

/**
 * shadow_new() - prepare to serve one program tree
 * @shadow: receives the run
 * @config: its descriptors pass into the stack's possession; it must outlive the run
 * @argv:   the command line, for `persona ps`; must outlive the run
 *
 * Raises this process's limit of descriptors; the program gets back the limit as it was. One
 * run per process. Return: 0, or an exit status; what is wrong has been said.
 */
int shadow_new(struct shadow **shadow, const struct config *config, char *const *argv);

/**
 * shadow_in_child() - in the process that becomes the program: install the filter
 * @shadow: struct shadow
 *
 * A callback for supervise(); waits for shadow_in_parent() in the other process.
 * Return: 0, or 1 if this process must not become the program; why has been said.
 */
int shadow_in_child(void *shadow);

/**
 * shadow_in_parent() - start the stack, take the filter's listener, serve
 * @shadow: struct shadow
 * @child:  the process that calls shadow_in_child()
 *
 * A callback for supervise(). The tree is served by threads from here on.
 * Return: 0, or an exit status; what is wrong has been said.
 */
int shadow_in_parent(void *shadow, pid_t child);

/**
 * shadow_finish() - the tree has ended: deliver what was written, end the stack
 * @shadow: from shadow_new(); freed
 * @linger: seconds to wait for the peers to take the last data
 *
 * Waits first for programs that have joined by `persona exec`. To be called also if the tree
 * was never started.
 */
void shadow_finish(struct shadow *shadow, int linger);

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
