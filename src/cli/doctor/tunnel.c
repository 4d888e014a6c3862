// SPDX-License-Identifier: GPL-2.0-only
/*
 * tunnel.c - what `-i wg:IF,conf=FILE` would get: the file, its endpoints, MTUs, a handshake.
 *
 * Theory of operation
 *
 * The file is read as a run reads it, names are resolved as the host does. Then a child process
 * (visit.h) makes the tunnel with a stack of its own, has it greet its peers, and asks WireGuard
 * until it knows of a handshake.
 *
 * Limits: of a file that two -i share by the order of its sections, each handshake is tried with
 * the first one; write Path. The handshake of one peer will do.
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "backend/backend.h"
#include "backend/opening/hostif.h"
#include "cli/cli.h"
#include "cli/doctor/doctor.h"
#include "cli/doctor/visit.h"
#include "engine/engine.h"
#include "launch/interfaces.h"
#include "launch/resolver.h"
#include "lib/clock.h"
#include "netconf/netconf.h"
#include "netconf/wgconf.h"
#include "netconf/wireguard.h"
#include "stack/endpoint.h"
#include "stack/tunnel.h"
#include "stack/up.h"

#define GREET_MS 6000 /* WireGuard sends its first message again after 5 s */
#define LOOK_MS	 10
#define TEXT	 512
#define THING	 (IF_NAMESIZE + 16)

/* A child's exit status; others mean that it could not try. */
enum outcome { SHAKES_HANDS = 10, NO_HANDSHAKE, IN_USE };

bool doctor_is_tunnel(const struct iface_spec *s)
{
	const struct backend_ops *kind = backend_find(s->backend);

	return kind && kind->place == BACKEND_TUNNEL;
}

/* ---- the handshake: in the child ---- */

static int tunnel_shake_hands(const struct netconf_iface *ifc)
{
	struct timespec nap = {.tv_nsec = LOOK_MS * 1000000L};
	uint64_t began = clock_mono_ms(), now = began;
	struct wireguard_state s;
	char text[TEXT];

	tunnel_greet(ifc);
	for (; now - began < GREET_MS; now = clock_mono_ms()) {
		if (!tunnel_state(ifc, &s) && s.handshakes) {
			complain(0, "%llu ms", (unsigned long long)(now - began));
			return SHAKES_HANDS;
		}
		/* By the stack, which moves on meanwhile. */
		engine_syscall(SYS_nanosleep, (const long[6]){(long)&nap});
	}
	tunnel_complaint(ifc, tunnel_health(ifc, 0), text, sizeof(text));
	complain(0, "%s", text);
	return NO_HANDSHAKE;
}

static int tunnel_try(struct config *c, const void *arg)
{
	unsigned int n;
	const char *why;
	int outcome;

	if (interfaces_open(c, false))
		return c->iface[0].lock == -EBUSY ? IN_USE : EXIT_PERSONA;
	if (stack_up(c, &why))
		return complain(EXIT_PERSONA, "%s", why);
	outcome = tunnel_shake_hands(stack_ifaces(&n));
	engine_stop();
	return outcome;
}

static void tunnel_check_handshake(struct config *c, const struct iface_spec *s)
{
	char thing[THING];
	struct visit v;

	if (visit_configure(c, s))
		return; /* was said before */
	snprintf(thing, sizeof(thing), "%s handshake", s->name);
	visit(&v, tunnel_try, c, NULL);
	if (v.status == SHAKES_HANDS)
		doctor_say(DOCTOR_OK, thing, NULL, "done, after %s", v.words);
	else if (v.status == NO_HANDSHAKE)
		doctor_say(DOCTOR_FAIL, thing, NULL, "%s", v.words);
	else if (v.status == IN_USE)
		doctor_say(DOCTOR_OK, thing, "persona show tells of its handshakes",
			   "not tried: a run has this tunnel now, and a tunnel serves one");
	else
		doctor_say(DOCTOR_FAIL, thing, NULL, "could not be tried: %s",
			   v.words[0] ? v.words : "the process died");
}

/* ---- what the file says ---- */

static void tunnel_check_file(const struct iface_spec *s, const struct wgconf *w)
{
	char thing[THING];

	snprintf(thing, sizeof(thing), "%s file", s->name);
	if (!w->naddrs)
		doctor_say(DOCTOR_FAIL, thing,
			   "add a line Address =", "%s:%u: [Interface] has no Address", s->conf,
			   w->line);
	else
		doctor_say(DOCTOR_OK, thing, NULL, "%s: %u address%s, %u peer%s, %u name server%s",
			   s->conf, w->naddrs, w->naddrs == 1 ? "" : "es", w->npeers,
			   w->npeers == 1 ? "" : "s", w->ndns, w->ndns == 1 ? "" : "s");
	if (w->hooks)
		doctor_say(DOCTOR_WARN, thing, NULL,
			   "%s:%u: PreUp, PostUp, PreDown, PostDown are not run", s->conf,
			   w->hooks_line);
}

