/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * host.h - fill an interface specification from the host's configuration.
 */
#ifndef PERSONA_LAUNCH_HOST_H
#define PERSONA_LAUNCH_HOST_H

#include "netconf/spec.h"

/**
 * host_fill() - take over what the specification leaves open
 * @s:	    specification with its back end chosen
 * @shared: receives an address that the host itself has as well, family 0 if
 *	    there is none
 * @why:    one sentence on failure
 *
 * Without ip= the addresses of the host interface are taken, and the gateways
 * that gw= does not name; behind passt, fixed ones. Return: 0 or -errno.
 */
int host_fill(struct iface_spec *s, struct ip_addr *shared, const char **why);

#endif /* PERSONA_LAUNCH_HOST_H */
