/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * spec.h - the interface specification of `persona run -i`.
 *
 *   [BACKEND:]IFNAME[,ip=ADDR/LEN]...[,gw=ADDR]...[,mac=MAC][,mtu=N][,name=NAME][,ROLE]
 *   wg:IFNAME,conf=FILE[,endpoint=HOST:PORT][,mtu=N][,name=NAME][,ROLE]
 *
 * ROLE is `backup` or `metered` (enum path_role).
 *
 * IFNAME is a descriptor's number for back end fd, may be one for wg (fd=N), and may be empty
 * for passt.
 *
 * Flat structures without pointers: they travel in a memfd (config.h).
 */
#ifndef PERSONA_NETCONF_SPEC_H
#define PERSONA_NETCONF_SPEC_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPEC_MAX_ADDRS	8
#define SPEC_MAX_ROUTES 16
#define SPEC_MAX_FARS	16   /* far ends of a tunnel */
#define SPEC_MAX_CONF	1024 /* bytes of a path */

/**
 * struct ip_addr - an address, perhaps with prefix length
 * @family: AF_INET or AF_INET6; 0 where there is none
 * @prefix: prefix length in bits
 * @bytes:  4 or 16 bytes in network order
 */
struct ip_addr {
	uint16_t family;
	uint16_t prefix;
	uint8_t bytes[16];
};

/* A route beside the default one; a gateway of family 0: on the link. */
struct ip_route {
	struct ip_addr dst;
	struct ip_addr gw;
};

/* Where the far end of a tunnel is. */
struct ip_end {
	struct ip_addr addr;
	uint16_t port;
};

/** enum path_role - what a path is for, in the order in which paths are used */
enum path_role {
	PATH_ACTIVE,
	PATH_BACKUP,  /* while no active path is there */
	PATH_METERED, /* bytes cost money: while no other path is there; not asked while idle */
	PATH_ROLES,
};

#define IP_ADDR_TEXT 64 /* bytes enough for "ADDRESS/LEN" */

/**
 * struct iface_spec - one -i
 * @backend: name of the back end; "" if it is to be chosen by the link's type
 * @ifname:  interface of the host; fd: the number; passt: "" if none is named
 * @name:    name inside the stack; fd: "" until the device is known, if none is given
 * @follow:  addresses, routes and link state are the host interface's, and follow them
 * @naddrs:  0 if the host interface's addresses are to be taken over
 * @addr:    addresses, of each family the preferred one first
 * @deprecated: that address serves what it serves already, but nothing new
 * @local6:  link-local address as the host has it, if its family is set (@follow)
 * @gw4:     IPv4 gateway, if its family is set
 * @gw6:     IPv6 gateway, likewise
 * @fixed4, @fixed6: the gateway was given, and stays whatever the host's is
 * @gw4_mac, @gw6_mac: where the host has found the gateway; zeros: unknown
 * @route:   more specific routes (@follow)
 * @mtu:     0 if the host interface's
 * @conf:    wg: the tunnel's configuration file
 * @endpoint: wg: HOST:PORT in place of the file's, or ""
 * @section: wg: which of the file's sections (wgconf.h)
 * @nfars, @far: wg: the endpoints, resolved, in the order of the file's peers that have one
 * @named:   wg: a bit for each of them whose endpoint is a name
 * @limited4, @limited6: no default route of that family: @route is all that there is
 * @role:    what the path is for; may change while it runs (stack/steering.h)
 */
struct iface_spec {
	char backend[16];
	char ifname[IF_NAMESIZE];
	char name[IF_NAMESIZE];
	bool follow;
	uint32_t naddrs;
	struct ip_addr addr[SPEC_MAX_ADDRS];
	bool deprecated[SPEC_MAX_ADDRS];
	struct ip_addr local6;
	struct ip_addr gw4;
	struct ip_addr gw6;
	bool fixed4, fixed6;
	uint8_t gw4_mac[6];
	uint8_t gw6_mac[6];
	uint32_t nroutes;
	struct ip_route route[SPEC_MAX_ROUTES];
	uint32_t mtu;
	bool has_mac;
	uint8_t mac[6];
	char conf[SPEC_MAX_CONF];
	char endpoint[300];
	uint32_t section;
	uint32_t nfars;
	struct ip_end far[SPEC_MAX_FARS];
	uint32_t named;
	bool limited4, limited6;
	enum path_role role;
};

/**
 * spec_parse() - parse the argument of -i
 * @text: specification
 * @s:	  result
 * @why:  on failure one sentence: the thing, the reason, the remedy
 *
 * Pure: does not look whether the interface exists. Return: 0 or -EINVAL.
 */
int spec_parse(const char *text, struct iface_spec *s, const char **why);

/** path_role_name() - "active", "backup", "metered" */
const char *path_role_name(enum path_role role);

/** path_role_find() - by its name; PATH_ROLES: it is none. */
enum path_role path_role_find(const char *name);

/** ip_parse() - address without prefix ("10.0.0.1", "fd00::1"); 0 or -EINVAL. */
int ip_parse(const char *text, struct ip_addr *a);

/** ip_format() - "ADDRESS", or "ADDRESS/LEN" if @prefix; returns @buf. */
const char *ip_format(const struct ip_addr *a, bool prefix, char buf[IP_ADDR_TEXT]);

/** ip_len() - bytes of an address of @a's family: 4 or 16. */
unsigned int ip_len(const struct ip_addr *a);

/** ip_equal() - same family and address, whatever the prefix? */
bool ip_equal(const struct ip_addr *a, const struct ip_addr *b);

/** ip_network() - the first bytes of @a up to its prefix, the rest zero. */
void ip_network(const struct ip_addr *a, uint8_t out[16]);

/** ip_same_network() - same family, prefix and network? */
bool ip_same_network(const struct ip_addr *a, const struct ip_addr *b);

/** ip_unfit() - why @a cannot be a host's address on a link ("is ..."); NULL if it can. */
const char *ip_unfit(const struct ip_addr *a);

/** ifname_valid() - may an interface be called so? */
bool ifname_valid(const char *name);

#endif /* PERSONA_NETCONF_SPEC_H */
