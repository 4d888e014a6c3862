/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * links.h - interfaces, addresses and default routes of a stack, for its report.
 */
#ifndef PERSONA_CONTROL_LINKS_H
#define PERSONA_CONTROL_LINKS_H

#include <net/if.h>
#include <stdint.h>
#include "lib/json.h"
#include "netconf/netlink.h"
#include "netconf/spec.h"

#define LINKS_MAX   16
#define LINKS_ADDRS 64

/**
 * struct links - interfaces and their addresses, for the rest of the report
 */
struct links {
	struct json *j;
	nl_call_fn *call;
	struct {
		int index;
		char name[IF_NAMESIZE];
	} link[LINKS_MAX];
	unsigned int nlinks;
	struct {
		uint32_t index;
		struct ip_addr addr;
	} addr[LINKS_ADDRS];
	unsigned int naddrs;
};

/** links_put() - fill in zeroed @l and append "interfaces" and "routes" to l->j; 0 or -errno. */
int links_put(nl_call_fn *call, struct links *l);

/** links_name() - the name of interface @index, or "". */
const char *links_name(const struct links *l, int index);

/** links_owner() - the interface that has address @a, or "". */
const char *links_owner(const struct links *l, const struct ip_addr *a);

/** links_ip() - take an address out of an attribute; family 0: it has none. */
void links_ip(struct ip_addr *a, int family, const struct nlattr *from);

/** links_put_ip() - append an address, unless its family is 0. */
void links_put_ip(struct json *j, const char *key, const struct ip_addr *a, bool prefix);

/** links_u32() - a number out of an attribute; 0 without one. */
uint32_t links_u32(const struct nlattr *a);

#endif /* PERSONA_CONTROL_LINKS_H */
