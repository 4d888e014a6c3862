// SPDX-License-Identifier: GPL-2.0-only
/*
 * watch.c - paths that lose everything silently are left, and used again.
 *
 * Theory of operation
 *
 * Each tick takes the frame counts of all interfaces (engine/netif.c; memory is
 * read, the stack not entered), has pathmon.c judge each of them, and does what it says:
 * probes by probe.c, and what a lost carrier would do by netconf.c. When the
 * endpoints of a path are removed, the kernel tells the peer on another path, and
 * both ends close its subflows and send again what was under way. So a download
 * recovers too, whose sender alone could notice the loss otherwise.
 *
 * Costs: nothing with one interface. With more, one wake-up of the thread each
 * QUIET_MS while no frames move, one each PATHMON_TICK_MS while they do and BUSY_MS
 * after; a probe and its answer when the path comes up and after the last frame
 * of each burst.
 *
 * A tunnel is asked once, GREET_MS after it came up, whether it had a handshake; if not, the
 * user is told. One to which nothing was sent yet is asked again later, a few times.
 *
 * Owner, threads: the following thread (follow.c) alone.
 *
 * Limits: what the first router answers says nothing about the network behind it. A
 * loss that begins while nothing has moved for a while is seen up to QUIET_MS later.
 */
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include "engine/engine.h"
#include "lib/clock.h"
#include "lib/trace.h"
#include "netconf/netconf.h"
#include "stack/config.h"
#include "stack/endpoint.h"
#include "stack/pathmon.h"
#include "stack/probe.h"
#include "stack/steering.h"
#include "stack/tunnel.h"
#include "stack/up.h"
#include "stack/watch.h"

#define QUIET_MS 3000
#define AWAY_MS	 1000 /* the same while one is left */
#define BUSY_MS	 1000
#define RENEW_MS 300  /* for the peer to hear that an endpoint has gone, by another path */
#define GREET_MS 5000 /* WireGuard sends its first handshake again after that time */
#define GREETS	 5
#define WAIT_MS	 5000 /* for the answer to a probe: no path is that slow */

/**
 * struct watched - one interface
 * @up:	   it has its link
 * @asked: the last tick sent a probe, so frames since are no traffic
 * @waits: for the answer to a probe, until then, ms; 0: for none
 * @greet: a tunnel is asked then, ms; 0: no more; @greets: how often it was
 * @renew: its endpoint was removed and is made again then, ms; 0: it is there
 */
struct watched {
	struct pathmon path;
	bool up;
	bool asked;
	int64_t waits;
	int64_t renew;
	int64_t greet;
	unsigned int greets;
};

static struct watched watched[CONFIG_MAX_IFACES];
static _Atomic bool left[CONFIG_MAX_IFACES]; /* watched[].path.away, for other threads */
static int64_t moved;			     /* when frames last did, ms */
static void (*tell)(const char *sentence);

static int64_t watch_now(void)
{
	return (int64_t)clock_mono_ms();
}

static void come_up(unsigned int i, bool again)
{
	uint64_t rx, tx;
	unsigned int n;

	engine_netif_frames(i, &rx, &tx);
	if (!again && stack_ifaces(&n)[i].lower)
		tx = 0; /* its first handshake may be on its way already */
	watched[i] = (struct watched){.up = true, .greet = watch_now() + GREET_MS};
	pathmon_init(&watched[i].path, watch_now(), rx, tx, again);
}

void watch_start(void (*say)(const char *sentence))
{
	unsigned int i, n;

	tell = say;
	moved = watch_now();
	stack_ifaces(&n);
	for (i = 0; i < n; i++)
		come_up(i, false);
}

void watch_stop(void)
{
	memset(watched, 0, sizeof(watched));
	for (unsigned int i = 0; i < CONFIG_MAX_IFACES; i++)
		left[i] = false;
	probe_close();
}

bool watch_left(unsigned int i)
{
	return i < CONFIG_MAX_IFACES && left[i];
}

bool watch_aside(unsigned int i)
{
	return watched[i].path.away || watched[i].renew;
}

void watch_changed(unsigned int i, bool up)
{
	probe_end(i);
	left[i] = false;
	if (up)
		come_up(i, true);
	else
		watched[i] = (struct watched){0};
	moved = watch_now();
}

static void watch_say(const char *name, const char *what)
{
	char sentence[160];

	trace(TRACE_PATHS, "%s %s", name, what);
	if (!stack_verbose())
		return;
	snprintf(sentence, sizeof(sentence), "%s: %s", name, what);
	tell(sentence);
}

static void set_aside(unsigned int i, bool from, bool to)
{
	const struct iface_spec *spec = stack_spec(i);
	const char *why = "";

	if (steering_update(i, (struct netconf_state){spec, true, from},
			    (struct netconf_state){spec, true, to}, &why))
		tell(why);
}

/* Is there an established connection, or subflow, from an address of @spec? */
struct search {
	const struct iface_spec *spec;
	bool found;
};

static int watch_one_socket(const struct nlmsghdr *m, void *arg)
{
	const struct inet_diag_msg *d = NLMSG_DATA(m);
	struct search *s = arg;

	if (m->nlmsg_type != SOCK_DIAG_BY_FAMILY || m->nlmsg_len < NLMSG_LENGTH(sizeof(*d)))
		return 0;
	for (uint32_t i = 0; i < s->spec->naddrs; i++) {
		const struct ip_addr *a = &s->spec->addr[i];

		s->found |= a->family == d->idiag_family &&
			    !memcmp(a->bytes, d->id.idiag_src, ip_len(a));
	}
	return 0;
}

