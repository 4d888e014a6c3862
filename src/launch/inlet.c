// SPDX-License-Identifier: GPL-2.0-only
/*
 * inlet.c - the host's interface that a gateway's packets come from, see inlet.h.
 *
 * Theory of operation
 *
 * An interface that is not there is made, gets the address beside the stack's in each family, and
 * unless forbidden two routes for each family that together are everything and more specific than
 * a default route, which stays for the paths. Both families, whether a path has them or not: what
 * no path has is refused by the stack, and must not leave by the host's own. All that goes with the
 * interface, and that with our descriptor. Such routes that are there already are another
 * gateway's or VPN's, and are not replaced.
 *
 * A path whose packets the host itself routes would lead back into an inlet that is the
 * host's way out: such paths are refused with it.
 *
 * While the gateway runs, the host's news of interfaces are listened to: who sets the inlet down
 * takes its routes away, and all would go past the gateway when it is up again. An inherited
 * descriptor is polled: for a closed pair at once, and since the host wakes nobody for the error
 * of a removed TUN device alone, every five seconds.
 *
 * Threads: the one that launches.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include "backend/backend.h"
#include "backend/opening/hostif.h"
#include "gateway/gateway.h"
#include "launch/inlet.h"
#include "lib/complain.h"
#include "netconf/link.h"
#include "netconf/netlink.h"
#include "netconf/route.h"
#include "stack/config.h"

#define NETWORKS	  64 /* of default addresses: 198.18.0.0/30 and the next */
#define INHERITED_LOOK_MS 5000

static void inlet_address(const char *text, unsigned int prefix, struct ip_addr *a)
{
	ip_parse(text, a);
	a->prefix = (uint16_t)prefix;
}

static bool inlet_has(const struct inlet *in, int family)
{
	for (unsigned int i = 0; i < in->naddrs; i++)
		if (in->addr[i].family == family)
			return true;
	return false;
}

static int inlet_same_network(const struct link_addr *a, void *arg)
{
	return ip_same_network(&a->addr, arg);
}

/* The first network of default addresses that no interface of this machine is in. */
static void inlet_free_network(struct ip_addr *a)
{
	struct nl *nl;
	int err;

	nl = nl_open(netlink_host_call, NETLINK_ROUTE, &err);
	for (unsigned int i = 0; nl && i < NETWORKS; i++) {
		if (link_addr_list(nl, 0, inlet_same_network, a) <= 0)
			break;
		if (a->family == AF_INET)
			a->bytes[3] = (uint8_t)(a->bytes[3] + 4);
		else
			a->bytes[7]++; /* the next /64 */
	}
	nl_close(nl);
}

static void inlet_default(struct inlet *in, int family, const char *text, unsigned int prefix)
{
	struct ip_addr *a = &in->addr[in->naddrs];

	if (inlet_has(in, family))
		return;
	inlet_address(text, prefix, a);
	inlet_free_network(a);
	in->naddrs++;
}

void inlet_default_addresses(struct inlet *in)
{
	inlet_default(in, AF_INET, GATEWAY_ADDR4, GATEWAY_PREFIX4);
	inlet_default(in, AF_INET6, GATEWAY_ADDR6, GATEWAY_PREFIX6);
}

struct ip_addr inlet_beside(const struct ip_addr *a)
{
	struct ip_addr other = *a;
	uint8_t *last = &other.bytes[ip_len(a) - 1];

	/* .1 and .2, .254 and .253; never the network's own address nor its last one */
	*last = (uint8_t)(*last % 4 == 1 ? *last + 1 : *last - 1);
	return other;
}

static const struct backend_ops *inlet_kind(const struct iface_spec *s)
{
	const struct backend_ops *kind = backend_find(s->backend);

	return kind && kind->place == BACKEND_FAR_END ? kind : NULL;
}

