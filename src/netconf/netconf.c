// SPDX-License-Identifier: GPL-2.0-only
/*
 * netconf.c - interfaces with addresses, routes, rules and MPTCP endpoints.
 *
 * Theory of operation
 *
 *   main table		default via gw of interface i, metric 100+i, of a backup 200+i,
 *			of a metered one 300+i: new connections leave by the first -i
 *			that has its link, of the best role;
 *			more specific routes with the same metric
 *   table 100+i	the interface's networks, its routes, its default route, and
 *			behind that "unreachable": what has no way by its own
 *			interface must not leave by another with this sender
 *   rule 1000+i	from each of its addresses: table 100+i, so that what is
 *			bound to an address leaves by its interface
 *   MPTCP		the preferred IPv4 and IPv6 address of each interface
 *			that has its link is an endpoint `subflow` (mptcp.c),
 *			a tunnel's `subflow fullmesh`
 *
 * A header-less link needs no gateway: its default route names the device
 * alone, and exists for every family that has an address. On an Ethernet there
 * is a default route only with gw=; the gateway is taken to be on the link
 * even outside the address's network, as some carriers and hotspots have it.
 *
 * Everything is a difference between two states of an interface, at startup from
 * nothing. The order makes before it breaks: new addresses, then routes, then endpoints,
 * and old addresses last, so that their subflows are closed, and the peer told,
 * while there is still something to close. An error is remembered (the
 * first one), and the rest of the difference applied.
 *
 * A link that is down keeps addresses and routes: the kernel takes no route whose
 * device has no carrier (ignore_routes_with_linkdown, sysctl.c).
 *
 * A path that is dead (aside) has no endpoint and no default route in the main table.
 * Its own table stays, so what is bound to its addresses may wait for it.
 *
 * A tunnel's server may end connections to anywhere (docs/server.md). Linux takes a further
 * subflow only by a port that is the connection's or announced, and such a server listens at
 * one port, which it announces: each tunnel must go on to that. Also a path that returns finds
 * it only by another path's subflow to it, so no tunnel is left out. Elsewhere a mesh is two
 * subflows over each bottleneck, twice a connection's share, for nothing.
 *
 * A kernel takes eight endpoints; addresses beyond that still work for plain
 * connections. A personality without MPTCP gets none.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "lib/why.h"
#include "netconf/link.h"
#include "netconf/mptcp.h"
#include "netconf/netconf.h"
#include "netconf/route.h"
#include "netconf/sock_diag.h"
#include "netconf/sysctl.h"

/* Networks; then for both families default, its copy in main, unreachable; then twice each route.
 */
#define MAX_ROUTES (SPEC_MAX_ADDRS + 6 + 2 * SPEC_MAX_ROUTES)

#define METRIC_LAST 0xfffffff0 /* behind every other route */

static const struct iface_spec nothing;

/**
 * struct change - one interface's difference under work
 * @from, @to: never NULL here
 * @err:  the first error, @why: its sentence
 */
struct change {
	struct nl *nl;
	const struct netconf_iface *ifc;
	unsigned int number;
	struct netconf_state from, to;
	int err;
	const char **why;
};

/* Remember "wlan0: cannot WHAT: REASON (the kernel's own words)" if it is the first. */
static int netconf_fail(struct change *c, int err, const char *what)
{
	if (!err || c->err)
		return c->err;
	c->err = why_set(c->why, -err, "%s: cannot %s: %s%s%s%s", c->ifc->spec->name, what,
			 strerror(-err), c->nl->ext[0] ? " (" : "", c->nl->ext,
			 c->nl->ext[0] ? ")" : "");
	return c->err;
}

static int find_address(const struct iface_spec *s, const struct ip_addr *a)
{
	unsigned int i;

	for (i = 0; i < s->naddrs; i++) {
		if (ip_equal(&s->addr[i], a) && s->addr[i].prefix == a->prefix)
			return (int)i;
	}
	return -1;
}

