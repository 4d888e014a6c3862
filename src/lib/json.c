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

#define FIRST_CAPACITY 1024

static void json_add(struct json *j, const char *bytes, size_t len)
{
	if (j->failed)
		return;
	if (len >= j->capacity - j->len) {
		size_t capacity = j->capacity ? j->capacity : FIRST_CAPACITY;
		char *more;

		while (len >= capacity - j->len)
			capacity *= 2;
		more = realloc(j->text, capacity);
		if (!more) {
			j->failed = true;
			return;
		}
		j->text = more;
		j->capacity = capacity;
	}
	memcpy(j->text + j->len, bytes, len);
	j->len += len;
	j->text[j->len] = '\0';
}

/* Bytes of the UTF-8 character at @s, of at most @len bytes; 0: it is none. */
static size_t json_character(const unsigned char *s, size_t len)
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

static void json_quote(struct json *j, const char *value, size_t len)
{
	const unsigned char *s = (const unsigned char *)value;
	char escape[8];

	json_add(j, "\"", 1);
	for (size_t n; len; s += n, len -= n) {
		n = json_character(s, len);
		if (!n) {
			json_add(j, "\xef\xbf\xbd", 3);
			n = 1;
		} else if (*s == '"' || *s == '\\') {
			escape[0] = '\\';
			escape[1] = (char)*s;
			json_add(j, escape, 2);
		} else if (*s < ' ' || *s == 0x7f) {
			snprintf(escape, sizeof(escape), "\\u%04x", *s);
			json_add(j, escape, 6);
		} else {
			json_add(j, (const char *)s, n);
		}
	}
	json_add(j, "\"", 1);
}

static void json_begin(struct json *j, const char *key)
{
	if (j->len && !strchr("[{:", j->text[j->len - 1]))
		json_add(j, ",", 1);
	if (!key)
		return;
	json_quote(j, key, strlen(key));
	json_add(j, ":", 1);
}

void json_open(struct json *j, const char *key, char bracket)
{
	json_begin(j, key);
	json_add(j, &bracket, 1);
}

void json_close(struct json *j, char bracket)
{
	json_add(j, &bracket, 1);
}

void json_bytes(struct json *j, const char *key, const char *value, size_t len)
{
	json_begin(j, key);
	json_quote(j, value, len);
}

void json_text(struct json *j, const char *key, const char *value)
{
	json_bytes(j, key, value, strlen(value));
}

void json_number(struct json *j, const char *key, uint64_t value)
{
	char text[24];

	json_begin(j, key);
	json_add(j, text, (size_t)snprintf(text, sizeof(text), "%" PRIu64, value));
}

void json_bool(struct json *j, const char *key, bool value)
{
	json_begin(j, key);
	json_add(j, value ? "true" : "false", value ? 4 : 5);
}

void json_free(struct json *j)
{
	free(j->text);
	*j = (struct json){0};
}
