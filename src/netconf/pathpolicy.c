// SPDX-License-Identifier: GPL-2.0-only
/*
 * pathpolicy.c - policies: which of several paths carry data, see pathpolicy.h.
 *
 * Theory of operation
 *
 * A policy has two halves, and the table is where they meet. A scheduler of the stack chooses for
 * what we send. The peer's scheduler is its own, but every Linux keeps off subflows that are
 * backup while it has others, and a subflow is one if its endpoint is: told in MP_JOIN, changed by
 * MP_PRIO. So what only one path shall carry has all other endpoints `backup`, and both directions
 * obey.
 *
 * A backup subflow is open, so that it is there at once, and carries nothing. The kernel uses
 * backups alike when it has nothing else; with a second degree (metered) or a third path it must
 * not. So the flags follow the paths: the best of what is there is never a backup.
 *
 * The fastest path is left only for one that is FASTER and GAIN_US faster: two alike would
 * otherwise take turns.
 *
 * No state; any thread.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include "lib/closest.h"
#include "netconf/pathpolicy.h"

#define FASTER(us) ((us) / 4 * 3)
#define GAIN_US	   5000

#define PATHPOLICY_SLOW "a path that loses all is left after about a second, not at once"

static const struct pathpolicy policies[] = {
	{"aggregate", NULL, PATHPOLICY_ALL, NULL},
	{"handover", "handover", PATHPOLICY_FIRST, PATHPOLICY_SLOW},
	{"interactive", "handover", PATHPOLICY_FASTEST, PATHPOLICY_SLOW},
	{"redundant", "redundant", PATHPOLICY_ALL, "nothing is sent twice, it is as aggregate"},
};

#define NPOLICIES (sizeof(policies) / sizeof(policies[0]))

const struct pathpolicy *pathpolicy_at(unsigned int i)
{
	return i < NPOLICIES ? &policies[i] : NULL;
}

const struct pathpolicy *pathpolicy_find(const char *name)
{
	for (unsigned int i = 0; i < NPOLICIES; i++)
		if (!strcmp(policies[i].name, name))
			return &policies[i];
	return NULL;
}

const char *pathpolicy_unknown(const char *name, char *buf, size_t size)
{
	const char *names[NPOLICIES + 1] = {NULL};
	const char *near;
	size_t len = 0;

	for (unsigned int i = 0; i < NPOLICIES; i++)
		names[i] = policies[i].name;
	near = closest(name, names);
	if (near) {
		snprintf(buf, size, "did you mean '%s'?", near);
		return buf;
	}
	len = (size_t)snprintf(buf, size, "there are");
	for (unsigned int i = 0; i < NPOLICIES && len < size; i++)
		len += (size_t)snprintf(buf + len, size - len, "%s %s", i ? "," : "", names[i]);
	return buf;
}

/* Which paths are there? If none is, it is as if all were. */
static uint32_t pathpolicy_there(const struct pathpolicy_path *path, unsigned int n)
{
	uint32_t there = 0;

	for (unsigned int i = 0; i < n; i++)
		there |= path[i].usable ? 1u << i : 0;
	return there ? there : (1u << n) - 1;
}

static int pathpolicy_first(uint32_t among)
{
	return among ? __builtin_ctz(among) : -1;
}

static int pathpolicy_fastest(const struct pathpolicy_path *path, uint32_t among, unsigned int n,
			      int current)
{
	int best = -1;

	for (unsigned int i = 0; i < n; i++) {
		if (!(among & 1u << i) || !path[i].rtt)
			continue;
		if (best < 0 || path[i].rtt < path[best].rtt)
			best = (int)i;
	}
	if (current < 0 || current >= (int)n || !(among & 1u << current))
		return best >= 0 ? best : pathpolicy_first(among);
	if (best < 0 || !path[current].rtt || path[best].rtt >= FASTER(path[current].rtt) ||
	    path[best].rtt + GAIN_US > path[current].rtt)
		return current;
	return best;
}

uint32_t pathpolicy_backups(const struct pathpolicy *p, const struct pathpolicy_path *path,
			    unsigned int n, int *current)
{
	uint32_t there = pathpolicy_there(path, n), among = 0, backups = 0;
	enum path_role best = PATH_ROLES;
	unsigned int i;
	int one;

	for (i = 0; i < n; i++)
		if (there & 1u << i && path[i].role < best)
			best = path[i].role;
	for (i = 0; i < n; i++)
		if (there & 1u << i && path[i].role == best)
			among |= 1u << i;
	one = p->use == PATHPOLICY_FASTEST ? pathpolicy_fastest(path, among, n, *current)
					   : pathpolicy_first(among);
	*current = one;
	for (i = 0; i < n; i++) {
		bool carries = p->use == PATHPOLICY_ALL ? path[i].role <= best : (int)i == one;

		backups |= carries ? 0 : 1u << i;
	}
	return backups;
}
