// SPDX-License-Identifier: GPL-2.0-only
/*
 * route.c - the loopback rule, see route.h.
 *
 * Theory of operation
 *
 * 127.0.0.0/8 and ::1 are the host's: a program's local services (a resolver, a database, the X
 * server, its own other processes) live there. A socket does not say at birth where it will
 * go, so it is born in the stack and moves when it is bound, connected or sent to a loopback
 * address. Exception: a port that a program of this run serves in the stack by wildcard; then
 * the loopback address means the stack's own, so that a server and a client of one run find
 * each other. route_served[] counts such sockets. With --isolate nothing moves.
 *
 * Ping sockets have no port, so no service of the host's is behind theirs: they never move. The
 * stack answers them by its own loopback, whomever the host allows to make such sockets
 * (ping_group_range). Raw sockets that are sent to loopback stay as well.
 *
 * A socket that has moved may not leave loopback again, else the program would use the host's
 * network unawares. Two locks on that door:
 *
 *   1. Every address and all ancillary data of every call is judged here: ENETUNREACH.
 *   2. The host socket is bound to the loopback interface (SO_BINDTODEVICE, allowed to
 *	anybody since Linux 5.7): what the judgement cannot see (memory that another thread
 *	changes between our look and the kernel's) goes no further than that interface
 *	(tests/assumptions/bind_lo.c). Where the kernel refuses it, the first lock is alone.
 *	Ancillary data that names an interface overrides it, and connect(AF_UNSPEC) of a datagram
 *	socket unties it for a moment (route_connect_host()): then the first lock is alone, too.
 *
 * The first lock judges copies that no other thread can change, and copies are what is sent. It
 * holds for every socket of the host that a call of the program names, moved here or not: one
 * that was accepted by a moved listener, inherited, or passed by SCM_RIGHTS.
 *
 * On AF_INET sockets Linux takes AF_UNSPEC in sendto() for AF_INET: so does this file.
 *
 * A datagram socket that is bound to a wildcard address and an automatic port (dig, musl's
 * resolver) has not said where it belongs. It moves if it sends to the host's loopback first; it
 * settles in the stack if it sends to a network first, or if a client of the run has asked its
 * port by a loopback address (route_asked[]): then it is a server. A port of its choice settles
 * it at once. Once settled it sends to loopback only what answers such clients; to the host's
 * loopback nothing, since no answer could come back: ENETUNREACH.
 *
 * Threads: route_served[] and route_asked[] are atomic; the rest is the core's owner's.
 *
 * Limits: options beyond SOCKET_OPTIONS, or longer than 19 bytes, do not move along.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include "sockets/address.h"
#include "sockets/event.h"
#include "sockets/route.h"

#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif

#define SIN6_LEN       24 /* without a scope: RFC 2133, as the kernel takes it */
#define LOOPBACK_NAME  "lo"
#define LOOPBACK_INDEX 1 /* of each network namespace: include/net/flow.h */

static atomic_ushort route_served[2][65536]; /* stream, datagram */
static atomic_bool route_asked[65536];	     /* datagrams only: by a client of the run */
static bool route_isolated;

/* Options that choose by which interface, or by which hosts, bytes leave. */
static const struct {
	int level, name;
} route_outward[] = {
	{SOL_SOCKET, SO_BINDTODEVICE}, {SOL_SOCKET, SO_BINDTOIFINDEX},	{IPPROTO_IP, IP_UNICAST_IF},
	{IPPROTO_IP, IP_OPTIONS},      {IPPROTO_IPV6, IPV6_UNICAST_IF}, {IPPROTO_IPV6, IPV6_RTHDR},
};

static bool route_is_outward(int level, int name)
{
	for (unsigned int i = 0; i < sizeof(route_outward) / sizeof(route_outward[0]); i++)
		if (route_outward[i].level == level && route_outward[i].name == name)
			return true;
	return false;
}

static bool route_is_ping(const struct socket_core *s)
{
	return s->type == SOCK_DGRAM &&
	       (s->protocol == IPPROTO_ICMP || s->protocol == IPPROTO_ICMPV6);
}

static atomic_ushort *route_port(const struct socket_core *s, uint16_t port)
{
	return &route_served[s->type == SOCK_STREAM ? 0 : 1][port];
}

void route_isolate(bool on)
{
	route_isolated = on;
}

/* Would a socket of the host leave loopback for @addr? */
static int route_leaves(const struct socket_core *s, const struct sockaddr *addr, socklen_t len)
{
	struct sockaddr_in in;

	if (!addr || len < sizeof(sa_family_t))
		return ROUTE_HOST;
	if (addr->sa_family == AF_UNSPEC && s->domain == AF_INET && len >= sizeof(in)) {
		memcpy(&in, addr, sizeof(in));
		in.sin_family = AF_INET;
		return address_class((void *)&in, sizeof(in)) == ADDRESS_OTHER ? -ENETUNREACH
									       : ROUTE_HOST;
	}
	if (addr->sa_family != AF_INET && addr->sa_family != AF_INET6)
		return ROUTE_HOST;
	if (len < (addr->sa_family == AF_INET ? sizeof(in) : SIN6_LEN))
		return -EINVAL; /* as the kernel */
	return address_class(addr, len) == ADDRESS_OTHER ? -ENETUNREACH : ROUTE_HOST;
}

