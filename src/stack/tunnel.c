// SPDX-License-Identifier: GPL-2.0-only
/*
 * tunnel.c - WireGuard tunnels of the stack's own, see tunnel.h.
 *
 * Theory of operation
 *
 *	program's sockets
 *	wlan0	WireGuard, the addresses and the MTU of the file
 *	wg0	lower interface, 192.0.0.1/27, on back end wg
 *	------- the stack's border
 *	socket	bound to the host's wlan0, sends to the real endpoint
 *
 * What the device sends is addressed to far ends of the lower interface's own network
 * (backend/udp.h), so it needs neither routes nor rules. All else, and what follows the
 * host's interface, is the same as with other back ends; the carrier is the lower one's.
 *
 * The keys come from the file, here and nowhere else: neither the configuration that programs
 * inherit nor a command line has them, and they are in memory but for the time of the call
 * (and in the stack's own).
 *
 * Threads: tunnel_up() by the one that makes the stack.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include "backend/backend.h"
#include "backend/opening/hostif.h"
#include "backend/udp.h"
#include "engine/engine.h"
#include "lib/why.h"
#include "netconf/link.h"
#include "netconf/netconf.h"
#include "netconf/wgconf.h"
#include "netconf/wireguard.h"
#include "stack/config.h"
#include "stack/tunnel.h"

/* Outer IP header, UDP, WireGuard's header and tag. */
#define OVERHEAD4 (20 + 8 + 32)
#define OVERHEAD6 (40 + 8 + 32)
#define MTU_FD	  1500 /* of a link that has no name */
#define MTU_LEAST 1280

#define SESSION_S 180 /* WireGuard encrypts nothing with an older key */

_Static_assert(CONFIG_MAX_IFACES <= 8, "udp_inside() has eight networks");

const char *tunnel_lower(unsigned int number)
{
	static const char *const names[CONFIG_MAX_IFACES] = {
		TUNNEL_LOWER "0", TUNNEL_LOWER "1", TUNNEL_LOWER "2", TUNNEL_LOWER "3",
		TUNNEL_LOWER "4", TUNNEL_LOWER "5", TUNNEL_LOWER "6", TUNNEL_LOWER "7",
	};

	return names[number];
}

unsigned int tunnel_mtu(const struct iface_spec *s, unsigned int link)
{
	unsigned int overhead = OVERHEAD4;

	for (unsigned int i = 0; i < s->nfars; i++)
		if (s->far[i].addr.family == AF_INET6)
			overhead = OVERHEAD6;
	if (link > 65535)
		link = 65535;
	return link > MTU_LEAST + overhead ? link - overhead : MTU_LEAST;
}

bool tunnel_has_way(const struct iface_spec *s, int index)
{
	struct ip_addr a[32];
	struct nl *nl;
	int err, n;

	nl = nl_open(netlink_host_call, NETLINK_ROUTE, &err);
	if (!nl)
		return true; /* an app's sandbox may forbid to look */
	n = link_addrs(nl, index, a, 32);
	nl_close(nl);
	for (int i = 0; i < n; i++)
		for (unsigned int k = 0; k < s->nfars; k++)
			if (a[i].family == s->far[k].addr.family)
				return true;
	return n < 0;
}

static void tunnel_end6(struct sockaddr_in6 *to, const struct ip_end *e)
{
	*to = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(e->port)};
	if (e->addr.family == AF_INET6) {
		memcpy(&to->sin6_addr, e->addr.bytes, 16);
		return;
	}
	to->sin6_addr.s6_addr[10] = to->sin6_addr.s6_addr[11] = 0xff;
	memcpy(&to->sin6_addr.s6_addr[12], e->addr.bytes, 4);
}

void tunnel_tell_backend(struct netconf_iface *ifc, unsigned int number)
{
	struct sockaddr_in6 far[SPEC_MAX_FARS];

	for (unsigned int i = 0; i < ifc->spec->nfars; i++)
		tunnel_end6(&far[i], &ifc->spec->far[i]);
	udp_set_peers(ifc->be, number, far, ifc->spec->nfars);
}

static int tunnel_lower_up(struct nl *nl, int index, unsigned int number)
{
	uint32_t near = htonl(udp_inside(number, 0));
	struct ip_addr a = {.family = AF_INET, .prefix = UDP_PREFIX};
	int err = link_no_addrgen(nl, index) ?: link_set(nl, index, 0, NULL);

	memcpy(a.bytes, &near, sizeof(near));
	return err ? err : link_addr_add(nl, index, &a);
}

static unsigned int tunnel_first_mtu(const struct netconf_iface *ifc)
{
	struct hostif h;

	if (ifc->spec->mtu)
		return ifc->spec->mtu;
	return tunnel_mtu(ifc->spec, hostif_get(-1, ifc->be->ifname, &h) ? MTU_FD : h.mtu);
}

