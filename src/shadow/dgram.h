/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dgram.h - sockets that carry messages: UDP, ping, raw, netlink, packet.
 *
 * All functions want the socket locked and leave it so, unless said otherwise.
 */
#ifndef PERSONA_SHADOW_DGRAM_H
#define PERSONA_SHADOW_DGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include "shadow/batch.h"

#define DGRAM_MAX BATCH_MESSAGE

struct sock;
struct dgram;
struct call;
struct sock_ops;

/**
 * struct meta - what the pair cannot carry of a message that waits in it
 * @len, @sum: its length and checksum, by which it is recognised
 */
struct meta {
	struct meta *next;
	uint32_t len;
	uint32_t sum;
	int flags;  /* MSG_* as the stack gave them */
	bool error; /* an empty message that wakes the reader of an error */
	socklen_t namelen;
	size_t controllen;
	struct sockaddr_storage name;
	unsigned char control[];
};

/** dgram_attach() - what a new socket of this kind needs beside struct sock; 0 or -ENOMEM. */
int dgram_attach(struct sock *s);

/** dgram_drain_up() - send what the program has written so far. */
void dgram_drain_up(struct sock *s);

/** dgram_pull() - fetch what the stack has received into the pair. */
void dgram_pull(struct sock *s);

/**
 * dgram_peek() - look at the first message that waits in the pair
 * @fd:	 the program's end
 * @buf: DGRAM_MAX bytes
 * @meta: receives what else is known of it, or NULL; valid while the lock is held
 *
 * Return: its length or -errno (-EAGAIN: none).
 */
long dgram_peek(struct sock *s, int fd, void *buf, const struct meta **meta);

/** dgram_drop() - take that message out of the pair. */
void dgram_drop(struct sock *s, int fd);

/** dgram_return() - the message dropped last, @data, was not wanted: it is the first again. */
void dgram_return(struct sock *s, const void *data);

/**
 * dgram_unmark() - before a call of the program is served: no error is shown at its end @fd
 *
 * An error that a plain call has been told meanwhile is forgotten. Return: true if an error is
 * waiting that no call has been told: dgram_mark_again() comes after the call.
 */
bool dgram_unmark(struct sock *s, int fd);

/** dgram_mark_again() - show what the call that was served has left. */
void dgram_mark_again(struct sock *s);

/** dgram_queue_read() - the program has read of its error queue */
void dgram_queue_read(struct sock *s);

/** dgram_queue_purged() - an option has been set that may have emptied the error queue */
void dgram_queue_purged(struct sock *s);

/**
 * dgram_take_up() - all that the program has written is taken out of the pair, to be sent by
 * dgram_drain_up(); but not what is equal to @except
 */
void dgram_take_up(struct sock *s, const void *except, size_t len);

/** dgram_ops - this kind of socket */
extern const struct sock_ops dgram_ops;

#endif /* PERSONA_SHADOW_DGRAM_H */
