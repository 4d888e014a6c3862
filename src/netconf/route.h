/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * route.h - routes, rules and neighbours by rtnetlink; see link.h.
 */
#ifndef PERSONA_NETCONF_ROUTE_H
#define PERSONA_NETCONF_ROUTE_H

#include "netconf/netlink.h"
#include "netconf/spec.h"

#define LINK_TABLE_MAIN 254

/**
 * struct link_route - a route
 * @oif:    interface
 * @family: AF_INET or AF_INET6
 * @dst:    destination; NULL is the default route
 * @gw:	    gateway, taken to be on the link whatever its address; NULL if none
 * @src:    preferred source address, or NULL
 * @table:  routing table
 * @metric: 0 for the kernel's default
 * @unreachable: what takes this route is refused; has neither interface nor gateway
 */
struct link_route {
	int oif;
	int family;
	const struct ip_addr *dst;
	const struct ip_addr *gw;
	const struct ip_addr *src;
	uint32_t table;
	uint32_t metric;
	bool unreachable;
};

/** link_route_add() - add a route, in place of one with its destination, table and metric. */
int link_route_add(struct nl *nl, const struct link_route *r);

/** link_route_add_new() - the same, but where another has them it stays: -EEXIST. */
int link_route_add_new(struct nl *nl, const struct link_route *r);

int link_route_del(struct nl *nl, const struct link_route *r);

/**
 * link_routes() - routes to more than the interface's networks and less than all
 * @out: receives at most @max, of any table, each destination once
 *
 * Return: how many, or -errno.
 */
int link_routes(struct nl *nl, int index, int family, struct ip_route *out, unsigned int max);

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

int link_rule_del(struct nl *nl, const struct ip_addr *from, uint32_t table, uint32_t priority);

/** link_neigh_get() - Ethernet address of neighbour @a; -ENOENT if it is not known. */
int link_neigh_get(struct nl *nl, int index, const struct ip_addr *a, uint8_t mac[6]);

/** link_neigh_add() - take a neighbour's address for likely: used, and verified. */
int link_neigh_add(struct nl *nl, int index, const struct ip_addr *a, const uint8_t mac[6]);

/**
 * link_neigh_ask() - ask neighbour @a for its Ethernet address now, known or not (ARP, ND)
 *
 * Needs no route. Return: 0, then link_neigh_answered() tells; or -errno.
 */
int link_neigh_ask(struct nl *nl, int index, const struct ip_addr *a);

/** link_neigh_answered() - 0 if neighbour @a has answered; -ENOENT if not (yet). */
int link_neigh_answered(struct nl *nl, int index, const struct ip_addr *a);

#endif /* PERSONA_NETCONF_ROUTE_H */
