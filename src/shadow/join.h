/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * join.h - programs that were not started by this run, and use its stack (`persona exec`).
 */
#ifndef PERSONA_SHADOW_JOIN_H
#define PERSONA_SHADOW_JOIN_H

#include <stdbool.h>
#include <sys/types.h>

/**
 * join_take() - serve the calls that arrive at descriptor @fd of process @pid
 * @fd:	 a seccomp listener; -1: just look whether the process could join
 * @why: one sentence on failure
 *
 * Any thread. Return: 0 or -errno.
 */
int join_take(pid_t pid, int fd, const char **why);

/** join_has() - is @pid a command that has joined and still runs? Any thread. */
bool join_has(pid_t pid);

/**
 * join_wait() - wait until all joined programs have ended, and take no more
 *
 * The calling thread has signals blocked: those it gets meanwhile are passed on to the
 * commands that joined. Says so if there is anybody to wait for.
 */
void join_wait(void);

#endif /* PERSONA_SHADOW_JOIN_H */
