/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * link.h - interfaces and addresses by rtnetlink.
 *
 * The same operations serve the stack inside and the host outside; which one
 * is meant is the struct nl's matter (NETLINK_ROUTE). All return 0 or -errno
 * unless they say otherwise; nl->ext may have the kernel's own words.
 */
#ifndef PERSONA_NETCONF_LINK_H
#define PERSONA_NETCONF_LINK_H

#include "netconf/netlink.h"
#include "netconf/spec.h"

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
 * struct link_addr - an address as an interface has it
 * @flags: IFA_F_*
 * @local: of the link only (fe80::/10)
 */
struct link_addr {
	struct ip_addr addr;
	uint32_t flags;
	bool local;
};

int link_get(struct nl *nl, const char *name, struct link_info *info);

/** link_list() - call @each for every interface until it returns non-zero. */
int link_list(struct nl *nl, int (*each)(const struct link_info *info, void *arg), void *arg);

/** link_set() - set MTU and MAC where given (0, NULL: leave), then bring up. */
int link_set(struct nl *nl, int index, unsigned int mtu, const uint8_t *mac);

/** link_queue() - @packets may wait to be sent (txqueuelen, ip-link(8)). Return: 0 or -errno. */
int link_queue(struct nl *nl, int index, uint32_t packets);

/** link_no_addrgen() - the kernel shall not give the interface a link-local address itself. */
int link_no_addrgen(struct nl *nl, int index);

/** link_carrier() - tell an interface that is up whether its link is there; takes frames at return.
 */
int link_carrier(struct nl *nl, int index, bool on);

/** link_addr_add() - add an address, usable at once (no duplicate detection). */
int link_addr_add(struct nl *nl, int index, const struct ip_addr *a);

/**
 * link_addr_wait() - until an address that was added is the stack's own
 *
 * Linux makes an IPv6 address' local route in its own time, by a work item. What is sent
 * to the address before leaves by the link, and a socket connected then stays so.
 * Nothing to wait for: IPv4, link-local addresses.
 *
 * Return: 0; -ETIMEDOUT after 100 ms, as on a link that is down.
 */
int link_addr_wait(struct nl *nl, const struct ip_addr *a);

/** link_addr_prefer() - set whether an address that is there serves new connections. */
int link_addr_prefer(struct nl *nl, int index, const struct ip_addr *a, bool prefer);

int link_addr_del(struct nl *nl, int index, const struct ip_addr *a);

/**
 * link_addr_list() - call @each for every usable address until it returns non-zero
 * @index: interface; 0: of all interfaces
 *
 * Usable: neither tentative nor found to be a duplicate.
 */
int link_addr_list(struct nl *nl, int index, int (*each)(const struct link_addr *a, void *arg),
		   void *arg);

/**
 * link_addrs() - usable global addresses of an interface
 * @index: interface; 0: of all interfaces
 *
 * Return: how many were stored in @out, at most @max, or -errno.
 */
int link_addrs(struct nl *nl, int index, struct ip_addr *out, unsigned int max);

#endif /* PERSONA_NETCONF_LINK_H */
