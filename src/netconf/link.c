// SPDX-License-Identifier: GPL-2.0-only
/*
 * link.c - interfaces and addresses by rtnetlink, see link.h.
 *
 * Each function is one transaction: fixed header, attributes, answer. Nothing
 * is kept between calls.
 */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include "netconf/link.h"

#define ADDR_PAUSE_NS	  20000 /* at first, then twice as long each time up to the next line */
#define ADDR_PAUSE_MAX_NS 1000000

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
	info->mtu = nl_get_u32(attrs[IFLA_MTU]);
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

int link_queue(struct nl *nl, int index, uint32_t packets)
{
	struct ifinfomsg ifi = {.ifi_family = AF_UNSPEC, .ifi_index = index};

	nl_begin(nl, RTM_NEWLINK, 0, &ifi, sizeof(ifi));
	nl_put_u32(nl, IFLA_TXQLEN, packets);
	return nl_talk(nl);
}

int link_no_addrgen(struct nl *nl, int index)
{
	struct ifinfomsg ifi = {.ifi_family = AF_UNSPEC, .ifi_index = index};
	uint32_t families, inet6;

	nl_begin(nl, RTM_NEWLINK, 0, &ifi, sizeof(ifi));
	families = nl_nest(nl, IFLA_AF_SPEC);
	inet6 = nl_nest(nl, AF_INET6);
	nl_put_u8(nl, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	nl_nest_end(nl, inet6);
	nl_nest_end(nl, families);
	return nl_talk(nl);
}

int link_carrier(struct nl *nl, int index, bool on)
{
	struct ifinfomsg ifi = {.ifi_family = AF_UNSPEC, .ifi_index = index};
	const struct timespec pause = {.tv_nsec = 2000000};
	struct link_info info;
	int err, i;

	nl_begin(nl, RTM_NEWLINK, 0, &ifi, sizeof(ifi));
	nl_put_u8(nl, IFLA_CARRIER, on);
	err = nl_talk(nl);
	/* A look makes the kernel do at once what it would do within a second; before 6.9 it waits.
	 */
	for (i = 0; i < 50 && !err; i++) {
		nl_begin(nl, RTM_GETLINK, NLM_F_ACK, &ifi, sizeof(ifi));
		err = nl_dump(nl, one_link, &info);
		if (err || !on || info.flags & IFF_RUNNING)
			break;
		nl->call(SYS_nanosleep, (const long[6]){(long)&pause});
	}
	return err;
}

static void begin_addr(struct nl *nl, uint16_t type, uint16_t flags, int index,
		       const struct ip_addr *a)
{
	struct ifaddrmsg ifa = {
		.ifa_family = (uint8_t)a->family,
		.ifa_prefixlen = (uint8_t)a->prefix,
		.ifa_flags = a->family == AF_INET6 ? IFA_F_NODAD : 0,
		.ifa_index = (uint32_t)index,
	};

	nl_begin(nl, type, flags, &ifa, sizeof(ifa));
	nl_put(nl, IFA_LOCAL, a->bytes, ip_len(a));
}

int link_addr_add(struct nl *nl, int index, const struct ip_addr *a)
{
	begin_addr(nl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, index, a);
	nl_put(nl, IFA_ADDRESS, a->bytes, ip_len(a));
	if (a->family == AF_INET && a->prefix < 31) {
		uint32_t broadcast;

		memcpy(&broadcast, a->bytes, sizeof(broadcast));
		broadcast |= htonl(0xffffffffu >> a->prefix);
		nl_put(nl, IFA_BROADCAST, &broadcast, sizeof(broadcast));
	}
	return nl_talk(nl);
}

static int link_is_local(const struct nlmsghdr *m, void *arg)
{
	const struct rtmsg *rt = NLMSG_DATA(m);
	bool *local = arg;

	if (m->nlmsg_type == RTM_NEWROUTE && m->nlmsg_len >= NLMSG_LENGTH(sizeof(*rt)))
		*local = rt->rtm_type == RTN_LOCAL;
	return 0;
}

int link_addr_wait(struct nl *nl, const struct ip_addr *a)
{
	struct rtmsg rt = {.rtm_family = AF_INET6, .rtm_dst_len = 128};
	struct timespec pause = {.tv_nsec = ADDR_PAUSE_NS};
	bool local = false;

	if (a->family != AF_INET6 || (a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80))
		return 0;
	for (int i = 0; i < 100; i++) {
		nl_begin(nl, RTM_GETROUTE, NLM_F_ACK, &rt, sizeof(rt));
		nl_put(nl, RTA_DST, a->bytes, ip_len(a));
		nl_dump(nl, link_is_local, &local);
		if (local)
			return 0;
		nl->call(SYS_nanosleep, (const long[6]){(long)&pause});
		if (pause.tv_nsec < ADDR_PAUSE_MAX_NS)
			pause.tv_nsec *= 2;
	}
	return -ETIMEDOUT;
}

int link_addr_prefer(struct nl *nl, int index, const struct ip_addr *a, bool prefer)
{
	const uint32_t forever = UINT32_MAX;
	struct ifa_cacheinfo life = {.ifa_prefered = prefer ? forever : 0, .ifa_valid = forever};

	begin_addr(nl, RTM_NEWADDR, NLM_F_REPLACE, index, a);
	nl_put(nl, IFA_CACHEINFO, &life, sizeof(life));
	return nl_talk(nl);
}

int link_addr_del(struct nl *nl, int index, const struct ip_addr *a)
{
	begin_addr(nl, RTM_DELADDR, 0, index, a);
	return nl_talk(nl);
}

struct addrs {
	int index;
	int (*each)(const struct link_addr *a, void *arg);
	void *arg;
};

static int one_addr(const struct nlmsghdr *m, void *arg)
{
	const uint32_t unusable = IFA_F_TENTATIVE | IFA_F_DADFAILED;
	const struct ifaddrmsg *ifa = NLMSG_DATA(m);
	const struct nlattr *attrs[IFA_FLAGS + 1];
	const struct addrs *as = arg;
	struct link_addr a = {0};
	const void *bytes;

	if (m->nlmsg_type != RTM_NEWADDR || m->nlmsg_len < NLMSG_LENGTH(sizeof(*ifa)) ||
	    (as->index && ifa->ifa_index != (uint32_t)as->index) ||
	    (ifa->ifa_scope != RT_SCOPE_UNIVERSE && ifa->ifa_scope != RT_SCOPE_LINK) ||
	    (ifa->ifa_family != AF_INET && ifa->ifa_family != AF_INET6))
		return 0;
	nl_attrs(m, sizeof(*ifa), attrs, IFA_FLAGS);
	a.flags = attrs[IFA_FLAGS] ? nl_get_u32(attrs[IFA_FLAGS]) : ifa->ifa_flags;
	a.local = ifa->ifa_scope == RT_SCOPE_LINK;
	if (a.flags & unusable && !(a.flags & IFA_F_PERMANENT && a.flags & IFA_F_NODAD))
		return 0;
	a.addr.family = ifa->ifa_family;
	a.addr.prefix = ifa->ifa_prefixlen;
	/* IFA_LOCAL is ours; on a point-to-point link IFA_ADDRESS is the peer's. */
	bytes = nl_payload(attrs[IFA_LOCAL], ip_len(&a.addr));
	if (!bytes)
		bytes = nl_payload(attrs[IFA_ADDRESS], ip_len(&a.addr));
	if (!bytes)
		return 0;
	memcpy(a.addr.bytes, bytes, ip_len(&a.addr));
	return as->each(&a, as->arg);
}

int link_addr_list(struct nl *nl, int index, int (*each)(const struct link_addr *a, void *arg),
		   void *arg)
{
	struct ifaddrmsg ifa = {.ifa_family = AF_UNSPEC, .ifa_index = (uint32_t)index};
	struct addrs as = {.index = index, .each = each, .arg = arg};

	nl_begin(nl, RTM_GETADDR, NLM_F_DUMP, &ifa, sizeof(ifa));
	return nl_dump(nl, one_addr, &as);
}

struct globals {
	struct ip_addr *out;
	unsigned int max, n;
};

static int one_global(const struct link_addr *a, void *arg)
{
	struct globals *g = arg;

	if (!a->local && !(a->flags & IFA_F_DEPRECATED) && g->n < g->max)
		g->out[g->n++] = a->addr;
	return 0;
}

int link_addrs(struct nl *nl, int index, struct ip_addr *out, unsigned int max)
{
	struct globals g = {.out = out, .max = max};
	int err = link_addr_list(nl, index, one_global, &g);

	return err ? err : (int)g.n;
}
