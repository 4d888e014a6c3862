// SPDX-License-Identifier: GPL-2.0-only
/*
 * spec.c - parser of the interface specification, see spec.h for the grammar.
 *
 * Theory of operation
 *
 * The text is cut at commas; the first field names the interface, each further
 * one is KEY=VALUE and goes to that key's parser by a table, or a role. What can be
 * judged without looking at the machine is judged here: that addresses are
 * addresses of a host, fit each other and the MTU. Fields are copied into a
 * small buffer one at a time, so the text itself stays untouched and no field
 * can be longer than the longest sensible one.
 *
 * No state; safe to call from any thread but for the sentence (why.h).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "backend/backend.h"
#include "backend/opening/hostif.h"
#include "lib/closest.h"
#include "lib/why.h"
#include "netconf/spec.h"

#define MAX_FIELD (SPEC_MAX_CONF + 16)

#define MTU_MIN	     68	  /* RFC 791 */
#define MTU_MIN_IPV6 1280 /* RFC 8200 */
#define MTU_MAX	     65535

static const char *const roles[PATH_ROLES] = {"active", "backup", "metered"};

const char *path_role_name(enum path_role role)
{
	return roles[role];
}

enum path_role path_role_find(const char *name)
{
	enum path_role role = PATH_ACTIVE;

	while (role < PATH_ROLES && strcmp(name, roles[role]))
		role++;
	return role;
}

unsigned int ip_len(const struct ip_addr *a)
{
	return a->family == AF_INET ? 4 : 16;
}

bool ip_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	return a->family == b->family && !memcmp(a->bytes, b->bytes, ip_len(a));
}

void ip_network(const struct ip_addr *a, uint8_t out[16])
{
	unsigned int i;

	for (i = 0; i < ip_len(a); i++) {
		int bits = (int)a->prefix - 8 * (int)i;

		if (bits >= 8)
			out[i] = a->bytes[i];
		else if (bits > 0)
			out[i] = (uint8_t)(a->bytes[i] & (0xff00 >> bits));
		else
			out[i] = 0;
	}
}

bool ip_same_network(const struct ip_addr *a, const struct ip_addr *b)
{
	uint8_t na[16], nb[16];

	if (a->family != b->family || a->prefix != b->prefix)
		return false;
	ip_network(a, na);
	ip_network(b, nb);
	return !memcmp(na, nb, ip_len(a));
}

int ip_parse(const char *text, struct ip_addr *a)
{
	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, text, a->bytes) == 1)
		a->family = AF_INET;
	else if (inet_pton(AF_INET6, text, a->bytes) == 1)
		a->family = AF_INET6;
	else
		return -EINVAL;
	a->prefix = (uint16_t)(ip_len(a) * 8);
	return 0;
}

const char *ip_format(const struct ip_addr *a, bool prefix, char buf[IP_ADDR_TEXT])
{
	char text[INET6_ADDRSTRLEN] = "?";

	inet_ntop(a->family, a->bytes, text, sizeof(text));
	if (prefix)
		snprintf(buf, IP_ADDR_TEXT, "%s/%u", text, a->prefix);
	else
		snprintf(buf, IP_ADDR_TEXT, "%s", text);
	return buf;
}

bool ifname_valid(const char *name)
{
	size_t i, len = strlen(name);

	if (!len || len >= IF_NAMESIZE || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (i = 0; i < len; i++) {
		if (name[i] <= ' ' || name[i] >= 0x7f || strchr("/:%,", name[i]))
			return false;
	}
	return true;
}

const char *ip_unfit(const struct ip_addr *a)
{
	static const uint8_t zero[16];
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	const uint8_t *b = a->bytes;

	if (!memcmp(b, zero, ip_len(a)))
		return "is the unspecified address";
	if (a->family == AF_INET) {
		if (b[0] == 127)
			return "is a loopback address";
		if (b[0] >= 224 && b[0] < 240)
			return "is a multicast address";
		if (b[0] >= 240)
			return "is reserved";
		return b[0] ? NULL : "is reserved";
	}
	if (!memcmp(b, zero, 15) && b[15] == 1)
		return "is a loopback address";
	if (b[0] == 0xff)
		return "is a multicast address";
	if (!memcmp(b, mapped, sizeof(mapped)))
		return "is an IPv4-mapped address: write it as IPv4";
	return NULL;
}

/* Decimal number without sign, blanks or leading garbage. */
static int spec_number(const char *text, unsigned long max, unsigned long *out)
{
	unsigned long n = 0;

	if (!*text || strlen(text) > 9)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		n = n * 10 + (unsigned long)(*text - '0');
	}
	if (n > max)
		return -EINVAL;
	*out = n;
	return 0;
}

