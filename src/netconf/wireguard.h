/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * wireguard.h - WireGuard devices by rtnetlink and generic netlink (linux/wireguard.h).
 */
#ifndef PERSONA_NETCONF_WIREGUARD_H
#define PERSONA_NETCONF_WIREGUARD_H

#include <netinet/in.h>
#include <stdbool.h>
#include "netconf/netlink.h"
#include "netconf/wgconf.h"

/**
 * struct wireguard_state - what a device says of itself
 * @handshakes: peers that have had a handshake
 * @last:       when the latest was, CLOCK_REALTIME seconds of the stack; 0: none
 * @rx, @tx:    bytes inside, of all peers
 * @public_key: the device's own
 */
struct wireguard_state {
	unsigned int handshakes;
	int64_t last;
	uint64_t rx, tx;
	uint8_t public_key[WG_KEY_LEN];
};

/**
 * wireguard_add() - make device @name, down, without peers
 * @nl: NETLINK_ROUTE
 *
 * Return: its index; -EOPNOTSUPP (a personality without WireGuard), -EEXIST or another -errno.
 */
int wireguard_add(struct nl *nl, const char *name);

/**
 * wireguard_set() - give a device its keys and peers
 * @nl:   NETLINK_GENERIC, by nl_open_secret(), since keys pass through it; wiped afterwards
 * @c:    keys and peers
 * @port: to listen on
 * @far:  for each peer where it is; one without a port has no endpoint
 *
 * Return: 0 or -errno; -ENOENT: a personality without WireGuard.
 */
int wireguard_set(struct nl *nl, int index, const struct wgconf *c, uint16_t port,
		  const struct sockaddr_in *far);

/**
 * wireguard_public() - give a device a private key alone, and learn its public one
 * @nl: as of wireguard_set()
 *
 * Return: 0 or -errno.
 */
int wireguard_public(struct nl *nl, int index, const uint8_t private[WG_KEY_LEN],
		     uint8_t public[WG_KEY_LEN]);

/** wireguard_get() - the state of a device; 0 or -errno. @nl: as of wireguard_set() */
int wireguard_get(struct nl *nl, int index, struct wireguard_state *s);

/**
 * wireguard_greet() - have a device send its peers a message now, so that they hear where it is
 * @nl: NETLINK_GENERIC; what it had of keys is wiped afterwards
 *
 * It is an empty one of the session, or a handshake without one. Return: 0 or -errno.
 */
int wireguard_greet(struct nl *nl, int index);

#endif /* PERSONA_NETCONF_WIREGUARD_H */
