/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * marker.h - wake the threads that sleep on one half of an epoll when the other comes into use.
 *
 * marker.c has the theory of operation.
 */
#ifndef PERSONA_INLINE_MARKER_H
#define PERSONA_INLINE_MARKER_H

#include <stdatomic.h>
#include <sys/epoll.h>

enum marker_side {
	MARKER_HOST,  /* of threads that sleep in the host's half alone */
	MARKER_STACK, /* in the stack's */
};

/**
 * struct marker - one half's; zeroed: nothing
 * @waiters: threads that sleep on this half alone, or look whether they should
 * @fd:	     number of the marker in that half's world plus one; 0: none, -1: about to be
 * @budget:  how often others may still meet it
 */
struct marker {
	atomic_int waiters;
	atomic_int fd;
	atomic_int budget;
};

/**
 * marker_enter() - before looking whether to sleep on one half alone, and sleeping
 * marker_leave() - after that
 * @m:	the epoll's MARKER_HOST and MARKER_STACK
 * @ep: the half's descriptor, of its own world
 */
static inline void marker_enter(struct marker m[2], enum marker_side side)
{
	atomic_fetch_add(&m[side].waiters, 1);
}

void marker_leave(struct marker m[2], enum marker_side side, int ep);

/** marker_raise() - the other half is in use from now on: wake all threads that do not know. */
void marker_raise(struct marker m[2], enum marker_side side, int ep);

/**
 * marker_filter() - take markers out of the events that a wait gave
 * @ep: the two halves' descriptors, -1 where there is none
 *
 * Return: how many of the @n are left; errno is kept.
 */
int marker_filter(struct marker m[2], const int ep[2], struct epoll_event *evs, int n);

#endif /* PERSONA_INLINE_MARKER_H */
