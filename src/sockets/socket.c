// SPDX-License-Identifier: GPL-2.0-only
/*
 * socket.c - where a socket is born, and as what. See socket.h.
 *
 * AF_INET, AF_INET6 and AF_PACKET are the stack's, and the netlink protocols that speak about
 * networking: so `ip` and `ss` look inside. Everything else (AF_UNIX, uevents, audit ...) is
 * the host's. AF_SMC is TCP of the host in disguise, AF_RDS leaves by modules of its own, AF_XDP
 * by the host's devices: refused.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/syscall.h>
#include "sockets/event.h"
#include "sockets/socket.h"

static const struct {
	int domain, protocol; /* -1: all */
	enum socket_family whose;
} socket_families[] = {
	{AF_INET, -1, SOCKET_STACK},
	{AF_INET6, -1, SOCKET_STACK},
	{AF_PACKET, -1, SOCKET_STACK},
	{AF_NETLINK, NETLINK_ROUTE, SOCKET_STACK},
	{AF_NETLINK, NETLINK_SOCK_DIAG, SOCKET_STACK},
	{AF_NETLINK, NETLINK_GENERIC, SOCKET_STACK},
	{AF_NETLINK, NETLINK_NETFILTER, SOCKET_STACK},
	{AF_SMC, -1, SOCKET_NOWHERE},
	{AF_RDS, -1, SOCKET_NOWHERE},
	{AF_XDP, -1, SOCKET_NOWHERE},
};

enum socket_family socket_family(int domain, int protocol)
{
	for (unsigned int i = 0; i < sizeof(socket_families) / sizeof(socket_families[0]); i++)
		if (socket_families[i].domain == domain &&
		    (socket_families[i].protocol < 0 || socket_families[i].protocol == protocol))
			return socket_families[i].whose;
	return SOCKET_HOST;
}

static bool socket_may_be_mptcp(const struct socket_core *s)
{
	return socket_is_inet(s) && s->type == SOCK_STREAM &&
	       (!s->protocol || s->protocol == IPPROTO_TCP);
}

/* A stack without MPTCP, or with MPTCP switched off. */
static bool socket_no_mptcp(long err)
{
	return err == -EPROTONOSUPPORT || err == -ENOPROTOOPT || err == -EINVAL;
}

int socket_make(const struct socket_ops *ops, struct socket_core *core, int domain, int type,
		int protocol, bool mptcp)
{
	int inside = type & ~SOCK_CLOEXEC;
	long fd;

	memset(core, 0, sizeof(*core));
	core->domain = domain;
	core->type = type & ~SOCKET_TYPE_FLAGS;
	core->protocol = protocol;
	if (mptcp && socket_may_be_mptcp(core)) {
		fd = socket_call(ops->stack, SYS_socket, domain, inside, IPPROTO_MPTCP, 0, 0, 0);
		core->mptcp = fd >= 0;
		if (!socket_no_mptcp(fd))
			goto out;
	}
	fd = socket_call(ops->stack, SYS_socket, domain, inside, protocol, 0, 0, 0);
out:
	if (fd >= 0)
		event_born(core, "born");
	return (int)fd;
}

/* A peer without MPTCP makes the stack hand out a plain TCP socket. */
static bool socket_is_mptcp(const struct socket_ops *ops, int stack)
{
	int protocol = 0;
	socklen_t len = sizeof(protocol);

	socket_call(ops->stack, SYS_getsockopt, stack, SOL_SOCKET, SO_PROTOCOL, &protocol, &len, 0);
	return protocol == IPPROTO_MPTCP;
}

void socket_accepted(const struct socket_ops *ops, struct socket_core *child,
		     const struct socket_core *listener, int stack)
{
	memset(child, 0, sizeof(*child));
	child->domain = listener->domain;
	child->type = listener->type;
	child->protocol = listener->protocol;
	child->mptcp = listener->mptcp && socket_is_mptcp(ops, stack);
	child->settled = true;
	event_born(child, "accepted");
	event_connected(ops, child, stack);
}
