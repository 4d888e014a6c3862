/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mark.h - an error of a message socket, shown at the program's end of its pair.
 *
 * While the mark is there, poll() says POLLERR; the next plain call of the program takes it off
 * and fails with ECONNRESET, and all goes on after that. The socket is locked in all functions.
 */
#ifndef PERSONA_SHADOW_MARK_H
#define PERSONA_SHADOW_MARK_H

#include <stdbool.h>

struct sock;

/**
 * mark_set() - show that there is an error; nothing if that is shown already
 *
 * What the program writes meanwhile is not lost: it waits. Return: true; false: this end cannot
 * show errors, or it cannot be reached.
 */
bool mark_set(struct sock *s);

/** mark_clear() - take the mark off the program's end @fd; false: the program has done so. */
bool mark_clear(int fd);

#endif /* PERSONA_SHADOW_MARK_H */
