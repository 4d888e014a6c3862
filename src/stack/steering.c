// SPDX-License-Identifier: GPL-2.0-only
/*
 * steering.c - which paths of the running stack carry data, see steering.h.
 *
 * Theory of operation
 *
 * netconf/pathpolicy.h says which paths shall be backups, from the policy, the interfaces' roles,
 * and which of them are there. All that can change that comes here: the follower's updates of an
 * interface (steering_update()), round trip times (steering_look()), the user's words
 * (steering_set()). Then the endpoints whose flag is another one get it, and the kernel tells the
 * peers by MP_PRIO. A path that takes over gets its word before the lost one's endpoint goes.
 *
 * Round trip times are for policy `interactive`: each TIMES_MS while frames move, those of the
 * subflows (sock_diag), smoothed by the kernel. A path that has become a backup keeps its time for
 * STALE_MS, then its least one counts: what it had was perhaps its own queue. No two changes come
 * within CALM_MS.
 *
 * Of what we send, sender.c's scheduler decides among the paths that are no backups. A rule for a
 * program is one for the scheduler of its sockets alone, since flags belong to endpoints, which are
 * the stack's.
 *
 * Ownership: @lock guards everything, and is held while endpoints change, so that a flag and the
 * endpoint that gets it never miss each other.
 *
 * Threads: the one that starts the stack, the follower, control's; any that makes a socket.
 */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/engine.h"
#include "lib/clock.h"
#include "lib/closest.h"
#include "lib/trace.h"
#include "lib/why.h"
#include "netconf/sock_diag.h"
#include "stack/config.h"
#include "stack/sender.h"
#include "stack/steering.h"

#define TIMES_MS 1000
#define STALE_MS 10000
#define CALM_MS	 5000

/**
 * struct steering - how the running stack is steered
 * @mptcp:    there are several subflows of a connection to choose from
 * @own:      the personality's scheduler, which policies without one have
 * @fastest:  the path that carries, if one does
 * @since:    of its becoming that; @times: of the last look at times. ms
 * @at:	      each path as it is configured now, with its @spec
 * @backups:  a bit for each path whose endpoints have the flag
 * @spared:   ms when each path became a backup
 */
struct steering {
	const struct pathpolicy *policy;
	bool mptcp;
	char own[PATHPOLICY_NAME];
	char lack[192];
	struct pathpolicy_path path[CONFIG_MAX_IFACES];
	struct netconf_state at[CONFIG_MAX_IFACES];
	struct iface_spec spec[CONFIG_MAX_IFACES];
	struct netconf_iface *iface;
	unsigned int n;
	int fastest;
	int64_t since, times;
	int64_t spared[CONFIG_MAX_IFACES];
	uint32_t backups;
	struct config_program program[CONFIG_MAX_PROGRAMS];
	unsigned int nprograms;
};