int route_bind(const struct socket_core *s, const struct sockaddr *addr, socklen_t len)
{
	if (s->moved)
		return route_isolated ? ROUTE_HOST : route_leaves(s, addr, len);
	if (route_isolated || !socket_is_inet(s) || route_is_ping(s) || s->settled || s->bound ||
	    !addr || address_class(addr, len) != ADDRESS_LOOPBACK)
		return ROUTE_STACK;
	return ROUTE_MOVE;
}

/*
 * To the host, if @addr is a loopback address whose port no program of the run serves. A datagram
 * socket that serves the stack by wildcard cannot be at both places: a client of the run that
 * asked its port gets its answer, the host's loopback is refused.
 */
static int route_out(struct socket_core *s, const struct sockaddr *addr, socklen_t len)
{
	bool any = s->type == SOCK_DGRAM && s->port; /* bound to a wildcard address */
	uint16_t port;

	if (!addr || route_isolated || !socket_is_inet(s) || s->type == SOCK_RAW ||
	    route_is_ping(s))
		return ROUTE_STACK;
	if (address_class(addr, len) == ADDRESS_OTHER) {
		s->settled |= any; /* answers will come to the stack */
		return ROUTE_STACK;
	}
	port = address_port(addr);
	if (atomic_load(route_port(s, port))) {
		if (s->type == SOCK_DGRAM)
			atomic_store(&route_asked[port], true);
		return ROUTE_STACK;
	}
	if (any && atomic_load(&route_asked[s->port])) {
		s->settled = true;
		return ROUTE_STACK;
	}
	if (!s->settled)
		return ROUTE_MOVE;
	return any ? -ENETUNREACH : ROUTE_STACK;
}

int route_connect(struct socket_core *s, const struct sockaddr *addr, socklen_t len)
{
	if (!s->moved)
		return route_out(s, addr, len);
	if (addr && len >= sizeof(sa_family_t) && addr->sa_family == AF_UNSPEC)
		return ROUTE_HOST;
	return route_leaves(s, addr, len);
}

/* Does ancillary data choose another interface than loopback, or a way by other hosts? */
static bool route_control_leaves(const struct msghdr *msg)
{
	struct msghdr *m = (struct msghdr *)(uintptr_t)msg;
	struct in_pktinfo v4;
	struct in6_pktinfo v6;

	if (!msg->msg_control)
		return false;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		size_t left = msg->msg_controllen - (size_t)((char *)c - (char *)msg->msg_control);
		size_t len = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_len < CMSG_LEN(0) || c->cmsg_len > left)
			return false; /* the kernel refuses all of it: EINVAL */
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			if (len < sizeof(v4))
				continue;
			memcpy(&v4, CMSG_DATA(c), sizeof(v4));
			if (v4.ipi_ifindex && v4.ipi_ifindex != LOOPBACK_INDEX)
				return true;
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			if (len < sizeof(v6))
				continue;
			memcpy(&v6, CMSG_DATA(c), sizeof(v6));
			if (v6.ipi6_ifindex && v6.ipi6_ifindex != LOOPBACK_INDEX)
				return true;
		} else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RETOPTS) ||
			   (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RTHDR)) {
			return true;
		}
	}
	return false;
}

int route_message(struct socket_core *s, const struct msghdr *msg, int flags)
{
	bool named = s->type != SOCK_STREAM || flags & MSG_FASTOPEN; /* else TCP ignores it */

	if (!s->moved)
		return named ? route_out(s, msg->msg_name, msg->msg_namelen) : ROUTE_STACK;
	if (msg->msg_controllen && route_control_leaves(msg))
		return -ENETUNREACH;
	return named ? route_leaves(s, msg->msg_name, msg->msg_namelen) : ROUTE_HOST;
}

int route_option(const struct socket_core *s, int level, int name)
{
	return s->moved && route_is_outward(level, name) ? -EPERM : 0;
}

void route_bound(const struct socket_ref *ref, const struct sockaddr *asked)
{
	struct socket_core *s = ref->core;
	bool listening = !asked;
	struct sockaddr_in6 sa = {0};
	socklen_t len = sizeof(sa);
	bool any;

	if (!socket_is_inet(s) ||
	    socket_call(ref->ops->stack, SYS_getsockname, ref->stack, &sa, &len, 0, 0, 0) < 0)
		return;
	any = address_class((void *)&sa, len) == ADDRESS_ANY;
	s->bound = true;
	if (listening || !any)
		s->settled = true;
	if (!any || s->port || route_is_ping(s) || (s->type == SOCK_STREAM && !listening))
		return;
	s->port = address_port((void *)&sa);
	/* A client that says "any address, any port" has said nothing yet (dig, musl's resolver).
	 */
	s->settled = listening || address_port(asked);
	atomic_fetch_add(route_port(s, s->port), 1);
}

