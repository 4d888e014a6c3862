// SPDX-License-Identifier: GPL-2.0-only
/*
 * wgcheck.c - do the two ends of WireGuard tunnels fit each other? See wgcheck.h.
 *
 * Theory of operation
 *
 * An end whose peers have no Endpoint is a server. Each client is held against the server that
 * has one of the public keys of its [Peer]s, and that server's [Peer] which has the client's:
 *
 *	client				server
 *	PrivateKey	-- public --	PublicKey of its [Peer]
 *	PublicKey	-- public --	PrivateKey
 *	PresharedKey	-- equal --	PresharedKey of its [Peer]
 *	Address		-- within --	AllowedIPs of its [Peer], and of no other more narrowly
 *	AllowedIPs	-- has --	Address
 *	Endpoint's port	-- equal --	ListenPort
 *
 * What may be there once only, keys and addresses, is compared among all. A fault is told at the
 * line of the section that it is in.
 *
 * No state of its own; any thread. Private keys are compared, never shown.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "netconf/wgcheck.h"

#define MTU_MOST4 1440 /* of a link of 1500 bytes, less IPv4, UDP and WireGuard's 32 */
#define MTU_MOST6 1420
#define MTU_LEAST 576 /* RFC 791: what each host takes */
#define WORDS	  400

/**
 * struct wgcheck - a comparison
 * @quiet: nothing was wrong with the end under examination
 */
struct wgcheck {
	const struct wgcheck_end *ends;
	unsigned int n;
	wgcheck_report *report;
	void *arg;
	unsigned int faults;
	bool quiet;
};

bool wgcheck_serves(const struct wgconf *c)
{
	for (unsigned int i = 0; i < c->npeers; i++)
		if (c->peers[i].port)
			return false;
	return true;
}

/* @words: "WHAT IS SO\nREMEDY" */
__attribute__((format(printf, 4, 5))) static void wgcheck_fault(struct wgcheck *k,
								const struct wgcheck_end *e,
								unsigned int line,
								const char *words, ...)
{
	char text[WORDS], *remedy;
	va_list ap;

	va_start(ap, words);
	vsnprintf(text, sizeof(text), words, ap);
	va_end(ap);
	remedy = strchr(text, '\n');
	if (remedy)
		*remedy++ = '\0';
	k->report(k->arg, &(struct wgcheck_line){true, e->file, line, text, remedy ?: ""});
	k->faults++;
	k->quiet = false;
}

static bool wgcheck_within(const struct ip_addr *a, const struct ip_addr *network)
{
	struct ip_addr cut = *a;
	uint8_t got[16], want[16];

	if (a->family != network->family)
		return false;
	cut.prefix = network->prefix;
	ip_network(&cut, got);
	ip_network(network, want);
	return !memcmp(got, want, ip_len(a));
}

/* Prefix length of the narrowest network of @p that has @a; -1: none has. */
static int wgcheck_allows(const struct wg_peer *p, const struct ip_addr *a)
{
	int best = -1;

	for (unsigned int i = 0; i < p->nallowed; i++)
		if (p->allowed[i].prefix > best && wgcheck_within(a, &p->allowed[i]))
			best = p->allowed[i].prefix;
	return best;
}

static const struct wg_peer *wgcheck_peer(const struct wgconf *c, const uint8_t key[WG_KEY_LEN])
{
	for (unsigned int i = 0; i < c->npeers; i++)
		if (wgkey_equal(c->peers[i].public_key, key))
			return &c->peers[i];
	return NULL;
}

/* ---- one end ---- */

static void wgcheck_mtu(struct wgcheck *k, const struct wgcheck_end *e)
{
	unsigned int most = MTU_MOST4, mtu = e->conf->mtu;

	for (unsigned int i = 0; i < e->conf->npeers; i++)
		if (strchr(e->conf->peers[i].host, ':'))
			most = MTU_MOST6;
	if (mtu > most)
		wgcheck_fault(k, e, e->conf->line,
			      "MTU = %u and WireGuard's headers are more than the 1500 bytes of "
			      "usual links\nwrite MTU = %u, or leave it out",
			      mtu, most);
	if (mtu && mtu < MTU_LEAST)
		wgcheck_fault(k, e, e->conf->line,
			      "MTU = %u is less than each host takes (%d)\nwrite MTU = %u, or "
			      "leave it out",
			      mtu, MTU_LEAST, MTU_MOST6);
}

static void wgcheck_endpoints(struct wgcheck *k, const struct wgcheck_end *e)
{
	for (unsigned int i = 0; i < e->conf->npeers; i++) {
		const struct wg_peer *p = &e->conf->peers[i];
		const char *reason;
		struct ip_addr a;

		if (!p->port || ip_parse(p->host, &a))
			continue;
		reason = ip_unfit(&a);
		if (reason)
			wgcheck_fault(k, e, p->line,
				      "Endpoint %s %s\nname the server as the client reaches it",
				      p->host, reason);
	}
}

