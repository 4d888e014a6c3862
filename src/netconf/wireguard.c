// SPDX-License-Identifier: GPL-2.0-only
/*
 * wireguard.c - WireGuard devices by netlink, see wireguard.h.
 *
 * Theory of operation
 *
 * A request holds some sixty IPv4 networks, and a peer may have more. So the device gets
 * its key first, then each peer one request with all but the networks, and as many as it
 * takes with those, which the kernel adds to what is there.
 *
 * No state. Keys pass through the request of @nl, which is wiped at the end.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <linux/wireguard.h>
#include <string.h>
#include <strings.h>
#include "netconf/link.h"
#include "netconf/wireguard.h"

#define NETWORKS                                                                        \
	30 /* in a request: of IPv6, 36 bytes each, behind some 200 of headers and keys \
	    */

int wireguard_add(struct nl *nl, const char *name)
{
	const struct ifinfomsg ifi = {.ifi_family = AF_UNSPEC};
	struct link_info info;
	size_t nest;
	int err;

	nl_begin(nl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &ifi, sizeof(ifi));
	nl_put_string(nl, IFLA_IFNAME, name);
	nest = nl_nest(nl, IFLA_LINKINFO);
	nl_put_string(nl, IFLA_INFO_KIND, "wireguard");
	nl_nest_end(nl, nest);
	err = nl_talk(nl) ?: link_get(nl, name, &info);
	return err ? err : info.index;
}

static int wireguard_begin(struct nl *nl, uint8_t cmd, uint16_t flags, int index)
{
	const struct genlmsghdr g = {.cmd = cmd, .version = WG_GENL_VERSION};
	int family = nl_family(nl, WG_GENL_NAME);

	if (family < 0)
		return family;
	nl_begin(nl, (uint16_t)family, flags, &g, sizeof(g));
	nl_put_u32(nl, WGDEVICE_A_IFINDEX, (uint32_t)index);
	return 0;
}

static int wireguard_set_device(struct nl *nl, int index, const uint8_t private[WG_KEY_LEN],
				uint16_t port)
{
	int err = wireguard_begin(nl, WG_CMD_SET_DEVICE, 0, index);

	if (err)
		return err;
	nl_put_u32(nl, WGDEVICE_A_FLAGS, WGDEVICE_F_REPLACE_PEERS);
	nl_put(nl, WGDEVICE_A_PRIVATE_KEY, private, WG_KEY_LEN);
	nl_put_u16(nl, WGDEVICE_A_LISTEN_PORT, port);
	return nl_talk(nl);
}

static void wireguard_put_networks(struct nl *nl, const struct ip_addr *a, unsigned int n)
{
	size_t all = nl_nest(nl, WGPEER_A_ALLOWEDIPS), one;

	for (unsigned int i = 0; i < n; i++) {
		one = nl_nest(nl, 0);
		nl_put_u16(nl, WGALLOWEDIP_A_FAMILY, a[i].family);
		nl_put(nl, WGALLOWEDIP_A_IPADDR, a[i].bytes, ip_len(&a[i]));
		nl_put_u8(nl, WGALLOWEDIP_A_CIDR_MASK, (uint8_t)a[i].prefix);
		nl_nest_end(nl, one);
	}
	nl_nest_end(nl, all);
}

static int wireguard_set_peer(struct nl *nl, int index, const struct wg_peer *p,
			      const struct sockaddr_in *far, unsigned int from)
{
	unsigned int n = p->nallowed - from < NETWORKS ? p->nallowed - from : NETWORKS;
	uint32_t peers, peer;
	int err = wireguard_begin(nl, WG_CMD_SET_DEVICE, 0, index);

	if (err)
		return err;
	peers = nl_nest(nl, WGDEVICE_A_PEERS);
	peer = nl_nest(nl, 0);
	nl_put(nl, WGPEER_A_PUBLIC_KEY, p->public_key, WG_KEY_LEN);
	nl_put_u32(nl, WGPEER_A_FLAGS, from ? WGPEER_F_UPDATE_ONLY : WGPEER_F_REPLACE_ALLOWEDIPS);
	if (!from && p->has_psk)
		nl_put(nl, WGPEER_A_PRESHARED_KEY, p->preshared_key, WG_KEY_LEN);
	if (!from && far->sin_port)
		nl_put(nl, WGPEER_A_ENDPOINT, far, sizeof(*far));
	if (!from && p->keepalive)
		nl_put_u16(nl, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, p->keepalive);
	wireguard_put_networks(nl, p->allowed + from, n);
	nl_nest_end(nl, peer);
	nl_nest_end(nl, peers);
	return nl_talk(nl);
}

int wireguard_set(struct nl *nl, int index, const struct wgconf *c, uint16_t port,
		  const struct sockaddr_in *far)
{
	int err = wireguard_set_device(nl, index, c->private_key, port);

	for (unsigned int i = 0; i < c->npeers; i++) {
		for (unsigned int from = 0; from < c->peers[i].nallowed && !err; from += NETWORKS)
			err = wireguard_set_peer(nl, index, &c->peers[i], &far[i], from);
	}
	explicit_bzero(nl->req.bytes, sizeof(nl->req.bytes));
	return err;
}

/* Payloads are aligned to four bytes only. */
static uint64_t wireguard_u64(const struct nlattr *a)
{
	const void *p = nl_payload(a, sizeof(uint64_t));
	uint64_t n = 0;

	if (p)
		memcpy(&n, p, sizeof(n));
	return n;
}

