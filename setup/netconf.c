// SPDX-License-Identifier: GPL-2.0-only
/*
 * netconf.c - interfaces with addresses, routes, rules and MPTCP endpoints.
 *
 * Theory of operation
 *
 *   main table		default via gw of interface i, metric 100+i: new
 *			connections leave by the first -i
 *   table 100+i	the interface's networks and its default route
 *   rule 1000+i	from each of its addresses: table 100+i, so that what is
 *			bound to an address leaves by its interface
 *   MPTCP		the first IPv4 and the first IPv6 address of each
 *			interface is an endpoint `subflow` (mptcp.c)
 *
 * A header-less link needs no gateway: its default route names the device
 * alone, and exists for every family that has an address. On an Ethernet there
 * is a default route only with gw=; the gateway is taken to be on the link
 * even outside the address's network, as some carriers and hotspots have it.
 *
 * A kernel takes eight endpoints; addresses beyond that still work for plain
 * connections. A personality without MPTCP gets none.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "backend/why.h"
#include "setup/link.h"
#include "setup/mptcp.h"
#include "setup/netconf.h"

/* "wlan0: cannot WHAT: REASON (the kernel's own words)" */
static int fail(const char **why, const struct nl *nl, int err, const char *name, const char *what)
{
	return why_set(why, -err, "%s: cannot %s: %s%s%s%s", name, what, strerror(-err),
		       nl->ext[0] ? " (" : "", nl->ext, nl->ext[0] ? ")" : "");
}

static int add_addresses(struct nl *nl, const struct netconf_iface *ifc, const char **why)
{
	const struct iface_spec *s = ifc->spec;
	char text[IP_ADDR_TEXT], what[IP_ADDR_TEXT + 32];
	unsigned int i;
	int err;

	for (i = 0; i < s->naddrs; i++) {
		err = link_addr_add(nl, ifc->index, &s->addr[i]);
		if (!err)
			continue;
		ip_format(&s->addr[i], true, text);
		if (err == -EOPNOTSUPP || err == -EAFNOSUPPORT)
			return why_set(why, -err, "%s: this personality has no %s: drop ip=%s",
				       s->name, s->addr[i].family == AF_INET ? "IPv4" : "IPv6",
				       text);
		snprintf(what, sizeof(what), "add address %s", text);
		return fail(why, nl, err, s->name, what);
	}
	return 0;
}

static const struct ip_addr *first_address(const struct iface_spec *s, int family)
{
	unsigned int i;

	for (i = 0; i < s->naddrs; i++) {
		if (s->addr[i].family == family)
			return &s->addr[i];
	}
	return NULL;
}

/* Networks and default route of one family into one table. */
static int add_default(struct nl *nl, const struct netconf_iface *ifc, int family, uint32_t table,
		       uint32_t metric, const char **why)
{
	const struct iface_spec *s = ifc->spec;
	const struct ip_addr *gw = family == AF_INET ? &s->gw4 : &s->gw6;
	const struct ip_addr *src = first_address(s, family);
	struct link_route r = {
		.oif = ifc->index, .family = family, .table = table, .metric = metric};
	int err;

	if (!src || (!gw->family && !ifc->rawip))
		return 0;
	if (!ifc->rawip)
		r.gw = gw;
	r.src = src;
	err = link_route_add(nl, &r);
	if (err)
		return fail(why, nl, err, s->name,
			    family == AF_INET ? "add the IPv4 default route"
					      : "add the IPv6 default route");
	return 0;
}

static int add_networks(struct nl *nl, const struct netconf_iface *ifc, uint32_t table,
			const char **why)
{
	const struct iface_spec *s = ifc->spec;
	unsigned int i;
	int err;

	for (i = 0; i < s->naddrs; i++) {
		const struct ip_addr *a = &s->addr[i];
		struct link_route r = {
			.oif = ifc->index, .family = a->family, .dst = a, .table = table};

		if (a->family == AF_INET)
			r.src = a;
		err = link_route_add(nl, &r);
		if (err && err != -EEXIST) /* two addresses of one network */
			return fail(why, nl, err, s->name, "add a network route");
	}
	return 0;
}

