// SPDX-License-Identifier: GPL-2.0-only
/*
 * printable.c - text of others on a terminal, see printable.h.
 */
#include "lib/printable.h"

/* Bytes of the UTF-8 character at @s; 0: it is none, or a control character. */
static int printable_length(const unsigned char *s)
{
	int n = *s < 0x80 ? 1 : *s < 0xc2 ? 0 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : *s < 0xf5 ? 4 : 0;

	if (*s < ' ' || *s == 0x7f || (*s == 0xc2 && s[1] < 0xa0))
		return 0;
	for (int i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

char *printable(char *text)
{
	int n;

	for (char *p = text; *p; p += n) {
		n = printable_length((const unsigned char *)p);
		if (!n) {
			*p = '?';
			n = 1;
		}
	}
	return text;
}
