// SPDX-License-Identifier: GPL-2.0-only
/*
 * wgparse.c - the grammar of a WireGuard configuration file, see wgconf.h.
 *
 * Theory of operation
 *
 * The text is cut into lines, a line at its '#', and what is left of it without blanks is
 * "[SECTION]" or "KEY = VALUE". A key goes to its setter by a table that also knows its
 * section and whether it may come again. When a section ends, what only the whole of it can
 * tell is checked: wgparse_end_peer(), wgparse_end_interface().
 *
 * All of the result lies in one piece of wgkey_alloc(), so that wiping and giving back is one
 * call, and no failure leaves a part behind. Its size is known beforehand: there are no more
 * [Peer]s than '[', and no more networks than commas and lines.
 *
 * Nothing of a key may get into a message, wherever in the file it stands: values of keys are
 * never quoted, and others go through wgtext_shown(), which hides what looks like one.
 *
 * No state; any thread.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "lib/closest.h"
#include "lib/printable.h"
#include "netconf/wgvalue.h"

#define MTU_MIN_IPV6 1280 /* RFC 8200 */
#define MAX_KEY	     24	  /* longer than any key's name */

/* ---- keys ---- */

enum {
	AGAIN = 1, /* may come more than once in a section */
	EMPTY = 2, /* may have no value */
	WORDS = 4, /* blanks have a meaning in its value */
};

static const struct wgparse_key {
	const char *name;
	bool peer;
	unsigned int flags;
	wgvalue_set *set;
} keys[] = {
	{"PrivateKey", false, 0, wgvalue_private_key},
	{"Address", false, AGAIN | EMPTY | WORDS, wgvalue_address},
	{"DNS", false, AGAIN | EMPTY | WORDS, wgvalue_dns},
	{"MTU", false, 0, wgvalue_mtu},
	{"ListenPort", false, 0, wgvalue_listen_port},
	{"FwMark", false, 0, wgvalue_fwmark},
	{"Path", false, WORDS, wgvalue_path},
	{"Table", false, WORDS, wgvalue_ignore},
	{"SaveConfig", false, 0, wgvalue_save_config},
	{"PreUp", false, AGAIN | EMPTY | WORDS, wgvalue_hook},
	{"PostUp", false, AGAIN | EMPTY | WORDS, wgvalue_hook},
	{"PreDown", false, AGAIN | EMPTY | WORDS, wgvalue_hook},
	{"PostDown", false, AGAIN | EMPTY | WORDS, wgvalue_hook},
	{"IncludedApplications", false, AGAIN | EMPTY | WORDS, wgvalue_ignore},
	{"ExcludedApplications", false, AGAIN | EMPTY | WORDS, wgvalue_ignore},
	{"PublicKey", true, 0, wgvalue_public_key},
	{"PresharedKey", true, 0, wgvalue_preshared_key},
	{"AllowedIPs", true, AGAIN | EMPTY, wgvalue_allowed_ips},
	{"Endpoint", true, 0, wgvalue_endpoint},
	{"PersistentKeepalive", true, 0, wgvalue_keepalive},
};

#define NKEYS (sizeof(keys) / sizeof(keys[0]))

/* The name may be a key that lost its "PrivateKey =": it is shown if a name is near only. */
static int wgparse_unknown(struct wgparse *p, const char *name)
{
	char lower[NKEYS + 1][MAX_KEY];
	const char *names[NKEYS + 1] = {NULL};
	unsigned int i, j;
	const char *near;

	for (i = 0; i <= NKEYS; i++) {
		const char *from = i < NKEYS ? keys[i].name : name;

		for (j = 0; j < MAX_KEY - 1 && from[j]; j++)
			lower[i][j] = wgtext_lower(from[j]);
		lower[i][j] = '\0';
		if (i < NKEYS)
			names[i] = lower[i];
	}
	near = strlen(name) < MAX_KEY ? closest(lower[NKEYS], names) : NULL;
	if (near) {
		for (i = 0; names[i] != near;)
			i++;
		return refuse(p, "unknown key '%s': did you mean %s?", wgtext_shown(name, p->shown),
			      keys[i].name);
	}
	if (strlen(name) >= MAX_KEY || strpbrk(name, "+/") || !*name)
		return refuse(p, "this is neither KEY = VALUE nor [SECTION]");
	return refuse(p, "unknown key '%s': wg-quick(8) and wg(8) list those there are",
		      wgtext_shown(name, p->shown));
}

