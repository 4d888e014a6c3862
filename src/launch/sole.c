// SPDX-License-Identifier: GPL-2.0-only
/*
 * sole.c - one run at a time has a tunnel, see sole.h.
 *
 * Theory of operation
 *
 * A server has one session for a key. Two runs with one key would take it from each other at
 * each handshake. So a run has an abstract name (lib/netname.h) that follows from the tunnel;
 * the kernel takes it back when the last holder is gone, however it ended. That needs no file
 * that can be written, and the descriptor leads to no key, as one of the configuration file would.
 * A run that is about to end is waited for.
 *
 * persona holds the name. Inline, so does the program, which may go on when persona has ended, but
 * not what it executes in the background (inline/life.c).
 *
 * The name is made of what the server knows of the client and anybody may know: the peers' public
 * keys, the addresses inside, where the server is. So a copy of a file is seen as well.
 *
 * Limits: names belong to a network namespace of the host; runs in two do not see each other.
 * Another user can take the name on purpose, as they can take a port.
 */
#include <stdint.h>
#include <stdio.h>
#include "launch/sole.h"
#include "lib/netname.h"
#include "netconf/wgconf.h"

#define PATIENCE_MS 2000

static uint64_t sole_mix(uint64_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len--)
		sum = (sum ^ *p++) * 0x100000001b3; /* FNV-1a */
	return sum;
}

static uint64_t sole_sum(const struct iface_spec *s, const struct wgconf *w)
{
	uint64_t sum = 0xcbf29ce484222325;

	for (unsigned int i = 0; i < w->npeers; i++)
		sum = sole_mix(sum, w->peers[i].public_key, WG_KEY_LEN);
	for (unsigned int i = 0; i < s->naddrs; i++)
		sum = sole_mix(sum, s->addr[i].bytes, ip_len(&s->addr[i]));
	for (unsigned int i = 0; i < s->nfars; i++) {
		sum = sole_mix(sum, s->far[i].addr.bytes, ip_len(&s->far[i].addr));
		sum = sole_mix(sum, &s->far[i].port, sizeof(s->far[i].port));
	}
	return sum;
}

int sole_take(const struct iface_spec *s, const struct wgconf *w)
{
	char name[NETNAME_MAX];

	snprintf(name, sizeof(name), "persona-tunnel/%016llx", (unsigned long long)sole_sum(s, w));
	return netname_take(name, PATIENCE_MS);
}
