// SPDX-License-Identifier: GPL-2.0-only
/*
 * netif.c - if_nametoindex(), if_nameindex(), getifaddrs(): the stack's answer.
 *
 * Theory of operation: libc answers these by ioctl and rtnetlink on sockets of
 * its own, which no hook sees. Here the same questions are put to the stack.
 *
 * Ownership: the result of getifaddrs() is one malloc'ed block, the first
 * entry at its start, so that libc's freeifaddrs(), which is free(), takes it. Names
 * of if_nameindex() are malloc'ed one by one, as if_freenameindex() expects.
 */
#include "inline/real.h"
#include "inline/edge.h"
#include "inline/life.h"
#include "inline/netif.h"
#include "inline/thread.h"
#include "netconf/netlink.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netpacket/packet.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	struct ifaddrs ifa;
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_ll ll;
		char room[64]; /* hardware addresses may be longer than sockaddr_ll's */
	} addr, mask, other;
	struct rtnl_link_stats stats;
	char name[IFNAMSIZ];
	unsigned int index;
};

struct list {
	struct entry *at;
	size_t n, room;
};

static struct entry *netif_list_add(struct list *l)
{
	struct entry *e;

	if (l->n == l->room) {
		size_t room = l->room ? l->room * 2 : 8;

		e = realloc(l->at, room * sizeof(*e));
		if (!e)
			return NULL;
		l->at = e;
		l->room = room;
	}
	e = &l->at[l->n++];
	memset(e, 0, sizeof(*e));
	return e;
}

static size_t netif_attr_len(const struct nlattr *a)
{
	return a ? (size_t)a->nla_len - NLA_HDRLEN : 0;
}

static const void *netif_attr_data(const struct nlattr *a)
{
	return (const char *)a + NLA_HDRLEN;
}

static void netif_put_ll(struct sockaddr_ll *ll, const struct ifinfomsg *m, const struct nlattr *a)
{
	size_t n = netif_attr_len(a);

	ll->sll_family = AF_PACKET;
	ll->sll_ifindex = m->ifi_index;
	ll->sll_hatype = m->ifi_type;
	if (n && n <= 24) {
		ll->sll_halen = (unsigned char)n;
		memcpy(ll->sll_addr, netif_attr_data(a), n);
	}
}

static int netif_each_link(const struct nlmsghdr *h, void *arg)
{
	const struct nlattr *at[IFLA_STATS + 1];
	const struct ifinfomsg *m = NLMSG_DATA(h);
	struct entry *e;

	if (h->nlmsg_type != RTM_NEWLINK)
		return 0;
	nl_attrs(h, sizeof(*m), at, IFLA_STATS);
	e = netif_list_add(arg);
	if (!e)
		return -ENOMEM;
	e->index = (unsigned int)m->ifi_index;
	e->ifa.ifa_flags = m->ifi_flags;
	if (at[IFLA_IFNAME])
		strncpy(e->name, netif_attr_data(at[IFLA_IFNAME]), IFNAMSIZ - 1);
	netif_put_ll(&e->addr.ll, m, at[IFLA_ADDRESS]);
	if (at[IFLA_BROADCAST])
		netif_put_ll(&e->other.ll, m, at[IFLA_BROADCAST]);
	if (netif_attr_len(at[IFLA_STATS]) >= sizeof(e->stats))
		memcpy(&e->stats, netif_attr_data(at[IFLA_STATS]), sizeof(e->stats));
	return 0;
}

static void netif_put_inet(struct sockaddr *sa, int family, const void *data, unsigned int scope)
{
	struct sockaddr_in *in = (void *)sa;
	struct sockaddr_in6 *in6 = (void *)sa;

	sa->sa_family = (sa_family_t)family;
	if (family == AF_INET) {
		memcpy(&in->sin_addr, data, 4);
		return;
	}
	memcpy(&in6->sin6_addr, data, 16);
	if (IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr) || IN6_IS_ADDR_MC_LINKLOCAL(&in6->sin6_addr))
		in6->sin6_scope_id = scope;
}

static void netif_put_mask(struct sockaddr *sa, int family, unsigned int bits)
{
	unsigned char mask[16] = {0};

	for (unsigned int i = 0; i < bits && i < 128; i++)
		mask[i / 8] |= (unsigned char)(0x80 >> i % 8);
	netif_put_inet(sa, family, mask, 0);
}

static int netif_each_addr(const struct nlmsghdr *h, void *arg)
{
	const struct nlattr *at[IFA_MAX + 1], *local, *peer;
	const struct ifaddrmsg *m = NLMSG_DATA(h);
	struct list *l = arg;
	struct entry *e;
	size_t want = m->ifa_family == AF_INET ? 4 : 16;

	if (h->nlmsg_type != RTM_NEWADDR || (m->ifa_family != AF_INET && m->ifa_family != AF_INET6))
		return 0;
	nl_attrs(h, sizeof(*m), at, IFA_MAX);
	local = at[IFA_LOCAL] ? at[IFA_LOCAL] : at[IFA_ADDRESS];
	peer = at[IFA_LOCAL] ? at[IFA_ADDRESS] : NULL;
	if (netif_attr_len(local) < want)
		return 0;
	e = netif_list_add(l);
	if (!e)
		return -ENOMEM;
	e->index = m->ifa_index;
	netif_put_inet(&e->addr.sa, m->ifa_family, netif_attr_data(local), m->ifa_index);
	netif_put_mask(&e->mask.sa, m->ifa_family, m->ifa_prefixlen);
	if (netif_attr_len(at[IFA_BROADCAST]) >= want)
		netif_put_inet(&e->other.sa, m->ifa_family, netif_attr_data(at[IFA_BROADCAST]), 0);
	else if (netif_attr_len(peer) >= want &&
		 memcmp(netif_attr_data(peer), netif_attr_data(local), want) != 0)
		netif_put_inet(&e->other.sa, m->ifa_family, netif_attr_data(peer), m->ifa_index);
	for (size_t i = 0; i < l->n - 1; i++)
		if (l->at[i].index == e->index && l->at[i].addr.sa.sa_family == AF_PACKET) {
			memcpy(e->name, l->at[i].name, IFNAMSIZ);
			e->ifa.ifa_flags = l->at[i].ifa.ifa_flags;
		}
	if (at[IFA_LABEL])
		strncpy(e->name, netif_attr_data(at[IFA_LABEL]), IFNAMSIZ - 1);
	return 0;
}

