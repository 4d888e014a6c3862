// SPDX-License-Identifier: GPL-2.0-only
/*
 * takeover.c - what the host has configured on one of its interfaces.
 *
 * Theory of operation
 *
 * Addresses come in the order in which they shall serve new connections, since
 * the first of a family becomes the preferred source: IPv4 as the host has
 * them; then of IPv6 the temporary ones (privacy extensions), the others, and
 * last the deprecated ones. Beyond SPEC_MAX_ADDRS the least preferred are left out.
 *
 * A default route counts whatever table it is in, since phones keep a table per
 * network. Of a route with several next hops, the one by this interface counts. A dump
 * that changed under our eyes (EAGAIN) is repeated.
 *
 * Nothing is kept; as thread-safe as the struct nl.
 */
#include <errno.h>
#include <linux/if_addr.h>
#include <string.h>
#include <sys/socket.h>
#include "netconf/route.h"
#include "netconf/takeover.h"

#define RETRIES 5

struct addresses {
	struct iface_spec *s;
	unsigned int rank[SPEC_MAX_ADDRS];
};

/* The smaller the better. */
static unsigned int takeover_rank_of(const struct link_addr *a)
{
	unsigned int rank = a->addr.family == AF_INET ? 0 : 4;

	if (a->flags & IFA_F_DEPRECATED)
		return rank + 2;
	return rank + (rank && !(a->flags & IFA_F_TEMPORARY));
}

static int take_address(const struct link_addr *a, void *arg)
{
	struct addresses *as = arg;
	struct iface_spec *s = as->s;
	unsigned int rank = takeover_rank_of(a), i;

	if (a->local) {
		if (a->addr.family == AF_INET6)
			s->local6 = a->addr;
		return 0;
	}
	if (s->naddrs == SPEC_MAX_ADDRS) {
		if (as->rank[SPEC_MAX_ADDRS - 1] <= rank)
			return 0;
		s->naddrs--;
	}
	for (i = s->naddrs; i && as->rank[i - 1] > rank; i--) {
		s->addr[i] = s->addr[i - 1];
		s->deprecated[i] = s->deprecated[i - 1];
		as->rank[i] = as->rank[i - 1];
	}
	s->addr[i] = a->addr;
	s->deprecated[i] = a->flags & IFA_F_DEPRECATED;
	as->rank[i] = rank;
	s->naddrs++;
	return 0;
}

static int unless_absent(int err)
{
	return err == -ENOENT || err == -EAFNOSUPPORT || err == -EOPNOTSUPP ? 0 : err;
}

static int take_gateway(struct nl *nl, int index, int family, bool fixed, struct ip_addr *gw,
			uint8_t mac[6])
{
	int err;

	memset(mac, 0, 6);
	if (!fixed) {
		memset(gw, 0, sizeof(*gw));
		err = unless_absent(link_default_gw(nl, index, family, gw));
		if (err)
			return err;
	}
	return gw->family ? unless_absent(link_neigh_get(nl, index, gw, mac)) : 0;
}

/* The way to an address's own network, which it brings along. */
static bool is_own_network(const struct iface_spec *s, const struct ip_route *r)
{
	unsigned int i;

	for (i = 0; i < s->naddrs; i++) {
		if (!r->gw.family && ip_same_network(&r->dst, &s->addr[i]))
			return true;
	}
	return false;
}

static int take_routes(struct nl *nl, int index, int family, struct iface_spec *s)
{
	struct ip_route route[SPEC_MAX_ROUTES];
	int n = link_routes(nl, index, family, route, SPEC_MAX_ROUTES), i;

	if (n < 0)
		return unless_absent(n);
	for (i = 0; i < n && s->nroutes < SPEC_MAX_ROUTES; i++) {
		if (!is_own_network(s, &route[i]))
			s->route[s->nroutes++] = route[i];
	}
	return 0;
}

static int take_all(struct nl *nl, int index, struct iface_spec *s)
{
	struct addresses as = {.s = s};
	int err;

	s->naddrs = s->nroutes = 0;
	memset(&s->local6, 0, sizeof(s->local6));
	err = link_addr_list(nl, index, take_address, &as);
	if (!err)
		err = take_gateway(nl, index, AF_INET, s->fixed4, &s->gw4, s->gw4_mac);
	if (!err)
		err = take_gateway(nl, index, AF_INET6, s->fixed6, &s->gw6, s->gw6_mac);
	if (!err)
		err = take_routes(nl, index, AF_INET, s);
	if (!err)
		err = take_routes(nl, index, AF_INET6, s);
	return err;
}

int takeover_read(struct nl *nl, struct iface_spec *s, struct link_info *link)
{
	int err, i;

	err = link_get(nl, s->ifname, link);
	if (err || !s->follow)
		return err;
	for (i = 0; i < RETRIES; i++) {
		err = take_all(nl, link->index, s);
		if (err != -EAGAIN)
			break;
	}
	return err;
}