static void netconf_add_address(struct change *c, const struct ip_addr *a)
{
	char text[IP_ADDR_TEXT], what[IP_ADDR_TEXT + 32];
	int err = link_addr_add(c->nl, c->ifc->index, a);

	if (!err)
		link_addr_wait(c->nl, a);
	ip_format(a, true, text);
	if ((err == -EOPNOTSUPP || err == -EAFNOSUPPORT) && !c->err) {
		c->err = why_set(c->why, -err, "%s: this personality has no %s: drop ip=%s",
				 c->ifc->spec->name, a->family == AF_INET ? "IPv4" : "IPv6", text);
		return;
	}
	snprintf(what, sizeof(what), "add address %s", text);
	netconf_fail(c, err, what);
}

static void add_addresses(struct change *c)
{
	const struct iface_spec *from = c->from.spec, *to = c->to.spec;
	unsigned int i;

	if (to->local6.family && !ip_equal(&to->local6, &from->local6))
		netconf_add_address(c, &to->local6);
	for (i = 0; i < to->naddrs; i++) {
		int old = find_address(from, &to->addr[i]);

		if (old < 0) {
			netconf_add_address(c, &to->addr[i]);
			netconf_fail(c,
				     link_rule_add(c->nl, &to->addr[i], NETCONF_TABLE + c->number,
						   NETCONF_RULE + c->number),
				     "add a routing rule");
		}
		if (to->deprecated[i] != (old >= 0 && from->deprecated[old]))
			netconf_fail(c,
				     link_addr_prefer(c->nl, c->ifc->index, &to->addr[i],
						      !to->deprecated[i]),
				     "deprecate an address");
	}
}

/* Whatever is gone already needs no removal. */
static int unless_gone(int err)
{
	return err == -EADDRNOTAVAIL || err == -ENOENT || err == -ESRCH ? 0 : err;
}

static void del_addresses(struct change *c)
{
	const struct iface_spec *from = c->from.spec, *to = c->to.spec;
	unsigned int i;

	for (i = 0; i < from->naddrs; i++) {
		if (find_address(to, &from->addr[i]) >= 0)
			continue;
		netconf_fail(
			c,
			unless_gone(link_rule_del(c->nl, &from->addr[i], NETCONF_TABLE + c->number,
						  NETCONF_RULE + c->number)),
			"remove a routing rule");
		netconf_fail(c, unless_gone(link_addr_del(c->nl, c->ifc->index, &from->addr[i])),
			     "remove an address");
	}
	if (from->local6.family && !ip_equal(&to->local6, &from->local6))
		netconf_fail(c, unless_gone(link_addr_del(c->nl, c->ifc->index, &from->local6)),
			     "remove the link-local address");
}

/* What serves new connections of a family: the first address, if possible not a deprecated one. */
static const struct ip_addr *netconf_preferred(const struct iface_spec *s, int family)
{
	const struct ip_addr *first = NULL;
	unsigned int i;

	for (i = 0; i < s->naddrs; i++) {
		if (s->addr[i].family != family)
			continue;
		if (!s->deprecated[i])
			return &s->addr[i];
		if (!first)
			first = &s->addr[i];
	}
	return first;
}

struct routes {
	struct link_route r[MAX_ROUTES];
	unsigned int n;
};

static bool same_destination(const struct link_route *a, const struct link_route *b)
{
	if (a->family != b->family || a->table != b->table || a->metric != b->metric ||
	    !a->dst != !b->dst)
		return false;
	return !a->dst || ip_same_network(a->dst, b->dst);
}

static bool same_address(const struct ip_addr *a, const struct ip_addr *b)
{
	return a && b ? ip_equal(a, b) : a == b;
}

static const struct link_route *find_route(const struct routes *rs, const struct link_route *r)
{
	unsigned int i;

	for (i = 0; i < rs->n; i++) {
		if (same_destination(&rs->r[i], r))
			return &rs->r[i];
	}
	return NULL;
}

static void want_route(struct routes *rs, struct link_route r)
{
	if (!find_route(rs, &r)) /* two addresses of one network */
		rs->r[rs->n++] = r;
}

/* A route to @dst by way of @gw, in the interface's table and in the main one. */
static void want_twice(struct routes *rs, const struct change *c, enum path_role role,
		       struct link_route r, bool aside)
{
	r.oif = c->ifc->index;
	r.table = NETCONF_TABLE + c->number;
	want_route(rs, r);
	if (aside)
		return;
	r.table = LINK_TABLE_MAIN;
	r.metric = NETCONF_METRIC + NETCONF_ROLE * role + c->number;
	want_route(rs, r);
}

