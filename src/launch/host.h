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
 * @shared: receives a bit for each of the addresses (1 << index) that the host itself has as well
 * @why:    one sentence on failure
 *
 * Without ip= the addresses of the host interface are taken, and the gateways
 * that gw= does not name; behind passt, fixed ones. Return: 0 or -errno.
 */
int host_fill(struct iface_spec *s, uint32_t *shared, const char **why);

#endif /* PERSONA_LAUNCH_HOST_H */
