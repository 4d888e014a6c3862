// SPDX-License-Identifier: GPL-2.0-only
/*
 * links.c - interfaces, addresses and default routes of a stack, see links.h.
 *
 * One dump each. Addresses come first, so that each interface is written with its own.
 *
 * Limits: LINKS_MAX interfaces, LINKS_ADDRS addresses; more are not shown.
 */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include "control/links.h"
#include "control/tunnels.h"
#include "netconf/netconf.h"
#include "stack/steering.h"
#include "stack/up.h"
#include "stack/watch.h"

const char *links_name(const struct links *l, int index)
{
	for (unsigned int i = 0; i < l->nlinks; i++)
		if (l->link[i].index == index)
			return l->link[i].name;
	return "";
}

const char *links_owner(const struct links *l, const struct ip_addr *a)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct ip_addr v4 = {.family = AF_INET};

	if (a->family == AF_INET6 && !memcmp(a->bytes, mapped, sizeof(mapped))) {
		memcpy(v4.bytes, a->bytes + sizeof(mapped), 4);
		a = &v4;
	}
	for (unsigned int i = 0; i < l->naddrs; i++)
		if (ip_equal(&l->addr[i].addr, a))
			return links_name(l, (int)l->addr[i].index);
	return "";
}

uint32_t links_u32(const struct nlattr *a)
{
	const uint32_t *p = nl_payload(a, sizeof(*p));

	return p ? *p : 0;
}

void links_ip(struct ip_addr *a, int family, const struct nlattr *from)
{
	size_t len = family == AF_INET ? 4 : 16;
	const void *bytes = nl_payload(from, len);

	*a = (struct ip_addr){0};
	if (!bytes || (family != AF_INET && family != AF_INET6))
		return;
	a->family = (uint16_t)family;
	a->prefix = (uint16_t)(len * 8);
	memcpy(a->bytes, bytes, len);
}

void links_put_ip(struct json *j, const char *key, const struct ip_addr *a, bool prefix)
{
	char text[IP_ADDR_TEXT];

	if (a->family)
		json_text(j, key, ip_format(a, prefix, text));
}

static int links_each_addr(const struct nlmsghdr *m, void *arg)
{
	const struct ifaddrmsg *ifa = NLMSG_DATA(m);
	const struct nlattr *at[IFA_LOCAL + 1];
	struct links *l = arg;
	struct ip_addr *a;

	if (m->nlmsg_type != RTM_NEWADDR || m->nlmsg_len < NLMSG_LENGTH(sizeof(*ifa)) ||
	    l->naddrs == LINKS_ADDRS)
		return 0;
	a = &l->addr[l->naddrs].addr;
	nl_attrs(m, sizeof(*ifa), at, IFA_LOCAL);
	links_ip(a, ifa->ifa_family, at[IFA_LOCAL] ? at[IFA_LOCAL] : at[IFA_ADDRESS]);
	if (!a->family)
		return 0;
	a->prefix = ifa->ifa_prefixlen;
	l->addr[l->naddrs++].index = ifa->ifa_index;
	return 0;
}

static void put_stats(struct json *j, const char *key, uint64_t bytes, uint64_t packets,
		      uint64_t errors, uint64_t drops)
{
	json_open(j, key, '{');
	json_number(j, "bytes", bytes);
	json_number(j, "packets", packets);
	json_number(j, "errors", errors);
	json_number(j, "drops", drops);
	json_close(j, '}');
}

static const char *link_type(unsigned int type)
{
	return type == ARPHRD_ETHER ? "ether" : type == ARPHRD_LOOPBACK ? "loopback" : "rawip";
}

/* Did it lose everything without a word, so that MPTCP has left it? */
static bool links_is_silent(int index)
{
	unsigned int n;
	const struct netconf_iface *ifaces = stack_ifaces(&n);

	for (unsigned int i = 0; i < n; i++)
		if (ifaces[i].index == index && watch_left(i))
			return true;
	return false;
}

/* What the configuration knows of it. */
static void put_backend(struct json *j, int index)
{
	unsigned int n;
	const struct netconf_iface *ifaces = stack_ifaces(&n);

	for (unsigned int i = 0; i < n; i++) {
		if (ifaces[i].index != index)
			continue;
		json_text(j, "backend", ifaces[i].spec->backend);
		json_text(j, "host", ifaces[i].spec->ifname);
		json_text(j, "role", path_role_name(steering_path(i).role));
		json_bool(j, "backup", steering_path(i).backup);
	}
}

