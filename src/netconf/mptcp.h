/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mptcp.h - MPTCP's in-kernel path manager, by generic netlink.
 */
#ifndef PERSONA_NETCONF_MPTCP_H
#define PERSONA_NETCONF_MPTCP_H

#include "netconf/netlink.h"
#include "netconf/spec.h"

#define MPTCP_MAX_ENDPOINTS 8 /* the kernel's own maximum, of limits as well */

/**
 * mptcp_limits() - how many further subflows a connection may have
 * @nl:	      NETLINK_GENERIC
 * @subflows: at most MPTCP_MAX_ENDPOINTS
 * @accepted: announced addresses of the peer that are used
 *
 * Return: 0, -ENOENT if the kernel has no MPTCP, or another -errno.
 */
int mptcp_limits(struct nl *nl, uint32_t subflows, uint32_t accepted);

/** enum mptcp_endpoint - what an endpoint is beside `subflow` */
enum mptcp_endpoint {
	MPTCP_FULLMESH = 1, /* to each address that the peer announces, too, and not only to the one
			     * that the connection began with */
	MPTCP_BACKUP = 2,   /* both ends use it while they have no other */
};

/**
 * mptcp_endpoint_add() - further subflows may leave from @a by interface @index
 * @nl:	      NETLINK_GENERIC
 * @a:	      the address
 * @index:    of its interface
 * @flags:    of enum mptcp_endpoint
 *
 * Connections that exist open one at once. The kernel chooses the endpoint's
 * identifier; -ERANGE if it has MPTCP_MAX_ENDPOINTS already.
 */
int mptcp_endpoint_add(struct nl *nl, const struct ip_addr *a, int index, unsigned int flags);

/**
 * mptcp_endpoint_flags() - it has these flags now
 * @flags: of enum mptcp_endpoint
 *
 * Of each connection the peer is told by MP_PRIO for the first subflow from @a; further ones
 * from the same address keep what they have. Return: 0, -EINVAL if @a is no endpoint, or another
 * -errno.
 */
int mptcp_endpoint_flags(struct nl *nl, const struct ip_addr *a, unsigned int flags);

/**
 * mptcp_endpoint_del() - close all subflows from @a, tell the peers, open no more
 *
 * Return: 0, -ENOENT if @a is no endpoint, or another -errno.
 */
int mptcp_endpoint_del(struct nl *nl, const struct ip_addr *a);

#endif /* PERSONA_NETCONF_MPTCP_H */
