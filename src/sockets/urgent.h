/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * urgent.h - what may not be asked of a socket by the flags of a send or a receive.
 *
 * Linux' MPTCP has no urgent data, and takes MSG_OOB for ordinary bytes: a program's urgent
 * byte would stand in the middle of its data. So it is refused, as the protocol's lack.
 */
#ifndef PERSONA_SOCKETS_URGENT_H
#define PERSONA_SOCKETS_URGENT_H

#include <errno.h>
#include "sockets/socket.h"

/* The line that goes with -EOPNOTSUPP of urgent_may_send(). */
#define URGENT_REFUSAL "MPTCP has no urgent data (MSG_OOB); --no-mptcp has"

/** urgent_may_send() - 0, or -EOPNOTSUPP for urgent data on MPTCP. Pure. */
static inline int urgent_may_send(const struct socket_core *s, int flags)
{
	return __builtin_expect(flags & MSG_OOB, 0) && s->mptcp ? -EOPNOTSUPP : 0;
}

/** urgent_may_receive() - 0, or -EINVAL where no urgent data can be, as TCP says it. Pure. */
static inline int urgent_may_receive(const struct socket_core *s, int flags)
{
	return __builtin_expect(flags & MSG_OOB, 0) && s->mptcp ? -EINVAL : 0;
}

#endif /* PERSONA_SOCKETS_URGENT_H */
