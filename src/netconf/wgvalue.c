// SPDX-License-Identifier: GPL-2.0-only
/*
 * wgvalue.c - values of a WireGuard configuration file, see wgvalue.h.
 *
 * Each function is a key's: it judges the value and puts it where the section lies. A value
 * goes into a message by wgtext_shown() alone, those that are keys not at all.
 *
 * No state; any thread.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "netconf/wgvalue.h"

#define MTU_MIN	 68  /* RFC 791 */
#define MAX_NAME 253 /* of a host, RFC 1035 */

/* ADDRESS[/LEN]; -EINVAL: no address, -ERANGE: no prefix length from @least on. */
static int wgvalue_prefix(char *text, unsigned int least, struct ip_addr *a)
{
	char *slash = strchr(text, '/');
	uint32_t prefix;
	int err;

	if (slash)
		*slash = '\0';
	err = ip_parse(text, a);
	if (slash)
		*slash = '/';
	if (err || !slash)
		return err;
	if (wgtext_number(slash + 1, false, a->prefix, &prefix) || prefix < least)
		return -ERANGE;
	a->prefix = (uint16_t)prefix;
	return 0;
}

/* May a host or a domain be called so? */
static bool wgvalue_hostname(const char *name)
{
	size_t len = strlen(name), label = 0;

	if (len && name[len - 1] == '.')
		len--;
	if (!len || len > MAX_NAME)
		return false;
	for (size_t i = 0; i <= len; i++) {
		if (i == len || name[i] == '.') {
			if (!label || label > 63)
				return false;
			label = 0;
		} else if (wgtext_alnum(name[i]) || name[i] == '-' || name[i] == '_') {
			label++;
		} else {
			return false;
		}
	}
	return true;
}

static int wgvalue_key(struct wgparse *p, const char *key, const char *value,
		       uint8_t out[WG_KEY_LEN])
{
	size_t len = strlen(value);

	switch (wgkey_parse(value, len, out)) {
	case -EMSGSIZE:
		return refuse(p, "%s has %zu letter%s: a key has %d, the = at its end among them",
			      key, len, len == 1 ? "" : "s", WGKEY_TEXT_LEN);
	case -EINVAL:
		return refuse(p,
			      "%s is not base64: copy it again as `wg genkey`, pubkey or genpsk "
			      "printed it",
			      key);
	}
	return 0;
}

int wgvalue_private_key(struct wgparse *p, const char *key, char *value)
{
	int err = wgvalue_key(p, key, value, p->conf->private_key);

	if (!err && wgkey_is_zero(p->conf->private_key))
		return refuse(p, "%s is all zeros: make one by `wg genkey`", key);
	return err;
}

int wgvalue_public_key(struct wgparse *p, const char *key, char *value)
{
	int err = wgvalue_key(p, key, value, p->peer->public_key);

	if (!err && wgkey_is_zero(p->peer->public_key))
		return refuse(p, "%s is all zeros: the server shows its own by `wg show`", key);
	return err;
}

/* Zeros are wg(8)'s way to have none. */
int wgvalue_preshared_key(struct wgparse *p, const char *key, char *value)
{
	int err = wgvalue_key(p, key, value, p->peer->preshared_key);

	p->peer->has_psk = !wgkey_is_zero(p->peer->preshared_key);
	return err;
}

int wgvalue_path(struct wgparse *p, const char *key, char *value)
{
	const struct wgconf_file *f = p->file;

	if (!ifname_valid(value))
		return refuse(p, "%s = %s is no interface name: 1 to %d letters", key,
			      wgtext_shown(value, p->shown), IF_NAMESIZE - 1);
	for (unsigned int i = 0; i + 1 < f->nsections; i++) {
		if (!strcmp(f->section[i].path, value))
			return refuse(p, "%s = %s has the [Interface] of line %u already", key,
				      value, f->section[i].line);
	}
	memcpy(p->conf->path, value, strlen(value) + 1);
	return 0;
}

int wgvalue_listen_port(struct wgparse *p, const char *key, char *value)
{
	uint32_t port;

	if (wgtext_number(value, false, UINT16_MAX, &port))
		return refuse(p, "%s = %s: must be a number from 0 to 65535", key,
			      wgtext_shown(value, p->shown));
	p->conf->listen_port = (uint16_t)port;
	return 0;
}

