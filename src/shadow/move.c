// SPDX-License-Identifier: GPL-2.0-only
/*
 * move.c - a socket moves from the stack to the host's loopback, see move.h.
 *
 * Theory of operation: sockets/route.c decides and makes the host socket, in the program's
 * network namespace since it is ours too; here the kernel puts it at the caller's number
 * (SECCOMP_ADDFD_FLAG_SETFD). The program's end of the pair is closed by that, and the pump
 * then closes our side.
 *
 * Threads: the one that serves the call; the socket is locked.
 *
 * Limits: other numbers of the same socket (made by dup() before the first bind or connect)
 * stay in the stack; so do epoll registrations made before.
 */
#include <errno.h>
#include <stdatomic.h>
#include "lib/complain.h"
#include "lib/rawsys.h"
#include "shadow/move.h"
#include "shadow/pump.h"

long move_host(long nr, const long a[6])
{
	return rawsys6(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static int move_replace(const struct socket_ref *ref, int fd)
{
	struct move *m = ref->transport;
	int number = (int)m->c->args[0];
	int err = call_replace_fd(m->c, fd, number, call_cloexec(m->c, number));

	if (!err && m->s->pair < 0)
		pump_suspect(m->s); /* its end is gone */
	return err;
}

const struct socket_ops move_ops = {
	.stack = engine_syscall,
	.host = move_host,
	.replace = move_replace,
};

long move_refused(void)
{
	static atomic_flag told = ATOMIC_FLAG_INIT;

	if (!atomic_flag_test_and_set(&told))
		complain(0, ROUTE_REFUSAL);
	return -ENETUNREACH;
}

long move_to(struct call *c, struct sock *s, int route)
{
	struct move m = {c, s};
	struct socket_ref ref;
	int err;

	if (route == ROUTE_STACK)
		return 0;
	if (route == -ENETUNREACH)
		return move_refused();
	if (route < 0)
		return route;
	ref = move_ref(&m);
	err = route_move(&ref);
	return err ? err : CALL_PASS;
}
