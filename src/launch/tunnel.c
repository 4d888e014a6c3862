// SPDX-License-Identifier: GPL-2.0-only
/*
 * tunnel.c - complete the specification of a tunnel from its file, see tunnel.h.
 *
 * Theory of operation
 *
 * The file is read twice: here, to say at once what is wrong and to learn all but the
 * keys, and by the process that has the stack, for the keys (stack/tunnel.c). Names are
 * resolved here, by the host: its libc, its network, before any program runs, and later by
 * resolver.c. Of an endpoint's addresses the first is taken of a family that the interface can
 * send.
 *
 * Networks of AllowedIPs become routes; a family with a default among them, or with more
 * than a specification holds, which is said, has a default route.
 *
 * Two tunnels with one key to one endpoint are refused: the server has one session for a
 * key, and would send all to where it heard from last. For that comparison the other's file is
 * read again, so no key is kept here. Nor can two runs have one tunnel at a time (sole.h).
 *
 * An endpoint at which no server can be is refused (farend.h).
 *
 * Threads: the one that launches.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "backend/opening/hostif.h"
#include "launch/farend.h"
#include "launch/resolver.h"
#include "launch/sole.h"
#include "launch/tunnel.h"
#include "lib/complain.h"
#include "lib/highfd.h"
#include "netconf/wgconf.h"
#include "stack/config.h"
#include "stack/tunnel.h"

#define MTU_MIN_IPV6 1280 /* RFC 8200 */

static bool by_place[CONFIG_MAX_IFACES]; /* that -i has a section without a Path */

/* The file by a path that holds wherever the stack is made; 0 or an exit status. */
static int tunnel_path(struct iface_spec *s)
{
	char path[PATH_MAX];

	if (!realpath(s->conf, path))
		return complain(EXIT_PERSONA, "conf=%s: cannot be read: %s", s->conf,
				strerror(errno));
	if (strlen(path) >= sizeof(s->conf))
		return complain(EXIT_PERSONA, "conf=%s: the path is too long", s->conf);
	strcpy(s->conf, path);
	return 0;
}

static unsigned int tunnel_place(const struct config *c, const struct config_iface *ci)
{
	unsigned int nth = 0;

	for (const struct config_iface *o = c->iface; o != ci; o++)
		nth += !strcmp(o->spec.conf, ci->spec.conf) && by_place[o - c->iface];
	return nth;
}

/* A socket's address as one of ours. */
static void tunnel_take(struct ip_end *e, const struct sockaddr *sa)
{
	const struct sockaddr_in6 *in6 = (const void *)sa;
	const struct sockaddr_in *in = (const void *)sa;

	memset(e, 0, sizeof(*e));
	e->addr.family = sa->sa_family;
	if (sa->sa_family == AF_INET)
		memcpy(e->addr.bytes, &in->sin_addr, 4);
	else
		memcpy(e->addr.bytes, &in6->sin6_addr, 16);
	e->addr.prefix = (uint16_t)(ip_len(&e->addr) * 8);
}

/* Can the tunnel's socket send to @a? Why not into @reason. */
static bool tunnel_fits(const struct config_iface *ci, const struct ip_addr *a, char reason[80])
{
	const char *unfit = farend_judge(a), *socket = NULL;
	char text[IP_ADDR_TEXT];

	if (!unfit && ci->fd >= 0)
		socket = farend_served(ci->fd, a);
	if (unfit)
		snprintf(reason, 80, "%s", unfit);
	else if (socket)
		snprintf(reason, 80, "is %s, and wg:%s %s", ip_format(a, false, text),
			 ci->spec.ifname, socket);
	return !unfit && !socket;
}

/* Where @host:@port is: 0 or an exit status. */
static int tunnel_resolve(struct config_iface *ci, const char *host, uint16_t port)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
	char reason[80] = "has no IP address";
	struct iface_spec *s = &ci->spec;
	struct ip_end e, *far = &s->far[s->nfars];
	struct addrinfo *list, *a;
	struct hostif h;
	bool named = !hostif_get(-1, s->ifname, &h), found = false;
	int err = getaddrinfo(host, NULL, &hints, &list);

	if (err)
		return complain(EXIT_PERSONA, "%s: cannot resolve endpoint '%s': %s", s->conf, host,
				err == EAI_SYSTEM ? strerror(errno) : gai_strerror(err));
	for (a = list; a; a = a->ai_next) {
		if (a->ai_family != AF_INET && a->ai_family != AF_INET6)
			continue;
		tunnel_take(&e, a->ai_addr);
		e.port = port;
		if (!tunnel_fits(ci, &e.addr, reason))
			continue;
		if (!found) /* if the interface has no address for any: for when it has one */
			*far = e;
		found = true;
		if (!named || tunnel_has_way(&(struct iface_spec){.nfars = 1, .far = {e}}, h.index))
			break;
	}
	if (a)
		*far = e;
	freeaddrinfo(list);
	if (!found)
		return complain(EXIT_PERSONA,
				"%s: endpoint '%s' %s: name the server as this host reaches it",
				s->conf, host, reason);
	s->nfars++;
	return 0;
}