/** struct wish - what a line of words asks for */
struct wish {
	const struct pathpolicy *policy;
	const char *scheduler, *congestion;
	enum path_role role[CONFIG_MAX_IFACES];
	struct config_program program[CONFIG_MAX_PROGRAMS];
	unsigned int nprograms;
	bool given; /* a policy is among the words */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct steering steering;
static _Atomic bool any_programs;

static int64_t steering_now(void)
{
	return (int64_t)clock_mono_ms();
}

/* ---- flags ---- */

/* Which paths are backups now; takes note of them. Bits whose flag changes. */
static uint32_t steering_judge(struct steering *s)
{
	uint32_t backups, changed;
	int fastest = s->fastest;

	backups = pathpolicy_backups(s->policy, s->path, s->n, &s->fastest);
	if (fastest != s->fastest)
		s->since = steering_now();
	changed = backups ^ s->backups;
	s->backups = backups;
	for (unsigned int i = 0; i < s->n; i++) {
		s->iface[i].backup = backups >> i & 1;
		if (changed >> i & 1 && s->iface[i].backup)
			s->spared[i] = steering_now();
	}
	return changed;
}

/* Tell endpoints and peers. New carriers first: there is always one. */
static void steering_tell(struct steering *s, uint32_t changed)
{
	const char *why;

	for (unsigned int pass = 0; pass < 2; pass++) {
		for (unsigned int i = 0; i < s->n; i++) {
			const struct netconf_iface *ifc = &s->iface[i];

			if (!(changed >> i & 1) || ifc->backup != (pass == 1))
				continue;
			netconf_backup(engine_syscall, ifc, s->at[i], &why);
			if (s->path[i].usable)
				trace(TRACE_PATHS, "%s %s", s->spec[i].name,
				      ifc->backup ? "is a backup" : "carries data");
		}
	}
}

int steering_update(unsigned int i, struct netconf_state from, struct netconf_state to,
		    const char **why)
{
	struct steering *s = &steering;
	uint32_t self = 1u << i, changed;
	int err;

	pthread_mutex_lock(&lock);
	from.role = s->at[i].role;
	to.role = s->path[i].role;
	s->spec[i] = *to.spec;
	s->at[i] = to;
	s->at[i].spec = &s->spec[i];
	s->path[i].usable = to.up && !to.aside;
	if (!s->path[i].usable)
		s->path[i].rtt = 0;
	changed = steering_judge(s);
	steering_tell(s, changed & ~self);
	err = netconf_update(engine_syscall, &s->iface[i], i, from, to, why);
	steering_tell(s, changed & self);
	pthread_mutex_unlock(&lock);
	return err;
}

/* ---- times ---- */

static void steering_time(struct steering *s, const struct diag_sock *d, int64_t now)
{
	for (unsigned int i = 0; i < s->n; i++) {
		const struct iface_spec *spec = &s->spec[i];
		bool stale = s->backups >> i & 1 && now - s->spared[i] > STALE_MS;
		uint32_t rtt = stale && d->min_rtt ? d->min_rtt : d->rtt;

		for (unsigned int k = 0; k < spec->naddrs; k++)
			if (diag_is_from(d, &spec->addr[k]) && rtt &&
			    (!s->path[i].rtt || rtt < s->path[i].rtt))
				s->path[i].rtt = rtt;
	}
}

/* Are there new ones? */
static bool steering_times(struct steering *s, int64_t now)
{
	struct diag_list list = {0};
	struct nl *nl;
	int err;

	if (s->policy->use != PATHPOLICY_FASTEST || now - s->times < TIMES_MS ||
	    now - s->since < CALM_MS)
		return false;
	s->times = now;
	nl = nl_open(engine_syscall, NETLINK_SOCK_DIAG, &err);
	if (!nl)
		return false;
	diag_dump(nl, IPPROTO_TCP, &list);
	nl_close(nl);
	for (unsigned int i = 0; i < s->n; i++)
		s->path[i].rtt = 0;
	for (size_t i = 0; i < list.n; i++)
		if (list.at[i].state == DIAG_ESTABLISHED)
			steering_time(s, &list.at[i], now);
	free(list.at);
	return true;
}

void steering_look(void)
{
	struct steering *s = &steering;

	pthread_mutex_lock(&lock);
	if (steering_times(s, steering_now()))
		steering_tell(s, steering_judge(s));
	pthread_mutex_unlock(&lock);
}

/* ---- what is sent ---- */

/* The scheduler of policy @p, if the personality has it. "": there is no choice. */
static const char *steering_scheduler(const struct steering *s, const struct pathpolicy *p)
{
	const char *why;

	return p->scheduler && !sender_has(SENDER_SCHEDULER, p->scheduler, &why) ? p->scheduler
										 : s->own;
}

/* What the policies of programs miss, and with @run before them that of the run. */
static void steering_note_lack(struct steering *s, bool run)
{
	const char *why;

	s->lack[0] = '\0';
	for (unsigned int i = !run; i <= s->nprograms && !s->lack[0]; i++) {
		const struct pathpolicy *p =
			i ? pathpolicy_at(s->program[i - 1].policy) : s->policy;

		if (p->lack && p->scheduler && sender_has(SENDER_SCHEDULER, p->scheduler, &why))
			snprintf(s->lack, sizeof(s->lack),
				 "policy %s: this personality has no scheduler '%s': %s", p->name,
				 p->scheduler, p->lack);
		else if (i && p->use == PATHPOLICY_ALL && s->policy->use != PATHPOLICY_ALL)
			snprintf(s->lack, sizeof(s->lack),
				 "policy %s=%s: the run's policy %s has one path carry data, for "
				 "this program too",
				 s->program[i - 1].name, p->name, s->policy->name);
	}
}

static void steering_init_path(struct steering *s, unsigned int i)
{
	s->spec[i] = *s->iface[i].spec;
	s->path[i] = (struct pathpolicy_path){.role = s->spec[i].role, .usable = true};
	s->at[i] = (struct netconf_state){&s->spec[i], true, .role = s->spec[i].role};
}

int steering_start(const struct config *c, struct netconf_iface *ifaces, unsigned int n,
		   const char **why)
{
	struct steering *s = &steering;
	const char *scheduler;
	int err = 0;

	*s = (struct steering){.policy = pathpolicy_at(c->policy),
			       .mptcp = c->mptcp,
			       .iface = ifaces,
			       .n = n,
			       .fastest = -1};
	memcpy(s->program, c->program, sizeof(s->program));
	s->nprograms = c->nprograms;
	atomic_store(&any_programs, s->nprograms > 0);
	for (unsigned int i = 0; i < n; i++)
		steering_init_path(s, i);
	sender_get(SENDER_SCHEDULER, s->own);
	if (c->scheduler[0])
		err = sender_has(SENDER_SCHEDULER, c->scheduler, why);
	if (!err && c->congestion[0])
		err = sender_has(SENDER_CONGESTION, c->congestion, why);
	if (err)
		return err;
	scheduler = c->scheduler[0] ? c->scheduler : steering_scheduler(s, s->policy);
	if (strcmp(scheduler, s->own))
		err = sender_set(SENDER_SCHEDULER, scheduler, false, why);
	if (!err && c->congestion[0])
		err = sender_set(SENDER_CONGESTION, c->congestion, false, why);
	steering_note_lack(s, true);
	steering_judge(s);
	return err;
}

const char *steering_lack(void)
{
	return steering.lack;
}

/* ---- the user's words ---- */

/* @p NULL: the program has none of its own any more */
static int wish_program(struct wish *w, const char *name, size_t len, const struct pathpolicy *p,
			const char **why)
{
	struct config_program *g = w->program, *end = g + w->nprograms;

	while (g < end && (strncmp(g->name, name, len) || g->name[len]))
		g++;
	if (!p && g == end)
		return why_set(why, ENOENT, "policy=%.*s=: this program has no policy of its own",
			       (int)len, name);
	if (!p) {
		*g = end[-1];
		w->nprograms--;
		return 0;
	}
	if (g == w->program + CONFIG_MAX_PROGRAMS)
		return why_set(why, E2BIG, "policies for more than %d programs",
			       CONFIG_MAX_PROGRAMS);
	if (g == end)
		w->nprograms++;
	memcpy(g->name, name, len);
	g->name[len] = '\0';
	for (g->policy = 0; pathpolicy_at(g->policy) != p;)
		g->policy++;
	return 0;
}

static int wish_policy(struct wish *w, const char *value, bool programs, const char **why)
{
	const char *equals = strrchr(value, '=');
	const char *name = equals ? equals + 1 : value;
	const struct pathpolicy *p = pathpolicy_find(name);
	char rest[128];

	if (!p && !(equals && !*name))
		return why_set(why, EINVAL, "policy '%.64s' is none: %s", name,
			       pathpolicy_unknown(name, rest, sizeof(rest)));
	w->given |= p != NULL;
	if (!equals) {
		w->policy = p;
		w->scheduler = NULL;
		return 0;
	}
	if (!programs)
		return why_set(why, EINVAL,
			       "policies of programs are for shadow mode: this run has policy=%s",
			       *name ? name : "NAME");
	if (equals == value || equals - value >= (long)sizeof(w->program[0].name) ||
	    memchr(value, '/', (size_t)(equals - value)))
		return why_set(why, EINVAL,
			       "policy=%.64s: write policy=PROGRAM=NAME, PROGRAM without a "
			       "directory, at most %zu letters",
			       value, sizeof(w->program[0].name) - 1);
	return wish_program(w, value, (size_t)(equals - value), p, why);
}

static int wish_role(struct wish *w, const char *name, const char *value, const char **why)
{
	const char *names[CONFIG_MAX_IFACES + 4] = {"policy", "scheduler", "congestion"};
	enum path_role role = path_role_find(value);
	const char *near;
	unsigned int i;

	for (i = 0; i < steering.n; i++) {
		names[i + 3] = steering.spec[i].name;
		if (!strcmp(names[i + 3], name))
			break;
	}
	if (i == steering.n) {
		near = closest(name, names);
		return near ? why_set(why, EINVAL,
				      "'%.64s' is nothing that can be set: did you mean '%s'?",
				      name, near)
			    : why_set(why, EINVAL,
				      "'%.64s' is nothing that can be set: there are policy, "
				      "scheduler, congestion and the interfaces",
				      name);
	}
	if (role == PATH_ROLES)
		return why_set(why, EINVAL, "%s=%.64s: must be active, backup or metered", name,
			       value);
	w->role[i] = role;
	return 0;
}

static int wish_word(struct wish *w, char *word, bool programs, const char **why)
{
	char *value = strchr(word, '=');

	if (!value || value == word || !value[1])
		return why_set(why, EINVAL, "'%.64s': write KEY=VALUE, as policy=handover", word);
	*value++ = '\0';
	if (!steering.mptcp && (!strcmp(word, "policy") || !strcmp(word, "scheduler")))
		return why_set(why, EINVAL, "this run has no MPTCP: %s has nothing to choose from",
			       word);
	if (!strcmp(word, "policy"))
		return wish_policy(w, value, programs, why);
	if (!strcmp(word, "scheduler")) {
		w->scheduler = value;
		return sender_has(SENDER_SCHEDULER, value, why);
	}
	if (!strcmp(word, "congestion")) {
		w->congestion = value;
		return sender_has(SENDER_CONGESTION, value, why);
	}
	return wish_role(w, word, value, why);
}

/* Its routes: new connections, and what is no MPTCP, leave by the best role. */
static int steering_set_role(struct steering *s, unsigned int i, enum path_role role,
			     const char **why)
{
	struct netconf_state from = s->at[i], to = s->at[i];

	s->path[i].role = role;
	if (from.role == role)
		return 0;
	to.role = role;
	s->at[i] = to;
	return netconf_update(engine_syscall, &s->iface[i], i, from, to, why);
}

static int steering_grant(struct steering *s, const struct wish *w, const char **why)
{
	const char *scheduler = w->scheduler;
	int err = 0;

	if (w->policy) {
		s->policy = w->policy;
		s->since = 0;
		if (!scheduler)
			scheduler = steering_scheduler(s, s->policy);
	}
	for (unsigned int i = 0; i < s->n && !err; i++)
		err = steering_set_role(s, i, w->role[i], why);
	memcpy(s->program, w->program, sizeof(s->program));
	s->nprograms = w->nprograms;
	atomic_store(&any_programs, s->nprograms > 0);
	steering_note_lack(s, w->policy);
	if (!err && scheduler && scheduler[0])
		err = sender_set(SENDER_SCHEDULER, scheduler, true, why);
	if (!err && w->congestion)
		err = sender_set(SENDER_CONGESTION, w->congestion, true, why);
	steering_tell(s, steering_judge(s));
	return err;
}

int steering_set(char *words, bool programs, const char **why)
{
	struct steering *s = &steering;
	struct wish w = {0};
	char *word, *rest;
	int err = 0;

	pthread_mutex_lock(&lock);
	for (unsigned int i = 0; i < s->n; i++)
		w.role[i] = s->path[i].role;
	memcpy(w.program, s->program, sizeof(w.program));
	w.nprograms = s->nprograms;
	word = strtok_r(words, " ", &rest);
	if (!word)
		err = why_set(why, EINVAL, "nothing to set: write KEY=VALUE, as policy=handover");
	for (; word && !err; word = strtok_r(NULL, " ", &rest))
		err = wish_word(&w, word, programs, why);
	if (!err)
		err = steering_grant(s, &w, why);
	if (!err && w.given)
		why_set(why, 0, "%s", s->lack);
	pthread_mutex_unlock(&lock);
	return err;
}

/* ---- what holds ---- */

struct steering_path steering_path(unsigned int i)
{
	struct steering_path p;

