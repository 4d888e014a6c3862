// SPDX-License-Identifier: GPL-2.0-only
/*
 * follow.c - the running stack's interfaces follow those of the host.
 *
 * Theory of operation
 *
 * A thread sleeps on a socket that hears the host's news of links, addresses and
 * routes. News are only a reason to look: after any that concerns one of our
 * interfaces, and when the kernel says that it has dropped some (ENOBUFS), the
 * thread waits SETTLE_MS for what belongs together, reads the interface again
 * and applies the difference to what stack_spec() says inside (netconf.c).
 *
 *	host				inside
 *	link down, no carrier, gone	no carrier; its MPTCP endpoints are removed
 *	link up				carrier; endpoints are there again, and the
 *					connections that exist open subflows by them
 *	interface removed and made	as above, and the back end is bound to the
 *	again under its name		new one (ops->rebind)
 *	MTU, MAC			the same, unless mtu=, mac= were given
 *	addresses, gateways, routes	the same, if they were taken over (spec.follow); the
 *					names of a tunnel's endpoints are resolved again, and
 *					its server hears of us at once
 *
 * While a link is down nothing else is looked at: most systems forget addresses
 * and routes then, and a connection shall find its address when the link is back.
 *
 * Only back ends that share the host's interface are followed, which is what can be
 * rebound; a TAP's link is ourselves. One in another network namespace than the
 * process (it asks its own socket, not ours) is left alone.
 *
 * Between news the thread looks whether the paths are alive: watch.c says when next.
 *
 * Threads: one, "persona-follow", all signals blocked. It alone calls
 * stack_set_spec(). Its system calls to the host are raw and its three descriptors
 * high, since inline it lives inside the program. It never calls exit(), and
 * follow_stop() ends it within a look.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include "backend/backend.h"
#include "backend/opening/hostif.h"
#include "engine/engine.h"
#include "lib/rawsys.h"
#include "lib/trace.h"
#include "lib/why.h"
#include "netconf/netconf.h"
#include "netconf/takeover.h"
#include "stack/config.h"
#include "stack/endpoint.h"
#include "stack/follow.h"
#include "stack/steering.h"
#include "stack/tunnel.h"
#include "stack/up.h"
#include "stack/watch.h"

#define SETTLE_MS  20	/* an address, its route and its rule come within less */
#define NEWS_BYTES 8192 /* one message of news; a longer one is cut, and read as any news */

#define GROUPS                                                                       \
	(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | \
	 RTMGRP_IPV6_ROUTE)

/**
 * struct followed - what the host's interface was at the last look
 * @on:	   it is followed at all
 * @up:	   it had its link, and the stack inside was told so
 * @index: of the one that the back end is bound to
 * @mtu, @mac: as set inside
 * @mtu_given: mtu=, or 0
 * @addrs: what tells its addresses from others, if a tunnel is on it
 */
struct followed {
	int index;
	unsigned int mtu;
	unsigned int mtu_given;
	uint64_t addrs;
	bool on;
	bool up;
	uint8_t mac[6];
};

static struct followed followed[CONFIG_MAX_IFACES];
static struct nl *host;
static int news_fd = -1, stop_fd = -1;
static pthread_t thread;
static bool running;
static void (*tell)(const char *sentence);
static _Atomic(void (*)(void)) on_change;

void follow_on_change(void (*fn)(void))
{
	atomic_store(&on_change, fn);
}

static bool concerns_index(int index)
{
	unsigned int i;

	for (i = 0; i < CONFIG_MAX_IFACES; i++) {
		if (followed[i].on && followed[i].index == index)
			return true;
	}
	return false;
}

/* A new interface has a new index, so links are known by name. */
static bool concerns_name(const char *name)
{
	struct netconf_iface *ifs;
	unsigned int i, n;

	ifs = stack_ifaces(&n);
	for (i = 0; i < n; i++) {
		if (followed[i].on && !strncmp(ifs[i].be->ifname, name, IF_NAMESIZE))
			return true;
	}
	return false;
}