/* endpoint=HOST:PORT, which has been parsed. */
static int tunnel_resolve_given(struct config_iface *ci)
{
	const struct iface_spec *s = &ci->spec;
	char host[sizeof(s->endpoint)];
	char *colon;
	size_t len;

	strcpy(host, s->endpoint);
	colon = strrchr(host, ':');
	*colon = '\0';
	len = strlen(host);
	if (host[0] == '[' && len > 2 && host[len - 1] == ']') {
		host[len - 1] = '\0';
		return tunnel_resolve(ci, host + 1, (uint16_t)atoi(colon + 1));
	}
	return tunnel_resolve(ci, host, (uint16_t)atoi(colon + 1));
}

static int tunnel_endpoints(struct config_iface *ci, const struct wgconf *w)
{
	struct iface_spec *s = &ci->spec;
	unsigned int n = 0;
	int status = 0;

	for (unsigned int i = 0; i < w->npeers; i++)
		n += w->peers[i].port != 0;
	if (n > SPEC_MAX_FARS)
		return complain(EXIT_PERSONA, "%s: more than %d peers have an Endpoint", s->conf,
				SPEC_MAX_FARS);
	if (s->endpoint[0] && n > 1)
		return complain(
			EXIT_PERSONA,
			"endpoint=%s: %s has several peers with an Endpoint: change it there",
			s->endpoint, s->conf);
	s->nfars = 0;
	if (s->endpoint[0])
		return tunnel_resolve_given(ci);
	for (unsigned int i = 0; i < w->npeers && !status; i++) {
		if (w->peers[i].port)
			status = tunnel_resolve(ci, w->peers[i].host, w->peers[i].port);
	}
	return status;
}

static void tunnel_networks(struct iface_spec *s, const struct wgconf *w)
{
	bool all4 = false, all6 = false;

	for (unsigned int i = 0; i < w->npeers; i++) {
		for (unsigned int k = 0; k < w->peers[i].nallowed; k++) {
			const struct ip_addr *a = &w->peers[i].allowed[k];
			bool *all = a->family == AF_INET ? &all4 : &all6;

			if (!*all && a->prefix && s->nroutes == SPEC_MAX_ROUTES)
				complain(0,
					 "%s: more than %d networks in AllowedIPs: all that no "
					 "other -i has a route for goes by wg:%s",
					 s->conf, SPEC_MAX_ROUTES, s->ifname);
			if (!a->prefix || s->nroutes == SPEC_MAX_ROUTES)
				*all = true;
			else
				s->route[s->nroutes++].dst = *a;
		}
	}
	s->limited4 = !all4;
	s->limited6 = !all6;
}

static bool tunnel_has_key(const struct iface_spec *s, const uint8_t key[WG_KEY_LEN])
{
	struct wgconf *w;
	const char *why;
	bool same;

	if (wgconf_read(s->conf, s->ifname, s->section, &w, &why))
		return false; /* it has changed; the stack will say so */
	same = wgkey_equal(w->private_key, key);
	wgconf_free(w);
	return same;
}

/* Does another tunnel of this run have the same key and endpoint? */
static int tunnel_check_twice(const struct config *c, const struct config_iface *ci,
			      const uint8_t key[WG_KEY_LEN])
{
	const struct ip_end *far = &ci->spec.far[0];

	for (const struct config_iface *o = c->iface; o != ci; o++) {
		const struct iface_spec *other = &o->spec;

		if (other->nfars && ip_equal(&other->far[0].addr, &far->addr) &&
		    other->far[0].port == far->port && tunnel_has_key(other, key))
			return complain(
				EXIT_PERSONA,
				"-i wg:%s: has the private key of wg:%s, and the same "
				"endpoint: the server would serve one at a time. Make a key "
				"for each path: persona wg init",
				ci->spec.ifname, other->ifname);
	}
	return 0;
}

/* What the stack cannot have beside its own: wglink0 and its network, IPv6 in small packets. */
static int tunnel_check(const struct iface_spec *s)
{
	for (unsigned int i = 0; i < s->naddrs; i++) {
		const struct ip_addr *a = &s->addr[i];

		if (a->family == AF_INET && !memcmp(a->bytes, (const uint8_t[]){192, 0, 0}, 3))
			return complain(
				EXIT_PERSONA,
				"%s: Address in 192.0.0.0/24, which tunnels leave by inside: "
				"choose another",
				s->conf);
		if (a->family == AF_INET6 && s->mtu && s->mtu < MTU_MIN_IPV6)
			return complain(EXIT_PERSONA,
					"-i wg:%s: mtu=%u is too small for IPv6: at "
					"least %d",
					s->ifname, s->mtu, MTU_MIN_IPV6);
	}
	if (!strcmp(s->name, "lo") || !strncmp(s->name, "wglink", 6))
		return complain(EXIT_PERSONA,
				"-i wg:%s: '%s' is the stack's own inside: give "
				"another name by name=",
				s->ifname, s->name);
	return 0;
}

