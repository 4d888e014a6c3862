// SPDX-License-Identifier: GPL-2.0-only
/*
 * socket.c - sockets: where they live, their names, their connections.
 *
 * Theory of operation: the family decides. AF_INET, AF_INET6 and AF_PACKET are
 * the stack's, and the netlink protocols that speak about networking: so
 * `ip` and `ss` look inside. Everything else (AF_UNIX, uevents, audit ...) is
 * the host's. Loopback addresses lead back to the host, see loopback.c.
 *
 * A TCP socket is asked from the stack as an MPTCP one if the configuration
 * says so; a stack without MPTCP, or one whose net.mptcp.enabled is 0, gives TCP.
 * What an MPTCP socket answers differently is smoothed in sockopt.c.
 *
 * While our own code runs (self.bypass, or inside the engine) a socket is the
 * host's and protected from the program.
 *
 * Limits: an accepted connection that finds the table of descriptors full is
 * closed, where the host's kernel would leave it in the queue.
 */
#include "inline/real.h"
#include "inline/edge.h"
#include "inline/fdtable.h"
#include "inline/life.h"
#include "inline/loopback.h"
#include "inline/number.h"
#include "inline/say.h"
#include "inline/thread.h"
#include "engine/engine.h"
#include "stack/ports.h"

#include <linux/netlink.h>
#include <linux/sockios.h>
#include <string.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef AF_SMC
#define AF_SMC 43
#endif

#define TYPE_FLAGS (SOCK_NONBLOCK | SOCK_CLOEXEC)

enum where { HOST, STACK, NOWHERE };

static enum where whose(int domain, int protocol)
{
	switch (domain) {
	case AF_INET:
	case AF_INET6:
	case AF_PACKET:
		return STACK;
	case AF_NETLINK:
		switch (protocol) {
		case NETLINK_ROUTE:
		case NETLINK_SOCK_DIAG:
		case NETLINK_GENERIC:
		case NETLINK_NETFILTER:
			return STACK;
		}
		return HOST;
	case AF_SMC: /* TCP of the host in disguise */
	case AF_RDS:
		return NOWHERE;
	}
	return HOST;
}

static bool mptcp_wanted(int domain, int type, int protocol)
{
	return (domain == AF_INET || domain == AF_INET6) && (type & ~TYPE_FLAGS) == SOCK_STREAM &&
	       (!protocol || protocol == IPPROTO_TCP) && life_mptcp();
}

static int stack_socket(int domain, int type, int protocol)
{
	bool mptcp = mptcp_wanted(domain, type, protocol);
	struct desc *d;
	long stack = -EPROTONOSUPPORT;

	if (mptcp)
		stack = edge(SYS_socket, domain, type & ~SOCK_CLOEXEC, IPPROTO_MPTCP, 0, 0, 0);
	if (stack == -EPROTONOSUPPORT || stack == -ENOPROTOOPT || stack == -EINVAL) {
		stack = edge(SYS_socket, domain, type & ~SOCK_CLOEXEC, protocol, 0, 0, 0);
		mptcp = false;
	}
	if (stack < 0)
		return (int)stack;
	d = desc_new();
	if (!d) {
		edge_close((int)stack);
		return -ENFILE;
	}
	d->domain = domain;
	d->type = type & ~TYPE_FLAGS;
	d->protocol = protocol;
	d->mptcp = mptcp;
	return number_place(FD_SOCKET, d, (int)stack, type & SOCK_CLOEXEC);
}

HOOK int socket(int domain, int type, int protocol)
{
	enum where where = whose(domain, protocol);
	int err;

	if (where == HOST || self.bypass || engine_inside())
		return number_ours(real(socket)(domain, type, protocol));
	if (where == NOWHERE) {
		say_once("sockets of family %d would use the host's network: refused", domain);
		errno = EAFNOSUPPORT;
		return -1;
	}
	err = stack_need();
	return (int)edge_ret(err ? err : stack_socket(domain, type, protocol));
}

HOOK int socketpair(int domain, int type, int protocol, int sv[2])
{
	int ret = real(socketpair)(domain, type, protocol, sv);

	if (ret == 0 && unlikely(self.bypass)) {
		fd_internal(sv[0], true);
		fd_internal(sv[1], true);
	}
	return ret;
}

HOOK int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	uint64_t slot = fd_slot(fd);
	long ret;

	if (!slot_ours(slot))
		return real(bind)(fd, addr, len);
	if (loopback_should_bind(slot_desc(slot), addr, len)) {
		ret = loopback_move(slot);
		return ret ? (int)edge_ret(ret) : real(bind)(fd, addr, len);
	}
	ret = ports_reserve(slot_desc(slot)->type, addr, len);
	if (!ret)
		ret = edge(SYS_bind, slot_stack(slot), addr, len, 0, 0, 0);
	if (!ret)
		loopback_bound(slot, false);
	else
		ports_released();
	return (int)edge_ret(ret);
}

