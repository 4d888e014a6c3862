// SPDX-License-Identifier: GPL-2.0-only
/*
 * link.c - interfaces, addresses, routes and rules by rtnetlink, see link.h.
 *
 * Each function is one transaction: fixed header, attributes, answer. Nothing
 * is kept between calls.
 */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include "setup/link.h"

static uint32_t get_u32(const struct nlattr *a)
{
	const uint32_t *v = nl_payload(a, sizeof(*v));

	return v ? *v : 0;
}

static void fill_info(const struct nlmsghdr *m, struct link_info *info)
{
	const struct ifinfomsg *ifi = NLMSG_DATA(m);
	const struct nlattr *attrs[IFLA_MTU + 1];
	const void *mac, *name;

	memset(info, 0, sizeof(*info));
	info->index = ifi->ifi_index;
	info->type = ifi->ifi_type;
	info->flags = ifi->ifi_flags;
	nl_attrs(m, sizeof(*ifi), attrs, IFLA_MTU);
	info->mtu = get_u32(attrs[IFLA_MTU]);
	mac = nl_payload(attrs[IFLA_ADDRESS], sizeof(info->mac));
	if (mac)
		memcpy(info->mac, mac, sizeof(info->mac));
	name = nl_payload(attrs[IFLA_IFNAME], 1);
	if (name)
		strncpy(info->name, name, sizeof(info->name) - 1);
}

static bool is_link(const struct nlmsghdr *m)
{
	return m->nlmsg_type == RTM_NEWLINK &&
	       m->nlmsg_len >= NLMSG_LENGTH(sizeof(struct ifinfomsg));
}

static int one_link(const struct nlmsghdr *m, void *arg)
{
	if (is_link(m))
		fill_info(m, arg);
	return 0;
}

int link_get(struct nl *nl, const char *name, struct link_info *info)
{
	struct ifinfomsg ifi = {.ifi_family = AF_UNSPEC};
	int err;

	info->index = 0;
	nl_begin(nl, RTM_GETLINK, NLM_F_ACK, &ifi, sizeof(ifi));
	nl_put_string(nl, IFLA_IFNAME, name);
	err = nl_dump(nl, one_link, info);
	if (err)
		return err;
	return info->index ? 0 : -ENODEV;
}

struct list {
	int (*each)(const struct link_info *info, void *arg);
	void *arg;
};

static int list_link(const struct nlmsghdr *m, void *arg)
{
	const struct list *l = arg;
	struct link_info info;

	if (!is_link(m))
		return 0;
	fill_info(m, &info);
	return l->each(&info, l->arg);
}

int link_list(struct nl *nl, int (*each)(const struct link_info *info, void *arg), void *arg)
{
	struct ifinfomsg ifi = {.ifi_family = AF_UNSPEC};
	struct list l = {each, arg};

	nl_begin(nl, RTM_GETLINK, NLM_F_DUMP, &ifi, sizeof(ifi));
	return nl_dump(nl, list_link, &l);
}

int link_set(struct nl *nl, int index, unsigned int mtu, const uint8_t *mac)
{
	struct ifinfomsg ifi = {
		.ifi_family = AF_UNSPEC,
		.ifi_index = index,
		.ifi_flags = IFF_UP,
		.ifi_change = IFF_UP,
	};

	nl_begin(nl, RTM_NEWLINK, 0, &ifi, sizeof(ifi));
	if (mtu)
		nl_put_u32(nl, IFLA_MTU, mtu);
	if (mac)
		nl_put(nl, IFLA_ADDRESS, mac, 6);
	return nl_talk(nl);
}

int link_addr_add(struct nl *nl, int index, const struct ip_addr *a)
{
	struct ifaddrmsg ifa = {
		.ifa_family = (uint8_t)a->family,
		.ifa_prefixlen = (uint8_t)a->prefix,
		.ifa_flags = a->family == AF_INET6 ? IFA_F_NODAD : 0,
		.ifa_index = (uint32_t)index,
	};

	nl_begin(nl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &ifa, sizeof(ifa));
	nl_put(nl, IFA_LOCAL, a->bytes, ip_len(a));
	nl_put(nl, IFA_ADDRESS, a->bytes, ip_len(a));
	if (a->family == AF_INET && a->prefix < 31) {
		uint32_t broadcast;

		memcpy(&broadcast, a->bytes, sizeof(broadcast));
		broadcast |= htonl(0xffffffffu >> a->prefix);
		nl_put(nl, IFA_BROADCAST, &broadcast, sizeof(broadcast));
	}
	return nl_talk(nl);
}

struct addrs {
	int index;
	struct ip_addr *out;
	unsigned int max, n;
};

static int one_addr(const struct nlmsghdr *m, void *arg)
{
	const uint32_t unusable = IFA_F_TENTATIVE | IFA_F_DADFAILED | IFA_F_DEPRECATED;
	const struct ifaddrmsg *ifa = NLMSG_DATA(m);
	const struct nlattr *attrs[IFA_FLAGS + 1];
	struct addrs *as = arg;
	struct ip_addr a = {0};
	const void *bytes;
	uint32_t flags;

	if (m->nlmsg_type != RTM_NEWADDR || m->nlmsg_len < NLMSG_LENGTH(sizeof(*ifa)) ||
	    (as->index && ifa->ifa_index != (uint32_t)as->index) ||
	    ifa->ifa_scope != RT_SCOPE_UNIVERSE ||
	    (ifa->ifa_family != AF_INET && ifa->ifa_family != AF_INET6) || as->n == as->max)
		return 0;
	nl_attrs(m, sizeof(*ifa), attrs, IFA_FLAGS);
	flags = attrs[IFA_FLAGS] ? get_u32(attrs[IFA_FLAGS]) : ifa->ifa_flags;
	if (flags & unusable && !(flags & IFA_F_PERMANENT && flags & IFA_F_NODAD))
		return 0;
	a.family = ifa->ifa_family;
	a.prefix = ifa->ifa_prefixlen;
	/* IFA_LOCAL is ours; on a point-to-point link IFA_ADDRESS is the peer's. */
	bytes = nl_payload(attrs[IFA_LOCAL], ip_len(&a));
	if (!bytes)
		bytes = nl_payload(attrs[IFA_ADDRESS], ip_len(&a));
	if (!bytes)
		return 0;
	memcpy(a.bytes, bytes, ip_len(&a));
	as->out[as->n++] = a;
	return 0;
}