static int add_rules(struct nl *nl, const struct netconf_iface *ifc, uint32_t table,
		     uint32_t priority, const char **why)
{
	unsigned int i;
	int err;

	for (i = 0; i < ifc->spec->naddrs; i++) {
		err = link_rule_add(nl, &ifc->spec->addr[i], table, priority);
		if (err)
			return fail(why, nl, err, ifc->spec->name, "add a routing rule");
	}
	return 0;
}

static int add_iface(struct nl *nl, const struct netconf_iface *ifc, unsigned int i,
		     const char **why)
{
	const struct iface_spec *s = ifc->spec;
	uint32_t table = NETCONF_TABLE + i;
	int err;

	err = link_set(nl, ifc->index, s->mtu, s->has_mac ? s->mac : NULL);
	if (err)
		return fail(why, nl, err, s->name, "bring the interface up");
	err = add_addresses(nl, ifc, why);
	if (!err)
		err = add_networks(nl, ifc, table, why);
	if (!err)
		err = add_default(nl, ifc, AF_INET, table, 0, why);
	if (!err)
		err = add_default(nl, ifc, AF_INET6, table, 0, why);
	if (!err)
		err = add_default(nl, ifc, AF_INET, LINK_TABLE_MAIN, NETCONF_METRIC + i, why);
	if (!err)
		err = add_default(nl, ifc, AF_INET6, LINK_TABLE_MAIN, NETCONF_METRIC + i, why);
	if (!err)
		err = add_rules(nl, ifc, table, NETCONF_RULE + i, why);
	return err;
}

static int bring_lo_up(struct nl *nl, const char **why)
{
	struct link_info lo;
	int err;

	err = link_get(nl, "lo", &lo);
	if (!err)
		err = link_set(nl, lo.index, 0, NULL);
	return err ? fail(why, nl, err, "lo", "bring the interface up") : 0;
}

static int add_endpoints(struct nl *nl, const struct netconf_iface *ifs, unsigned int n,
			 const char **why)
{
	static const int families[] = {AF_INET, AF_INET6};
	uint8_t id = 1;
	unsigned int i, f;
	int err;

	err = mptcp_limits(nl, MPTCP_MAX_ENDPOINTS, MPTCP_MAX_ENDPOINTS);
	if (err == -ENOENT)
		return 0; /* a personality without MPTCP */
	if (err)
		return fail(why, nl, err, "mptcp", "set the limits");
	for (f = 0; f < 2; f++) {
		for (i = 0; i < n; i++) {
			const struct ip_addr *a = first_address(ifs[i].spec, families[f]);

			if (!a || id > MPTCP_MAX_ENDPOINTS)
				continue;
			err = mptcp_endpoint(nl, a, ifs[i].index, id++);
			if (err)
				return fail(why, nl, err, ifs[i].spec->name,
					    "add an MPTCP endpoint");
		}
	}
	return 0;
}

int netconf_apply(nl_call_fn *call, const struct netconf_iface *ifs, unsigned int n,
		  const char **why)
{
	unsigned int i;
	struct nl *nl;
	int err;

	nl = nl_open(call, NETLINK_ROUTE, &err);
	if (!nl)
		return why_set(why, -err, "cannot open rtnetlink: %s", strerror(-err));
	err = bring_lo_up(nl, why);
	for (i = 0; i < n && !err; i++)
		err = add_iface(nl, &ifs[i], i, why);
	nl_close(nl);
	if (err)
		return err;

	nl = nl_open(call, NETLINK_GENERIC, &err);
	if (!nl)
		return why_set(why, -err, "cannot open generic netlink: %s", strerror(-err));
	err = add_endpoints(nl, ifs, n, why);
	nl_close(nl);
	return err;
}
