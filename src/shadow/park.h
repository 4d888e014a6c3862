/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * park.h - calls that wait for their socket.
 *
 * A call that would block is put aside, on the list of its socket, and served
 * again whenever the socket has news; so no thread of ours waits for it. Its
 * caller may be gone by then: it is asked about first. The socket is locked
 * in all functions that take one.
 */
#ifndef PERSONA_SHADOW_PARK_H
#define PERSONA_SHADOW_PARK_H

#include <stdbool.h>
#include <stdint.h>

struct call;
struct sock;

/** park() - put a copy of @c aside; 0 or -ENOMEM. */
int park(struct call *c, struct sock *s);

/**
 * park_wait() - the result of a handler whose call would block
 * @timeo: SO_RCVTIMEO or SO_SNDTIMEO of the program's end bounds the wait; then the answer
 *	   is @ret
 *
 * Return: CALL_PARK.
 */
long park_wait(struct call *c, int timeo, long ret);

/** park_retry() - serve the parked calls of @s again, in order. */
void park_retry(struct sock *s);

/** park_any() - does any call wait? Any thread, without a lock. */
bool park_any(void);

/** park_drop_all() - the socket goes: answer EBADF. */
void park_drop_all(struct sock *s);

/**
 * park_expire() - end the calls whose time is over
 * @now: monotonic ns
 *
 * Return: when the next one's is, monotonic ns; UINT64_MAX: none waits for a time.
 */
uint64_t park_expire(uint64_t now);

/**
 * park_interrupt() - end the calls for which a signal waits, forget those whose callers are gone
 * @now: monotonic ns
 *
 * Once received, a call is not interrupted by the kernel (filter.c): so we look. Return: when
 * to look again, monotonic ns; UINT64_MAX: nothing is parked.
 */
uint64_t park_interrupt(uint64_t now);

#endif /* PERSONA_SHADOW_PARK_H */
