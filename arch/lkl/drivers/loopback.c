// SPDX-License-Identifier: GPL-2.0
/*
 * loopback.c - two threads of one program that talk to each other: copies past the cache.
 *
 * Theory of operation
 *
 * Pages that one processor fills, another empties, and the first fills
 * again travel between their caches twice, which costs several times what the copy
 * does. Data of connections that stay on loopback are therefore stored past the cache
 * (NETIF_F_NOCACHE_COPY, "ethtool -K lo tx-nocache-copy"; engine/host.c has the copy). TCP
 * takes this from the device of its route. MPTCP has the branch (not in 6.1), but nothing that
 * sets its flag; so connect() and accept() look where the connection leads.
 *
 * Limits: with one vCPU all this is left out. The first network namespace's loopback.
 */
#include <linux/cpumask.h>
#include <linux/file.h>
#include <linux/inetdevice.h>
#include <linux/init.h>
#include <linux/net.h>
#include <linux/netdevice.h>
#include <linux/socket.h>
#include <linux/syscalls.h>
#include <net/addrconf.h>
#include <net/net_namespace.h>
#include <net/route.h>
#include <net/sock.h>
#include <asm/host.h>

static bool is_local(struct sock *sk)
{
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6 && !ipv6_addr_v4mapped(&sk->sk_v6_daddr))
		return ipv6_addr_loopback(&sk->sk_v6_daddr) ||
		       ipv6_chk_addr(sock_net(sk), &sk->sk_v6_daddr, NULL, 0);
#endif
	return inet_addr_type(sock_net(sk), sk->sk_daddr) == RTN_LOCAL;
}

/* Connection @fd of the calling task has its addresses now. */
static void look_where_it_leads(int fd)
{
	struct socket *sock;
	int err;

	if (num_online_cpus() < 2)
		return;
	sock = sockfd_lookup(fd, &err);
	if (!sock)
		return;
	if (sock->sk->sk_protocol == IPPROTO_MPTCP && is_local(sock->sk))
		sock->sk->sk_route_caps |= NETIF_F_NOCACHE_COPY;
	sockfd_put(sock);
}

/* Entries of the call table (kernel/syscall.c), which has no prototypes. */
long lkl_connect(int fd, struct sockaddr __user *to, int len);
long lkl_accept4(int fd, struct sockaddr __user *from, int __user *len, int flags);
long lkl_accept(int fd, struct sockaddr __user *from, int __user *len);

long lkl_connect(int fd, struct sockaddr __user *to, int len)
{
	long ret = __sys_connect(fd, to, len);

	if (!ret || ret == -EINPROGRESS)
		look_where_it_leads(fd);
	return ret;
}

long lkl_accept4(int fd, struct sockaddr __user *from, int __user *len, int flags)
{
	long ret = __sys_accept4(fd, from, len, flags);

	if (ret >= 0)
		look_where_it_leads(ret);
	return ret;
}

long lkl_accept(int fd, struct sockaddr __user *from, int __user *len)
{
	return lkl_accept4(fd, from, len, 0);
}

static int __init lkl_loopback_init(void)
{
	if (num_online_cpus() > 1)
		init_net.loopback_dev->features |= NETIF_F_NOCACHE_COPY;
	return 0;
}
late_initcall(lkl_loopback_init);