static int wgparse_set(struct wgparse *p, char *name, char *value)
{
	const struct wgparse_key *k = keys;

	while (k < keys + NKEYS && !wgtext_same(name, k->name))
		k++;
	if (k == keys + NKEYS)
		return wgparse_unknown(p, name);
	if (!p->conf)
		return refuse(p, "%s comes before any section: write [Interface] above it",
			      k->name);
	if (k->peer != !!p->peer)
		return refuse(p, "%s belongs to [%s], and this is the [%s] of line %u", k->name,
			      k->peer ? "Peer" : "Interface", p->peer ? "Peer" : "Interface",
			      p->peer ? p->peer->line : p->conf->line);
	if (p->seen & 1U << (k - keys) && !(k->flags & AGAIN))
		return refuse(p, "%s is given twice in this section: leave one out", k->name);
	p->seen |= 1U << (k - keys);
	if (!(k->flags & WORDS))
		wgtext_squeeze(value);
	if (!(k->flags & AGAIN) && strchr(value, ','))
		return refuse(p, "%s takes one value, and this is a list: keep one of them%s",
			      k->name, k->peer ? ", others need a [Peer] of their own" : "");
	if (!*value && !(k->flags & EMPTY))
		return refuse(p, "%s has no value: write %s = ...", k->name, k->name);
	return k->set(p, k->name, value);
}

/* ---- sections ---- */

static int wgparse_end_peer(struct wgparse *p)
{
	const struct wgconf *c = p->conf;
	const struct wg_peer *peer = p->peer;

	p->line = peer->line;
	if (wgkey_is_zero(peer->public_key))
		return refuse(
			p, "this [Peer] has no PublicKey: the server shows its own by `wg show`");
	if (wgkey_equal(peer->public_key, c->private_key))
		return refuse(p,
			      "its PublicKey is this side's PrivateKey: change both, and keep the "
			      "private one to this file");
	for (unsigned int i = 0; i + 1 < c->npeers; i++) {
		if (wgkey_equal(c->peers[i].public_key, peer->public_key))
			return refuse(p,
				      "this [Peer] has the PublicKey of the one of line %u: make "
				      "them one",
				      c->peers[i].line);
	}
	if (!peer->nallowed)
		return refuse(p, "this [Peer] has no AllowedIPs, so nothing would go to it: add "
				 "AllowedIPs = 0.0.0.0/0, ::/0");
	return 0;
}

static int wgparse_end_interface(struct wgparse *p)
{
	const struct wgconf *c = p->conf;
	unsigned int i;

	p->line = c->line;
	if (wgkey_is_zero(c->private_key))
		return refuse(p, "this [Interface] has no PrivateKey%s",
			      c->hooks ? ": a PostUp that sets it is not run" : "");
	if (!c->npeers)
		return refuse(p, "this [Interface] has no [Peer]: add the server's");
	for (i = 0; i < c->npeers && !c->peers[i].port;)
		i++;
	if (i == c->npeers && !p->server)
		return refuse(
			p,
			"no [Peer] of this [Interface] has an Endpoint: add Endpoint = HOST:PORT");
	for (i = 0; i < c->naddrs; i++) {
		if (c->mtu && c->mtu < MTU_MIN_IPV6 && ip_len(&c->addr[i]) == 16)
			return refuse(p, "MTU = %u is too small for IPv6: at least %d", c->mtu,
				      MTU_MIN_IPV6);
	}
	return 0;
}

/* The section that lines belonged to is complete. */
static int wgparse_end(struct wgparse *p, bool interface)
{
	int err = 0;

	if (p->peer)
		err = wgparse_end_peer(p);
	if (!err && p->conf && interface)
		err = wgparse_end_interface(p);
	p->peer = NULL;
	p->seen = 0;
	return err;
}

static int wgparse_section(struct wgparse *p, char *text)
{
	static const char *const sections[] = {"[interface]", "[peer]", NULL};
	unsigned int line = p->line;
	bool interface;
	int err;

	wgtext_squeeze(text);
	interface = wgtext_same(text, "[Interface]");
	if (!interface && !wgtext_same(text, "[Peer]")) {
		const char *near;

		for (char *c = text; *c; c++)
			*c = wgtext_lower(*c);
		near = closest(text, sections);
		return refuse(p, "unknown section %s: %s", wgtext_shown(text, p->shown),
			      !near		    ? "known are [Interface] and [Peer]"
			      : near == sections[0] ? "did you mean [Interface]?"
						    : "did you mean [Peer]?");
	}
	err = wgparse_end(p, interface);
	if (err)
		return err;
	p->line = line;
	if (interface) {
		if (p->file->nsections == WGCONF_MAX_SECTIONS)
			return refuse(p, "more than %d [Interface] sections", WGCONF_MAX_SECTIONS);
		p->conf = &p->file->section[p->file->nsections++];
		p->conf->line = line;
		p->conf->peers = p->peers;
		return 0;
	}
	if (!p->conf)
		return refuse(p, "a [Peer] comes before any [Interface]: write that first");
	if (!p->room--)
		return refuse(p, "more than %d [Peer] sections", WGCONF_MAX_PEERS);
	p->peer = p->peers++;
	p->peer->line = line;
	p->conf->npeers++;
	return 0;
}

