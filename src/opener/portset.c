// SPDX-License-Identifier: GPL-2.0-only
/*
 * portset.c - a set of ports, and its text, see portset.h.
 *
 * A bit for each port, so that ranges that touch or overlap come out as one. The sets that
 * functions here work with are static: one thread at a time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include "opener/portset.h"

static bool portset_has(const struct portset *s, unsigned int port)
{
	return s->word[port / 32] >> port % 32 & 1;
}

void portset_put(struct portset *s, unsigned int port, bool on)
{
	if (on)
		s->word[port / 32] |= 1u << port % 32;
	else
		s->word[port / 32] &= ~(1u << port % 32);
}

void portset_parse(const char *text, struct portset *s)
{
	memset(s, 0, sizeof(*s));
	while (*text) {
		char *end;
		unsigned long first = strtoul(text, &end, 10), last = first;

		if (end == text) {
			text++;
			continue;
		}
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (; first <= last && first < 65536; first++)
			portset_put(s, (unsigned int)first, true);
		text = end;
	}
}

static int portset_format(const struct portset *s, char *text, size_t size)
{
	unsigned int port = 0, first;
	size_t len = 0;
	int n;

	text[0] = '\0';
	while (port < 65536) {
		if (!portset_has(s, port)) {
			port++;
			continue;
		}
		for (first = port; port < 65536 && portset_has(s, port);)
			port++;
		n = snprintf(text + len, size - len, port - first > 1 ? "%s%u-%u" : "%s%u",
			     len ? "," : "", first, port - 1);
		if (n < 0 || (size_t)n >= size - len)
			return -E2BIG;
		len += (size_t)n;
	}
	return 0;
}

/* The list @text with @first to @last put in or taken out. */
static int portset_change(char *text, size_t size, uint16_t first, uint16_t last, bool on)
{
	static struct portset s;

	portset_parse(text, &s);
	for (unsigned int p = first; p <= last; p++)
		portset_put(&s, p, on);
	return portset_format(&s, text, size);
}

int portset_list_add(char *text, size_t size, uint16_t first, uint16_t last)
{
	return portset_change(text, size, first, last, true);
}

int portset_list_remove(char *text, size_t size, uint16_t first, uint16_t last)
{
	return portset_change(text, size, first, last, false);
}

bool portset_any(const struct portset *s, unsigned int first, unsigned int last)
{
	while (first <= last && !portset_has(s, first))
		first++;
	return first <= last;
}

bool portset_list_overlaps(const char *text, uint16_t first, uint16_t last)
{
	static struct portset s;

	portset_parse(text, &s);
	return portset_any(&s, first, last);
}