/* Where one peer is, into @s; false if nobody knows. */
static bool tunnel_check_endpoint(struct iface_spec *s, const char *host, uint16_t port)
{
	char thing[THING], list[TEXT] = "", one[IP_ADDR_TEXT];
	struct endpoint_answer a;
	int err = resolver_look_up(host, &a);

	snprintf(thing, sizeof(thing), "%s endpoint", s->name);
	if (err || !a.n) {
		doctor_say(DOCTOR_FAIL, thing, "does the host resolve it? see /etc/resolv.conf",
			   "%s cannot be resolved: %s", host,
			   err ? gai_strerror(err) : "it has no IP address");
		return false;
	}
	for (uint32_t i = 0; i < a.n; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", i ? ", " : "",
			 ip_format(&a.addr[i], false, one));
	doctor_say(DOCTOR_OK, thing, NULL,
		   strcmp(host, list) ? "%1$s port %2$u is %3$s" : "%1$s port %2$u", host, port,
		   list);
	for (uint32_t i = 0; i < a.n && s->nfars < SPEC_MAX_FARS; i++)
		s->far[s->nfars++] = (struct ip_end){.addr = a.addr[i], .port = port};
	return true;
}

/* endpoint=HOST:PORT, or each peer's. */
static bool tunnel_check_endpoints(struct iface_spec *s, const struct wgconf *w)
{
	char host[sizeof(s->endpoint)], *colon, *end;
	bool all = true;

	s->nfars = 0;
	if (s->endpoint[0]) {
		strcpy(host, s->endpoint);
		colon = strrchr(host, ':');
		*colon = '\0';
		end = strchr(host, ']');
		if (end)
			*end = '\0';
		return tunnel_check_endpoint(s, host + (*host == '['), (uint16_t)atoi(colon + 1));
	}
	for (unsigned int i = 0; i < w->npeers; i++)
		if (w->peers[i].port)
			all &= tunnel_check_endpoint(s, w->peers[i].host, w->peers[i].port);
	return all;
}

static void tunnel_check_link(const struct iface_spec *s, const struct wgconf *w)
{
	unsigned int given = s->mtu ? s->mtu : w->mtu, fits;
	char thing[THING];
	struct hostif h;

	if (hostif_get(-1, s->ifname, &h))
		return; /* a descriptor, or what net.c has told of */
	fits = tunnel_mtu(s, h.mtu);
	snprintf(thing, sizeof(thing), "%s way", s->name);
	if (tunnel_has_way(s, h.index))
		doctor_say(DOCTOR_OK, thing, NULL, "%s has an address to reach the endpoint from",
			   s->ifname);
	else
		doctor_say(DOCTOR_WARN, thing, "wait for one, or name another interface",
			   "%s has no address of the endpoint's IP version now", s->ifname);
	snprintf(thing, sizeof(thing), "%s MTU", s->name);
	if (given > fits)
		doctor_say(DOCTOR_WARN, thing, "leave MTU and mtu= out",
			   "%u inside, %u outside: datagrams leave in fragments above %u", given,
			   h.mtu, fits);
	else
		doctor_say(DOCTOR_OK, thing, NULL, "%u inside, %u outside", given ? given : fits,
			   h.mtu);
}

static void tunnel_check(struct config *c, const struct iface_spec *spec, unsigned int section)
{
	struct iface_spec s = *spec;
	struct wgconf *w;
	char thing[THING];
	const char *why;
	bool known;

	if (wgconf_read(s.conf, s.ifname, section, &w, &why)) {
		snprintf(thing, sizeof(thing), "%s file", s.name);
		doctor_say(DOCTOR_FAIL, thing, NULL, "%s", why);
		return;
	}
	tunnel_check_file(&s, w);
	known = tunnel_check_endpoints(&s, w);
	if (known)
		tunnel_check_link(&s, w);
	known &= w->naddrs > 0;
	wgconf_free(w);
	if (known)
		tunnel_check_handshake(c, spec);
}

void doctor_tunnel(const struct doctor *d)
{
	struct config *c = malloc(sizeof(*c));

	for (unsigned int i = 0; c && i < d->n; i++) {
		unsigned int section = 0;

		if (!doctor_is_tunnel(&d->spec[i]))
			continue;
		for (unsigned int k = 0; k < i; k++)
			section += !strcmp(d->spec[k].conf, d->spec[i].conf);
		tunnel_check(c, &d->spec[i], section);
	}
	free(c);
}