static bool concerns_us(const struct nlmsghdr *m)
{
	const struct nlattr *attrs[RTA_OIF + 1];
	const struct ifinfomsg *ifi = NLMSG_DATA(m);
	const struct ifaddrmsg *ifa = NLMSG_DATA(m);
	const char *name;

	switch (m->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		if (m->nlmsg_len < NLMSG_LENGTH(sizeof(*ifi)))
			return false;
		nl_attrs(m, sizeof(*ifi), attrs, RTA_OIF);
		name = nl_payload(attrs[IFLA_IFNAME], 1);
		return concerns_index(ifi->ifi_index) || (name && concerns_name(name));
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return m->nlmsg_len >= NLMSG_LENGTH(sizeof(*ifa)) &&
		       concerns_index((int)ifa->ifa_index);
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		if (m->nlmsg_len < NLMSG_LENGTH(sizeof(struct rtmsg)))
			return false;
		nl_attrs(m, sizeof(struct rtmsg), attrs, RTA_OIF);
		/* One with several next hops has no RTA_OIF: then look. */
		return !attrs[RTA_OIF] || concerns_index((int)nl_get_u32(attrs[RTA_OIF]));
	default:
		return false;
	}
}

/* Take what has come; true if it is a reason to look. */
static bool follow_hear(void)
{
	union {
		struct nlmsghdr hdr;
		uint8_t bytes[NEWS_BYTES];
	} news;
	bool look = false;

	for (;;) {
		long r = RAWSYS(SYS_recvfrom, news_fd, &news, sizeof(news), MSG_DONTWAIT);
		const struct nlmsghdr *m = &news.hdr;

		if (r == -EINTR)
			continue;
		if (r == -ENOBUFS) {
			look = true;
			continue;
		}
		if (r < 0)
			return look;
		for (; NLMSG_OK(m, r); m = NLMSG_NEXT(m, r))
			look |= concerns_us(m);
	}
}

/* Sleep until news, or for @ms (-1: no limit); false if we shall stop. */
static bool wait_news(int ms, bool news)
{
	struct pollfd p[2 + ENDPOINT_FDS] = {{.fd = stop_fd, .events = POLLIN},
					     {.fd = news_fd, .events = POLLIN}};
	struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
	unsigned int n = news ? 2 + endpoint_fds(&p[2]) : 1;

	RAWSYS(SYS_ppoll, p, n, ms < 0 ? NULL : &ts, NULL, 0);
	return !p[0].revents;
}

static bool same_spec(const struct iface_spec *a, const struct iface_spec *b)
{
	unsigned int i;

	if (a->naddrs != b->naddrs || a->nroutes != b->nroutes || !ip_equal(&a->gw4, &b->gw4) ||
	    !ip_equal(&a->gw6, &b->gw6) || !ip_equal(&a->local6, &b->local6))
		return false;
	for (i = 0; i < a->naddrs; i++) {
		if (!ip_equal(&a->addr[i], &b->addr[i]) || a->addr[i].prefix != b->addr[i].prefix ||
		    a->deprecated[i] != b->deprecated[i])
			return false;
	}
	for (i = 0; i < a->nroutes; i++) {
		if (!ip_equal(&a->route[i].dst, &b->route[i].dst) ||
		    a->route[i].dst.prefix != b->route[i].dst.prefix ||
		    !ip_equal(&a->route[i].gw, &b->route[i].gw))
			return false;
	}
	return true;
}

static void follow_report(const char *name, const char *what, int err)
{
	char sentence[160];

	snprintf(sentence, sizeof(sentence), "%s: cannot follow %s: %s", name, what,
		 strerror(-err));
	tell(sentence);
}

/* The host's interface is another one than before: use that. */
static int follow_rebind(struct netconf_iface *ifc, struct followed *f, int index)
{
	int err = ifc->be->ops->rebind(ifc->be);

	if (!err && ifc->spec->has_mac)
		err = ifc->be->ops->set_mac(ifc->be, ifc->spec->mac);
	if (!err)
		f->index = index;
	return err;
}

