/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * batch.h - room for several messages at a time, and a queue for those that must wait.
 *
 * One system call for many: recvmmsg() on one side, sendmmsg() on the other, out of
 * the same structures. A batch belongs to the calling thread, until its next
 * batch_get().
 */
#ifndef PERSONA_SHADOW_BATCH_H
#define PERSONA_SHADOW_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define BATCH	      16
#define BATCH_MESSAGE (1 << 20) /* largest message: a pair takes 32 bytes less (pair.c) */
#define BATCH_CONTROL 512	/* ancillary data of one message */

struct batch {
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_storage name[BATCH];
	unsigned char control[BATCH][BATCH_CONTROL] __attribute__((aligned(8)));
	unsigned char data[BATCH][BATCH_MESSAGE];
};

/** batch_get() - the thread's batch, ready to receive into; NULL: no memory. */
struct batch *batch_get(bool names);

/** batch_turn() - what was received is ready to be sent: lengths set, names taken off. */
void batch_turn(struct batch *b, unsigned int n);

/** struct waiting - a message that could not be passed on yet; @extra belongs to it */
struct waiting {
	struct waiting *next;
	void *extra;
	size_t len;
	unsigned char data[];
};

/** waiting_add() - append a copy of @len bytes; false: no memory. */
bool waiting_add(struct waiting **list, const void *data, size_t len, void *extra);

/** waiting_drop() - remove and free the first, not its @extra. */
void waiting_drop(struct waiting **list);

#endif /* PERSONA_SHADOW_BATCH_H */