/*
 * Is the interface one that new connections must not leave by? A link that is down is
 * known by its carrier, but a tunnel's interface has none of its own.
 */
static bool netconf_avoided(const struct change *c, const struct netconf_state *state)
{
	return state->aside || (c->ifc->lower && !state->up);
}

static void want_default(struct routes *rs, const struct change *c,
			 const struct netconf_state *state, int family)
{
	const struct iface_spec *s = state->spec;
	const struct ip_addr *gw = family == AF_INET ? &s->gw4 : &s->gw6;
	const struct ip_addr *src = netconf_preferred(s, family);

	if (!src || (family == AF_INET ? s->limited4 : s->limited6))
		return;
	if (gw->family || c->ifc->rawip)
		want_twice(rs, c, state->role,
			   (struct link_route){
				   .family = family, .gw = c->ifc->rawip ? NULL : gw, .src = src},
			   netconf_avoided(c, state));
	else if (!s->follow) /* what is given is all there is */
		return;
	want_route(rs, (struct link_route){.family = family,
					   .table = NETCONF_TABLE + c->number,
					   .metric = METRIC_LAST,
					   .unreachable = true});
}

static const struct ip_addr *netconf_via(const struct ip_addr *gw)
{
	return gw->family ? gw : NULL;
}

/* All routes of one state, in an order in which they can be added. */
static void want_routes(struct routes *rs, const struct change *c,
			const struct netconf_state *state)
{
	const struct iface_spec *s = state->spec;
	unsigned int i;

	rs->n = 0;
	for (i = 0; i < s->naddrs; i++)
		want_route(rs, (struct link_route){.oif = c->ifc->index,
						   .family = s->addr[i].family,
						   .dst = &s->addr[i],
						   .src = s->addr[i].family == AF_INET ? &s->addr[i]
										       : NULL,
						   .table = NETCONF_TABLE + c->number});
	for (i = 0; i < s->nroutes; i++) {
		const struct ip_route *r = &s->route[i];
		const struct ip_addr *src = netconf_preferred(s, r->dst.family);

		if (src)
			want_twice(rs, c, state->role,
				   (struct link_route){.family = r->dst.family,
						       .dst = &r->dst,
						       .gw = c->ifc->rawip ? NULL
									   : netconf_via(&r->gw),
						       .src = src},
				   c->ifc->lower && netconf_avoided(c, state));
	}
	want_default(rs, c, state, AF_INET);
	want_default(rs, c, state, AF_INET6);
}

static void change_routes(struct change *c)
{
	struct routes from, to;
	unsigned int i;

	want_routes(&from, c, &c->from);
	want_routes(&to, c, &c->to);
	for (i = 0; i < from.n; i++) {
		if (!find_route(&to, &from.r[i]))
			netconf_fail(c, unless_gone(link_route_del(c->nl, &from.r[i])),
				     "remove a route");
	}
	for (i = 0; i < to.n; i++) {
		const struct link_route *r = &to.r[i], *old = find_route(&from, r);
		const char *what = "add a network route";

		if (old && same_address(old->gw, r->gw) && same_address(old->src, r->src))
			continue;
		if (!r->dst)
			what = r->family == AF_INET ? "add the IPv4 default route"
						    : "add the IPv6 default route";
		netconf_fail(c, link_route_add(c->nl, r), what);
	}
}

/* Link addresses of gateways as the host has found them: a known one need not be asked for. */
static void hint_gateways(const struct change *c)
{
	static const uint8_t unknown[6];
	const struct iface_spec *s = c->to.spec;

	if (c->ifc->rawip || !c->to.up)
		return;
	if (s->gw4.family && memcmp(s->gw4_mac, unknown, 6))
		link_neigh_add(c->nl, c->ifc->index, &s->gw4, s->gw4_mac);
	if (s->gw6.family && memcmp(s->gw6_mac, unknown, 6))
		link_neigh_add(c->nl, c->ifc->index, &s->gw6, s->gw6_mac);
}

static void del_endpoint(struct change *c, const struct ip_addr *a)
{
	netconf_fail(c, unless_gone(mptcp_endpoint_del(c->nl, a)), "remove an MPTCP endpoint");
}

