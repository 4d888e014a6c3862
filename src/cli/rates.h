/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rates.h - counters of one moment, and how they have grown since another.
 */
#ifndef PERSONA_CLI_RATES_H
#define PERSONA_CLI_RATES_H

#include <stddef.h>
#include <stdint.h>

struct counter {
	char key[160];
	uint64_t in, out;
};

/** struct rates - the counters of @time_ns; zeroed: none. free(@at) when done. */
struct rates {
	uint64_t time_ns;
	struct counter *at;
	size_t n, capacity;
};

/** struct rate - bytes in and out within @ns; 0 ns: not known */
struct rate {
	uint64_t in, out, ns;
};

/** rates_note() - remember a counter; without memory it is not known later. */
void rates_note(struct rates *r, const char *key, uint64_t in, uint64_t out);

/** rates_close() - all are noted: rates_since() may be asked. */
void rates_close(struct rates *r);

/**
 * rates_since() - growth of counter @key from @old to @now
 *
 * Not known if @old does not have it, or it was larger then (another socket of that name).
 */
struct rate rates_since(const struct rates *old, const struct rates *now, const char *key);

#endif /* PERSONA_CLI_RATES_H */
