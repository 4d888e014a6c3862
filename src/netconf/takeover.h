/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * takeover.h - what the host has configured on one of its interfaces.
 */
#ifndef PERSONA_NETCONF_TAKEOVER_H
#define PERSONA_NETCONF_TAKEOVER_H

#include "netconf/link.h"
#include "netconf/spec.h"

/**
 * takeover_read() - read an interface of the host
 * @nl:	  NETLINK_ROUTE of the host
 * @s:	  in: @ifname, @follow, and gateways that are @fixed4, @fixed6; out: if
 *	  @follow, addresses, other gateways and routes are the host's
 * @link: receives index, flags, MTU and MAC
 *
 * Return: 0 (an interface without addresses included), -ENODEV, or another
 * -errno; @s is then undefined.
 */
int takeover_read(struct nl *nl, struct iface_spec *s, struct link_info *link);

#endif /* PERSONA_NETCONF_TAKEOVER_H */