static bool has_gateway(const struct iface_spec *s, int family)
{
	return family == AF_INET ? s->gw4.family : s->gw6.family;
}

static unsigned int netconf_flags(const struct netconf_iface *ifc)
{
	return (ifc->lower ? MPTCP_FULLMESH : 0) | (ifc->backup ? MPTCP_BACKUP : 0);
}

static bool netconf_usable(const struct netconf_state *state)
{
	return state->up && !state->aside;
}

/*
 * The endpoint of one family: the new one before the old one goes. An address
 * that got its gateway later is a new endpoint, since the kernel tries each but once.
 */
static void change_endpoint(struct change *c, int family)
{
	const struct ip_addr *old =
		netconf_usable(&c->from) ? netconf_preferred(c->from.spec, family) : NULL;
	const struct ip_addr *now =
		netconf_usable(&c->to) ? netconf_preferred(c->to.spec, family) : NULL;
	int err;

	if (same_address(old, now)) {
		if (!now || has_gateway(c->from.spec, family) == has_gateway(c->to.spec, family))
			return;
		del_endpoint(c, old);
		old = NULL;
	}
	if (now) {
		err = mptcp_endpoint_add(c->nl, now, c->ifc->index, netconf_flags(c->ifc));
		if (err == -ERANGE && old) {
			del_endpoint(c, old);
			old = NULL;
			err = mptcp_endpoint_add(c->nl, now, c->ifc->index, netconf_flags(c->ifc));
		}
		netconf_fail(c, err == -ERANGE ? 0 : err, "add an MPTCP endpoint");
	}
	if (old)
		del_endpoint(c, old);
}

static struct nl *open_nl(nl_call_fn *call, int protocol, struct change *c)
{
	struct nl *nl = nl_open(call, protocol, &c->err);

	if (!nl)
		why_set(c->why, -c->err, "cannot open netlink: %s", strerror(-c->err));
	c->nl = nl;
	return nl;
}

static void netconf_init(struct change *c, const struct netconf_iface *ifc, unsigned int number,
			 const char **why)
{
	*c = (struct change){.ifc = ifc, .number = number, .why = why};
	c->from.spec = &nothing;
	c->to.spec = ifc->spec;
	c->to.up = true;
	c->to.role = ifc->spec->role;
}

int netconf_update(nl_call_fn *call, const struct netconf_iface *ifc, unsigned int number,
		   struct netconf_state from, struct netconf_state to, const char **why)
{
	struct change c;
	struct nl *rt, *mptcp;

	netconf_init(&c, ifc, number, why);
	c.from = from;
	c.to = to;
	rt = open_nl(call, NETLINK_ROUTE, &c);
	if (!rt)
		return c.err;
	mptcp = open_nl(call, NETLINK_GENERIC, &c);
	if (!mptcp)
		goto out;
	c.nl = rt;
	add_addresses(&c);
	change_routes(&c);
	hint_gateways(&c);
	c.nl = mptcp;
	if (nl_family(mptcp, "mptcp_pm") >= 0) {
		change_endpoint(&c, AF_INET);
		change_endpoint(&c, AF_INET6);
	}
	c.nl = rt;
	del_addresses(&c);
	/* What was learned of filters was learned of other paths. Absent before 6.12. */
	if (from.up != to.up || from.aside != to.aside)
		sysctl_again(call, "net.mptcp.blackhole_timeout");
out:
	nl_close(mptcp);
	nl_close(rt);
	return c.err;
}

static bool netconf_is_subflow(const struct diag_sock *s, const struct ip_addr *a, bool backup)
{
	return s->mptcp && s->state == DIAG_ESTABLISHED && s->spare == backup && diag_is_from(s, a);
}

/* Has a connection two subflows from @a of which one has the flag and one has not? */
static bool netconf_is_mixed(nl_call_fn *call, const struct ip_addr *a, bool backup)
{
	struct diag_list list = {0};
	const struct diag_sock *s, *t, *end;
	bool mixed = false;
	struct nl *nl;
	int err;

	nl = nl_open(call, NETLINK_SOCK_DIAG, &err);
	if (!nl)
		return false;
	diag_dump(nl, IPPROTO_TCP, &list);
	nl_close(nl);
	end = list.at + list.n;
	for (s = list.at; s < end && !mixed; s++) {
		if (!netconf_is_subflow(s, a, !backup))
			continue;
		for (t = list.at; t < end && !mixed; t++)
			mixed = t->token == s->token && netconf_is_subflow(t, a, backup);
	}
	free(list.at);
	return mixed;
}

