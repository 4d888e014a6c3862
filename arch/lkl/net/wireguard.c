// SPDX-License-Identifier: GPL-2.0
/*
 * wireguard.c - WireGuard's devices are the engine's user's, not the programs'.
 *
 * Theory of operation
 *
 * Programs have all capabilities inside, and a dump of a WireGuard device gives its private key to
 * whoever has CAP_NET_ADMIN. So two functions of Linux are wrapped by the linker (--wrap,
 * arch/lkl/Makefile): genl_register_family() tells which number WireGuard's family has, and
 * netlink_ns_capable(), which generic netlink asks for each request of that family, says no
 * unless the request comes from a socket that was made trusted (LKL_NR_TRUST). No program can do
 * that by a system call. Other families, and rtnetlink, are as they are: a program may make
 * devices, but gives them no keys.
 *
 * A program inside of which the stack lives (inline) can read its memory all the same.
 *
 * Locking: the pointer is written at boot. The bit is the socket's, and atomic.
 */
#include <linux/file.h>
#include <linux/net.h>
#include <linux/netlink.h>
#include <net/genetlink.h>
#include <net/netlink.h>
#include <net/sock.h>
#include <asm/host.h>

#define TRUSTED 63 /* of sk_flags; Linux counts its own from 0, and has some thirty */

extern typeof(genl_register_family) __real_genl_register_family;
extern typeof(netlink_ns_capable) __real_netlink_ns_capable;

int __wrap_genl_register_family(struct genl_family *family);
bool __wrap_netlink_ns_capable(const struct sk_buff *skb, struct user_namespace *ns, int cap);

static const struct genl_family *wireguard;

int __wrap_genl_register_family(struct genl_family *family)
{
	int err = __real_genl_register_family(family);

	if (!err && !strcmp(family->name, "wireguard"))
		wireguard = family;
	return err;
}

bool __wrap_netlink_ns_capable(const struct sk_buff *skb, struct user_namespace *ns, int cap)
{
	const struct sock *sender = NETLINK_CB(skb).sk;

	if (wireguard && sender->sk_protocol == NETLINK_GENERIC &&
	    nlmsg_hdr(skb)->nlmsg_type == wireguard->id && !test_bit(TRUSTED, &sender->sk_flags))
		return false;
	return __real_netlink_ns_capable(skb, ns, cap);
}

long lkl_trust(int fd)
{
	struct socket *sock;
	int err;

	sock = sockfd_lookup(fd, &err);
	if (!sock)
		return err;
	set_bit(TRUSTED, &sock->sk->sk_flags);
	sockfd_put(sock);
	return 0;
}