/* Two runs with one key take the server's session from each other. */
static int tunnel_alone(struct config_iface *ci, const struct wgconf *w)
{
	int fd = sole_take(&ci->spec, w);

	ci->lock = fd; /* doctor asks */
	if (fd == -EBUSY)
		return complain(
			EXIT_PERSONA,
			"-i wg:%s: another run has the tunnel of %s, and the server would "
			"serve one at a time: start the program on that run (persona exec), "
			"send it by that gateway, or make a key for each: persona wg init",
			ci->spec.ifname, ci->spec.conf);
	if (fd >= 0) /* else this host cannot tell */
		ci->lock = highfd_move(fd, F_DUPFD_CLOEXEC);
	if (fd >= 0 && ci->lock < 0)
		return complain(EXIT_PERSONA, "too many open files: ulimit -n 1024");
	return 0;
}

static int tunnel_fill(const struct config *c, struct config_iface *ci, const struct wgconf *w)
{
	struct iface_spec *s = &ci->spec;
	int status;

	if (w->hooks)
		complain(0, "%s:%u: PreUp, PostUp, PreDown, PostDown are not run", s->conf,
			 w->hooks_line);
	if (!w->naddrs)
		return complain(EXIT_PERSONA, "%s:%u: [Interface] has no Address", s->conf,
				w->line);
	s->naddrs = w->naddrs;
	memcpy(s->addr, w->addr, sizeof(w->addr));
	/* Two tunnels to one network: AllowedIPs decide what goes by which, not a link's network.
	 */
	for (unsigned int i = 0; i < s->naddrs; i++)
		s->addr[i].prefix = (uint16_t)(ip_len(&s->addr[i]) * 8);
	if (!s->mtu)
		s->mtu = w->mtu;
	tunnel_networks(s, w);
	status = tunnel_check(s) ?: tunnel_endpoints(ci, w);
	if (!status)
		status = tunnel_check_twice(c, ci, w->private_key);
	return status ? status : tunnel_alone(ci, w);
}

/* Far end @far is at @host: if that is a name, the host can resolve it again. */
static int tunnel_note_name(const struct config *c, struct config_iface *ci, unsigned int far,
			    const char *host)
{
	struct in_addr in;

	if (strchr(host, ':') || inet_pton(AF_INET, host, &in) == 1)
		return 0;
	ci->spec.named |= 1u << far;
	return resolver_note((unsigned int)(ci - c->iface), far, host);
}

static int tunnel_note_names(const struct config *c, struct config_iface *ci,
			     const struct wgconf *w)
{
	char host[sizeof(ci->spec.endpoint)];
	unsigned int far = 0;
	int status = 0;

	ci->spec.named = 0;
	if (ci->spec.endpoint[0]) {
		strcpy(host, ci->spec.endpoint);
		*strrchr(host, ':') = '\0';
		return tunnel_note_name(c, ci, 0, host);
	}
	for (unsigned int i = 0; i < w->npeers && !status; i++)
		if (w->peers[i].port)
			status = tunnel_note_name(c, ci, far++, w->peers[i].host);
	return status;
}

/* As wg-quick has it: domains alone change nothing. */
static void tunnel_names(struct config *c, const struct iface_spec *s, const struct wgconf *w)
{
	if (!w->ndns && w->search[0])
		complain(0, "%s: DNS names no server: its domains are not used", s->conf);
	else if (!nameservers_add(&c->names, w->dns, w->ndns, w->search))
		complain(0, "%s: DNS: more than %d servers or %d letters of domains in all",
			 s->conf, NAMESERVERS_MAX, NAMESERVERS_SEARCH - 1);
}

int launch_tunnel_fill(struct config *c, struct config_iface *ci)
{
	struct iface_spec *s = &ci->spec;
	struct wgconf *w;
	const char *why;
	int status = tunnel_path(s);

	if (status)
		return status;
	s->section = tunnel_place(c, ci);
	if (wgconf_read(s->conf, s->ifname, s->section, &w, &why))
		return complain(EXIT_PERSONA, "%s", why);
	by_place[ci - c->iface] = !w->path[0];
	status = tunnel_fill(c, ci, w) ?: tunnel_note_names(c, ci, w);
	if (!status)
		tunnel_names(c, s, w);
	wgconf_free(w);
	return status;
}