int inlet_parse(struct inlet *in)
{
	struct iface_spec s;
	const char *why;

	if (spec_parse(in->text, &s, &why))
		return complain(EXIT_PERSONA, "--in: %s", why);
	in->kind = inlet_kind(&s);
	if (!in->kind)
		return complain(EXIT_PERSONA,
				"--in %s: write tun:NAME, tap:NAME or fd:N (an inherited TUN "
				"descriptor or socket), and perhaps ip=ADDR/LEN or mtu=N behind it",
				in->text);
	if (s.naddrs > 2 || s.gw4.family || s.gw6.family || s.has_mac ||
	    (s.naddrs == 2 && s.addr[0].family == s.addr[1].family))
		return complain(EXIT_PERSONA,
				"--in %s: takes the stack's own addresses, one of each family, and "
				"mtu=; no gateway, no Ethernet address",
				in->text);
	if (s.mtu && s.mtu < GATEWAY_MTU_LEAST)
		return complain(EXIT_PERSONA, "--in %s: mtu=%u is less than IPv6's %d", in->text,
				s.mtu, GATEWAY_MTU_LEAST);
	memcpy(in->addr, s.addr, s.naddrs * sizeof(s.addr[0]));
	in->naddrs = s.naddrs;
	in->mtu = s.mtu;
	memcpy(in->ifname, s.ifname, sizeof(in->ifname));
	return 0;
}

/* The host would send what leaves by such a path into the inlet again. */
static int inlet_check_loop(const struct config *c)
{
	for (unsigned int i = 0; i < c->nifaces; i++) {
		const struct iface_spec *s = &c->iface[i].spec;
		const struct backend_ops *kind = backend_find(s->backend);

		if (kind && (kind->place == BACKEND_RELAY || kind->place == BACKEND_FAR_END))
			return complain(EXIT_PERSONA,
					"-i %s:%s: the host routes what leaves by it, and would "
					"route it back into the gateway: use another kind of "
					"path, or --no-routes and routes of your own",
					s->backend, s->ifname);
	}
	return 0;
}

/* Its packets would come in again by the way that they went out. */
static int inlet_check_path(const struct inlet *in, const struct config *c)
{
	for (unsigned int i = 0; i < c->nifaces; i++) {
		const struct iface_spec *s = &c->iface[i].spec;

		if (backend_find(s->backend) == in->kind && !strcmp(s->ifname, in->ifname))
			return complain(
				EXIT_PERSONA,
				"-i %s:%s: that is where packets come from (--in): a path is "
				"another interface",
				s->backend, s->ifname);
	}
	return 0;
}

int inlet_open(struct inlet *in, const struct config *c)
{
	const struct backend_opening *opening = in->kind->opening;
	struct hostif h;
	const char *why;

	in->made = opening->opener != BACKEND_SELF && hostif_get(-1, in->ifname, &h) == -ENODEV;
	in->routes &= in->made;
	if (inlet_check_path(in, c) || (in->routes && inlet_check_loop(c)))
		return EXIT_PERSONA;
	in->fd = opening->open(in->ifname, &why);
	if (in->fd < 0)
		return complain(EXIT_PERSONA, "--in: %s%s", why,
				in->fd == -EPERM
					? ", or write a COMMAND behind --, which needs no privilege"
					: "");
	if (in->made)
		inlet_default_addresses(in);
	return 0;
}

static int inlet_halves(struct nl *nl, int index, int family)
{
	int err = 0;

	for (unsigned int half = 0; !err && half < 2; half++) {
		struct ip_addr dst = {.family = (uint16_t)family, .prefix = 1};
		struct link_route r = {
			.oif = index,
			.family = family,
			.dst = &dst,
			.table = LINK_TABLE_MAIN,
		};

		dst.bytes[0] = half ? 0x80 : 0;
		err = link_route_add_new(nl, &r);
	}
	return err;
}

