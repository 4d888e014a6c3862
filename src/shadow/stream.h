/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stream.h - TCP and MPTCP: a connection between a pair and the stack.
 *
 * All functions want the socket locked and leave it so, unless they say that
 * they may destroy it.
 */
#ifndef PERSONA_SHADOW_STREAM_H
#define PERSONA_SHADOW_STREAM_H

#include <stdbool.h>
#include <stdint.h>

struct sock;

enum stream_start {
	STREAM_CONNECTING, /* connect() has no result yet: not writable */
	STREAM_OPEN,	   /* connected */
	STREAM_LISTENING,
};

/** stream_join() - the program's end @fd, alone so far, gets its other end; 0 or -errno. */
int stream_join(struct sock *s, int fd, enum stream_start as);

/** stream_open() - connected or accepted; @fd: the program's end, -1 to look for it. */
void stream_open(struct sock *s, int fd);

/** stream_refused() - connect() has failed with @err (positive). */
void stream_refused(struct sock *s, int err);

/** stream_queue() - listening: readable exactly while a connection waits. @fd as above. */
void stream_queue(struct sock *s, int fd);

/** stream_buffers() - the program has set SO_SNDBUF or SO_RCVBUF (@name); @fd: its end. */
void stream_buffers(struct sock *s, int fd, int name, int bytes);

/** stream_drain_up() - pass on what the program has written so far. */
void stream_drain_up(struct sock *s);

/** stream_host_event(), stream_stack_event() - of the pair, of the stack; may destroy: unlock. */
void stream_host_event(struct sock *s, uint32_t events);
void stream_stack_event(struct sock *s, uint32_t events);

/** stream_swept() - the program's end is known to be closed; destroys or waits; unlocks. */
void stream_swept(struct sock *s);

#endif /* PERSONA_SHADOW_STREAM_H */
