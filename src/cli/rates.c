// SPDX-License-Identifier: GPL-2.0-only
/*
 * rates.c - counters of one moment and another, see rates.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli/rates.h"

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct counter *)a)->key, ((const struct counter *)b)->key);
}

void rates_note(struct rates *r, const char *key, uint64_t in, uint64_t out)
{
	struct counter *c;

	if (r->n == r->capacity) {
		size_t capacity = r->capacity ? r->capacity * 2 : 64;

		c = realloc(r->at, capacity * sizeof(*c));
		if (!c)
			return;
		r->at = c;
		r->capacity = capacity;
	}
	c = &r->at[r->n++];
	*c = (struct counter){.in = in, .out = out};
	snprintf(c->key, sizeof(c->key), "%s", key);
}

void rates_close(struct rates *r)
{
	if (r->n)
		qsort(r->at, r->n, sizeof(*r->at), by_key);
}

static const struct counter *rates_find(const struct rates *r, const char *key)
{
	struct counter wanted;

	snprintf(wanted.key, sizeof(wanted.key), "%s", key);
	return r->n ? bsearch(&wanted, r->at, r->n, sizeof(wanted), by_key) : NULL;
}

struct rate rates_since(const struct rates *old, const struct rates *now, const char *key)
{
	const struct counter *a = rates_find(old, key), *b = rates_find(now, key);

	if (!a || !b || a->in > b->in || a->out > b->out || now->time_ns <= old->time_ns)
		return (struct rate){0};
	return (struct rate){b->in - a->in, b->out - a->out, now->time_ns - old->time_ns};
}
