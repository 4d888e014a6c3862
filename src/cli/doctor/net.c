// SPDX-License-Identifier: GPL-2.0-only
/*
 * net.c - what `-i` would get from each interface of the host.
 *
 * Reads only: link, addresses, default routes with their MTU, and two settings of the
 * host's that are in the way of tap and tun alone: frames of the others leave beside the host's
 * IP layer, and come in before it, so neither reverse path filtering nor forwarding
 * touches them (tests/netns/doctor.t has both on).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include "backend/backend.h"
#include "cli/doctor/doctor.h"
#include "netconf/link.h"
#include "netconf/route.h"

#define IPV6_MTU_MIN 1280
#define TEXT	     512
#define THING	     (2 * IF_NAMESIZE)

/* Where the host is the other end of the link. */
static bool by_host(const struct iface_spec *s)
{
	const struct backend_ops *kind = backend_find(s->backend);

	return kind && kind->place == BACKEND_FAR_END;
}

static void add_text(char text[TEXT], const char *between, const char *more)
{
	size_t len = strlen(text);

	snprintf(text + len, TEXT - len, "%s%s", len ? between : "", more);
}

/* ---- addresses ---- */

static void check_addresses(struct nl *nl, const struct iface_spec *s, const struct link_info *info)
{
	struct ip_addr addr[SPEC_MAX_ADDRS], gw[2] = {s->gw4, s->gw6};
	static const int families[2] = {AF_INET, AF_INET6};
	char text[TEXT] = "", thing[IF_NAMESIZE + 16], one[IP_ADDR_TEXT];
	bool has_gw = false, wants_gw = info->type == 1 && !by_host(s);
	int n = (int)s->naddrs;

	snprintf(thing, sizeof(thing), "%s address", s->name);
	memcpy(addr, s->addr, sizeof(addr));
	if (!n)
		n = link_addrs(nl, info->index, addr, SPEC_MAX_ADDRS);
	if (n <= 0) {
		doctor_say(DOCTOR_WARN, thing, "give one of its network by ip=ADDR/LEN,gw=ADDR",
			   "the host has none there to take over");
		return;
	}
	for (int i = 0; i < n; i++)
		add_text(text, ", ", ip_format(&addr[i], true, one));
	for (int v = 0; v < 2; v++) {
		if (!gw[v].family)
			link_default_gw(nl, info->index, families[v], &gw[v]);
		if (!gw[v].family)
			continue;
		add_text(text, has_gw ? " and " : ", gateway ", ip_format(&gw[v], false, one));
		has_gw = true;
	}
	if (wants_gw && !has_gw)
		doctor_say(DOCTOR_WARN, thing, "gw=ADDR",
			   "%s, no gateway: the stack reaches that network alone", text);
	else
		doctor_say(DOCTOR_OK, thing, NULL, "%s%s", text,
			   s->naddrs ? "" : ", taken over from the host");
}

/* ---- MTU ---- */

/** struct route_mtu - the smallest MTU of default routes by interface @index; 0: none says */
struct route_mtu {
	int index;
	uint32_t mtu;
};

static int net_route(const struct nlmsghdr *m, void *arg)
{
	const struct rtmsg *rtm = NLMSG_DATA(m);
	const struct nlattr *attrs[RTA_METRICS + 1];
	struct route_mtu *r = arg;
	const uint32_t *oif, *mtu;
	const struct nlattr *a;
	int left;

	if (m->nlmsg_type != RTM_NEWROUTE || m->nlmsg_len < NLMSG_LENGTH(sizeof(*rtm)) ||
	    rtm->rtm_dst_len)
		return 0;
	nl_attrs(m, sizeof(*rtm), attrs, RTA_METRICS);
	oif = nl_payload(attrs[RTA_OIF], sizeof(*oif));
	if (!oif || *oif != (uint32_t)r->index || !attrs[RTA_METRICS])
		return 0;
	left = attrs[RTA_METRICS]->nla_len - NLA_HDRLEN;
	a = (const struct nlattr *)((const char *)attrs[RTA_METRICS] + NLA_HDRLEN);
	while (left >= NLA_HDRLEN && a->nla_len >= NLA_HDRLEN && a->nla_len <= left) {
		mtu = (a->nla_type & NLA_TYPE_MASK) == RTAX_MTU ? nl_payload(a, sizeof(*mtu))
								: NULL;
		if (mtu && *mtu && (!r->mtu || *mtu < r->mtu))
			r->mtu = *mtu;
		left -= (int)NLA_ALIGN(a->nla_len);
		a = (const struct nlattr *)((const char *)a + NLA_ALIGN(a->nla_len));
	}
	return 0;
}

static void check_mtu(struct nl *nl, const struct iface_spec *s, const struct link_info *info)
{
	struct route_mtu r = {.index = info->index};
	unsigned int mtu = s->mtu ? s->mtu : info->mtu;
	char thing[IF_NAMESIZE + 16], remedy[64];
	struct rtmsg rtm = {.rtm_family = AF_UNSPEC};

	snprintf(thing, sizeof(thing), "%s MTU", s->name);
	nl_begin(nl, RTM_GETROUTE, NLM_F_DUMP, &rtm, sizeof(rtm));
	nl_dump(nl, net_route, &r);
	if (mtu < IPV6_MTU_MIN) {
		snprintf(remedy, sizeof(remedy), "ip link set %s mtu %d", s->ifname, IPV6_MTU_MIN);
		doctor_say(DOCTOR_WARN, thing, remedy, "%u: below IPv6's least, so IPv4 alone",
			   mtu);
	} else if (r.mtu && r.mtu < mtu) {
		snprintf(remedy, sizeof(remedy), "mtu=%u", r.mtu);
		doctor_say(DOCTOR_WARN, thing, remedy,
			   "%u, but the host's route has %u, which the stack does not know: if its "
			   "path loses ICMP, large packets vanish",
			   mtu, r.mtu);
	} else {
		doctor_say(DOCTOR_OK, thing, NULL, "%u", mtu);
	}
}

