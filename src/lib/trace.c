// SPDX-License-Identifier: GPL-2.0-only
/*
 * trace.c - see trace.h.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "lib/clock.h"
#include "lib/trace.h"
#include "lib/why.h"

static const struct {
	const char *word;
	enum trace_kind kind;
} trace_kinds[] = {
	{"sockets", TRACE_SOCKETS},
	{"calls", TRACE_CALLS},
	{"paths", TRACE_PATHS},
};

#define TRACE_KINDS (sizeof(trace_kinds) / sizeof(trace_kinds[0]))

unsigned int trace_mask;
static void (*trace_say)(const char *line);
static uint64_t trace_began; /* monotonic ns */

static unsigned int trace_kind_of(const char *word, size_t len)
{
	for (size_t i = 0; i < TRACE_KINDS; i++)
		if (strlen(trace_kinds[i].word) == len && !memcmp(trace_kinds[i].word, word, len))
			return trace_kinds[i].kind;
	return 0;
}

int trace_parse(const char *words, unsigned int *mask, const char **why)
{
	unsigned int kind;
	size_t len;

	*mask = 0;
	if (!words) {
		*mask = TRACE_SOCKETS | TRACE_CALLS | TRACE_PATHS;
		return 0;
	}
	for (;; words += len + 1) {
		len = strcspn(words, ",");
		kind = trace_kind_of(words, len);
		if (!kind)
			return why_set(why, EINVAL,
				       "--trace: no kind of event is called '%.*s': sockets, calls "
				       "and paths are, with commas between them",
				       (int)(len < 40 ? len : 40), words);
		*mask |= kind;
		if (!words[len])
			return 0;
	}
}

void trace_start(unsigned int mask, void (*say)(const char *line))
{
	trace_began = clock_mono_ns();
	trace_say = say;
	__atomic_store_n(&trace_mask, mask, __ATOMIC_RELEASE);
}

void trace_line(enum trace_kind kind, const char *fmt, ...)
{
	uint64_t us = (clock_mono_ns() - trace_began) / 1000;
	int saved = errno;
	char line[512];
	va_list ap;
	int at = 0;

	for (size_t i = 0; i < TRACE_KINDS; i++)
		if (trace_kinds[i].kind == kind)
			at = snprintf(line, sizeof(line), "trace %llu.%06llu %s ",
				      (unsigned long long)(us / 1000000),
				      (unsigned long long)(us % 1000000), trace_kinds[i].word);
	va_start(ap, fmt);
	vsnprintf(line + at, sizeof(line) - (size_t)at, fmt, ap);
	va_end(ap);
	trace_say(line);
	errno = saved;
}

const char *trace_addr(char buf[TRACE_ADDR], const struct sockaddr *addr, socklen_t len)
{
	const struct sockaddr_in6 *six = (const void *)addr;
	const struct sockaddr_in *four = (const void *)addr;
	char text[INET6_ADDRSTRLEN];

	if (len >= sizeof(*four) && addr->sa_family == AF_INET)
		snprintf(buf, TRACE_ADDR, "%s:%u", inet_ntop(AF_INET, &four->sin_addr, text, 16),
			 ntohs(four->sin_port));
	else if (len >= sizeof(*six) && addr->sa_family == AF_INET6)
		snprintf(buf, TRACE_ADDR, "[%s]:%u",
			 inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof(text)),
			 ntohs(six->sin6_port));
	else if (len >= sizeof(sa_family_t) && addr->sa_family == AF_UNSPEC)
		snprintf(buf, TRACE_ADDR, "unspec");
	else
		snprintf(buf, TRACE_ADDR, "family %d",
			 len >= sizeof(sa_family_t) ? addr->sa_family : -1);
	return buf;
}