void route_forget(struct socket_core *s)
{
	if (s->port && atomic_fetch_sub(route_port(s, s->port), 1) == 1 && s->type == SOCK_DGRAM)
		atomic_store(&route_asked[s->port], false);
	s->port = 0;
}

/* Tie socket @fd of the host to loopback: the second lock. */
static void route_tie(long (*host)(long nr, const long args[6]), int fd)
{
	socket_call(host, SYS_setsockopt, fd, SOL_SOCKET, SO_BINDTODEVICE, LOOPBACK_NAME,
		    sizeof(LOOPBACK_NAME), 0);
}

/* The host socket that takes @ref's place: its descriptor, or -errno. */
static int route_host_socket(const struct socket_ref *ref)
{
	const struct socket_core *s = ref->core;
	long (*host)(long, const long *) = ref->ops->host;
	struct sockaddr_in6 sa;
	socklen_t len = sizeof(sa);
	long fd, err = 0;

	fd = socket_call(host, SYS_socket, s->domain,
			 s->type | SOCK_CLOEXEC | (ref->nonblocking ? SOCK_NONBLOCK : 0),
			 s->protocol, 0, 0, 0);
	if (fd < 0)
		return (int)fd;
	for (int i = 0; i < s->nopts; i++)
		if (!route_is_outward(s->opt[i].level, s->opt[i].name))
			socket_call(host, SYS_setsockopt, fd, s->opt[i].level, s->opt[i].name,
				    s->opt[i].val, s->opt[i].len, 0);
	route_tie(host, (int)fd);
	if (s->bound &&
	    !socket_call(ref->ops->stack, SYS_getsockname, ref->stack, &sa, &len, 0, 0, 0)) {
		err = socket_call(host, SYS_bind, fd, &sa, len, 0, 0, 0);
		if (err == -EADDRINUSE && s->port) { /* the stack chose it: another will do */
			sa.sin6_port = 0;
			err = socket_call(host, SYS_bind, fd, &sa, len, 0, 0, 0);
		}
	}
	if (err)
		socket_call(host, SYS_close, fd, 0, 0, 0, 0, 0);
	return err ? (int)err : (int)fd;
}

int route_move(const struct socket_ref *ref)
{
	int fd = route_host_socket(ref), err;

	if (fd < 0)
		return fd;
	err = ref->ops->replace(ref, fd);
	socket_call(ref->ops->host, SYS_close, fd, 0, 0, 0, 0, 0);
	if (err)
		return err;
	ref->core->moved = true;
	route_forget(ref->core);
	event_moved(ref->core);
	return 0;
}

long route_connect_host(long (*host)(long nr, const long args[6]), int fd,
			const struct sockaddr *addr, socklen_t len)
{
	int tied = 0;
	socklen_t size = sizeof(tied);
	long ret;

	socket_call(host, SYS_getsockopt, fd, SOL_SOCKET, SO_BINDTOIFINDEX, &tied, &size, 0);
	ret = socket_call(host, SYS_connect, fd, addr, len, 0, 0, 0);
	if (tied == LOOPBACK_INDEX)
		route_tie(host, fd);
	return ret;
}

bool route_host_core(long (*host)(long nr, const long args[6]), int fd, struct socket_core *core)
{
	socklen_t len = sizeof(int);

	memset(core, 0, sizeof(*core));
	core->moved = true;
	if (socket_call(host, SYS_getsockopt, fd, SOL_SOCKET, SO_DOMAIN, &core->domain, &len, 0) ||
	    !socket_is_inet(core))
		return false;
	len = sizeof(int);
	socket_call(host, SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &core->type, &len, 0);
	return true;
}

bool route_may_leave(const struct sockaddr *addr, socklen_t len)
{
	return addr && len >= sizeof(sa_family_t) &&
	       (addr->sa_family == AF_INET || addr->sa_family == AF_INET6 ||
		addr->sa_family == AF_UNSPEC);
}

int route_host_message(long (*host)(long nr, const long args[6]), int fd, const struct msghdr *msg,
		       int flags)
{
	/* The kind of socket with the most ways out: what it may send, any may. */
	struct socket_core core = {.domain = AF_INET, .type = SOCK_DGRAM, .moved = true};

	if (route_message(&core, msg, flags) == ROUTE_HOST || !route_host_core(host, fd, &core))
		return ROUTE_HOST;
	return route_message(&core, msg, flags);
}
