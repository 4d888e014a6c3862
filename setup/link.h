/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * link.h - interfaces, addresses, routes and rules by rtnetlink.
 *
 * The same operations serve the stack inside and the host outside; which one
 * is meant is the struct nl's matter (NETLINK_ROUTE). All return 0 or -errno
 * unless they say otherwise; nl->ext may have the kernel's own words.
 */
#ifndef PERSONA_LINK_H
#define PERSONA_LINK_H

#include "setup/netlink.h"
#include "setup/spec.h"

#define LINK_TABLE_MAIN 254

/**
 * struct link_info - an interface
 * @type:  ARPHRD_*
 * @flags: IFF_*
 */
struct link_info {
	int index;
	unsigned int type;
	unsigned int flags;
	unsigned int mtu;
	uint8_t mac[6];
	char name[IF_NAMESIZE];
};

/**
 * struct link_route - a route
 * @oif:    interface
 * @family: AF_INET or AF_INET6
 * @dst:    destination; NULL is the default route
 * @gw:	    gateway, taken to be on the link whatever its address; NULL if none
 * @src:    preferred source address, or NULL
 * @table:  routing table
 * @metric: 0 for the kernel's default
 */
struct link_route {
	int oif;
	int family;
	const struct ip_addr *dst;
	const struct ip_addr *gw;
	const struct ip_addr *src;
	uint32_t table;
	uint32_t metric;
};

int link_get(struct nl *nl, const char *name, struct link_info *info);

/** link_list() - call @each for every interface until it returns non-zero. */
int link_list(struct nl *nl, int (*each)(const struct link_info *info, void *arg), void *arg);

/** link_set() - set MTU and MAC where given (0, NULL: leave), then bring up. */
int link_set(struct nl *nl, int index, unsigned int mtu, const uint8_t *mac);

/** link_addr_add() - add an address, usable at once (no duplicate detection). */
int link_addr_add(struct nl *nl, int index, const struct ip_addr *a);

/**
 * link_addrs() - usable global addresses of an interface
 * @index: interface; 0: of all interfaces
 *
 * Return: how many were stored in @out, at most @max, or -errno.
 */
int link_addrs(struct nl *nl, int index, struct ip_addr *out, unsigned int max);

int link_route_add(struct nl *nl, const struct link_route *r);

/**
 * link_default_gw() - gateway of an interface's default route, of any table
 * @index: interface; 0: any
 * @gw: receives it; family 0 if the route has none
 *
 * Return: 0, or -ENOENT if there is no default route by that interface.
 */
int link_default_gw(struct nl *nl, int index, int family, struct ip_addr *gw);

/** link_rule_add() - packets from address @from look up @table. */
int link_rule_add(struct nl *nl, const struct ip_addr *from, uint32_t table, uint32_t priority);

#endif /* PERSONA_LINK_H */
