// SPDX-License-Identifier: GPL-2.0
/*
 * loopback.c - two threads of one program that talk to each other.
 *
 * Theory of operation
 *
 * Receive flow steering. A frame sent over loopback is received by the vCPU that sent it, so
 * one thread of the two does all the protocol's work. Linux can hand such a frame to the vCPU
 * which last read from its connection (Documentation/networking/scaling.rst, RFS), but
 * wants to be told by sysfs, which we do not have: both tables are set up here.
 * net.core.rps_sock_flow_entries=0 turns it off.
 *
 * Copies past the cache. Pages that one processor fills, another empties, and the first fills
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
#include <linux/log2.h>
#include <linux/net.h>
#include <linux/netdevice.h>
#include <linux/socket.h>
#include <linux/syscalls.h>
#include <linux/vmalloc.h>
#include <net/addrconf.h>
#include <net/net_namespace.h>
#include <net/route.h>
#include <net/sock.h>
#include <asm/host.h>
#if __has_include(<net/rps.h>)
#include <net/netdev_rx_queue.h>
#include <net/rps.h>
#define lkl_flow_table (net_hotdata.rps_sock_flow_table)
#define lkl_cpu_mask   (net_hotdata.rps_cpu_mask)
#else
#define lkl_flow_table rps_sock_flow_table
#define lkl_cpu_mask   rps_cpu_mask
#endif

#define FLOWS 1024

/* Of net-sysfs.c, and wanted by a sysctl: all our vCPUs do housekeeping. */
int rps_cpumask_housekeeping(struct cpumask *mask);
int rps_cpumask_housekeeping(struct cpumask *mask)
{
	return 0;
}

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

static int __init steer(struct net_device *dev)
{
	struct rps_dev_flow_table *queue = vmalloc(RPS_DEV_FLOW_TABLE_SIZE(FLOWS));
	struct rps_sock_flow_table *flows = vmalloc(RPS_SOCK_FLOW_TABLE_SIZE(FLOWS));
	unsigned int i;

	if (!queue || !flows) {
		vfree(queue);
		vfree(flows);
		return -ENOMEM;
	}
	queue->mask = flows->mask = FLOWS - 1;
	for (i = 0; i < FLOWS; i++) {
		queue->flows[i] = (struct rps_dev_flow){ .cpu = RPS_NO_CPU };
		flows->ents[i] = RPS_NO_CPU;
	}
	lkl_cpu_mask = roundup_pow_of_two(nr_cpu_ids) - 1;
	rcu_assign_pointer(dev->_rx[0].rps_flow_table, queue);
	rcu_assign_pointer(lkl_flow_table, flows);
	static_branch_inc(&rps_needed);
	static_branch_inc(&rfs_needed);
	return 0;
}

static int __init lkl_loopback_init(void)
{
	struct net_device *dev = init_net.loopback_dev;

	if (num_online_cpus() < 2)
		return 0;
	dev->features |= NETIF_F_NOCACHE_COPY;
	return steer(dev);
}
late_initcall(lkl_loopback_init);
