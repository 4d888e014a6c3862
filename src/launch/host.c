// SPDX-License-Identifier: GPL-2.0-only
/*
 * host.c - fill an interface specification from the host's configuration.
 *
 * Behind a relay the stack has addresses of its own, fixed and private: of each family that
 * the host can send by, since the relay serves no other.
 *
 * An address that the host has too is not refused, since a phone's interface
 * has but one, but it is reported: the host's kernel answers segments of
 * connections it does not know with RST.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include "backend/backend.h"
#include "launch/host.h"
#include "lib/why.h"
#include "netconf/link.h"
#include "netconf/route.h"
#include "netconf/takeover.h"

#define MAX_HOST_ADDRS 64
#define MTU_MIN_IPV6   1280 /* RFC 8200 */

static int host_take_over(struct nl *nl, struct iface_spec *s, const char **why)
{
	struct link_info info;
	int err;

	s->follow = true;
	s->fixed4 = s->gw4.family;
	s->fixed6 = s->gw6.family;
	err = takeover_read(nl, s, &info);
	if (err)
		return why_set(why, -err, "cannot read interface '%s': %s", s->ifname,
			       strerror(-err));
	if (!s->naddrs)
		return why_set(why, EADDRNOTAVAIL,
			       "interface '%s' has no address on the host: give one by ip=ADDR/LEN",
			       s->ifname);
	return 0;
}

/* Has the host, or its interface if one is named, what @family needs? */
static bool host_serves(struct nl *nl, const char *ifname, int family)
{
	struct ip_addr a[MAX_HOST_ADDRS];
	struct link_info info;
	int i, n;

	if (!*ifname)
		return !link_default_gw(nl, 0, family, a);
	if (link_get(nl, ifname, &info))
		return false;
	n = link_addrs(nl, info.index, a, MAX_HOST_ADDRS);
	for (i = 0; i < n; i++) {
		if (a[i].family == family)
			return true;
	}
	return false;
}

static void host_add_address(struct iface_spec *s, const char *text, unsigned int prefix)
{
	struct ip_addr *a = &s->addr[s->naddrs++];

	ip_parse(text, a);
	a->prefix = (uint16_t)prefix;
}

/* It answers for whatever gateway it is asked. */
static void fill_behind_relay(struct iface_spec *s, const struct backend_relay *relay)
{
	struct nl *nl;
	bool six;
	unsigned int i;
	int err;

	if (!s->naddrs) {
		nl = nl_open(netlink_host_call, NETLINK_ROUTE, &err);
		six = nl && (!s->mtu || s->mtu >= MTU_MIN_IPV6) &&
		      host_serves(nl, s->ifname, AF_INET6);
		if (!six || host_serves(nl, s->ifname, AF_INET))
			host_add_address(s, relay->addr4, relay->prefix4);
		if (six)
			host_add_address(s, relay->addr6, relay->prefix6);
		nl_close(nl);
	}
	for (i = 0; i < s->naddrs; i++) {
		if (s->addr[i].family == AF_INET && !s->gw4.family)
			ip_parse(relay->gateway4, &s->gw4);
		if (s->addr[i].family == AF_INET6 && !s->gw6.family)
			ip_parse(relay->gateway6, &s->gw6);
	}
}

static uint32_t find_shared(struct nl *nl, const struct iface_spec *s)
{
	struct ip_addr host[MAX_HOST_ADDRS];
	int n = link_addrs(nl, 0, host, MAX_HOST_ADDRS);
	uint32_t shared = 0;

	for (unsigned int i = 0; i < s->naddrs; i++) {
		for (int k = 0; k < n; k++) {
			if (ip_equal(&s->addr[i], &host[k]))
				shared |= 1u << i;
		}
	}
	return shared;
}

/* A station of its own has an Ethernet address of its own: IP ones, too. */
static int check_own(const struct iface_spec *s, uint32_t shared, const char **why)
{
	char text[IP_ADDR_TEXT];

	if (!s->naddrs)
		return why_set(why, EADDRNOTAVAIL,
			       "%s:%s: the stack needs an address of its own beside the host's: "
			       "give a free one of that network by ip=ADDR/LEN",
			       s->backend, s->ifname);
	if (shared)
		return why_set(
			why, EADDRINUSE,
			"%s:%s: %s is the host's own address: give a free one by ip=", s->backend,
			s->ifname, ip_format(&s->addr[__builtin_ctz(shared)], false, text));
	return 0;
}

int host_fill(struct iface_spec *s, uint32_t *shared, const char **why)
{
	const struct backend_ops *kind = backend_find(s->backend);
	enum backend_place place = kind ? kind->place : BACKEND_BESIDE;
	struct nl *nl;
	int err = 0;

	*shared = 0;
	if (place == BACKEND_FAR_END && !s->naddrs)
		return why_set(why, EADDRNOTAVAIL,
			       "%s:%s is a link to the host, whose address is the host's own: give "
			       "the stack another one of that network by ip=ADDR/LEN",
			       s->backend, s->ifname);
	if (place == BACKEND_RELAY) {
		fill_behind_relay(s, kind->relay);
		return 0;
	}
	if (place == BACKEND_STATION && !s->naddrs)
		return check_own(s, 0, why);
	nl = nl_open(netlink_host_call, NETLINK_ROUTE, &err);
	if (!nl) {
		if (s->naddrs)
			return 0; /* an app's sandbox may forbid rtnetlink */
		return why_set(why, -err, "cannot read the addresses of '%s': %s: give ip=ADDR/LEN",
			       s->ifname, strerror(-err));
	}
	if (!s->naddrs)
		err = host_take_over(nl, s, why);
	if (!err)
		*shared = find_shared(nl, s);
	nl_close(nl);
	if (!err && place == BACKEND_STATION)
		err = check_own(s, *shared, why);
	return err;
}