static int spec_set_ip(struct iface_spec *s, const char *value, const char **why)
{
	char text[MAX_FIELD];
	struct ip_addr a;
	unsigned long prefix;
	const char *reason;
	unsigned int i;
	char *slash;

	snprintf(text, sizeof(text), "%s", value);
	slash = strchr(text, '/');
	if (slash)
		*slash = '\0';
	if (ip_parse(text, &a))
		return why_set(why, EINVAL, "ip=%s: '%s' is no IPv4 or IPv6 address", value, text);
	if (!slash)
		return why_set(why, EINVAL, "ip=%s has no prefix length: write ip=%s/%d", value,
			       value, a.family == AF_INET ? 24 : 64);
	if (spec_number(slash + 1, ip_len(&a) * 8, &prefix) || !prefix)
		return why_set(why, EINVAL, "ip=%s: the prefix length must be 1 to %u", value,
			       ip_len(&a) * 8);
	reason = ip_unfit(&a);
	if (reason)
		return why_set(why, EINVAL, "ip=%s: %s %s", value, text, reason);
	a.prefix = (uint16_t)prefix;
	for (i = 0; i < s->naddrs; i++) {
		if (ip_equal(&s->addr[i], &a))
			return why_set(why, EINVAL, "ip=%s is given twice", value);
	}
	if (s->naddrs == SPEC_MAX_ADDRS)
		return why_set(why, EINVAL, "ip=%s: more than %d addresses for one interface",
			       value, SPEC_MAX_ADDRS);
	s->addr[s->naddrs++] = a;
	return 0;
}

static int spec_set_gw(struct iface_spec *s, const char *value, const char **why)
{
	struct ip_addr a, *gw;
	const char *reason;

	if (strchr(value, '/'))
		return why_set(why, EINVAL, "gw=%s: a gateway has no prefix length", value);
	if (ip_parse(value, &a))
		return why_set(why, EINVAL, "gw=%s: '%s' is no IPv4 or IPv6 address", value, value);
	reason = ip_unfit(&a);
	if (reason)
		return why_set(why, EINVAL, "gw=%s: %s %s", value, value, reason);
	gw = a.family == AF_INET ? &s->gw4 : &s->gw6;
	if (gw->family)
		return why_set(why, EINVAL, "gw=%s: a second %s gateway for one interface", value,
			       a.family == AF_INET ? "IPv4" : "IPv6");
	*gw = a;
	return 0;
}

static int spec_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int spec_set_mac(struct iface_spec *s, const char *value, const char **why)
{
	unsigned int i;

	if (s->has_mac)
		return why_set(why, EINVAL, "mac=%s: mac= is given twice", value);
	if (strlen(value) != 17)
		goto malformed;
	for (i = 0; i < 6; i++) {
		int high = spec_hex(value[3 * i]);
		int low = spec_hex(value[3 * i + 1]);

		if (high < 0 || low < 0 || (i < 5 && value[3 * i + 2] != ':'))
			goto malformed;
		s->mac[i] = (uint8_t)(high << 4 | low);
	}
	if (!hostif_mac_valid(s->mac))
		return why_set(why, EINVAL, "mac=%s is %s address, not a station's", value,
			       s->mac[0] & 1 ? "a multicast" : "the zero");
	s->has_mac = true;
	return 0;

malformed:
	return why_set(why, EINVAL, "mac=%s is no Ethernet address: write mac=02:00:00:00:00:01",
		       value);
}

static int spec_set_mtu(struct iface_spec *s, const char *value, const char **why)
{
	unsigned long mtu;

	if (s->mtu)
		return why_set(why, EINVAL, "mtu=%s: mtu= is given twice", value);
	if (spec_number(value, MTU_MAX, &mtu) || mtu < MTU_MIN)
		return why_set(why, EINVAL, "mtu=%s: must be a number of bytes from %d to %d",
			       value, MTU_MIN, MTU_MAX);
	s->mtu = (uint32_t)mtu;
	return 0;
}

static int spec_set_name(struct iface_spec *s, const char *value, const char **why)
{
	if (s->name[0])
		return why_set(why, EINVAL, "name=%s: name= is given twice", value);
	if (!ifname_valid(value))
		return why_set(why, EINVAL, "name=%s is no interface name: 1 to %d letters", value,
			       IF_NAMESIZE - 1);
	if (!strcmp(value, "lo"))
		return why_set(why, EINVAL, "name=lo is the stack's loopback: choose another");
	if (!strcmp(value, "policy") || !strcmp(value, "scheduler") || !strcmp(value, "congestion"))
		return why_set(why, EINVAL, "name=%s is a word of persona set: choose another",
			       value);
	memcpy(s->name, value, strlen(value) + 1);
	return 0;
}

