// SPDX-License-Identifier: GPL-2.0-only
/*
 * wgtext.c - words of a WireGuard configuration file, see wgtext.h.
 *
 * No state; any thread.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "lib/printable.h"
#include "netconf/wgtext.h"

bool wgtext_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

char wgtext_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool wgtext_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool wgtext_alnum(char c)
{
	return wgtext_digit(c) || (wgtext_lower(c) >= 'a' && wgtext_lower(c) <= 'z');
}

bool wgtext_same(const char *a, const char *b)
{
	for (; *a && wgtext_lower(*a) == wgtext_lower(*b); a++)
		b++;
	return !*a && !*b;
}

void wgtext_squeeze(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (!wgtext_blank(*text))
			*to++ = *text;
	}
	*to = '\0';
}

int wgtext_number(const char *text, bool hex, uint32_t max, uint32_t *out)
{
	unsigned int base = 10;
	uint64_t n = 0;

	if (hex && text[0] == '0' && wgtext_lower(text[1]) == 'x') {
		base = 16;
		text += 2;
	}
	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		char c = wgtext_lower(*text);

		if (wgtext_digit(c))
			n = n * base + (unsigned int)(c - '0');
		else if (base == 16 && c >= 'a' && c <= 'f')
			n = n * base + (unsigned int)(c - 'a' + 10);
		else
			return -EINVAL;
		if (n > max)
			return -EINVAL;
	}
	*out = (uint32_t)n;
	return 0;
}

const char *wgtext_shown(const char *text, char buf[WGTEXT_SHOWN])
{
	const char *c = text;
	unsigned int run = 0;

	for (; *c && run < WGTEXT_LONG; c++) {
		if (wgtext_alnum(*c) || *c == '+' || *c == '/')
			run++;
		else if (!wgtext_blank(*c))
			run = 0;
	}
	if (run == WGTEXT_LONG)
		return "(a long word)";
	snprintf(buf, WGTEXT_SHOWN, "%.64s%s", text, strlen(text) > 64 ? "..." : "");
	return printable(buf);
}