int link_addrs(struct nl *nl, int index, struct ip_addr *out, unsigned int max)
{
	struct ifaddrmsg ifa = {.ifa_family = AF_UNSPEC};
	struct addrs as = {.index = index, .out = out, .max = max};
	int err;

	nl_begin(nl, RTM_GETADDR, NLM_F_DUMP, &ifa, sizeof(ifa));
	err = nl_dump(nl, one_addr, &as);
	return err ? err : (int)as.n;
}

/* @a cut to its prefix: the network's address. */
static void network(const struct ip_addr *a, uint8_t out[16])
{
	unsigned int i;

	for (i = 0; i < ip_len(a); i++) {
		int bits = (int)a->prefix - 8 * (int)i;

		if (bits >= 8)
			out[i] = a->bytes[i];
		else if (bits > 0)
			out[i] = (uint8_t)(a->bytes[i] & (0xff00 >> bits));
		else
			out[i] = 0;
	}
}

int link_route_add(struct nl *nl, const struct link_route *r)
{
	struct rtmsg rtm = {
		.rtm_family = (uint8_t)r->family,
		.rtm_dst_len = (uint8_t)(r->dst ? r->dst->prefix : 0),
		.rtm_table = (uint8_t)(r->table < 256 ? r->table : RT_TABLE_UNSPEC),
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
	};
	uint8_t dst[16];

	if (r->gw)
		rtm.rtm_flags = RTNH_F_ONLINK;
	else if (r->family == AF_INET)
		rtm.rtm_scope = RT_SCOPE_LINK;
	nl_begin(nl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &rtm, sizeof(rtm));
	nl_put_u32(nl, RTA_TABLE, r->table);
	nl_put_u32(nl, RTA_OIF, (uint32_t)r->oif);
	if (r->dst) {
		network(r->dst, dst);
		nl_put(nl, RTA_DST, dst, ip_len(r->dst));
	}
	if (r->gw)
		nl_put(nl, RTA_GATEWAY, r->gw->bytes, ip_len(r->gw));
	if (r->src)
		nl_put(nl, RTA_PREFSRC, r->src->bytes, ip_len(r->src));
	if (r->metric)
		nl_put_u32(nl, RTA_PRIORITY, r->metric);
	return nl_talk(nl);
}

struct gateway {
	int index;
	int family;
	bool found;
	uint32_t metric;
	struct ip_addr gw;
};

static int one_route(const struct nlmsghdr *m, void *arg)
{
	const struct rtmsg *rtm = NLMSG_DATA(m);
	const struct nlattr *attrs[RTA_PRIORITY + 1];
	struct gateway *g = arg;
	const void *bytes;
	uint32_t metric;

	if (m->nlmsg_type != RTM_NEWROUTE || m->nlmsg_len < NLMSG_LENGTH(sizeof(*rtm)) ||
	    rtm->rtm_family != g->family || rtm->rtm_dst_len || rtm->rtm_type != RTN_UNICAST)
		return 0;
	nl_attrs(m, sizeof(*rtm), attrs, RTA_PRIORITY);
	metric = get_u32(attrs[RTA_PRIORITY]);
	if ((g->index && get_u32(attrs[RTA_OIF]) != (uint32_t)g->index) ||
	    (g->found && metric >= g->metric))
		return 0;
	g->found = true;
	g->metric = metric;
	memset(&g->gw, 0, sizeof(g->gw));
	g->gw.family = (uint16_t)g->family;
	bytes = nl_payload(attrs[RTA_GATEWAY], ip_len(&g->gw));
	if (bytes)
		memcpy(g->gw.bytes, bytes, ip_len(&g->gw));
	else
		g->gw.family = 0;
	return 0;
}

int link_default_gw(struct nl *nl, int index, int family, struct ip_addr *gw)
{
	struct rtmsg rtm = {.rtm_family = (uint8_t)family};
	struct gateway g = {.index = index, .family = family};
	int err;

	nl_begin(nl, RTM_GETROUTE, NLM_F_DUMP, &rtm, sizeof(rtm));
	err = nl_dump(nl, one_route, &g);
	if (err)
		return err;
	if (!g.found)
		return -ENOENT;
	g.gw.prefix = (uint16_t)(g.gw.family ? ip_len(&g.gw) * 8 : 0);
	*gw = g.gw;
	return 0;
}

int link_rule_add(struct nl *nl, const struct ip_addr *from, uint32_t table, uint32_t priority)
{
	struct fib_rule_hdr frh = {
		.family = (uint8_t)from->family,
		.src_len = (uint8_t)(ip_len(from) * 8),
		.table = (uint8_t)(table < 256 ? table : RT_TABLE_UNSPEC),
		.action = FR_ACT_TO_TBL,
	};

	nl_begin(nl, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, &frh, sizeof(frh));
	nl_put(nl, FRA_SRC, from->bytes, ip_len(from));
	nl_put_u32(nl, FRA_TABLE, table);
	nl_put_u32(nl, FRA_PRIORITY, priority);
	nl_put_u8(nl, FRA_PROTOCOL, RTPROT_STATIC);
	return nl_talk(nl);
}