static bool has_subflow(const struct iface_spec *spec)
{
	static const uint8_t families[2] = {AF_INET, AF_INET6};
	struct search s = {.spec = spec};
	struct nl *nl;
	int err;

	nl = nl_open(engine_syscall, NETLINK_SOCK_DIAG, &err);
	if (!nl)
		return true;
	for (unsigned int f = 0; f < 2; f++) {
		struct inet_diag_req_v2 q = {.sdiag_family = families[f],
					     .sdiag_protocol = IPPROTO_TCP,
					     .idiag_states = 1u << TCP_ESTABLISHED};

		nl_begin(nl, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &q, sizeof(q));
		nl_dump(nl, watch_one_socket, &s);
	}
	nl_close(nl);
	return s.found;
}

static void watch_act(unsigned int i, const struct netconf_iface *ifc, enum pathmon_act what,
		      int64_t silence)
{
	struct watched *w = &watched[i];
	char leaves[64];

	w->asked = what == PATHMON_PROBE;
	switch (what) {
	case PATHMON_NOTHING:
		break;
	case PATHMON_PROBE:
		w->waits = probe_send(ifc, stack_spec(i), i) ? 0 : watch_now() + WAIT_MS;
		break;
	case PATHMON_LEAVE:
		if (!w->renew)
			set_aside(i, false, true);
		w->renew = 0;
		endpoint_ask(i);
		snprintf(leaves, sizeof(leaves), "no answer for %lld.%lld s: MPTCP leaves it",
			 (long long)silence / 1000, (long long)silence % 1000 / 100);
		watch_say(ifc->spec->name, leaves);
		break;
	case PATHMON_RETURN:
		set_aside(i, true, false);
		watch_say(ifc->spec->name, "answers again");
		break;
	case PATHMON_RENEW:
		if (w->renew || has_subflow(stack_spec(i)))
			break;
		/* A new subflow that overtook the word of the old one's end would end by it. */
		set_aside(i, false, true);
		w->renew = watch_now() + RENEW_MS;
		break;
	}
}

/* What is there to see at interface @i, but for the others. */
static void watch_see(unsigned int i, const struct netconf_iface *ifc, struct pathmon_seen *seen)
{
	struct watched *w = &watched[i];

	if (w->waits && probe_answered(ifc, stack_spec(i), i)) {
		seen->answered = true;
		w->waits = 0;
	} else if (w->waits && watch_now() > w->waits) {
		probe_end(i);
		w->waits = 0;
	}
	engine_netif_frames(i, &seen->rx, &seen->tx);
}

/* Tell of tunnels without a handshake; ms until the next is to be asked, -1: none. */
static int watch_tunnels(const struct netconf_iface *ifs, unsigned int n, int64_t now)
{
	char sentence[256];
	int64_t next = -1;

	for (unsigned int i = 0; i < n; i++) {
		struct watched *w = &watched[i];

		if (!ifs[i].lower || !w->up || !w->greet)
			continue;
		if (now >= w->greet) {
			enum tunnel_health health = tunnel_health(&ifs[i], i);

			w->greets++;
			w->greet = health == TUNNEL_UNUSED && w->greets < GREETS
					   ? now + (GREET_MS << w->greets)
					   : 0;
			if (health == TUNNEL_SILENT || health == TUNNEL_REFUSED) {
				tunnel_complaint(&ifs[i], health, sentence, sizeof(sentence));
				trace(TRACE_PATHS, "%s", sentence);
				tell(sentence);
			}
		}
		if (w->greet && (next < 0 || w->greet - now < next))
			next = w->greet - now;
	}
	return (int)next;
}

static int watch_sooner(int a, int b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

/* The paths, of which there are two at least: ms until the next look. */
static int watch_paths(const struct netconf_iface *ifs, unsigned int n)
{
	struct pathmon_seen seen[CONFIG_MAX_IFACES] = {0};
	unsigned int i, alive = 0, suspects = 0;
	int64_t now = watch_now();
	bool away = false, hurry = false;

	for (i = 0; i < n; i++) {
		struct watched *w = &watched[i];

		if (!w->up)
			continue;
		watch_see(i, &ifs[i], &seen[i]);
		if (!w->asked && !seen[i].answered &&
		    (seen[i].rx != w->path.rx || seen[i].tx != w->path.tx))
			moved = now;
		alive += pathmon_alive(&w->path, now);
		suspects += pathmon_suspect(&w->path, now);
	}
	for (i = 0; i < n; i++) {
		struct watched *w = &watched[i];
		int64_t silence = now - w->path.base;

		if (!w->up)
			continue;
		seen[i].owes = ifs[i].lower;
		seen[i].busy = now - moved < BUSY_MS;
		seen[i].thrifty = steering_path(i).role == PATH_METERED;
		seen[i].refuge = alive > pathmon_alive(&w->path, now);
		seen[i].needed = suspects > pathmon_suspect(&w->path, now);
		watch_act(i, &ifs[i], pathmon_step(&w->path, now, &seen[i]), silence);
		left[i] = w->path.away;
		if (w->renew && now >= w->renew) {
			set_aside(i, true, false);
			w->renew = 0;
		}
		away |= w->path.away;
		hurry |= w->renew != 0;
		/* What waits for a tunnel's handshake moves no frames. */
		hurry |= w->path.owes && silence < GREET_MS && pathmon_suspect(&w->path, now);
	}
	if (now - moved < BUSY_MS)
		steering_look();
	if (now - moved < BUSY_MS || hurry)
		return PATHMON_TICK_MS;
	return away ? AWAY_MS : QUIET_MS;
}

int watch_tick(void)
{
	unsigned int n;
	const struct netconf_iface *ifs = stack_ifaces(&n);
	int tunnels = watch_tunnels(ifs, n, watch_now());

	return n < 2 ? tunnels : watch_sooner(tunnels, watch_paths(ifs, n));
}
