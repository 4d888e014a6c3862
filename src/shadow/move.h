/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * move.h - shadow mode's side of sockets/: how it reaches the kernels, and how a socket moves.
 */
#ifndef PERSONA_SHADOW_MOVE_H
#define PERSONA_SHADOW_MOVE_H

#include <stdbool.h>
#include "shadow/call.h"
#include "shadow/sock.h"
#include "sockets/route.h"

extern const struct socket_ops move_ops;

/** struct move - what a socket_ref of shadow mode is about: a call, and its locked socket */
struct move {
	struct call *c;
	struct sock *s;
};

/** move_stack_ref() - socket @m->s for a call that does not move it (options); as move_ref() */
static inline struct socket_ref move_stack_ref(struct move *m)
{
	return (struct socket_ref){
		.ops = &move_ops, .core = &m->s->core, .stack = m->s->stack, .transport = m};
}

/** move_ref() - socket @m->s for one call into sockets/; valid as long as *@m. */
static inline struct socket_ref move_ref(struct move *m)
{
	struct socket_ref ref = move_stack_ref(m);

	ref.nonblocking = m->c && m->c->fd >= 0 && call_nonblocking(m->c, 0);
	return ref;
}

/**
 * move_to() - carry a route out
 * @route: of sockets/route.h, or -errno
 *
 * Return: 0: the stack does the call; CALL_PASS: the host's kernel, after a move if need be;
 * -errno.
 */
long move_to(struct call *c, struct sock *s, int route);

/**
 * move_follow() - the caller has a copy of @s, which another process has moved
 *
 * Return: 0: @c->fd and what the caller has are the host's socket; -EBADF: that has been closed.
 */
int move_follow(struct call *c, const struct sock *s);

/** move_refused() - say the line that goes with -ENETUNREACH, once; gives -ENETUNREACH. */
long move_refused(void);

/** move_host() - a system call of our own to the host's kernel: result or -errno. */
long move_host(long nr, const long args[6]);

#endif /* PERSONA_SHADOW_MOVE_H */