static bool wgcheck_same_network(const struct wg_peer *a, const struct wg_peer *b,
				 struct ip_addr *shared)
{
	for (unsigned int i = 0; i < a->nallowed; i++) {
		for (unsigned int j = 0; j < b->nallowed; j++) {
			if (a->allowed[i].prefix == b->allowed[j].prefix &&
			    ip_equal(&a->allowed[i], &b->allowed[j])) {
				*shared = a->allowed[i];
				return true;
			}
		}
	}
	return false;
}

/* A network is one peer's: the kernel takes it from the former one. */
static void wgcheck_networks(struct wgcheck *k, const struct wgcheck_end *e)
{
	const struct wgconf *c = e->conf;
	char text[IP_ADDR_TEXT];
	struct ip_addr a;

	for (unsigned int i = 1; i < c->npeers; i++) {
		for (unsigned int j = 0; j < i; j++) {
			if (wgcheck_same_network(&c->peers[i], &c->peers[j], &a))
				wgcheck_fault(
					k, e, c->peers[i].line,
					"AllowedIPs has %s, which the [Peer] of line %u loses "
					"by it\nleave it out at one of them",
					ip_format(&a, true, text), c->peers[j].line);
		}
	}
}

/* Keys and addresses that an earlier end has, too. */
static void wgcheck_twice(struct wgcheck *k, const struct wgcheck_end *e)
{
	char text[IP_ADDR_TEXT];

	for (const struct wgcheck_end *o = k->ends; o != e; o++) {
		if (wgkey_equal(o->public, e->public))
			wgcheck_fault(k, e, e->conf->line,
				      "has the PrivateKey of %s:%u\nmake one for each path: "
				      "persona wg init",
				      o->file, o->conf->line);
		for (unsigned int i = 0; i < e->conf->naddrs; i++)
			for (unsigned int j = 0; j < o->conf->naddrs; j++)
				if (ip_equal(&e->conf->addr[i], &o->conf->addr[j]))
					wgcheck_fault(k, e, e->conf->line,
						      "Address %s is that of %s:%u, too\ngive one "
						      "of them another",
						      ip_format(&e->conf->addr[i], false, text),
						      o->file, o->conf->line);
	}
}

static void wgcheck_alone(struct wgcheck *k, const struct wgcheck_end *e)
{
	if (!e->conf->naddrs)
		wgcheck_fault(k, e, e->conf->line,
			      "[Interface] has no Address\nwrite the one that the other end has "
			      "in AllowedIPs");
	wgcheck_mtu(k, e);
	wgcheck_endpoints(k, e);
	wgcheck_networks(k, e);
	wgcheck_twice(k, e);
}

/* ---- a client and its server ---- */

/**
 * struct wgcheck_pair - what belongs together
 * @to:   the client's [Peer] that is the server
 * @from: the server's that is the client
 */
struct wgcheck_pair {
	const struct wgcheck_end *client, *server;
	const struct wg_peer *to, *from;
};

static void wgcheck_addresses(struct wgcheck *k, const struct wgcheck_pair *t)
{
	const struct wgconf *c = t->client->conf, *s = t->server->conf;
	char text[IP_ADDR_TEXT];

	for (unsigned int i = 0; i < c->naddrs; i++) {
		const struct ip_addr *a = &c->addr[i];
		int best = wgcheck_allows(t->from, a);

		ip_format(a, false, text);
		if (best < 0)
			wgcheck_fault(k, t->client, c->line,
				      "Address %s is not in AllowedIPs of %s:%u, which drops its "
				      "packets\nadd %s/%u there",
				      text, t->server->file, t->from->line, text, ip_len(a) * 8);
		for (unsigned int j = 0; best >= 0 && j < s->npeers; j++)
			if (&s->peers[j] != t->from && wgcheck_allows(&s->peers[j], a) > best)
				wgcheck_fault(k, t->client, c->line,
					      "Address %s is more narrowly in AllowedIPs of %s:%u, "
					      "which gets its answers\nadd %s/%u to those of "
					      "line %u",
					      text, t->server->file, s->peers[j].line, text,
					      ip_len(a) * 8, t->from->line);
	}
}

static void wgcheck_way_back(struct wgcheck *k, const struct wgcheck_pair *t)
{
	const struct wgconf *c = t->client->conf, *s = t->server->conf;
	char text[IP_ADDR_TEXT];

	for (unsigned int i = 0; i < s->naddrs; i++) {
		const struct ip_addr *a = &s->addr[i];
		bool family = false;

		for (unsigned int j = 0; j < c->naddrs; j++)
			family |= c->addr[j].family == a->family;
		if (!family || wgcheck_allows(t->to, a) >= 0)
			continue;
		ip_format(a, false, text);
		wgcheck_fault(k, t->client, t->to->line,
			      "AllowedIPs has not the server's address %s (%s:%u)\nadd %s/%u, or "
			      "%s for all",
			      text, t->server->file, s->line, text, ip_len(a) * 8,
			      ip_len(a) == 4 ? "0.0.0.0/0" : "::/0");
	}
}