	pthread_mutex_lock(&lock);
	p = (struct steering_path){steering.path[i].role, steering.backups >> i & 1};
	pthread_mutex_unlock(&lock);
	return p;
}

const struct pathpolicy *steering_policy(void)
{
	const struct pathpolicy *p;

	pthread_mutex_lock(&lock);
	p = steering.policy;
	pthread_mutex_unlock(&lock);
	return p;
}

const struct pathpolicy *steering_program(unsigned int i, char name[32])
{
	const struct pathpolicy *p = NULL;

	pthread_mutex_lock(&lock);
	if (i < steering.nprograms) {
		memcpy(name, steering.program[i].name, sizeof(steering.program[i].name));
		p = pathpolicy_at(steering.program[i].policy);
	}
	pthread_mutex_unlock(&lock);
	return p;
}

bool steering_programs(void)
{
	return atomic_load_explicit(&any_programs, memory_order_relaxed);
}

bool steering_scheduler_of(const char *file, const char *process, char scheduler[PATHPOLICY_NAME])
{
	struct steering *s = &steering;
	const struct pathpolicy *p = NULL;

	pthread_mutex_lock(&lock);
	for (unsigned int i = 0; i < s->nprograms && !p; i++)
		if (!strcmp(s->program[i].name, file) || !strcmp(s->program[i].name, process))
			p = pathpolicy_at(s->program[i].policy);
	if (p)
		snprintf(scheduler, PATHPOLICY_NAME, "%s", steering_scheduler(s, p));
	pthread_mutex_unlock(&lock);
	return p && scheduler[0];
}

void steering_after_fork(void)
{
	pthread_mutex_init(&lock, NULL);
}
