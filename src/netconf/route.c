// SPDX-License-Identifier: GPL-2.0-only
/*
 * route.c - routes, rules and neighbours by rtnetlink, see route.h.
 *
 * As in link.c each function is one transaction, and nothing is kept.
 */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include "netconf/route.h"

static void begin_route(struct nl *nl, uint16_t type, uint16_t flags, const struct link_route *r)
{
	struct rtmsg rtm = {
		.rtm_family = (uint8_t)r->family,
		.rtm_dst_len = (uint8_t)(r->dst ? r->dst->prefix : 0),
		.rtm_table = (uint8_t)(r->table < 256 ? r->table : RT_TABLE_UNSPEC),
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = RT_SCOPE_UNIVERSE,
		.rtm_type = r->unreachable ? RTN_UNREACHABLE : RTN_UNICAST,
	};
	uint8_t dst[16];

	if (r->gw)
		rtm.rtm_flags = RTNH_F_ONLINK;
	else if (r->family == AF_INET && !r->unreachable)
		rtm.rtm_scope = RT_SCOPE_LINK;
	nl_begin(nl, type, flags, &rtm, sizeof(rtm));
	nl_put_u32(nl, RTA_TABLE, r->table);
	if (!r->unreachable)
		nl_put_u32(nl, RTA_OIF, (uint32_t)r->oif);
	if (r->dst) {
		ip_network(r->dst, dst);
		nl_put(nl, RTA_DST, dst, ip_len(r->dst));
	}
	if (r->gw)
		nl_put(nl, RTA_GATEWAY, r->gw->bytes, ip_len(r->gw));
	if (r->src)
		nl_put(nl, RTA_PREFSRC, r->src->bytes, ip_len(r->src));
	if (r->metric)
		nl_put_u32(nl, RTA_PRIORITY, r->metric);
}

int link_route_add(struct nl *nl, const struct link_route *r)
{
	begin_route(nl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, r);
	return nl_talk(nl);
}

int link_route_add_new(struct nl *nl, const struct link_route *r)
{
	begin_route(nl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, r);
	return nl_talk(nl);
}

int link_route_del(struct nl *nl, const struct link_route *r)
{
	begin_route(nl, RTM_DELROUTE, 0, r);
	return nl_talk(nl);
}

/* Of a route with several next hops, the one by interface @index: its gateway is the route's. */
static bool route_hop(const struct nlattr *hops, int index, const struct nlattr **gateway)
{
	size_t left = hops->nla_len - NLA_HDRLEN, step;
	const struct rtnexthop *h = (const void *)((const uint8_t *)hops + NLA_HDRLEN);

	while (left >= sizeof(*h) && h->rtnh_len >= sizeof(*h) && h->rtnh_len <= left) {
		const struct rtattr *a = RTNH_DATA(h);
		size_t rest = h->rtnh_len - sizeof(*h);

		for (; h->rtnh_ifindex == index && RTA_OK(a, rest); a = RTA_NEXT(a, rest))
			if (a->rta_type == RTA_GATEWAY)
				*gateway = (const void *)a;
		if (h->rtnh_ifindex == index)
			return true;
		step = RTNH_ALIGN(h->rtnh_len);
		if (step > left)
			break;
		left -= step;
		h = (const void *)((const uint8_t *)h + step);
	}
	return false;
}

/* A unicast route of @family by interface @index: its attributes? */
static bool is_route(const struct nlmsghdr *m, int index, int family,
		     const struct nlattr *attrs[RTA_TABLE + 1])
{
	const struct rtmsg *rtm = NLMSG_DATA(m);

	if (m->nlmsg_type != RTM_NEWROUTE || m->nlmsg_len < NLMSG_LENGTH(sizeof(*rtm)) ||
	    rtm->rtm_family != family || rtm->rtm_type != RTN_UNICAST ||
	    rtm->rtm_flags & RTM_F_CLONED)
		return false;
	nl_attrs(m, sizeof(*rtm), attrs, RTA_TABLE);
	if (index && attrs[RTA_MULTIPATH])
		return route_hop(attrs[RTA_MULTIPATH], index, &attrs[RTA_GATEWAY]);
	return !index || nl_get_u32(attrs[RTA_OIF]) == (uint32_t)index;
}