static int spec_set_conf(struct iface_spec *s, const char *value, const char **why)
{
	if (s->conf[0])
		return why_set(why, EINVAL, "conf=%.200s: conf= is given twice", value);
	if (strlen(value) >= sizeof(s->conf))
		return why_set(why, EINVAL, "conf=%.60s...: the path is too long", value);
	memcpy(s->conf, value, strlen(value) + 1);
	return 0;
}

static int spec_set_endpoint(struct iface_spec *s, const char *value, const char **why)
{
	const char *colon = strrchr(value, ':');
	unsigned long port;

	if (s->endpoint[0])
		return why_set(why, EINVAL, "endpoint=%.200s: endpoint= is given twice", value);
	if (!colon || colon == value || spec_number(colon + 1, 65535, &port) || !port ||
	    strlen(value) >= sizeof(s->endpoint))
		return why_set(why, EINVAL,
			       "endpoint=%.200s: write endpoint=HOST:PORT or endpoint=[ADDR]:PORT",
			       value);
	memcpy(s->endpoint, value, strlen(value) + 1);
	return 0;
}

static const struct key {
	const char *name;
	int (*set)(struct iface_spec *s, const char *value, const char **why);
} keys[] = {
	{"ip", spec_set_ip},
	{"gw", spec_set_gw},
	{"mac", spec_set_mac},
	{"mtu", spec_set_mtu},
	{"name", spec_set_name},
	{"conf", spec_set_conf},
	{"endpoint", spec_set_endpoint},
};

#define NKEYS (sizeof(keys) / sizeof(keys[0]))

/* A word alone. */
static int spec_set_role(struct iface_spec *s, enum path_role role, const char *value,
			 const char **why)
{
	if (value)
		return why_set(why, EINVAL, "'%s' takes no value: write ,%s", roles[role],
			       roles[role]);
	if (s->role != PATH_ACTIVE)
		return why_set(why, EINVAL, "an interface has one role, and this one is %s already",
			       roles[s->role]);
	s->role = role;
	return 0;
}

static int set_key(struct iface_spec *s, char *field, const char **why)
{
	const char *names[NKEYS + PATH_ROLES + 1] = {NULL};
	char *value = strchr(field, '=');
	enum path_role role;
	const char *near;
	unsigned int i;

	if (!*field)
		return why_set(why, EINVAL, "empty field: a comma too many?");
	if (value)
		*value++ = '\0';
	for (i = 0; i < NKEYS; i++) {
		if (strcmp(field, keys[i].name)) {
			names[i] = keys[i].name;
			continue;
		}
		if (!value || !*value)
			return why_set(why, EINVAL, "key '%s' has no value: write %s=...", field,
				       field);
		return keys[i].set(s, value, why);
	}
	role = path_role_find(field);
	if (role != PATH_ROLES)
		return spec_set_role(s, role, value, why);
	for (role = 0; role < PATH_ROLES; role++)
		names[i + role] = roles[role];
	near = closest(field, names);
	if (near)
		return why_set(why, EINVAL, "unknown key '%s': did you mean '%s'?", field, near);
	return why_set(
		why, EINVAL,
		"unknown key '%s': known are ip, gw, mac, mtu, name, conf, endpoint, active, "
		"backup, metered",
		field);
}

static int unknown_backend(const char *name, const char **why)
{
	const char *names[17] = {NULL};
	char list[128] = "";
	const char *near;
	unsigned int i;

	for (i = 0; i < 16 && backend_at(i); i++) {
		names[i] = backend_at(i)->opening->name;
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", i ? ", " : "",
			 names[i]);
	}
	near = closest(name, names);
	if (near)
		return why_set(why, EINVAL, "unknown back end '%s': did you mean '%s'?", name,
			       near);
	return why_set(why, EINVAL, "unknown back end '%s': known are %s", name, list);
}

/* [BACKEND:]IFNAME */
static int set_head(struct iface_spec *s, char *field, const char **why)
{
	char *colon = strchr(field, ':');
	const struct backend_ops *kind = NULL; /* none: to be chosen by the link's type */
	const char *ifname = field;

	if (colon) {
		*colon = '\0';
		kind = backend_find(field);
		if (!kind)
			return unknown_backend(field, why);
		snprintf(s->backend, sizeof(s->backend), "%.15s", field);
		ifname = colon + 1;
	}
	if (!*ifname && kind && kind->relay)
		return 0;
	if (kind && kind->designates && kind->designates(ifname, why))
		return -EINVAL;
	if (!*ifname)
		return why_set(why, EINVAL, "no interface named: write -i [BACKEND:]IFNAME,...");
	if (strchr(ifname, '=') && !(kind && kind->designates))
		return why_set(why, EINVAL, "'%s' comes before the interface: write -i IFNAME,%s",
			       ifname, ifname);
	if (!ifname_valid(ifname))
		return why_set(why, EINVAL, "'%s' is no interface name: 1 to %d letters%s", ifname,
			       IF_NAMESIZE - 1,
			       strlen(ifname) < IF_NAMESIZE ? ""
							    : " (ip link shows the short one)");
	memcpy(s->ifname, ifname, strlen(ifname) + 1);
	return 0;
}

