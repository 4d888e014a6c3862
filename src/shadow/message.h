/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * message.h - messages of a caller, brought here: for send.c and receive.c.
 *
 * Each thread that answers calls has one struct message, made at first use, into which a call's
 * messages are brought one after another. Pages of it that no message has touched cost nothing.
 * Functions with a struct call read its caller's memory: -EFAULT where it cannot be read.
 */
#ifndef PERSONA_SHADOW_MESSAGE_H
#define PERSONA_SHADOW_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include "shadow/dgram.h"

#define MESSAGE_QUIET	(MSG_DONTWAIT | MSG_NOSIGNAL)
#define MESSAGE_DATA	(16 << 20) /* a batch of nft; what is not used takes no memory */
#define MESSAGE_IOV	1024	   /* pieces, as Linux' UIO_MAXIOV */
#define MESSAGE_MANY	1024	   /* of one sendmmsg() or recvmmsg(), the same */
#define MESSAGE_CONTROL 4096	   /* bytes of ancillary data */

struct call;

/* The kernel's struct msghdr: some libcs have narrower lengths and padding. */
struct caller_msghdr {
	void *msg_name;
	socklen_t msg_namelen;
	struct iovec *msg_iov;
	size_t msg_iovlen;
	void *msg_control;
	size_t msg_controllen;
	unsigned int msg_flags;
};

/**
 * struct message - a message of the caller
 * @hdr:      as the caller has it; pointers are the caller's
 * @iov:      its pieces in the caller
 * @at:	      where @hdr stands in the caller, 0: nowhere (sendto, recvfrom)
 * @capacity: bytes of all pieces
 * @control:  ancillary data, brought here
 * @data:     its bytes, brought here, or on their way there
 */
struct message {
	struct caller_msghdr hdr;
	struct iovec iov[MESSAGE_IOV];
	uint64_t at;
	size_t capacity;
	unsigned char control[MESSAGE_CONTROL] __attribute__((aligned(8)));
	unsigned char data[MESSAGE_DATA];
};

extern __thread struct message *message;

/** message_ready() - the thread has its @message; false: no memory. First in each handler. */
bool message_ready(void);

/** message_fetch() - the struct msghdr at @at of the caller, and its pieces; 0 or -errno. */
int message_fetch(struct call *c, struct message *m, uint64_t at);

/** message_fetch_plain() - what sendto() and recvfrom() have, in the same form; 0 or -EINVAL. */
int message_fetch_plain(struct call *c, struct message *m);

/** message_fetch_header() - the name into @name, ancillary data, both into @msg; 0 or -errno. */
int message_fetch_header(struct call *c, struct message *m, struct sockaddr_storage *name,
			 struct msghdr *msg);

/** message_fetch_data() - the bytes, into @m->data; their number into @iov. 0 or -errno. */
int message_fetch_data(struct call *c, struct message *m, struct iovec *iov);

/** message_at() - where message @i of the call's vector stands in the caller. */
uint64_t message_at(const struct call *c, unsigned int i);

/** message_give_len() - the length of message @i, as the kernel leaves it there; 0 or -EFAULT. */
int message_give_len(struct call *c, unsigned int i, long len);

/** message_count() - of the call's vector, MESSAGE_MANY at most. */
unsigned int message_count(const struct call *c);

#endif /* PERSONA_SHADOW_MESSAGE_H */
