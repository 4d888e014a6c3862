/* SPDX-License-Identifier: GPL-2.0-only */
/* move.h - inline mode's side of sockets/: how it reaches the kernels, and how a socket moves. */
#ifndef PERSONA_INLINE_MOVE_H
#define PERSONA_INLINE_MOVE_H

#include "inline/fdtable.h"
#include "sockets/route.h"

extern const struct socket_ops move_ops;

/** move_ref() - socket @slot for one call into sockets/. */
static inline struct socket_ref move_ref(uint64_t slot)
{
	struct desc *d = slot_desc(slot);

	return (struct socket_ref){
		.ops = &move_ops, .core = &d->core, .stack = slot_stack(slot), .transport = d};
}

/**
 * move_to() - carry a route out as far as it needs something done
 * @route: of sockets/route.h, or -errno
 *
 * Moves the socket if it must; says the line that goes with -ENETUNREACH.
 *
 * Return: ROUTE_STACK, ROUTE_HOST, or -errno.
 */
int move_to(uint64_t slot, int route);

/**
 * move_judged() - a descriptor of the host whose address sockets/ must judge
 * @addr: an address that may be looked at here, or NULL
 * @core: receives what the socket is
 *
 * One that has moved, or any other of the host's if @addr could lead it to a network. Calls of
 * our own code are not judged.
 */
bool move_judged(int fd, uint64_t slot, const struct sockaddr *addr, socklen_t len,
		 struct socket_core *core);

/** move_refuse() - say the line that goes with -ENETUNREACH; gives @err. */
long move_refuse(long err);

/** move_addr() - an address that may be looked at here; others are left to the kernel: EFAULT. */
#define move_addr(addr) (readable(addr) ? (addr) : NULL)

#endif /* PERSONA_INLINE_MOVE_H */
