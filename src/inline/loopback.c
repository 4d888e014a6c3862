// SPDX-License-Identifier: GPL-2.0-only
/*
 * loopback.c - 127.0.0.0/8 and ::1 stay on the host.
 *
 * Theory of operation: a program's local services (a resolver, a database, the X
 * server, its own other processes) live on the host's loopback. A socket does
 * not say at birth where it will go, so it is born in the stack, and moves
 * when it is bound, connected or sent to a loopback address: a host socket
 * is made, the options set so far are set again, a wildcard bind is repeated,
 * and the host socket is put at the same number by dup3(), which replaces the
 * placeholder. Epoll registrations are repeated in the host's epoll.
 *
 * Exception: if this process itself listens in the stack on that port by wildcard,
 * the loopback address means the stack's own loopback, so that a server and a client in
 * one program find each other. ports[] counts such sockets.
 *
 * With --isolate nothing moves: loopback addresses are the stack's.
 *
 * A moved socket (FD_MOVED) may not leave loopback again, else the program
 * would use the host's network unawares: connect() and sendto() elsewhere
 * are refused with ENETUNREACH.
 *
 * Threads: moving one socket by two threads at once is the program's race.
 *
 * Limits: DESC_OPTS options of at most 19 bytes and DESC_REGS epoll
 * registrations are carried over. A datagram socket bound to a
 * wildcard address serves the stack only.
 */
#include "inline/real.h"
#include "sockets/address.h"
#include "inline/edge.h"
#include "inline/fdtable.h"
#include "inline/life.h"
#include "inline/loopback.h"
#include "inline/say.h"
#include "inline/wait.h"

#include <string.h>

static atomic_ushort ports[2][65536]; /* stream, datagram */

static enum address_class class_of(const struct sockaddr *addr, socklen_t len)
{
	return readable(addr) ? address_class(addr, len) : ADDRESS_OTHER;
}

static bool inet(const struct desc *d)
{
	return d->domain == AF_INET || d->domain == AF_INET6;
}

static atomic_ushort *port_count(const struct desc *d, uint16_t port)
{
	return &ports[d->type == SOCK_STREAM ? 0 : 1][port];
}

bool loopback_should_bind(const struct desc *d, const struct sockaddr *addr, socklen_t len)
{
	return !life_isolated() && inet(d) && !d->settled && !d->boundlen &&
	       class_of(addr, len) == ADDRESS_LOOPBACK;
}

bool loopback_should_send(const struct desc *d, const struct sockaddr *addr, socklen_t len)
{
	if (life_isolated() || !inet(d) || d->settled || d->type == SOCK_RAW)
		return false;
	if (class_of(addr, len) == ADDRESS_OTHER)
		return false;
	return atomic_load(port_count(d, address_port(addr))) == 0;
}

int loopback_leaves(const struct sockaddr *addr, socklen_t len)
{
	if (!readable(addr) || len < sizeof(sa_family_t) ||
	    (addr->sa_family != AF_INET && addr->sa_family != AF_INET6) ||
	    class_of(addr, len) != ADDRESS_OTHER)
		return 0;
	say_once("a socket used with a loopback address first cannot leave the host afterwards");
	return -ENETUNREACH;
}

void loopback_bound(uint64_t slot, bool listening)
{
	struct desc *d = slot_desc(slot);
	struct sockaddr_in6 sa = {0};
	socklen_t len = sizeof(sa);
	bool any;

	if (!inet(d))
		return;
	if (edge(SYS_getsockname, slot_stack(slot), &sa, &len, 0, 0, 0) < 0)
		return;
	any = address_class((void *)&sa, len) == ADDRESS_ANY;
	if (listening || !any)
		d->settled = true;
	if (!any)
		return;
	d->bound = sa;
	d->boundlen = (uint8_t)len;
	if (d->counted || (d->type == SOCK_STREAM && !listening))
		return;
	d->port = address_port((void *)&sa);
	d->counted = true;
	d->settled = true;
	atomic_fetch_add(port_count(d, d->port), 1);
}

void loopback_forget(struct desc *d)
{
	if (d->counted)
		atomic_fetch_sub(port_count(d, d->port), 1);
	d->counted = false;
}

static int host_socket(const struct desc *d, uint64_t slot)
{
	long fl = edge(SYS_fcntl, slot_stack(slot), F_GETFL, 0, 0, 0, 0);
	int fd, type = d->type | SOCK_CLOEXEC;

	if (fl > 0 && fl & O_NONBLOCK)
		type |= SOCK_NONBLOCK;
	fd = real(socket)(d->domain, type, d->protocol);
	if (fd < 0)
		return -errno;
	for (int i = 0; i < d->nopts; i++)
		real(setsockopt)(fd, d->opt[i].level, d->opt[i].name, d->opt[i].val, d->opt[i].len);
	if (d->boundlen)
		real(bind)(fd, (const void *)&d->bound, d->boundlen);
	return fd;
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

int loopback_move(uint64_t slot)
{
	struct desc *d = slot_desc(slot);
	int saved = errno, host, fd;

	host = host_socket(d, slot);
	if (host < 0) {
		errno = saved;
		return host;
	}
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
	real(close)(host);
	move_epoll(d);
	errno = saved;
	return 0;
}
