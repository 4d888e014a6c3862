// SPDX-License-Identifier: GPL-2.0-only
/*
 * tunnels.c - what a report says of a tunnel, see tunnels.h.
 *
 * WireGuard counts the bytes of its datagrams, and notes the time of the last handshake by the
 * stack's clock, which the age is taken from. The outer MTU is that of the host's interface, if
 * the tunnel's socket was made for one.
 *
 * No state; any thread.
 */
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include "backend/backend.h"
#include "backend/opening/hostif.h"
#include "backend/udp.h"
#include "control/tunnels.h"
#include "netconf/netconf.h"
#include "netconf/wireguard.h"
#include "stack/tunnel.h"
#include "stack/up.h"

/* The tunnel that is interface @index, and its number; or NULL. */
static const struct netconf_iface *tunnels_find(int index)
{
	unsigned int n;
	const struct netconf_iface *ifaces = stack_ifaces(&n);

	for (unsigned int i = 0; i < n; i++)
		if (ifaces[i].lower && ifaces[i].index == index)
			return &ifaces[i];
	return NULL;
}

bool tunnels_carries(int index)
{
	unsigned int n;
	const struct netconf_iface *ifaces = stack_ifaces(&n);

	for (unsigned int i = 0; i < n; i++)
		if (ifaces[i].lower && ifaces[i].lower == index)
			return true;
	return false;
}

bool tunnels_listens(const struct ip_addr *local, uint16_t port)
{
	static const uint8_t any[16];
	unsigned int n, number = (unsigned int)port - UDP_PORT;
	const struct netconf_iface *ifaces = stack_ifaces(&n);

	return number < n && ifaces[number].lower && !memcmp(local->bytes, any, ip_len(local));
}

static void tunnels_put_endpoints(struct json *j, const struct iface_spec *s)
{
	char address[IP_ADDR_TEXT], text[IP_ADDR_TEXT + 10];

	json_open(j, "endpoints", '[');
	for (unsigned int i = 0; i < s->nfars; i++) {
		const struct ip_end *e = &s->far[i];

		snprintf(text, sizeof(text), e->addr.family == AF_INET6 ? "[%s]:%u" : "%s:%u",
			 ip_format(&e->addr, false, address), e->port);
		json_text(j, NULL, text);
	}
	json_close(j, ']');
}

static void tunnels_put_state(nl_call_fn *call, struct json *j, const struct netconf_iface *ifc)
{
	struct wireguard_state s = {0};
	struct timespec now = {0};

	if (tunnel_state(ifc, &s))
		return;
	call(SYS_clock_gettime, (const long[6]){CLOCK_REALTIME, (long)&now});
	if (s.last)
		json_number(j, "handshake_age_s",
			    now.tv_sec > s.last ? (uint64_t)(now.tv_sec - s.last) : 0);
	json_number(j, "received", s.rx);
	json_number(j, "sent", s.tx);
}

void tunnels_put(nl_call_fn *call, struct json *j, int index)
{
	const struct netconf_iface *ifc = tunnels_find(index);
	struct hostif h;

	if (!ifc)
		return;
	json_open(j, "tunnel", '{');
	tunnels_put_endpoints(j, ifc->spec);
	if (!hostif_get(-1, ifc->be->ifname, &h))
		json_number(j, "outer_mtu", h.mtu);
	tunnels_put_state(call, j, ifc);
	json_close(j, '}');
}
