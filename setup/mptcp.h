/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mptcp.h - MPTCP's in-kernel path manager, by generic netlink.
 */
#ifndef PERSONA_MPTCP_H
#define PERSONA_MPTCP_H

#include "setup/netlink.h"
#include "setup/spec.h"

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

/**
 * mptcp_endpoint() - further subflows may leave from @a by interface @index
 * @id: 1..255, unique; the peer sees it
 */
int mptcp_endpoint(struct nl *nl, const struct ip_addr *a, int index, uint8_t id);

#endif /* PERSONA_MPTCP_H */
