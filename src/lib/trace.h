/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trace.h - named events for a user's report and a developer's session (`--trace`).
 *
 * A line is "persona: trace SECONDS KIND WHAT ..." on stderr: seconds since the stack was
 * started, the kind, and one event of it. The man page lists the events. While nothing is
 * traced an event costs one load and one test of trace_mask.
 *
 * Threads: any, after trace_start(); a line is written by one write(2).
 */
#ifndef PERSONA_LIB_TRACE_H
#define PERSONA_LIB_TRACE_H

#include <stdbool.h>
#include <sys/socket.h>

enum trace_kind {
	TRACE_SOCKETS = 1 << 0, /* the life of each socket */
	TRACE_CALLS = 1 << 1,	/* each call, with its result */
	TRACE_PATHS = 1 << 2,	/* interfaces, and the paths by them */
};

extern unsigned int trace_mask; /* enum trace_kind of the kinds that are traced */

/** trace_on() - is @kind traced? */
static inline bool trace_on(enum trace_kind kind)
{
	return __builtin_expect(trace_mask & kind, 0);
}

/**
 * trace_parse() - the words of --trace
 * @words: kinds with commas between them; NULL: all
 * @mask:  receives them
 * @why:   receives one sentence on failure
 *
 * Return: 0 or -EINVAL.
 */
int trace_parse(const char *words, unsigned int *mask, const char **why);

/**
 * trace_start() - trace these kinds from now on
 * @say: writes one line, without "persona: " and newline; any thread
 */
void trace_start(unsigned int mask, void (*say)(const char *line));

/** trace_line() - an event; use trace() below. */
void trace_line(enum trace_kind kind, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define TRACE_ADDR 64 /* bytes of an address as text */

/** trace_addr() - "10.9.0.1:80", "[fd00::1]:80", "unspec" ...; returns @buf. Pure. */
const char *trace_addr(char buf[TRACE_ADDR], const struct sockaddr *addr, socklen_t len);

#define trace(kind, ...)                               \
	do {                                           \
		if (trace_on(kind))                    \
			trace_line(kind, __VA_ARGS__); \
	} while (0)

#endif /* PERSONA_LIB_TRACE_H */