static int links_each_link(const struct nlmsghdr *m, void *arg)
{
	const struct ifinfomsg *ifi = NLMSG_DATA(m);
	const struct nlattr *at[IFLA_CARRIER + 1];
	struct rtnl_link_stats64 st = {0};
	struct links *l = arg;
	struct json *j = l->j;
	const uint8_t *carrier;
	const void *stats;
	char *name;

	if (m->nlmsg_type != RTM_NEWLINK || m->nlmsg_len < NLMSG_LENGTH(sizeof(*ifi)) ||
	    l->nlinks == LINKS_MAX)
		return 0;
	nl_attrs(m, sizeof(*ifi), at, IFLA_CARRIER);
	name = l->link[l->nlinks].name;
	if (nl_payload(at[IFLA_IFNAME], 1))
		snprintf(name, IF_NAMESIZE, "%.*s", (int)(at[IFLA_IFNAME]->nla_len - NLA_HDRLEN),
			 (const char *)nl_payload(at[IFLA_IFNAME], 1));
	l->link[l->nlinks++].index = ifi->ifi_index;
	/* Up to what the oldest kernel has: all that is read here is at its beginning. */
	stats = nl_payload(at[IFLA_STATS64], offsetof(struct rtnl_link_stats64, multicast));
	if (stats)
		memcpy(&st, stats, offsetof(struct rtnl_link_stats64, multicast));
	carrier = nl_payload(at[IFLA_CARRIER], sizeof(*carrier));

	json_open(j, NULL, '{');
	json_text(j, "name", name);
	json_number(j, "index", (uint64_t)ifi->ifi_index);
	json_text(j, "type", link_type(ifi->ifi_type));
	json_text(j, "state", ifi->ifi_flags & IFF_UP ? "up" : "down");
	json_bool(j, "carrier", carrier && *carrier);
	json_bool(j, "silent", links_is_silent(ifi->ifi_index));
	json_number(j, "mtu", links_u32(at[IFLA_MTU]));
	put_backend(j, ifi->ifi_index);
	tunnels_put(l->call, j, ifi->ifi_index);
	if (tunnels_carries(ifi->ifi_index))
		json_bool(j, "carries_tunnel", true);
	json_open(j, "addresses", '[');
	for (unsigned int i = 0; i < l->naddrs; i++)
		if ((int)l->addr[i].index == ifi->ifi_index)
			links_put_ip(j, NULL, &l->addr[i].addr, true);
	json_close(j, ']');
	put_stats(j, "rx", st.rx_bytes, st.rx_packets, st.rx_errors, st.rx_dropped);
	put_stats(j, "tx", st.tx_bytes, st.tx_packets, st.tx_errors, st.tx_dropped);
	json_close(j, '}');
	return 0;
}

static int each_route(const struct nlmsghdr *m, void *arg)
{
	const struct rtmsg *r = NLMSG_DATA(m);
	const struct nlattr *at[RTA_TABLE + 1];
	const struct links *l = arg;
	struct ip_addr gw;

	if (m->nlmsg_type != RTM_NEWROUTE || m->nlmsg_len < NLMSG_LENGTH(sizeof(*r)) ||
	    r->rtm_dst_len || r->rtm_type != RTN_UNICAST)
		return 0;
	nl_attrs(m, sizeof(*r), at, RTA_TABLE);
	if (at[RTA_DST])
		return 0;
	json_open(l->j, NULL, '{');
	json_text(l->j, "family", r->rtm_family == AF_INET ? "ipv4" : "ipv6");
	json_text(l->j, "interface", links_name(l, (int)links_u32(at[RTA_OIF])));
	links_ip(&gw, r->rtm_family, at[RTA_GATEWAY]);
	links_put_ip(l->j, "gateway", &gw, false);
	json_number(l->j, "table", at[RTA_TABLE] ? links_u32(at[RTA_TABLE]) : r->rtm_table);
	json_number(l->j, "metric", links_u32(at[RTA_PRIORITY]));
	json_close(l->j, '}');
	return 0;
}

int links_put(nl_call_fn *call, struct links *l)
{
	struct ifinfomsg link = {.ifi_family = AF_UNSPEC};
	struct ifaddrmsg addr = {.ifa_family = AF_UNSPEC};
	struct rtmsg route = {.rtm_family = AF_UNSPEC};
	struct nl *nl;
	int err;

	l->call = call;
	nl = nl_open(call, NETLINK_ROUTE, &err);
	if (!nl)
		return err;
	nl_begin(nl, RTM_GETADDR, NLM_F_DUMP, &addr, sizeof(addr));
	err = nl_dump(nl, links_each_addr, l);
	json_open(l->j, "interfaces", '[');
	if (!err) {
		nl_begin(nl, RTM_GETLINK, NLM_F_DUMP, &link, sizeof(link));
		err = nl_dump(nl, links_each_link, l);
	}
	json_close(l->j, ']');
	json_open(l->j, "routes", '[');
	if (!err) {
		nl_begin(nl, RTM_GETROUTE, NLM_F_DUMP, &route, sizeof(route));
		err = nl_dump(nl, each_route, l);
	}
	json_close(l->j, ']');
	nl_close(nl);
	return err;
}