/* One line, ended by a zero. */
static int wgparse_line(struct wgparse *p, char *text, size_t len)
{
	char *value;

	if (len > WGCONF_MAX_LINE)
		return refuse(p, "the line is longer than %d bytes", WGCONF_MAX_LINE);
	if (strlen(text) != len)
		return refuse(p, "the line has a zero byte: save the file as plain text");
	text[strcspn(text, "#")] = '\0';
	while (wgtext_blank(*text))
		text++;
	len = strlen(text);
	while (len && wgtext_blank(text[len - 1]))
		text[--len] = '\0';
	if (!len)
		return 0;
	if (*text == '[')
		return wgparse_section(p, text);
	value = strchr(text, '=');
	if (!value)
		return refuse(p, "this is neither KEY = VALUE nor [SECTION]");
	*value++ = '\0';
	while (wgtext_blank(*value))
		value++;
	wgtext_squeeze(text);
	return wgparse_set(p, text, value);
}

/* Room for all that @text can have at most. */
static int wgparse_alloc(struct wgparse *p, const char *text, size_t len)
{
	size_t sections = 0, items = 1, size;
	struct wgconf_file *f;

	for (size_t i = 0; i < len; i++) {
		sections += text[i] == '[';
		items += text[i] == ',' || text[i] == '\n';
	}
	p->room = sections < WGCONF_MAX_PEERS ? (unsigned int)sections : WGCONF_MAX_PEERS;
	size = sizeof(*f) + WGCONF_MAX_SECTIONS * sizeof(struct wgconf) +
	       p->room * sizeof(struct wg_peer) + items * sizeof(struct ip_addr);
	f = wgkey_alloc(size);
	if (!f)
		return why_set(p->why, ENOMEM, "no memory for %zu bytes", size);
	f->size = size;
	f->section = (struct wgconf *)(f + 1);
	p->file = f;
	p->peers = (struct wg_peer *)(f->section + WGCONF_MAX_SECTIONS);
	p->allowed = (struct ip_addr *)(p->peers + p->room);
	return 0;
}

static int wgparse_all(char *text, size_t len, const char *name, bool server,
		       struct wgconf_file **out, const char **why)
{
	static const char mark[] = "\xef\xbb\xbf"; /* some editors begin UTF-8 with it */
	const char *reason = "";
	struct wgparse p = {.server = server, .why = &reason};
	char *end = text + len;
	char label[208];
	int err;

	snprintf(label, sizeof(label), "%.200s", name);
	printable(label);
	err = wgparse_alloc(&p, text, len);
	if (err)
		return why_set(why, -err, "%s: %s", label, reason);
	*end = '\0';
	if (len >= 3 && !memcmp(text, mark, 3))
		text += 3;
	while (!err && text < end) {
		char *newline = memchr(text, '\n', (size_t)(end - text));

		if (!newline)
			newline = end;
		*newline = '\0';
		p.line++;
		err = wgparse_line(&p, text, (size_t)(newline - text));
		text = newline + 1;
	}
	if (!err)
		err = wgparse_end(&p, true);
	if (!err && !p.conf) {
		wgconf_file_free(p.file);
		return why_set(why, EINVAL, "%s has no [Interface] section: is it a wg-quick file?",
			       label);
	}
	if (err) {
		wgconf_file_free(p.file);
		return why_set(why, -err, "%s:%u: %s", label, p.line, reason);
	}
	*out = p.file;
	return 0;
}

int wgconf_parse(char *text, size_t len, const char *name, struct wgconf_file **out,
		 const char **why)
{
	return wgparse_all(text, len, name, false, out, why);
}

int wgconf_parse_any(char *text, size_t len, const char *name, struct wgconf_file **out,
		     const char **why)
{
	return wgparse_all(text, len, name, true, out, why);
}