int wgvalue_fwmark(struct wgparse *p, const char *key, char *value)
{
	if (!wgtext_same(value, "off") && wgtext_number(value, true, UINT32_MAX, &p->conf->fwmark))
		return refuse(p, "%s = %s: must be off, or a number of 32 bits (51820, 0xca6c)",
			      key, wgtext_shown(value, p->shown));
	return 0;
}

int wgvalue_mtu(struct wgparse *p, const char *key, char *value)
{
	uint32_t mtu;

	if (wgtext_number(value, false, WGCONF_MTU_MAX, &mtu) || mtu < MTU_MIN)
		return refuse(p, "%s = %s: must be a number of bytes from %d to %d", key,
			      wgtext_shown(value, p->shown), MTU_MIN, WGCONF_MTU_MAX);
	p->conf->mtu = mtu;
	return 0;
}

static int wgvalue_add_address(struct wgparse *p, const char *key, char *item)
{
	struct wgconf *c = p->conf;
	const char *reason;
	struct ip_addr a;

	switch (wgvalue_prefix(item, 1, &a)) {
	case -EINVAL:
		return refuse(p, "%s = %s is no IPv4 or IPv6 address", key,
			      wgtext_shown(item, p->shown));
	case -ERANGE:
		return refuse(p, "%s = %s: the prefix length must be 1 to %u", key,
			      wgtext_shown(item, p->shown), ip_len(&a) * 8);
	}
	reason = ip_unfit(&a);
	if (reason)
		return refuse(p, "%s = %s %s", key, item, reason);
	for (unsigned int i = 0; i < c->naddrs; i++) {
		if (ip_equal(&c->addr[i], &a))
			return refuse(p, "%s = %s is given twice", key, item);
	}
	if (c->naddrs == SPEC_MAX_ADDRS)
		return refuse(p, "%s = %s: more than %d addresses for one path", key, item,
			      SPEC_MAX_ADDRS);
	c->addr[c->naddrs++] = a;
	return 0;
}

static int wgvalue_add_server(struct wgparse *p, const char *key, const char *item)
{
	struct wgconf *c = p->conf;
	struct ip_addr a;

	if (ip_parse(item, &a))
		return refuse(p, "%s = %s is no IPv4 or IPv6 address", key,
			      wgtext_shown(item, p->shown));
	for (unsigned int i = 0; i < c->ndns; i++) {
		if (ip_equal(&c->dns[i], &a))
			return 0;
	}
	if (c->ndns == WGCONF_MAX_DNS)
		return refuse(p, "%s = %s: more than %d servers", key, item, WGCONF_MAX_DNS);
	c->dns[c->ndns++] = a;
	return 0;
}

/* "~corp.example" and "~." route questions to these servers, which get all of them here. */
static int wgvalue_add_dns(struct wgparse *p, const char *key, char *item)
{
	const char *domain = item + (*item == '~');
	char *search = p->conf->search;
	size_t len = strlen(search);

	if (strchr(item, ':') || strspn(item, "0123456789.") == strlen(item))
		return wgvalue_add_server(p, key, item);
	if (!strcmp(item, "~."))
		return 0;
	if (!wgvalue_hostname(domain))
		return refuse(p, "%s = %s is neither an address nor a domain", key,
			      wgtext_shown(item, p->shown));
	if (*item == '~')
		return 0;
	if (len + !!len + strlen(domain) >= sizeof(p->conf->search))
		return refuse(p, "%s = %s: the domains have more than %zu letters", key,
			      wgtext_shown(item, p->shown), sizeof(p->conf->search) - 1);
	if (len)
		search[len++] = ' ';
	memcpy(search + len, domain, strlen(domain) + 1);
	return 0;
}

/* wg-quick(8) takes commas and blanks between items alike, any number of them. */
static int wgvalue_words(struct wgparse *p, const char *key, char *value,
			 int (*add)(struct wgparse *p, const char *key, char *item))
{
	char *next = value;
	int err = 0;

	while (!err) {
		char *end;

		while (*next == ',' || wgtext_blank(*next))
			next++;
		if (!*next)
			break;
		for (end = next; *end && *end != ',' && !wgtext_blank(*end);)
			end++;
		if (*end)
			*end++ = '\0';
		err = add(p, key, next);
		next = end;
	}
	return err;
}

int wgvalue_address(struct wgparse *p, const char *key, char *value)
{
	return wgvalue_words(p, key, value, wgvalue_add_address);
}

int wgvalue_dns(struct wgparse *p, const char *key, char *value)
{
	return wgvalue_words(p, key, value, wgvalue_add_dns);
}