/* Carrier, MTU and MAC inside as the host's. */
static void set_link(struct netconf_iface *ifc, struct followed *f, const struct link_info *link,
		     bool up)
{
	bool own_mac = ifc->rawip || ifc->spec->has_mac;
	unsigned int mtu = link->mtu < 65535 ? link->mtu : 65535;
	struct nl *nl;
	int err;

	nl = nl_open(engine_syscall, NETLINK_ROUTE, &err);
	if (!nl) {
		follow_report(ifc->spec->name, "its link", err);
		return;
	}
	if (ifc->lower)
		mtu = tunnel_mtu(ifc->spec, mtu);
	if (f->mtu_given && f->mtu_given < mtu)
		mtu = f->mtu_given;
	if (up && (mtu != f->mtu || (!own_mac && memcmp(f->mac, link->mac, 6)))) {
		err = link_set(nl, ifc->index, mtu, own_mac ? NULL : link->mac);
		if (err)
			follow_report(ifc->spec->name, "its MTU or MAC", err);
		f->mtu = mtu;
		memcpy(f->mac, link->mac, 6);
	}
	if (up != f->up) {
		err = link_carrier(nl, ifc->lower ? ifc->lower : ifc->index, up);
		/* An image that cannot tell still has its endpoints follow. */
		if (err && err != -EOPNOTSUPP)
			follow_report(ifc->spec->name, "its carrier", err);
	}
	nl_close(nl);
}

/* Has the host other addresses there than at the last look? They are no matter of a tunnel inside.
 */
static bool follow_has_moved(const struct netconf_iface *ifc, struct followed *f)
{
	struct ip_addr a[SPEC_MAX_ADDRS];
	uint64_t sum = 0xcbf29ce484222325u, before = f->addrs; /* FNV-1a */
	int n;

	if (!ifc->lower)
		return false;
	n = link_addrs(host, f->index, a, SPEC_MAX_ADDRS);
	for (int i = 0; i < n; i++)
		for (unsigned int k = 0; k < ip_len(&a[i]); k++)
			sum = (sum ^ a[i].bytes[k]) * 0x100000001b3u;
	f->addrs = sum;
	return sum != before;
}

/* Look at interface @i of the host, and apply what is new. */
static void follow_look(unsigned int i)
{
	void (*fn)(void) = atomic_load(&on_change);
	struct followed *f = &followed[i];
	const struct iface_spec *now = stack_spec(i);
	struct iface_spec old = *now, next = *now;
	struct netconf_iface *ifc;
	struct link_info link;
	const char *why = "";
	bool up, changed, another = false, aside = watch_aside(i);
	unsigned int n;
	int err;

	ifc = &stack_ifaces(&n)[i];
	err = takeover_read(host, &next, &link);
	if (err && err != -ENODEV) {
		follow_report(ifc->spec->name, "the host's interface", err);
		return;
	}
	up = !err && link.flags & IFF_UP && link.flags & IFF_RUNNING &&
	     (!ifc->lower || tunnel_has_way(now, link.index));
	if (up && link.index != f->index)
		another = up = !follow_rebind(ifc, f, link.index);
	if (!up)
		next = *now;
	changed = !same_spec(&old, &next);
	stack_set_spec(i, &next);
	now = stack_spec(i);
	if (fn && (changed || another))
		fn();
	if (up)
		set_link(ifc, f, &link, up);
	if (changed || up != f->up || (another && aside)) {
		err = steering_update(i, (struct netconf_state){&old, f->up, aside},
				      (struct netconf_state){now, up}, &why);
		if (err)
			tell(why);
	}
	if (!up && f->up)
		set_link(ifc, f, &link, up);
	if (up != f->up)
		trace(TRACE_PATHS, "%s %s", ifc->spec->name, up ? "link up" : "link down");
	if (another)
		trace(TRACE_PATHS, "%s is another interface of that name", ifc->spec->name);
	if (changed)
		trace(TRACE_PATHS, "%s has other addresses or routes", ifc->spec->name);
	if (changed || another || up != f->up)
		watch_changed(i, up);
	if (up && ifc->lower && (follow_has_moved(ifc, f) || another || !f->up)) {
		tunnel_greet(ifc);
		endpoint_ask(i);
	}
	f->up = up;
}

