/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pathpolicy.h - policies: which of several paths carry data.
 */
#ifndef PERSONA_NETCONF_PATHPOLICY_H
#define PERSONA_NETCONF_PATHPOLICY_H

#include <stdbool.h>
#include <stdint.h>
#include "netconf/spec.h"

#define PATHPOLICY_NAME 16 /* bytes of the name of a scheduler or a congestion control */

/** enum pathpolicy_use - which paths of the best role there is carry data; the others are backup */
enum pathpolicy_use {
	PATHPOLICY_ALL,
	PATHPOLICY_FIRST,   /* in the order of -i */
	PATHPOLICY_FASTEST, /* by the least round trip time */
};

/**
 * struct pathpolicy - a policy
 * @name:      as the user writes it
 * @scheduler: of our own sender; NULL: the personality's own
 * @use:       what endpoints are told, and by MP_PRIO the peer's sender
 * @lack:      what is missing in a personality without @scheduler, for a sentence; NULL: nothing
 */
struct pathpolicy {
	const char *name;
	const char *scheduler;
	enum pathpolicy_use use;
	const char *lack;
};

/** pathpolicy_at() - number @i of the table, the default first; NULL past the last. */
const struct pathpolicy *pathpolicy_at(unsigned int i);

/** pathpolicy_find() - by its name; NULL: there is none. */
const struct pathpolicy *pathpolicy_find(const char *name);

/**
 * pathpolicy_unknown() - a sentence's end about a @name that is none: the nearest, or all of them
 *
 * Return: @buf.
 */
const char *pathpolicy_unknown(const char *name, char *buf, size_t size);

/**
 * struct pathpolicy_path - a path, to be judged
 * @usable: it has its link, and answers
 * @rtt:    round trip time, us; 0: unknown
 */
struct pathpolicy_path {
	enum path_role role;
	bool usable;
	uint32_t rtt;
};

/**
 * pathpolicy_backups() - which paths are backups now
 * @current: the fastest as of the last call, or -1; kept if no other is clearly faster. In and out
 *
 * Only paths of the best role that is usable carry data: active ones; else backups; else metered
 * ones. Return: a bit for each path that is a backup. Pure.
 */
uint32_t pathpolicy_backups(const struct pathpolicy *p, const struct pathpolicy_path *path,
			    unsigned int n, int *current);

#endif /* PERSONA_NETCONF_PATHPOLICY_H */
