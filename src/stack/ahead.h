/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ahead.h - boot the image while the interfaces are opened.
 */
#ifndef PERSONA_STACK_AHEAD_H
#define PERSONA_STACK_AHEAD_H

struct config;

/**
 * ahead_begin() - begin with what stack_up(@c) does first
 * @c: the configuration; image, memory, vCPUs and verbosity must not change any more
 *
 * Whether it goes well is told by stack_up(): where it did not, or was not begun, that does it
 * itself. The process may end at any time. Once per process, main thread.
 */
void ahead_begin(const struct config *c);

/**
 * ahead_wait() - wait until that is done
 *
 * The process has one thread then, as before ahead_begin(): before a fork whose child does more
 * than execute a program. Nothing to wait for: returns at once. Main thread.
 */
void ahead_wait(void);

#endif /* PERSONA_STACK_AHEAD_H */
