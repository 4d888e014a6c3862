/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tunnels.h - WireGuard tunnels of a stack, for its report.
 */
#ifndef PERSONA_CONTROL_TUNNELS_H
#define PERSONA_CONTROL_TUNNELS_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/json.h"
#include "netconf/netlink.h"
#include "netconf/spec.h"

/** tunnels_put() - append "tunnel" to the open object of interface @index, if it is one. */
void tunnels_put(nl_call_fn *call, struct json *j, int index);

/** tunnels_carries() - is interface @index what a tunnel leaves by inside? */
bool tunnels_carries(int index);

/** tunnels_listens() - is a UDP socket at that end a tunnel's own? Programs cannot have that one.
 */
bool tunnels_listens(const struct ip_addr *local, uint16_t port);

#endif /* PERSONA_CONTROL_TUNNELS_H */