/* A tunnel's addresses are those of its file, other kinds have none. */
static int spec_check_tunnel(const struct iface_spec *s, bool tunnel, const char **why)
{
	if (!tunnel && (s->conf[0] || s->endpoint[0]))
		return why_set(why, EINVAL, "%s= is for tunnels: write -i wg:%s,conf=FILE",
			       s->conf[0] ? "conf" : "endpoint", s->ifname);
	if (!tunnel)
		return 0;
	if (!s->conf[0])
		return why_set(why, EINVAL,
			       "a tunnel needs its configuration: write -i wg:%s,conf=FILE",
			       s->ifname);
	if (s->naddrs || s->gw4.family || s->gw6.family)
		return why_set(why, EINVAL,
			       "%s=: a tunnel's addresses are those of its file: Address=",
			       s->naddrs ? "ip" : "gw");
	return 0;
}

/* What the kind of back end does not allow; and the name inside, where the kind has one. */
static int spec_check_kind(struct iface_spec *s, const char **why)
{
	const struct backend_ops *kind = backend_find(s->backend);

	if (kind && s->has_mac && !kind->set_mac)
		return kind->link == BACKEND_LINK_RAWIP
			       ? why_set(why, EINVAL, "mac=: back end %s has no link address",
					 s->backend)
			       : why_set(why, EINVAL,
					 "mac=: back end %s has the host interface's own",
					 s->backend);
	if (kind && kind->mtu_max && s->mtu > kind->mtu_max)
		return why_set(why, EINVAL, "mtu=%u: %s takes at most %u", s->mtu, s->backend,
			       kind->mtu_max);
	if (spec_check_tunnel(s, kind && kind->place == BACKEND_TUNNEL, why))
		return -EINVAL;
	if (s->name[0] || (kind && kind->designates && kind->place != BACKEND_TUNNEL))
		return 0;
	if (!strncmp(s->ifname, "fd=", 3)) {
		snprintf(s->name, sizeof(s->name), "wg%.12s", s->ifname + 3);
		return 0;
	}
	if (s->ifname[0])
		snprintf(s->name, sizeof(s->name), "%s", s->ifname);
	else if (kind && kind->relay)
		snprintf(s->name, sizeof(s->name), "%s", kind->relay->ifname);
	return 0;
}

/* What only the whole can tell. */
static int spec_check(struct iface_spec *s, const char **why)
{
	char text[IP_ADDR_TEXT];
	bool has4 = false, has6 = false;
	unsigned int i;

	for (i = 0; i < s->naddrs; i++) {
		const struct ip_addr *a = &s->addr[i];
		const struct ip_addr *gw = a->family == AF_INET ? &s->gw4 : &s->gw6;

		if (a->family == AF_INET)
			has4 = true;
		else
			has6 = true;
		if (gw->family && ip_equal(a, gw))
			return why_set(why, EINVAL, "gw=%s is the interface's own address",
				       ip_format(gw, false, text));
	}
	if (s->naddrs && s->gw4.family && !has4)
		return why_set(why, EINVAL, "gw=%s needs an IPv4 address: add ip=ADDR/LEN",
			       ip_format(&s->gw4, false, text));
	if (s->naddrs && s->gw6.family && !has6)
		return why_set(why, EINVAL, "gw=%s needs an IPv6 address: add ip=ADDR/LEN",
			       ip_format(&s->gw6, false, text));
	if (has6 && s->mtu && s->mtu < MTU_MIN_IPV6)
		return why_set(why, EINVAL, "mtu=%u is too small for IPv6: at least %d", s->mtu,
			       MTU_MIN_IPV6);
	return spec_check_kind(s, why);
}

int spec_parse(const char *text, struct iface_spec *s, const char **why)
{
	const char *reason = "";
	const char *next = text;
	char field[MAX_FIELD];
	bool head = true;
	int err;

	memset(s, 0, sizeof(*s));
	do {
		size_t len = strcspn(next, ",");

		if (len >= sizeof(field))
			return why_set(why, EINVAL, "-i %.32s...: a field is too long", text);
		memcpy(field, next, len);
		field[len] = '\0';
		next += len;
		err = head ? set_head(s, field, &reason) : set_key(s, field, &reason);
		if (err)
			goto fail;
		head = false;
	} while (*next++);
	err = spec_check(s, &reason);
	if (err)
		goto fail;
	return 0;

fail:
	return why_set(why, -err, "-i %.200s: %s", text, reason);
}
