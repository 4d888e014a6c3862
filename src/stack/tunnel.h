/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tunnel.h - WireGuard tunnels of the stack's own: interfaces whose packets leave by back end wg.
 */
#ifndef PERSONA_STACK_TUNNEL_H
#define PERSONA_STACK_TUNNEL_H

#include <stdbool.h>
#include <stddef.h>
#include "netconf/netlink.h"

struct iface_spec;
struct netconf_iface;
struct wireguard_state;

#define TUNNEL_LOWER "wglink" /* what the names of lower interfaces begin with */

/**
 * tunnel_lower() - name inside of the interface that a tunnel's packets leave by
 * @number: of the interface
 *
 * Return: a static string.
 */
const char *tunnel_lower(unsigned int number);

/**
 * tunnel_up() - make the tunnel of an interface whose back end has been added
 * @ifc:    its @index is the lower interface's, and becomes the tunnel's
 * @number: of the interface
 * @why:    on failure one sentence
 *
 * Reads the keys from the file again: no configuration carries them. Return: 0 or -errno.
 */
int tunnel_up(struct netconf_iface *ifc, unsigned int number, const char **why);

/** tunnel_tell_backend() - where its far ends are, as its specification says now. */
void tunnel_tell_backend(struct netconf_iface *ifc, unsigned int number);

/** tunnel_greet() - have the far ends hear where we are now: the host or they may have moved. */
void tunnel_greet(const struct netconf_iface *ifc);

/** tunnel_state() - handshakes and counters of tunnel @ifc; 0 or -errno. Any thread. */
int tunnel_state(const struct netconf_iface *ifc, struct wireguard_state *s);

/** enum tunnel_health - what a tunnel's handshakes say */
enum tunnel_health {
	TUNNEL_GOOD,
	TUNNEL_UNUSED,	/* nothing was sent yet */
	TUNNEL_SILENT,	/* nothing was ever received */
	TUNNEL_REFUSED, /* something was, but there was no handshake */
};

/** tunnel_health() - of tunnel @ifc, which is interface @number. Any thread. */
enum tunnel_health tunnel_health(const struct netconf_iface *ifc, unsigned int number);

/**
 * tunnel_holds() - does what programs send by tunnel @ifc wait for a handshake?
 * @call:   calls into the stack
 * @number: of the interface
 *
 * So it is if something was sent and there is no session. Any thread. Return: false if unknown.
 */
bool tunnel_holds(nl_call_fn *call, const struct netconf_iface *ifc, unsigned int number);

/** tunnel_complaint() - one sentence of what is wrong and what to look at, into @text. */
void tunnel_complaint(const struct netconf_iface *ifc, enum tunnel_health health, char *text,
		      size_t len);

/** tunnel_mtu() - MTU of a tunnel over a link of @link bytes: less the outer headers. */
unsigned int tunnel_mtu(const struct iface_spec *s, unsigned int link);

/** tunnel_has_way() - has host interface @index an address to reach an endpoint from? */
bool tunnel_has_way(const struct iface_spec *s, int index);

#endif /* PERSONA_STACK_TUNNEL_H */