HOOK int listen(int fd, int backlog)
{
	uint64_t slot = fd_slot(fd);
	long ret;

	if (!slot_ours(slot))
		return real(listen)(fd, backlog);
	ret = edge(SYS_listen, slot_stack(slot), backlog, 0, 0, 0, 0);
	if (!ret)
		loopback_bound(slot, true);
	return (int)edge_ret(ret);
}

HOOK int connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	uint64_t slot = fd_slot(fd);
	struct desc *d = slot_desc(slot);
	long ret;

	if (!slot_ours(slot)) {
		ret = slot_kind(slot) == FD_MOVED ? loopback_leaves(addr, len) : 0;
		return ret ? (int)edge_ret(ret) : real(connect)(fd, addr, len);
	}
	if (loopback_should_send(d, addr, len)) {
		ret = loopback_move(slot);
		return ret ? (int)edge_ret(ret) : real(connect)(fd, addr, len);
	}
	ret = edge_block(SYS_connect, slot_stack(slot), addr, len, 0, 0, 0);
	if (d->type == SOCK_STREAM && (!ret || ret == -EINPROGRESS || ret == -EINTR))
		d->settled = true;
	return (int)edge_ret(ret);
}
HOOK_ALIAS(__connect, connect);

/* A peer without MPTCP makes the stack hand out a plain TCP socket. */
static bool is_plain_tcp(int stack)
{
	int protocol = 0;
	socklen_t len = sizeof(protocol);

	edge(SYS_getsockopt, stack, SOL_SOCKET, SO_PROTOCOL, &protocol, &len, 0);
	return protocol == IPPROTO_TCP;
}

static int stack_accept(uint64_t slot, struct sockaddr *addr, socklen_t *len, int flags)
{
	const struct desc *listener = slot_desc(slot);
	/* Read now: the program may close it, and use it for another, while we wait. */
	int domain = listener->domain, type = listener->type, protocol = listener->protocol;
	bool mptcp = listener->mptcp;
	struct desc *d;
	long stack;

	stack = edge_block(SYS_accept4, slot_stack(slot), addr, len, flags & ~SOCK_CLOEXEC, 0, 0);
	if (stack < 0)
		return (int)stack;
	d = desc_new();
	if (!d) {
		edge_close((int)stack);
		return -ENFILE;
	}
	d->domain = domain;
	d->type = type;
	d->protocol = protocol;
	d->mptcp = mptcp && !is_plain_tcp((int)stack);
	d->settled = true;
	return number_place(FD_SOCKET, d, (int)stack, flags & SOCK_CLOEXEC);
}

HOOK int accept(int fd, struct sockaddr *addr, socklen_t *len)
{
	uint64_t slot = fd_slot(fd);

	if (!slot_ours(slot))
		return real(accept)(fd, addr, len);
	return (int)edge_ret(stack_accept(slot, addr, len, 0));
}

HOOK int accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
	uint64_t slot = fd_slot(fd);

	if (!slot_ours(slot))
		return real(accept4)(fd, addr, len, flags);
	return (int)edge_ret(stack_accept(slot, addr, len, flags));
}

HOOK int getsockname(int fd, struct sockaddr *addr, socklen_t *len)
{
	uint64_t slot = fd_slot(fd);

	if (!slot_ours(slot))
		return real(getsockname)(fd, addr, len);
	return (int)edge_ret(edge(SYS_getsockname, slot_stack(slot), addr, len, 0, 0, 0));
}

HOOK int getpeername(int fd, struct sockaddr *addr, socklen_t *len)
{
	uint64_t slot = fd_slot(fd);

	if (!slot_ours(slot))
		return real(getpeername)(fd, addr, len);
	return (int)edge_ret(edge(SYS_getpeername, slot_stack(slot), addr, len, 0, 0, 0));
}

HOOK int shutdown(int fd, int how)
{
	uint64_t slot = fd_slot(fd);

	if (!slot_ours(slot))
		return real(shutdown)(fd, how);
	return (int)edge_ret(edge(SYS_shutdown, slot_stack(slot), how, 0, 0, 0, 0));
}

HOOK int sockatmark(int fd)
{
	/* Where a socket has no mark, the kernel takes it for a request about an interface. */
	union {
		int mark;
		struct ifreq ifr;
	} arg = {0};

	return ioctl(fd, SIOCATMARK, &arg) < 0 ? -1 : arg.mark;
}
