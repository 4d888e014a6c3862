/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * netconf.h - interfaces with addresses, routes, rules and MPTCP endpoints.
 */
#ifndef PERSONA_NETCONF_NETCONF_H
#define PERSONA_NETCONF_NETCONF_H

#include "netconf/netlink.h"
#include "netconf/spec.h"

struct backend;

#define NETCONF_TABLE  100  /* routing table of interface 0, counting up */
#define NETCONF_METRIC 100  /* metric of its default route in the main table, */
#define NETCONF_ROLE   100  /* and so much more for each role that it is behind */
#define NETCONF_RULE   1000 /* priority of its rules */

/**
 * struct netconf_iface - an interface to configure
 * @spec:  addresses, gateways, MTU, MAC, name
 * @index: interface index in the Linux that is configured
 * @rawip: no link header, so no gateway address is needed to leave by it
 * @lower: of a tunnel: index of the interface that its packets leave by, which has the carrier;
 *	   else 0
 * @backup: MPTCP uses it while it has no other path. What its endpoints get that are made from
 *	   now on; netconf_backup() changes those that are there
 * @be:	   the back end itself, whatever is wrapped around it; for stack.c's users
 */
struct netconf_iface {
	const struct iface_spec *spec;
	int index;
	int lower;
	bool rawip;
	bool backup;
	struct backend *be;
};

/**
 * struct netconf_state - what an interface is, or shall be
 * @spec:  addresses, gateways, routes
 * @up:	   it has its link: MPTCP may use it
 * @aside: it has its link, but the path is dead: neither MPTCP nor new connections use it
 * @role:  new connections prefer paths of the better one
 */
struct netconf_state {
	const struct iface_spec *spec;
	bool up;
	bool aside;
	enum path_role role;
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

/**
 * netconf_update() - change one interface of a configured Linux
 * @call:   which one
 * @ifc:    the interface; its own @spec is looked at for the name alone
 * @number: its place in the order of preference
 * @from:   what it is now
 * @to:	    what it shall be; both may share parts, nothing of them is kept
 * @why:    on failure one sentence about the first thing that failed
 *
 * Connections from addresses that stay are not touched. Link, MTU and MAC are the
 * caller's (link.h). Not for two threads at a time with one interface.
 *
 * Return: 0, or the first -errno; the rest of the difference is applied even then.
 */
int netconf_update(nl_call_fn *call, const struct netconf_iface *ifc, unsigned int number,
		   struct netconf_state from, struct netconf_state to, const char **why);

/**
 * netconf_backup() - have the endpoints of an interface as its @backup says, and tell the peers
 * @state: of the interface; its endpoints are there if it is up and not aside
 *
 * A connection may have several subflows from one address (a tunnel's endpoint is `fullmesh`), and
 * Linux changes but one of them: then the endpoint is made again, and the others' data goes on by
 * the new ones. Not for two threads at a time with one interface. Return: 0 or -errno.
 */
int netconf_backup(nl_call_fn *call, const struct netconf_iface *ifc, struct netconf_state state,
		   const char **why);

#endif /* PERSONA_NETCONF_NETCONF_H */