/* @which: a bit for each */
static void follow_look_at(uint32_t which)
{
	unsigned int i;

	for (i = 0; i < CONFIG_MAX_IFACES; i++) {
		if (followed[i].on && which & 1u << i)
			follow_look(i);
	}
}

static void *follow_run(void *arg)
{
	bool first = true; /* what has happened since the interfaces were opened */

	prctl(PR_SET_NAME, "persona-follow");
	do {
		follow_look_at(endpoint_serve());
		if (!first && !follow_hear())
			continue;
		if (!wait_news(SETTLE_MS, false))
			break;
		follow_hear();
		follow_look_at(~0u);
		first = false;
	} while (wait_news(watch_tick(), true));
	engine_thread_exit();
	return arg;
}

/* Is the interface that we see under this name the one that the back end is bound to? */
static bool can_follow(const struct netconf_iface *ifc, struct link_info *link)
{
	struct hostif h;

	return ifc->be->ops->rebind && !link_get(host, ifc->be->ifname, link) &&
	       !hostif_get(ifc->be->fd, ifc->be->ifname, &h) && h.index == link->index &&
	       (ifc->rawip || !memcmp(h.mac, link->mac, sizeof(h.mac)));
}

static bool follow_choose(void)
{
	struct netconf_iface *ifs;
	struct link_info link;
	unsigned int i, n;
	bool any;

	memset(followed, 0, sizeof(followed));
	ifs = stack_ifaces(&n);
	any = n > 1;
	for (i = 0; i < n; i++) {
		struct followed *f = &followed[i];

		any |= ifs[i].lower != 0; /* watched for its handshake */
		f->on = can_follow(&ifs[i], &link);
		if (!f->on)
			continue;
		any = f->up = true;
		f->index = link.index;
		f->mtu = ifs[i].lower ? tunnel_mtu(ifs[i].spec, link.mtu) : ifs[i].be->mtu;
		f->mtu_given = ifs[i].spec->mtu;
		memcpy(f->mac, ifs[i].be->mac, sizeof(f->mac));
		follow_has_moved(&ifs[i], f);
	}
	return any;
}

static int open_all(void)
{
	struct sockaddr_nl self = {.nl_family = AF_NETLINK, .nl_groups = GROUPS};
	int err;

	host = nl_open(netlink_host_call, NETLINK_ROUTE, &err);
	if (!host)
		return err;
	host->fd = host_fd_keep(host->fd);
	news_fd = host_fd_keep(
		raw_socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE));
	if (news_fd < 0)
		return news_fd;
	err = (int)RAWSYS(SYS_bind, news_fd, &self, sizeof(self));
	if (err)
		return err;
	stop_fd = host_fd_keep((int)RAWSYS(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK));
	return stop_fd < 0 ? stop_fd : 0;
}

static void follow_close_all(void)
{
	if (host)
		host_fd_close(&host->fd);
	nl_close(host);
	host = NULL;
	host_fd_close(&news_fd);
	host_fd_close(&stop_fd);
}

int follow_start(void (*say)(const char *sentence))
{
	int err;

	tell = say;
	watch_start(say);
	err = open_all();
	if (err || !follow_choose())
		goto out_close;
	err = endpoint_start(stack_resolver());
	if (err)
		goto out_close;
	err = engine_thread_create(&thread, 256 << 10, 0, follow_run, NULL);
	if (err)
		goto out_close;
	running = true;
	return 0;

out_close:
	endpoint_stop();
	follow_close_all();
	return err;
}

void follow_quit(void)
{
	uint64_t one = 1;

	if (running)
		RAWSYS(SYS_write, stop_fd, &one, sizeof(one));
}

void follow_stop(void)
{
	if (!running)
		return;
	follow_quit();
	pthread_join(thread, NULL);
	running = false;
	watch_stop();
	endpoint_stop();
	follow_close_all();
}

void follow_after_fork(void)
{
	if (!running)
		return;
	running = false;
	watch_stop();
	endpoint_after_fork();
	host_fd_close(&host->fd);
	host_fd_close(&news_fd);
	host_fd_close(&stop_fd);
}