static int netif_ask(struct nl *nl, uint16_t type, const void *header, size_t len,
		     int (*each)(const struct nlmsghdr *, void *), struct list *l)
{
	nl_begin(nl, type, NLM_F_DUMP, header, len);
	return nl_dump(nl, each, l);
}

static int netif_collect(struct list *l, bool addrs)
{
	struct ifinfomsg link = {.ifi_family = AF_UNSPEC};
	struct ifaddrmsg addr = {.ifa_family = AF_UNSPEC};
	struct nl *nl;
	int err = stack_need();

	if (err)
		return err;
	nl = nl_open(edge_args, NETLINK_ROUTE, &err);
	if (!nl)
		return err;
	err = netif_ask(nl, RTM_GETLINK, &link, sizeof(link), netif_each_link, l);
	if (!err && addrs)
		err = netif_ask(nl, RTM_GETADDR, &addr, sizeof(addr), netif_each_addr, l);
	nl_close(nl);
	return err;
}

int netif_families(bool *v4, bool *v6)
{
	struct list l = {0};
	int err = netif_collect(&l, true);

	*v4 = *v6 = false;
	for (size_t i = 0; !err && i < l.n; i++) {
		if (l.at[i].ifa.ifa_flags & IFF_LOOPBACK)
			continue;
		*v4 |= l.at[i].addr.sa.sa_family == AF_INET;
		*v6 |= l.at[i].addr.sa.sa_family == AF_INET6;
	}
	free(l.at);
	return err;
}

static void netif_link_up(struct list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		struct entry *e = &l->at[i];

		e->ifa.ifa_next = i + 1 < l->n ? &l->at[i + 1].ifa : NULL;
		e->ifa.ifa_name = e->name;
		e->ifa.ifa_addr = &e->addr.sa;
		if (e->mask.sa.sa_family)
			e->ifa.ifa_netmask = &e->mask.sa;
		if (e->other.sa.sa_family)
			e->ifa.ifa_broadaddr = &e->other.sa;
		if (e->addr.sa.sa_family == AF_PACKET)
			e->ifa.ifa_data = &e->stats;
	}
}

HOOK int getifaddrs(struct ifaddrs **list)
{
	struct list l = {0};
	int err;

	if (self.bypass)
		return real(getifaddrs)(list);
	err = netif_collect(&l, true);
	if (err) {
		free(l.at);
		return (int)edge_ret(err);
	}
	netif_link_up(&l);
	*list = l.n ? &l.at[0].ifa : NULL;
	return 0;
}

HOOK struct if_nameindex *if_nameindex(void)
{
	struct list l = {0};
	struct if_nameindex *out = NULL;
	int err;

	if (self.bypass)
		return real(if_nameindex)();
	err = netif_collect(&l, false);
	if (!err) {
		out = calloc(l.n + 1, sizeof(*out));
		err = out ? 0 : -ENOBUFS;
	}
	for (size_t i = 0; !err && i < l.n; i++) {
		out[i].if_index = l.at[i].index;
		out[i].if_name = strdup(l.at[i].name);
	}
	free(l.at);
	if (err)
		errno = -err;
	return out;
}

/* One ioctl on a socket made for it. */
static long netif_interface_ioctl(unsigned long cmd, struct ifreq *ifr)
{
	long fd, ret;
	int err = stack_need();

	if (err)
		return err;
	fd = edge(SYS_socket, AF_INET, SOCK_DGRAM, 0, 0, 0, 0);
	if (fd < 0)
		return fd;
	ret = edge(SYS_ioctl, fd, cmd, ifr, 0, 0, 0);
	edge_close((int)fd);
	return ret;
}

HOOK unsigned int if_nametoindex(const char *name)
{
	struct ifreq ifr = {0};
	long ret;

	if (self.bypass)
		return real(if_nametoindex)(name);
	if (strlen(name) >= IFNAMSIZ) {
		errno = ENODEV;
		return 0;
	}
	strcpy(ifr.ifr_name, name);
	ret = netif_interface_ioctl(SIOCGIFINDEX, &ifr);
	return edge_ret(ret) < 0 ? 0 : (unsigned int)ifr.ifr_ifindex;
}

HOOK char *if_indextoname(unsigned int index, char name[IF_NAMESIZE])
{
	struct ifreq ifr = {.ifr_ifindex = (int)index};
	long ret;

	if (self.bypass)
		return real(if_indextoname)(index, name);
	ret = netif_interface_ioctl(SIOCGIFNAME, &ifr);
	if (ret < 0) {
		errno = ret == -ENODEV ? ENXIO : (int)-ret;
		return NULL;
	}
	memcpy(name, ifr.ifr_name, IFNAMSIZ);
	return name;
}