/* ---- settings of the host ---- */

static void check_settings(const struct iface_spec *s)
{
	char thing[IF_NAMESIZE + 16], key[64], remedy[96];
	long all = doctor_sysctl("net/ipv4/conf/all/rp_filter"), own;

	snprintf(key, sizeof(key), "net/ipv4/conf/%s/rp_filter", s->ifname);
	own = doctor_sysctl(key);
	snprintf(thing, sizeof(thing), "%s rp_filter", s->name);
	snprintf(remedy, sizeof(remedy), "sysctl -w net/ipv4/conf/%s/rp_filter=2", s->ifname);
	if ((own > all ? own : all) != 1)
		return;
	if (by_host(s))
		doctor_say(DOCTOR_WARN, thing, remedy,
			   "strict: the host drops what comes from an address that it does not "
			   "route to %s",
			   s->ifname);
	else
		doctor_say(DOCTOR_OK, thing, NULL,
			   "strict, which does not matter to %s: the host's IP layer sees none of "
			   "the stack's packets",
			   s->backend);
}

static void check_forwarding(const struct doctor *d)
{
	bool on = doctor_sysctl("net/ipv4/ip_forward") == 1, needed = false;

	for (unsigned int i = 0; i < d->n; i++)
		needed |= by_host(&d->spec[i]);
	if (needed && !on)
		doctor_say(DOCTOR_WARN, "forwarding", "sysctl -w net.ipv4.ip_forward=1, and NAT",
			   "off: a stack on tap or tun reaches this host alone");
	else
		doctor_say(DOCTOR_OK, "forwarding", NULL, "%s%s", on ? "on" : "off",
			   needed ? "" : ", which matters to tap and tun alone");
}

/* Kind @kind of a descriptor that our parent has opened: what it is, as a run would find it. */
static void net_check_inherited(const struct backend_ops *kind, const struct iface_spec *s)
{
	char thing[THING];
	struct backend *be;
	const char *why;
	int fd;

	snprintf(thing, sizeof(thing), "%s:%s", s->backend, s->ifname);
	fd = kind->opening->open(s->ifname, &why);
	if (fd >= 0)
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 0); /* a stack may be tried with it yet */
	if (fd < 0 || kind->attach(&be, fd, s->ifname, &why)) {
		doctor_say(DOCTOR_FAIL, thing, NULL, "%s", why);
		return;
	}
	if (!s->naddrs)
		doctor_say(DOCTOR_FAIL, thing, "give it one by ip=ADDR/LEN", "has no address");
	else
		doctor_say(DOCTOR_OK, thing, NULL, "-i %s is %s%s, MTU %u", thing,
			   be->ifname[0] ? "interface " : "one end of a socket pair", be->ifname,
			   s->mtu ? s->mtu : be->mtu);
	be->ops->close(be);
}

static void net_check_interface(struct nl *nl, const struct iface_spec *s)
{
	const struct backend_ops *kind = backend_find(s->backend);
	struct link_info info;
	const char *why = "";
	char remedy[64];
	int err;

	if (kind && kind->opening->opener == BACKEND_SELF && kind->place == BACKEND_FAR_END) {
		net_check_inherited(kind, s);
		return;
	}
	err = link_get(nl, s->ifname, &info);
	if (err && doctor_is_tunnel(s) && strchr(s->ifname, '='))
		return; /* wg:fd=N */
	snprintf(remedy, sizeof(remedy), "ip link set %s up", s->ifname);
	if (err) {
		doctor_say(DOCTOR_FAIL, s->name, "see: ip link", "no interface '%s': %s", s->ifname,
			   strerror(-err));
		return;
	}
	if (!s->backend[0]) {
		backend_choose(s->ifname, &why);
		doctor_say(DOCTOR_WARN, s->name, NULL, "%s", why);
		return;
	}
	if (!(info.flags & IFF_UP))
		doctor_say(DOCTOR_WARN, s->name, remedy, "is down");
	else if (!(info.flags & IFF_RUNNING) && !by_host(s))
		doctor_say(DOCTOR_WARN, s->name, NULL, "is up, but has no carrier");
	else
		doctor_say(DOCTOR_OK, s->name, NULL, "-i %s uses back end %s, MTU %u", s->ifname,
			   s->backend, info.mtu);
	if (doctor_is_tunnel(s))
		return; /* its addresses and its MTU are those of its file: tunnel.c */
	check_addresses(nl, s, &info);
	check_mtu(nl, s, &info);
	check_settings(s);
}

void doctor_net(const struct doctor *d)
{
	struct nl *nl;
	int err;

	nl = nl_open(netlink_host_call, NETLINK_ROUTE, &err);
	for (unsigned int i = 0; nl && i < d->n; i++)
		net_check_interface(nl, &d->spec[i]);
	nl_close(nl);
	check_forwarding(d);
}