static void wgcheck_port(struct wgcheck *k, const struct wgcheck_pair *t)
{
	const struct wgconf *s = t->server->conf;

	if (!s->listen_port)
		wgcheck_fault(k, t->client, t->to->line,
			      "Endpoint has port %u, and %s:%u has no ListenPort\nwrite "
			      "ListenPort = %u there",
			      t->to->port, t->server->file, s->line, t->to->port);
	else if (t->to->port && s->listen_port != t->to->port)
		wgcheck_fault(k, t->client, t->to->line,
			      "Endpoint has port %u, and %s:%u ListenPort = %u\nwrite the same, "
			      "unless a router in between maps one to the other",
			      t->to->port, t->server->file, s->line, s->listen_port);
}

static void wgcheck_psk(struct wgcheck *k, const struct wgcheck_pair *t)
{
	const char *file = t->server->file;
	unsigned int line = t->from->line;

	if (t->to->has_psk && !t->from->has_psk)
		wgcheck_fault(k, t->client, t->to->line,
			      "PresharedKey is here, and not at %s:%u\nwrite it there, too", file,
			      line);
	else if (!t->to->has_psk && t->from->has_psk)
		wgcheck_fault(k, t->client, t->to->line,
			      "PresharedKey is at %s:%u, and not here\nwrite it here, too", file,
			      line);
	else if (!wgkey_equal(t->to->preshared_key, t->from->preshared_key))
		wgcheck_fault(k, t->client, t->to->line,
			      "PresharedKey is another than that of %s:%u\nwrite the same at both "
			      "ends",
			      file, line);
}

/* The server that the client means; without any, the first, for what is to be said. */
static bool wgcheck_find_server(struct wgcheck *k, struct wgcheck_pair *t)
{
	for (unsigned int i = 0; i < k->n; i++) {
		const struct wgcheck_end *e = &k->ends[i];

		if (!wgcheck_serves(e->conf))
			continue;
		if (!t->server)
			t->server = e;
		t->to = wgcheck_peer(t->client->conf, e->public);
		if (t->to) {
			t->server = e;
			return true;
		}
	}
	return false;
}

static void wgcheck_pair(struct wgcheck *k, struct wgcheck_pair *t)
{
	const struct wgconf *c = t->client->conf;
	char text[WGKEY_TEXT_LEN + 1];

	if (!wgcheck_find_server(k, t)) {
		if (!t->server)
			return;
		wgkey_format(t->server->public, text);
		wgcheck_fault(k, t->client, c->peers[0].line,
			      "PublicKey is not that of %s:%u\nwrite PublicKey = %s",
			      t->server->file, t->server->conf->line, text);
		t->to = &c->peers[0];
	}
	t->from = wgcheck_peer(t->server->conf, t->client->public);
	if (!t->from) {
		wgkey_format(t->client->public, text);
		wgcheck_fault(k, t->client, c->line,
			      "%s has no [Peer] with this end's public key\nwrite PublicKey = %s "
			      "into this path's [Peer] there",
			      t->server->file, text);
	} else {
		wgcheck_psk(k, t);
		wgcheck_addresses(k, t);
	}
	wgcheck_way_back(k, t);
	wgcheck_port(k, t);
}

static void wgcheck_well(struct wgcheck *k, const struct wgcheck_pair *t)
{
	const struct wgcheck_end *e = t->client;
	char text[WORDS];

	if (wgcheck_serves(e->conf))
		snprintf(text, sizeof(text), "a server's, with %u peer%s", e->conf->npeers,
			 e->conf->npeers == 1 ? "" : "s");
	else if (t->from)
		snprintf(text, sizeof(text), "keys, addresses, port and MTU fit %s:%u",
			 t->server->file, t->from->line);
	else
		snprintf(text, sizeof(text),
			 "a client's; name the server's file, too, to compare them");
	k->report(k->arg, &(struct wgcheck_line){false, e->file, e->conf->line, text, ""});
}

unsigned int wgcheck(const struct wgcheck_end *ends, unsigned int n, wgcheck_report *report,
		     void *arg)
{
	struct wgcheck k = {.ends = ends, .n = n, .report = report, .arg = arg};

	for (unsigned int i = 0; i < n; i++) {
		struct wgcheck_pair t = {.client = &ends[i]};

		k.quiet = true;
		wgcheck_alone(&k, &ends[i]);
		if (!wgcheck_serves(ends[i].conf))
			wgcheck_pair(&k, &t);
		if (k.quiet)
			wgcheck_well(&k, &t);
	}
	return k.faults;
}
