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
struct sock_ops;

enum stream_start {
	STREAM_CONNECTING, /* connect() has no result yet: not writable */
	STREAM_OPEN,	   /* connected */
};

/** stream_join() - the program's end @fd, alone so far, gets its other end; 0 or -errno. */
int stream_join(struct sock *s, int fd, enum stream_start as);

/** stream_open() - connected or accepted; @fd: the program's end, -1 to look for it. */
void stream_open(struct sock *s, int fd);

/** stream_refused() - connect() has failed with @err (positive). */
void stream_refused(struct sock *s, int err);

/** stream_buffers() - the program has set SO_SNDBUF or SO_RCVBUF (@name); @fd: its end. */
void stream_buffers(struct sock *s, int fd, int name, int bytes);

/** stream_drain_up() - pass on what the program has written so far. */
void stream_drain_up(struct sock *s);

/** stream_destroy() - sock_ops.destroy of streams, for kinds that begin as one. */
void stream_destroy(struct sock *s);

/** stream_attach() - the program's end @fd, alone so far, gets its other end; 0 or -errno. */
int stream_attach(struct sock *s, int fd);

/** stream_fill() - fill @fd's sending direction: the program does not find it writable. */
void stream_fill(int fd);

/** stream_finish() - destroy it if the program has closed it and all is in the stack; unlocks. */
void stream_finish(struct sock *s);

/** stream_hung_up() - a hang-up of our end: closed, or in doubt and a sweep will look. */
void stream_hung_up(struct sock *s);

/** stream_ops - this kind of socket */
extern const struct sock_ops stream_ops;

#endif /* PERSONA_SHADOW_STREAM_H */
