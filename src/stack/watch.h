/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * watch.h - paths that lose everything silently are left, and used again.
 */
#ifndef PERSONA_STACK_WATCH_H
#define PERSONA_STACK_WATCH_H

#include <stdbool.h>

/** watch_start() - the stack is up; @say tells the user (if verbose), by watch_tick()'s thread. */
void watch_start(void (*say)(const char *sentence));

/** watch_stop() - forget all; not while a tick runs. */
void watch_stop(void);

/**
 * watch_tick() - look at the paths, act
 *
 * Return: ms until the next is due; -1: none, there is nothing to choose from.
 */
int watch_tick(void);

/** watch_aside() - is interface @i left? Then its netconf_state is aside. */
bool watch_aside(unsigned int i);

/** watch_left() - does it answer nothing, so that MPTCP has left it? Any thread. */
bool watch_left(unsigned int i);

/** watch_changed() - interface @i was configured again, is not aside, and @up or not. */
void watch_changed(unsigned int i, bool up);

#endif /* PERSONA_STACK_WATCH_H */