static void wireguard_each_peer(const struct nlattr *peers,
				void (*fn)(const struct nlattr *peer, void *arg), void *arg)
{
	const struct nlattr *peer;
	size_t left, len;

	if (!peers)
		return;
	left = peers->nla_len - NLA_HDRLEN;
	peer = (const void *)((const uint8_t *)peers + NLA_HDRLEN);
	while (left >= NLA_HDRLEN && peer->nla_len >= NLA_HDRLEN && peer->nla_len <= left) {
		fn(peer, arg);
		len = NLA_ALIGN(peer->nla_len);
		if (len > left)
			break;
		left -= len;
		peer = (const void *)((const uint8_t *)peer + len);
	}
}

static void wireguard_peer(const struct nlattr *peer, void *arg)
{
	const struct nlattr *at[WGPEER_A_MAX + 1];
	struct wireguard_state *s = arg;
	int64_t last;

	nl_nested(peer, at, WGPEER_A_MAX);
	last = (int64_t)wireguard_u64(at[WGPEER_A_LAST_HANDSHAKE_TIME]);
	s->handshakes += last != 0;
	if (last > s->last)
		s->last = last;
	s->rx += wireguard_u64(at[WGPEER_A_RX_BYTES]);
	s->tx += wireguard_u64(at[WGPEER_A_TX_BYTES]);
}

static int wireguard_part(const struct nlmsghdr *m, void *arg)
{
	const struct nlattr *at[WGDEVICE_A_MAX + 1];
	struct wireguard_state *s = arg;
	const void *key;

	nl_attrs(m, GENL_HDRLEN, at, WGDEVICE_A_MAX);
	key = nl_payload(at[WGDEVICE_A_PUBLIC_KEY], WG_KEY_LEN);
	if (key)
		memcpy(s->public_key, key, WG_KEY_LEN);
	wireguard_each_peer(at[WGDEVICE_A_PEERS], wireguard_peer, s);
	return 0;
}

int wireguard_get(struct nl *nl, int index, struct wireguard_state *s)
{
	int err = wireguard_begin(nl, WG_CMD_GET_DEVICE, NLM_F_DUMP, index);

	memset(s, 0, sizeof(*s));
	if (!err)
		err = nl_dump(nl, wireguard_part, s);
	explicit_bzero(nl->reply.bytes, sizeof(nl->reply.bytes)); /* it has the keys */
	return err;
}

#define GREETED 16 /* peers; a tunnel has no more with an endpoint */

struct greeted {
	unsigned int n;
	struct {
		uint8_t key[WG_KEY_LEN];
		uint16_t keepalive;
	} peer[GREETED];
};

static void wireguard_note_peer(const struct nlattr *peer, void *arg)
{
	const struct nlattr *at[WGPEER_A_MAX + 1];
	struct greeted *g = arg;
	const void *key;
	const uint16_t *s;

	nl_nested(peer, at, WGPEER_A_MAX);
	key = nl_payload(at[WGPEER_A_PUBLIC_KEY], WG_KEY_LEN);
	s = nl_payload(at[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL], sizeof(*s));
	if (!key || !at[WGPEER_A_ENDPOINT] || g->n == GREETED)
		return;
	memcpy(g->peer[g->n].key, key, WG_KEY_LEN);
	g->peer[g->n++].keepalive = s ? *s : 0;
}

static int wireguard_note_part(const struct nlmsghdr *m, void *arg)
{
	const struct nlattr *at[WGDEVICE_A_MAX + 1];

	nl_attrs(m, GENL_HDRLEN, at, WGDEVICE_A_MAX);
	wireguard_each_peer(at[WGDEVICE_A_PEERS], wireguard_note_peer, arg);
	return 0;
}

static int wireguard_set_keepalive(struct nl *nl, int index, const uint8_t key[WG_KEY_LEN],
				   uint16_t seconds)
{
	int err = wireguard_begin(nl, WG_CMD_SET_DEVICE, 0, index);
	uint32_t peers, peer;

	if (err)
		return err;
	peers = nl_nest(nl, WGDEVICE_A_PEERS);
	peer = nl_nest(nl, 0);
	nl_put(nl, WGPEER_A_PUBLIC_KEY, key, WG_KEY_LEN);
	nl_put_u32(nl, WGPEER_A_FLAGS, WGPEER_F_UPDATE_ONLY);
	nl_put_u16(nl, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, seconds);
	nl_nest_end(nl, peer);
	nl_nest_end(nl, peers);
	return nl_talk(nl);
}

/* WireGuard sends a message when the interval becomes one from none. */
int wireguard_greet(struct nl *nl, int index)
{
	struct greeted g = {0};
	int err = wireguard_begin(nl, WG_CMD_GET_DEVICE, NLM_F_DUMP, index);

	if (!err)
		err = nl_dump(nl, wireguard_note_part, &g);
	explicit_bzero(nl->reply.bytes, sizeof(nl->reply.bytes)); /* it has the keys */
	for (unsigned int i = 0; i < g.n && !err; i++) {
		const uint8_t *key = g.peer[i].key;
		uint16_t keepalive = g.peer[i].keepalive;

		err = wireguard_set_keepalive(nl, index, key, 0);
		if (!err)
			err = wireguard_set_keepalive(nl, index, key, keepalive ? keepalive : 1);
		if (!err && !keepalive)
			err = wireguard_set_keepalive(nl, index, key, 0);
	}
	return err;
}

int wireguard_public(struct nl *nl, int index, const uint8_t private[WG_KEY_LEN],
		     uint8_t public[WG_KEY_LEN])
{
	struct wireguard_state s;
	int err = wireguard_set_device(nl, index, private, 0);

	explicit_bzero(nl->req.bytes, sizeof(nl->req.bytes));
	if (!err)
		err = wireguard_get(nl, index, &s);
	if (!err)
		memcpy(public, s.public_key, WG_KEY_LEN);
	return err;
}
