// SPDX-License-Identifier: GPL-2.0-only
/*
 * ports.c - whose is a loopback address, see ports.h.
 *
 * Moving: a host socket is made here, in the program's network namespace since it
 * is ours too; the options set so far are set again, a wildcard bind is
 * repeated, and the kernel puts it at the caller's number.
 *
 * Limits: other numbers of the same socket (made by dup() before the first
 * bind or connect) stay in the stack; so do epoll registrations made before.
 * SOCK_OPTS options of at most 19 bytes are carried over.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>
#include "shadow/call.h"
#include "shadow/ports.h"
#include "shadow/pump.h"
#include "shadow/sock.h"
#include "sockets/address.h"

static atomic_ushort ports[2][65536]; /* stream, datagram */
static bool isolated;

static bool inet(const struct sock *s)
{
	return s->domain == AF_INET || s->domain == AF_INET6;
}

static atomic_ushort *users(const struct sock *s, uint16_t port)
{
	return &ports[sock_is_stream(s) ? 0 : 1][port];
}

void ports_isolate(bool on)
{
	isolated = on;
}

bool ports_should_bind(const struct sock *s, const struct sockaddr *addr, socklen_t len)
{
	return !isolated && inet(s) && !s->settled && !s->bound &&
	       address_class(addr, len) == ADDRESS_LOOPBACK;
}

bool ports_should_send(const struct sock *s, const struct sockaddr *addr, socklen_t len)
{
	if (isolated || !inet(s) || s->settled || s->type == SOCK_RAW)
		return false;
	if (address_class(addr, len) == ADDRESS_OTHER)
		return false;
	return atomic_load(users(s, address_port(addr))) == 0;
}

bool ports_leaves(const struct sockaddr *addr, socklen_t len)
{
	return len >= sizeof(sa_family_t) &&
	       (addr->sa_family == AF_INET || addr->sa_family == AF_INET6) &&
	       address_class(addr, len) == ADDRESS_OTHER;
}

void ports_bound(struct sock *s, bool listening)
{
	struct sockaddr_in6 sa = {0};
	socklen_t len = sizeof(sa);
	bool any;

	if (!inet(s) || stack_call(SYS_getsockname, s->stack, &sa, &len, 0, 0, 0) < 0)
		return;
	any = address_class((void *)&sa, len) == ADDRESS_ANY;
	s->bound = true;
	if (listening || !any)
		s->settled = true;
	if (!any || s->port || (sock_is_stream(s) && !listening))
		return;
	s->port = address_port((void *)&sa);
	s->settled = true;
	atomic_fetch_add(users(s, s->port), 1);
}

void ports_forget(struct sock *s)
{
	if (s->port)
		atomic_fetch_sub(users(s, s->port), 1);
	s->port = 0;
}

int ports_move(struct call *c, struct sock *s)
{
	int number = (int)c->args[0], flags = fcntl(c->fd, F_GETFL);
	struct sockaddr_in6 sa;
	socklen_t len = sizeof(sa);
	int fd, err;

	fd = socket(s->domain, s->type | SOCK_CLOEXEC | (flags & O_NONBLOCK ? SOCK_NONBLOCK : 0),
		    s->protocol);
	if (fd < 0)
		return -errno;
	for (int i = 0; i < s->nopts; i++)
		setsockopt(fd, s->opt[i].level, s->opt[i].name, s->opt[i].val, s->opt[i].len);
	if (s->bound && !stack_call(SYS_getsockname, s->stack, &sa, &len, 0, 0, 0) &&
	    bind(fd, (void *)&sa, len)) {
		err = -errno;
		close(fd);
		return err;
	}
	err = call_replace_fd(c, fd, number, call_cloexec(c, number));
	close(fd);
	if (!err && s->pair < 0)
		pump_suspect(s); /* its end is gone */
	return err;
}
