// SPDX-License-Identifier: GPL-2.0-only
/*
 * json.c - build a JSON text, see json.h.
 *
 * The text itself says whether a comma is due: not after an opening bracket or a colon,
 * and not at its beginning.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/json.h"

#define FIRST_ROOM 1024

static void add(struct json *j, const char *bytes, size_t len)
{
	if (j->failed)
		return;
	if (len >= j->room - j->len) {
		size_t room = j->room ? j->room : FIRST_ROOM;
		char *more;

		while (len >= room - j->len)
			room *= 2;
		more = realloc(j->text, room);
		if (!more) {
			j->failed = true;
			return;
		}
		j->text = more;
		j->room = room;
	}
	memcpy(j->text + j->len, bytes, len);
	j->len += len;
	j->text[j->len] = '\0';
}

/* Bytes of the UTF-8 character at @s, of at most @len bytes; 0: it is none. */
static size_t character(const unsigned char *s, size_t len)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = *s < 0x80   ? 1
		   : *s < 0xc0 ? 0
		   : *s < 0xe0 ? 2
		   : *s < 0xf0 ? 3
		   : *s < 0xf8 ? 4
			       : 0;
	uint32_t c;

	if (n < 2)
		return n;
	if (n > len)
		return 0;
	c = *s & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	return n;
}

static void quote(struct json *j, const char *value, size_t len)
{
	const unsigned char *s = (const unsigned char *)value;
	char escape[8];

	add(j, "\"", 1);
	for (size_t n; len; s += n, len -= n) {
		n = character(s, len);
		if (!n) {
			add(j, "\xef\xbf\xbd", 3);
			n = 1;
		} else if (*s == '"' || *s == '\\') {
			escape[0] = '\\';
			escape[1] = (char)*s;
			add(j, escape, 2);
		} else if (*s < ' ' || *s == 0x7f) {
			snprintf(escape, sizeof(escape), "\\u%04x", *s);
			add(j, escape, 6);
		} else {
			add(j, (const char *)s, n);
		}
	}
	add(j, "\"", 1);
}

static void begin(struct json *j, const char *key)
{
	if (j->len && !strchr("[{:", j->text[j->len - 1]))
		add(j, ",", 1);
	if (!key)
		return;
	quote(j, key, strlen(key));
	add(j, ":", 1);
}

void json_open(struct json *j, const char *key, char bracket)
{
	begin(j, key);
	add(j, &bracket, 1);
}

void json_close(struct json *j, char bracket)
{
	add(j, &bracket, 1);
}

void json_bytes(struct json *j, const char *key, const char *value, size_t len)
{
	begin(j, key);
	quote(j, value, len);
}

void json_text(struct json *j, const char *key, const char *value)
{
	json_bytes(j, key, value, strlen(value));
}

void json_number(struct json *j, const char *key, uint64_t value)
{
	char text[24];

	begin(j, key);
	add(j, text, (size_t)snprintf(text, sizeof(text), "%" PRIu64, value));
}

void json_bool(struct json *j, const char *key, bool value)
{
	begin(j, key);
	add(j, value ? "true" : "false", value ? 4 : 5);
}

void json_free(struct json *j)
{
	free(j->text);
	*j = (struct json){0};
}
