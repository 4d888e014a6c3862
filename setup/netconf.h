/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * netconf.h - interfaces with addresses, routes, rules and MPTCP endpoints.
 */
#ifndef PERSONA_NETCONF_H
#define PERSONA_NETCONF_H

#include "setup/netlink.h"
#include "setup/spec.h"

struct backend;

#define NETCONF_TABLE  100  /* routing table of interface 0, counting up */
#define NETCONF_METRIC 100  /* metric of its default route in the main table */
#define NETCONF_RULE   1000 /* priority of its rules */

/**
 * struct netconf_iface - an interface to configure
 * @spec:  addresses, gateways, MTU, MAC, name
 * @index: interface index in the Linux that is configured
 * @rawip: no link header, so no gateway address is needed to leave by it
 * @be:	   the back end itself, whatever is wrapped around it; for stack.c's users
 */
struct netconf_iface {
	const struct iface_spec *spec;
	int index;
	bool rawip;
	struct backend *be;
};

/**
 * netconf_apply() - configure a Linux that has nothing configured yet
 * @call: which one: engine_syscall() or netlink_host_call()
 * @ifs:  interfaces in order of preference
 * @why:  on failure one sentence
 *
 * Return: 0 or -errno; on failure the Linux is left half configured.
 */
int netconf_apply(nl_call_fn *call, const struct netconf_iface *ifs, unsigned int n,
		  const char **why);

#endif /* PERSONA_NETCONF_H */