static int wgvalue_add_allowed(struct wgparse *p, const char *key, char *item)
{
	struct wg_peer *peer = p->peer;
	uint8_t network[16];
	struct ip_addr a;

	if (!*item)
		return refuse(p, "%s has an empty item: a comma too many?", key);
	if (*item == '+' || *item == '-')
		return refuse(p,
			      "%s = %s: + and - change a running tunnel: list the networks "
			      "without them",
			      key, wgtext_shown(item, p->shown));
	switch (wgvalue_prefix(item, 0, &a)) {
	case -EINVAL:
		return refuse(p, "%s = %s is no IPv4 or IPv6 network", key,
			      wgtext_shown(item, p->shown));
	case -ERANGE:
		return refuse(p, "%s = %s: the prefix length must be 0 to %u", key,
			      wgtext_shown(item, p->shown), ip_len(&a) * 8);
	}
	ip_network(&a, network);
	memcpy(a.bytes, network, ip_len(&a));
	if (!peer->nallowed)
		peer->allowed = p->allowed;
	*p->allowed++ = a;
	peer->nallowed++;
	return 0;
}

int wgvalue_allowed_ips(struct wgparse *p, const char *key, char *value)
{
	int err = 0;

	for (char *next = value, *end; !err && *value && next; next = end) {
		end = strchr(next, ',');
		if (end)
			*end++ = '\0';
		err = wgvalue_add_allowed(p, key, next);
	}
	return err;
}

/* ADDRESS or ADDRESS%ZONE, as it stands between brackets. */
static bool wgvalue_ipv6(char *host)
{
	char *zone = strchr(host, '%');
	struct ip_addr a;
	bool good;

	if (zone)
		*zone = '\0';
	good = !ip_parse(host, &a) && ip_len(&a) == 16;
	if (!zone)
		return good;
	*zone = '%';
	return good && ifname_valid(zone + 1);
}

int wgvalue_endpoint(struct wgparse *p, const char *key, char *value)
{
	const char *shown = wgtext_shown(value, p->shown); /* while it is whole */
	char *colon = strrchr(value, ':');
	char *host = value;
	struct ip_addr a;
	uint32_t port;
	bool good;

	if (!colon || (*value == '[' && colon < strchrnul(value, ']')))
		return refuse(p, "%s = %s has no port: write %s = HOST:PORT", key, shown, key);
	if (wgtext_number(colon + 1, false, UINT16_MAX, &port) || !port)
		return refuse(p, "%s = %s: the port must be a number from 1 to 65535", key, shown);
	*colon = '\0';
	if (*host == '[') {
		char *end = strchr(host, ']');

		good = end && !end[1];
		host++;
		if (good) {
			*end = '\0';
			good = wgvalue_ipv6(host);
		}
	} else if (strchr(host, ':')) {
		return refuse(p, "%s = %s: an IPv6 address needs brackets: write [ADDRESS]:PORT",
			      key, shown);
	} else if (strspn(host, "0123456789.") == strlen(host)) {
		good = !ip_parse(host, &a);
	} else {
		good = wgvalue_hostname(host);
	}
	if (!good)
		return refuse(p, "%s = %s: the host is no name, IPv4 or [IPv6] address", key,
			      shown);
	snprintf(p->peer->host, sizeof(p->peer->host), "%s", host);
	p->peer->port = (uint16_t)port;
	return 0;
}

int wgvalue_keepalive(struct wgparse *p, const char *key, char *value)
{
	uint32_t seconds = 0;

	if (!wgtext_same(value, "off") && wgtext_number(value, false, UINT16_MAX, &seconds))
		return refuse(p, "%s = %s: must be off, or seconds from 0 to 65535", key,
			      wgtext_shown(value, p->shown));
	p->peer->keepalive = (uint16_t)seconds;
	p->peer->has_keepalive = true;
	return 0;
}

int wgvalue_save_config(struct wgparse *p, const char *key, char *value)
{
	if (!wgtext_same(value, "true") && !wgtext_same(value, "false"))
		return refuse(p, "%s = %s: must be true or false", key,
			      wgtext_shown(value, p->shown));
	return 0;
}

int wgvalue_hook(struct wgparse *p, const char *key, char *value)
{
	if (!p->conf->hooks)
		p->conf->hooks_line = p->line;
	p->conf->hooks = true;
	return 0;
}

/* What has no meaning here: routing tables of the host, programs of a phone. */
int wgvalue_ignore(struct wgparse *p, const char *key, char *value)
{
	return 0;
}