static int dump_routes(struct nl *nl, int index, int family,
		       int (*each)(const struct nlmsghdr *m, void *arg), void *arg)
{
	struct rtmsg rtm = {.rtm_family = (uint8_t)family};
	int err;

	nl_begin(nl, RTM_GETROUTE, NLM_F_DUMP, &rtm, sizeof(rtm));
	if (index)
		nl_put_u32(nl, RTA_OIF, (uint32_t)index);
	err = nl_dump(nl, each, arg);
	return err == -ENOENT ? 0 : err; /* a filter that nothing matched */
}

struct routes {
	int index;
	int family;
	struct ip_route *out;
	unsigned int max, n;
};

static int specific_route(const struct nlmsghdr *m, void *arg)
{
	const struct rtmsg *rtm = NLMSG_DATA(m);
	const struct nlattr *attrs[RTA_TABLE + 1];
	struct ip_route r = {0};
	struct routes *rs = arg;
	const uint8_t *dst, *gw;
	unsigned int i;

	if (rs->n == rs->max || !is_route(m, rs->index, rs->family, attrs) || !rtm->rtm_dst_len ||
	    rtm->rtm_protocol == RTPROT_KERNEL)
		return 0;
	r.dst.family = (uint16_t)rs->family;
	r.dst.prefix = rtm->rtm_dst_len;
	dst = nl_payload(attrs[RTA_DST], ip_len(&r.dst));
	if (!dst || (rs->family == AF_INET6 && (dst[0] == 0xff || dst[0] == 0xfe)))
		return 0; /* multicast, link-local */
	memcpy(r.dst.bytes, dst, ip_len(&r.dst));
	gw = nl_payload(attrs[RTA_GATEWAY], ip_len(&r.dst));
	if (gw) {
		r.gw.family = r.dst.family;
		r.gw.prefix = (uint16_t)(ip_len(&r.dst) * 8);
		memcpy(r.gw.bytes, gw, ip_len(&r.dst));
	}
	for (i = 0; i < rs->n; i++) {
		if (ip_equal(&rs->out[i].dst, &r.dst) && rs->out[i].dst.prefix == r.dst.prefix)
			return 0;
	}
	rs->out[rs->n++] = r;
	return 0;
}

int link_routes(struct nl *nl, int index, int family, struct ip_route *out, unsigned int max)
{
	struct routes rs = {.index = index, .family = family, .out = out, .max = max};
	int err = dump_routes(nl, index, family, specific_route, &rs);

	return err ? err : (int)rs.n;
}

struct gateway {
	int index;
	int family;
	bool found;
	uint32_t metric;
	struct ip_addr gw;
};

static int route_one(const struct nlmsghdr *m, void *arg)
{
	const struct rtmsg *rtm = NLMSG_DATA(m);
	const struct nlattr *attrs[RTA_TABLE + 1];
	struct gateway *g = arg;
	const void *bytes;
	uint32_t metric;

	if (!is_route(m, g->index, g->family, attrs) || rtm->rtm_dst_len)
		return 0;
	metric = nl_get_u32(attrs[RTA_PRIORITY]);
	if (g->found && metric >= g->metric)
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
	struct gateway g = {.index = index, .family = family};
	int err;

	err = dump_routes(nl, index, family, route_one, &g);
	if (err)
		return err;
	if (!g.found)
		return -ENOENT;
	g.gw.prefix = (uint16_t)(g.gw.family ? ip_len(&g.gw) * 8 : 0);
	*gw = g.gw;
	return 0;
}

static int route_rule(struct nl *nl, uint16_t type, uint16_t flags, const struct ip_addr *from,
		      uint32_t table, uint32_t priority)
{
	struct fib_rule_hdr frh = {
		.family = (uint8_t)from->family,
		.src_len = (uint8_t)(ip_len(from) * 8),
		.table = (uint8_t)(table < 256 ? table : RT_TABLE_UNSPEC),
		.action = FR_ACT_TO_TBL,
	};

	nl_begin(nl, type, flags, &frh, sizeof(frh));
	nl_put(nl, FRA_SRC, from->bytes, ip_len(from));
	nl_put_u32(nl, FRA_TABLE, table);
	nl_put_u32(nl, FRA_PRIORITY, priority);
	nl_put_u8(nl, FRA_PROTOCOL, RTPROT_STATIC);
	return nl_talk(nl);
}