/* Where the peers are inside: far ends in their order; some have none. */
static int tunnel_set(struct nl *nl, int index, unsigned int number, const struct wgconf *c)
{
	const uint16_t port = (uint16_t)(UDP_PORT + number);
	struct sockaddr_in far[WGCONF_MAX_PEERS] = {{0}};
	unsigned int ends = 0;

	for (unsigned int i = 0; i < c->npeers; i++) {
		if (!c->peers[i].port)
			continue;
		far[i] = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
		far[i].sin_addr.s_addr = htonl(udp_inside(number, 1 + ends++));
	}
	return wireguard_set(nl, index, c, port, far);
}

static int tunnel_make(struct netconf_iface *ifc, unsigned int number, const struct wgconf *c,
		       const char **why)
{
	struct nl *rt, *genl = NULL;
	int index, err;

	rt = nl_open(engine_syscall, NETLINK_ROUTE, &err);
	if (rt)
		genl = nl_open_secret(engine_syscall, NETLINK_GENERIC, &err);
	if (!genl)
		goto out;
	err = tunnel_lower_up(rt, ifc->lower, number);
	if (err)
		goto out;
	index = err = wireguard_add(rt, ifc->spec->name);
	if (index < 0)
		goto out;
	ifc->index = index;
	err = engine_trust(genl->fd) ?: tunnel_set(genl, index, number, c);
	if (!err)
		err = link_set(rt, index, tunnel_first_mtu(ifc), NULL);
out:
	if (err == -EOPNOTSUPP || err == -ENOENT)
		why_set(why, EOPNOTSUPP, "%s: this personality has no WireGuard", ifc->spec->name);
	else if (err)
		why_set(why, -err, "%s: cannot make the tunnel: %s%s%s", ifc->spec->name,
			strerror(-err), genl && genl->ext[0] ? ": " : "", genl ? genl->ext : "");
	nl_close(genl);
	nl_close(rt);
	return err < 0 ? err : 0;
}

int tunnel_up(struct netconf_iface *ifc, unsigned int number, const char **why)
{
	struct wgconf *c;
	int err;

	ifc->lower = ifc->index;
	err = wgconf_read(ifc->spec->conf, ifc->spec->ifname, ifc->spec->section, &c, why);
	if (err)
		return err;
	tunnel_tell_backend(ifc, number);
	engine_hide();
	err = tunnel_make(ifc, number, c, why);
	wgconf_free(c);
	return err;
}

void tunnel_greet(const struct netconf_iface *ifc)
{
	struct nl *nl;
	int err;

	nl = nl_open_secret(engine_syscall, NETLINK_GENERIC, &err);
	if (nl && !engine_trust(nl->fd))
		wireguard_greet(nl, ifc->index);
	nl_close(nl);
}

int tunnel_state(const struct netconf_iface *ifc, struct wireguard_state *s)
{
	struct nl *nl;
	int err;

	nl = nl_open_secret(engine_syscall, NETLINK_GENERIC, &err);
	if (nl)
		err = engine_trust(nl->fd) ?: wireguard_get(nl, ifc->index, s);
	nl_close(nl);
	return err;
}

enum tunnel_health tunnel_health(const struct netconf_iface *ifc, unsigned int number)
{
	struct wireguard_state s = {0};
	uint64_t rx, tx;

	engine_netif_frames(number, &rx, &tx);
	if (tunnel_state(ifc, &s) || s.handshakes)
		return TUNNEL_GOOD;
	if (!tx)
		return TUNNEL_UNUSED;
	return rx ? TUNNEL_REFUSED : TUNNEL_SILENT;
}

bool tunnel_holds(nl_call_fn *call, const struct netconf_iface *ifc, unsigned int number)
{
	struct wireguard_state s = {0};
	struct timespec now = {0};
	uint64_t rx, tx;
	struct nl *nl;
	int err;

	engine_netif_frames(number, &rx, &tx);
	if (!tx)
		return false;
	nl = nl_open_secret(call, NETLINK_GENERIC, &err);
	if (nl)
		err = engine_trust(nl->fd) ?: wireguard_get(nl, ifc->index, &s);
	nl_close(nl);
	call(SYS_clock_gettime, (const long[6]){CLOCK_REALTIME, (long)&now});
	return !err && (!s.last || now.tv_sec - s.last >= SESSION_S);
}

void tunnel_complaint(const struct netconf_iface *ifc, enum tunnel_health health, char *text,
		      size_t len)
{
	const struct ip_end *e = &ifc->spec->far[0];
	char address[IP_ADDR_TEXT];

	ip_format(&e->addr, false, address);
	snprintf(text, len, "%s: %s%s%s:%u %s", ifc->spec->name,
		 e->addr.family == AF_INET6 ? "[" : "", address,
		 e->addr.family == AF_INET6 ? "]" : "", e->port,
		 health == TUNNEL_SILENT
			 ? "does not answer the handshake: look at Endpoint, its firewall, "
			   "that it knows this key, and whether the clock here was set back"
			 : "answers, but there is no handshake: look at the keys of both ends");
}