static void set_backup(struct change *c, nl_call_fn *call, const struct ip_addr *a)
{
	int err = mptcp_endpoint_flags(c->nl, a, netconf_flags(c->ifc));

	if (err == -EINVAL) /* one beyond what the kernel takes */
		return;
	if (!err && netconf_is_mixed(call, a, c->ifc->backup)) {
		del_endpoint(c, a);
		err = mptcp_endpoint_add(c->nl, a, c->ifc->index, netconf_flags(c->ifc));
	}
	netconf_fail(c, err, "change an MPTCP endpoint");
}

int netconf_backup(nl_call_fn *call, const struct netconf_iface *ifc, struct netconf_state state,
		   const char **why)
{
	static const int families[] = {AF_INET, AF_INET6};
	const struct ip_addr *a;
	struct change c;
	struct nl *nl;

	netconf_init(&c, ifc, 0, why);
	nl = open_nl(call, NETLINK_GENERIC, &c);
	if (!nl)
		return c.err;
	for (unsigned int f = 0; f < 2 && netconf_usable(&state); f++) {
		a = netconf_preferred(state.spec, families[f]);
		if (a && nl_family(nl, "mptcp_pm") >= 0)
			set_backup(&c, call, a);
	}
	nl_close(nl);
	return c.err;
}

static int netconf_add_iface(struct nl *nl, const struct netconf_iface *ifc, unsigned int i,
			     const char **why)
{
	const struct iface_spec *s = ifc->spec;
	struct change c;
	int err;

	netconf_init(&c, ifc, i, why);
	c.nl = nl;
	/* A followed interface has the host's link-local address or none. */
	if (s->follow)
		link_no_addrgen(nl, ifc->index);
	err = link_set(nl, ifc->index, s->mtu, s->has_mac ? s->mac : NULL);
	if (err)
		return netconf_fail(&c, err, "bring the interface up");
	add_addresses(&c);
	change_routes(&c);
	hint_gateways(&c);
	return c.err;
}

static int bring_lo_up(struct nl *nl, const char **why)
{
	struct link_info lo;
	int err;

	err = link_get(nl, "lo", &lo);
	if (!err)
		err = link_set(nl, lo.index, 0, NULL);
	return err ? why_set(why, -err, "lo: cannot bring the interface up: %s", strerror(-err))
		   : 0;
}

static int add_endpoints(struct nl *nl, const struct netconf_iface *ifs, unsigned int n,
			 const char **why)
{
	static const int families[] = {AF_INET, AF_INET6};
	unsigned int i, f;
	int err;

	err = mptcp_limits(nl, MPTCP_MAX_ENDPOINTS, MPTCP_MAX_ENDPOINTS);
	if (err == -ENOENT)
		return 0; /* a personality without MPTCP */
	if (err)
		return why_set(why, -err, "mptcp: cannot set the limits: %s", strerror(-err));
	for (f = 0; f < 2 && !err; f++) {
		for (i = 0; i < n && !err; i++) {
			struct change c;

			netconf_init(&c, &ifs[i], i, why);
			c.nl = nl;
			change_endpoint(&c, families[f]);
			err = c.err;
		}
	}
	return err;
}

int netconf_apply(nl_call_fn *call, const struct netconf_iface *ifs, unsigned int n,
		  const char **why)
{
	struct change c = {.why = why};
	unsigned int i;
	struct nl *nl;
	int err;

	nl = open_nl(call, NETLINK_ROUTE, &c);
	if (!nl)
		return c.err;
	err = bring_lo_up(nl, why);
	for (i = 0; i < n && !err; i++)
		err = netconf_add_iface(nl, &ifs[i], i, why);
	nl_close(nl);
	if (err)
		return err;

	nl = open_nl(call, NETLINK_GENERIC, &c);
	if (!nl)
		return c.err;
	err = add_endpoints(nl, ifs, n, why);
	nl_close(nl);
	return err;
}