int link_rule_add(struct nl *nl, const struct ip_addr *from, uint32_t table, uint32_t priority)
{
	return route_rule(nl, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, from, table, priority);
}

int link_rule_del(struct nl *nl, const struct ip_addr *from, uint32_t table, uint32_t priority)
{
	return route_rule(nl, RTM_DELRULE, 0, from, table, priority);
}

struct neigh {
	int index;
	const struct ip_addr *addr;
	uint8_t *mac; /* receives, or NULL */
	uint16_t states;
	bool found;
};

static int one_neigh(const struct nlmsghdr *m, void *arg)
{
	const struct ndmsg *ndm = NLMSG_DATA(m);
	const struct nlattr *attrs[NDA_LLADDR + 1];
	const void *addr, *mac;
	struct neigh *n = arg;

	if (m->nlmsg_type != RTM_NEWNEIGH || m->nlmsg_len < NLMSG_LENGTH(sizeof(*ndm)) ||
	    ndm->ndm_family != n->addr->family || ndm->ndm_ifindex != n->index ||
	    !(ndm->ndm_state & n->states))
		return 0;
	nl_attrs(m, sizeof(*ndm), attrs, NDA_LLADDR);
	addr = nl_payload(attrs[NDA_DST], ip_len(n->addr));
	mac = nl_payload(attrs[NDA_LLADDR], 6);
	if (!addr || !mac || memcmp(addr, n->addr->bytes, ip_len(n->addr)))
		return 0;
	if (n->mac)
		memcpy(n->mac, mac, 6);
	n->found = true;
	return 0;
}

static int find_neigh(struct nl *nl, struct neigh *n)
{
	struct ndmsg ndm = {.ndm_family = (uint8_t)n->addr->family};
	int err;

	nl_begin(nl, RTM_GETNEIGH, NLM_F_DUMP, &ndm, sizeof(ndm));
	nl_put_u32(nl, NDA_IFINDEX, (uint32_t)n->index);
	err = nl_dump(nl, one_neigh, n);
	if (err)
		return err;
	return n->found ? 0 : -ENOENT;
}

int link_neigh_get(struct nl *nl, int index, const struct ip_addr *a, uint8_t mac[6])
{
	struct neigh n = {
		.index = index,
		.addr = a,
		.mac = mac,
		.states = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT,
	};

	return find_neigh(nl, &n);
}

int link_neigh_answered(struct nl *nl, int index, const struct ip_addr *a)
{
	struct neigh n = {.index = index, .addr = a, .states = NUD_REACHABLE};

	return find_neigh(nl, &n);
}

static int neigh_state(struct nl *nl, struct ndmsg ndm, uint16_t flags, const struct ip_addr *a)
{
	nl_begin(nl, RTM_NEWNEIGH, flags, &ndm, sizeof(ndm));
	nl_put(nl, NDA_DST, a->bytes, ip_len(a));
	return nl_talk(nl);
}

int link_neigh_ask(struct nl *nl, int index, const struct ip_addr *a)
{
	struct ndmsg ndm = {
		.ndm_family = (uint8_t)a->family,
		.ndm_ifindex = index,
		.ndm_state = NUD_STALE,
	};
	int err;

	/* From any other state the kernel asks at once when told to be in this one. */
	err = neigh_state(nl, ndm, 0, a);
	ndm.ndm_state = NUD_PROBE;
	if (!err)
		err = neigh_state(nl, ndm, 0, a);
	if (err != -ENOENT && err != -EINVAL)
		return err;
	ndm.ndm_state = NUD_NONE; /* without an Ethernet address: by broadcast */
	ndm.ndm_flags = NTF_USE;
	return neigh_state(nl, ndm, NLM_F_CREATE, a);
}

int link_neigh_add(struct nl *nl, int index, const struct ip_addr *a, const uint8_t mac[6])
{
	struct ndmsg ndm = {
		.ndm_family = (uint8_t)a->family,
		.ndm_ifindex = index,
		.ndm_state = NUD_STALE,
	};

	nl_begin(nl, RTM_NEWNEIGH, NLM_F_CREATE, &ndm, sizeof(ndm));
	nl_put(nl, NDA_DST, a->bytes, ip_len(a));
	nl_put(nl, NDA_LLADDR, mac, 6);
	return nl_talk(nl);
}
