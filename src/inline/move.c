// SPDX-License-Identifier: GPL-2.0-only
/*
 * move.c - a socket moves from the stack to the host's loopback, see move.h.
 *
 * Theory of operation: sockets/route.c decides and makes the host socket. Here it is put by
 * dup3() at every number of the open description, in place of the placeholders, and epoll
 * registrations are repeated in the host's epoll. The slots become FD_MOVED and keep their
 * description, by which later calls are still judged.
 *
 * Threads: moving one socket by two threads at once is the program's race.
 *
 * Limits: DESC_REGS epoll registrations are carried over.
 */
#include "inline/real.h"
#include "inline/edge.h"
#include "inline/fdtable.h"
#include "inline/move.h"
#include "inline/say.h"
#include "inline/thread.h"
#include "inline/wait.h"
#include "engine/engine.h"
#include "lib/rawsys.h"

static long move_host(long nr, const long a[6])
{
	return rawsys6(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void move_epoll(struct desc *d)
{
	for (int i = 0; i < DESC_REGS; i++) {
		struct desc_reg *r = &d->reg[i];
		uint64_t ep = fd_slot(r->ep);

		if (r->ep < 0)
			continue;
		if (slot_kind(ep) == FD_EPOLL &&
		    real(epoll_ctl)(r->ep, EPOLL_CTL_ADD, r->fd, &r->ev) == 0)
			epoll_hosted(slot_desc(ep));
		r->ep = -1;
	}
}

static int move_replace(const struct socket_ref *ref, int host)
{
	struct desc *d = ref->transport;
	int saved = errno, fd;

	for (fd = 0; fd < fd_top(); fd++) {
		uint64_t s = fd_slot(fd);
		int cloexec;

		if (!slot_ours(s) || slot_desc(s) != d)
			continue;
		cloexec = real(fcntl)(fd, F_GETFD) & FD_CLOEXEC ? O_CLOEXEC : 0;
		if (real(dup3)(host, fd, cloexec) < 0)
			continue;
		fd_set_slot(fd, FD_MOVED, d, 0);
		edge_close(slot_stack(s));
	}
	move_epoll(d);
	errno = saved;
	return 0;
}

const struct socket_ops move_ops = {
	.stack = edge_args,
	.host = move_host,
	.replace = move_replace,
};

bool move_judged(int fd, uint64_t slot, const struct sockaddr *addr, socklen_t len,
		 struct socket_core *core)
{
	if (slot_kind(slot) == FD_MOVED) {
		*core = slot_desc(slot)->core;
		return true;
	}
	return slot_kind(slot) == FD_HOST && route_may_leave(addr, len) && !self.bypass &&
	       !engine_inside() && route_host_core(move_host, fd, core);
}

long move_refuse(long err)
{
	if (err == -ENETUNREACH)
		say_once(ROUTE_REFUSAL);
	return err;
}

int move_to(uint64_t slot, int route)
{
	struct socket_ref ref;
	long flags;
	int err;

	if (route != ROUTE_MOVE)
		return (int)move_refuse(route);
	ref = move_ref(slot);
	flags = edge(SYS_fcntl, ref.stack, F_GETFL, 0, 0, 0, 0);
	ref.nonblocking = flags > 0 && flags & O_NONBLOCK;
	err = route_move(&ref);
	return err ? err : ROUTE_HOST;
}
