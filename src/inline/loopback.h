/* SPDX-License-Identifier: GPL-2.0-only */
/* loopback.h - 127.0.0.0/8 and ::1 stay on the host. */
#ifndef PERSONA_INLINE_LOOPBACK_H
#define PERSONA_INLINE_LOOPBACK_H

#include <stdbool.h>
#include <sys/socket.h>
#include "inline/fdtable.h"

/**
 * loopback_move() - put a host socket at every number of this description
 *
 * The slots become FD_MOVED. Return: 0 or -errno, then nothing has changed.
 */
int loopback_move(uint64_t slot);

/** loopback_should_bind() - bind() to @addr: is this the host's business? */
bool loopback_should_bind(const struct desc *d, const struct sockaddr *addr, socklen_t len);

/** loopback_should_send() - the same for connect() and sendto(). */
bool loopback_should_send(const struct desc *d, const struct sockaddr *addr, socklen_t len);

/** loopback_bound() - the stack's socket has been bound, or listens. */
void loopback_bound(uint64_t slot, bool listening);

/** loopback_forget() - the description is gone. */
void loopback_forget(struct desc *d);

/** loopback_leaves() - a moved socket asked for @addr: -ENETUNREACH and a line, or 0. */
int loopback_leaves(const struct sockaddr *addr, socklen_t len);

#endif /* PERSONA_INLINE_LOOPBACK_H */