/* Addresses of the host's end, and its routes. */
static int inlet_dress_by(const struct inlet *in, struct nl *nl, unsigned int mtu)
{
	struct link_info link;
	int err = link_get(nl, in->ifname, &link);

	if (!err)
		err = link_queue(nl, link.index, GATEWAY_QUEUE)
			      ?: link_set(nl, link.index, mtu, NULL);
	for (unsigned int i = 0; !err && i < in->naddrs; i++) {
		struct ip_addr a = inlet_beside(&in->addr[i]);

		err = link_addr_add(nl, link.index, &a);
		if (err == -EEXIST) /* it kept that one while it was down */
			err = 0;
		if (!err && in->routes)
			err = inlet_halves(nl, link.index, a.family);
		if (a.family == AF_INET6 && (err == -EACCES || err == -EOPNOTSUPP))
			err = 0; /* a host without IPv6 */
	}
	return err;
}

int inlet_dress(const struct inlet *in, unsigned int mtu)
{
	struct nl *nl;
	int err;

	nl = nl_open(netlink_host_call, NETLINK_ROUTE, &err);
	if (nl)
		err = inlet_dress_by(in, nl, mtu);
	nl_close(nl);
	if (err == -EEXIST)
		return complain(
			EXIT_PERSONA,
			"another gateway or VPN has routes for all destinations (ip route, ip "
			"-6 route: 0.0.0.0/1, ::/1): end it, or use --no-routes and routes "
			"of your own");
	if (err)
		return complain(EXIT_PERSONA,
				"cannot give interface '%s' its addresses and routes: %s%s",
				in->ifname, strerror(-err),
				err == -EPERM ? ": run as root, or write a COMMAND behind --" : "");
	return 0;
}

/* ---- while it runs ---- */

/* The host's news of interfaces; -1: this place gives none. */
static int inlet_listen(void)
{
	struct sockaddr_nl self = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&self, sizeof(self))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* There were news. @up: as it was; 0, or an exit status. */
static int inlet_look(const struct inlet *in, unsigned int mtu, bool *up)
{
	struct hostif h;
	bool was = *up;
	int err = hostif_get(-1, in->ifname, &h);

	if (err && err != -ENODEV)
		return 0; /* cannot be told now; the next news will */
	if (err)
		return complain(EXIT_PERSONA, "interface '%s' was removed: the gateway ends",
				in->ifname);
	*up = h.flags & IFF_UP;
	if (was && !*up)
		complain(0, "interface '%s' is down: the host's packets do not come by the gateway",
			 in->ifname);
	if (was || !*up)
		return 0;
	complain(0, "interface '%s' is up again", in->ifname);
	return in->made ? inlet_dress(in, mtu) : 0;
}

/* What an inherited descriptor says besides packets; 0, or an exit status. */
static int inlet_look_inherited(const struct inlet *in, short events)
{
	if (!events)
		return 0;
	return complain(EXIT_PERSONA, "--in %s: %s: the gateway ends", in->text,
			events & POLLRDHUP ? "the other end was closed"
					   : "the interface was removed");
}

int inlet_serve(const struct inlet *in, unsigned int mtu)
{
	bool named = in->kind->opening->opener != BACKEND_SELF, up = true;
	struct pollfd p[] = {
		{.events = POLLIN},
		{.fd = -1, .events = POLLIN},
		{.fd = named ? -1 : in->fd, .events = POLLRDHUP},
	};
	char news[8192];
	sigset_t ends;
	int status = 0;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	p[0].fd = signalfd(-1, &ends, SFD_CLOEXEC);
	if (p[0].fd < 0)
		return complain(EXIT_PERSONA, "cannot wait for signals: %s", strerror(errno));
	if (named)
		p[1].fd = inlet_listen();
	while (!status) {
		if (poll(p, 3, named ? -1 : INHERITED_LOOK_MS) < 0)
			continue;
		if (p[0].revents)
			break;
		status = inlet_look_inherited(in, p[2].revents);
		if (!p[1].revents)
			continue;
		while (recv(p[1].fd, news, sizeof(news), 0) > 0)
			;
		status = inlet_look(in, mtu, &up);
	}
	close(p[0].fd);
	if (p[1].fd >= 0)
		close(p[1].fd);
	return status;
}
