// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_wgconf.c - libFuzzer target: the parser of WireGuard configuration files.
 *
 * Whatever the text, the parser ends, stays inside its memory, and either says why not, without
 * a word that may be a key, or gives sections that are sane; each can be taken out of the file,
 * and compared with the others.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "netconf/wgcheck.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* No more letters of base64 in a row than the longest word of our own and a key's name have. */
static void check_why(const char *why)
{
	size_t run;

	if (!why || !*why)
		abort();
	for (; *why; why += run + !!why[run]) {
		run = strspn(why,
			     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
		if (run >= 24)
			abort();
	}
}

static void check_addr(const struct ip_addr *a, unsigned int least)
{
	char text[IP_ADDR_TEXT];
	struct ip_addr again;

	if (a->family != AF_INET && a->family != AF_INET6)
		abort();
	if (a->prefix < least || a->prefix > ip_len(a) * 8)
		abort();
	if (ip_parse(ip_format(a, false, text), &again) || !ip_equal(a, &again))
		abort();
}

static void check_key(const uint8_t key[WG_KEY_LEN])
{
	char text[WGKEY_TEXT_LEN + 1];
	uint8_t again[WG_KEY_LEN];

	wgkey_format(key, text);
	if (wgkey_is_zero(key) || wgkey_parse(text, strlen(text), again) ||
	    !wgkey_equal(key, again))
		abort();
}

static void check(const struct wgconf *c)
{
	bool endpoint = false;
	unsigned int i, j;

	check_key(c->private_key);
	if (*c->path && !ifname_valid(c->path))
		abort();
	if (c->naddrs > SPEC_MAX_ADDRS || c->ndns > WGCONF_MAX_DNS || c->mtu > WGCONF_MTU_MAX)
		abort();
	for (i = 0; i < c->naddrs; i++)
		check_addr(&c->addr[i], 1);
	for (i = 0; i < c->ndns; i++)
		check_addr(&c->dns[i], 1);
	if (strlen(c->search) >= sizeof(c->search) || c->hooks != !!c->hooks_line)
		abort();
	for (i = 0; i < c->npeers; i++) {
		const struct wg_peer *p = &c->peers[i];

		check_key(p->public_key);
		if (!*p->host != !p->port || strpbrk(p->host, " \t[]#,/") || !p->nallowed)
			abort();
		if (p->has_psk == wgkey_is_zero(p->preshared_key))
			abort();
		for (j = 0; j < p->nallowed; j++)
			check_addr(&p->allowed[j], 0);
		endpoint |= p->port;
	}
	if (!endpoint)
		abort();
}

static void check_line(void *arg, const struct wgcheck_line *l)
{
	*(unsigned int *)arg += l->fault;
	if (!l->line || !*l->words || l->fault != !!*l->remedy)
		abort();
}

/* The same text as a server's perhaps, and its sections against each other. */
static void check_any(const uint8_t *data, size_t size)
{
	struct wgcheck_end ends[WGCONF_MAX_SECTIONS];
	char *text = malloc(size + 1);
	unsigned int faults = 0;
	struct wgconf_file *f;
	const char *why;

	memcpy(text, data, size);
	if (!wgconf_parse_any(text, size, "f", &f, &why)) {
		for (unsigned int i = 0; i < f->nsections; i++) {
			ends[i].file = "f";
			ends[i].conf = &f->section[i];
			memcpy(ends[i].public, f->section[i].private_key, WG_KEY_LEN);
		}
		if (wgcheck(ends, f->nsections, check_line, &faults) != faults)
			abort();
		wgconf_file_free(f);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	const char *why = NULL;
	struct wgconf_file *f;
	struct wgconf *c;
	unsigned int i;

	check_any(data, size);
	memcpy(text, data, size);
	if (wgconf_parse(text, size, "f", &f, &why)) {
		check_why(why);
		free(text);
		return 0;
	}
	free(text);
	if (!f->nsections || f->nsections > WGCONF_MAX_SECTIONS)
		abort();
	for (i = 0; i < f->nsections; i++) {
		check(&f->section[i]);
		if (*f->section[i].path) {
			if (wgconf_pick(f, "f", f->section[i].path, 0, &c, &why))
				abort();
			check(c);
			wgconf_free(c);
		}
	}
	if (wgconf_pick(f, "f", "", 0, &c, &why)) {
		check_why(why);
	} else {
		check(c);
		wgconf_free(c);
	}
	wgconf_file_free(f);
	return 0;
}
