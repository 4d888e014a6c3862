// SPDX-License-Identifier: GPL-2.0-only
/*
 * jsonread.c - look into a JSON text, see jsonread.h.
 *
 * One function knows the grammar: jsonread_skip() steps over a value, or finds that there is
 * none. Members are found by stepping over those before.
 *
 * Limits: \uXXXX outside of ASCII becomes '?'; our own documents have UTF-8 there.
 */
#include <stdlib.h>
#include <string.h>
#include "lib/jsonread.h"

static const char *jsonread_blanks(const char *s)
{
	return s + strspn(s, " \t\r\n");
}

/* Behind the string at @s, or NULL. */
static const char *skip_string(const char *s)
{
	if (*s++ != '"')
		return NULL;
	while (*s != '"') {
		if ((unsigned char)*s < ' ')
			return NULL;
		if (*s == '\\' && !*++s)
			return NULL;
		s++;
	}
	return s + 1;
}

static const char *jsonread_skip(const char *s, int depth);

/* Behind an object or array, or NULL. */
static const char *skip_list(const char *s, int depth)
{
	char end = *s == '{' ? '}' : ']';

	if (!depth)
		return NULL;
	s = jsonread_blanks(s + 1);
	if (*s == end)
		return s + 1;
	for (;;) {
		if (end == '}') {
			s = skip_string(s);
			if (!s)
				return NULL;
			s = jsonread_blanks(s);
			if (*s++ != ':')
				return NULL;
		}
		s = jsonread_skip(jsonread_blanks(s), depth - 1);
		if (!s)
			return NULL;
		s = jsonread_blanks(s);
		if (*s == end)
			return s + 1;
		if (*s++ != ',')
			return NULL;
		s = jsonread_blanks(s);
	}
}

/* Behind the value at @s, or NULL. */
static const char *jsonread_skip(const char *s, int depth)
{
	static const char *const words[] = {"true", "false", "null"};
	size_t n;

	if (*s == '"')
		return skip_string(s);
	if (*s == '{' || *s == '[')
		return skip_list(s, depth);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strncmp(s, words[i], strlen(words[i])))
			return s + strlen(words[i]);
	n = strspn(s, "+-.0123456789eE");
	return n ? s + n : NULL;
}

bool json_valid(const char *text)
{
	const char *end = jsonread_skip(jsonread_blanks(text), JSON_DEPTH);

	return end && !*jsonread_blanks(end);
}

const char *json_member(const char *object, const char *key)
{
	size_t n = strlen(key);
	const char *s = object;

	if (!s || *s != '{')
		return NULL;
	for (s = jsonread_blanks(s + 1); *s == '"'; s = jsonread_blanks(s + 1)) {
		const char *name = s + 1;
		bool found = !strncmp(name, key, n) && name[n] == '"';

		s = skip_string(s);
		if (!s)
			return NULL;
		s = jsonread_blanks(s);
		s = jsonread_blanks(s + 1);
		if (found)
			return s;
		s = jsonread_skip(s, JSON_DEPTH);
		if (!s)
			return NULL;
		s = jsonread_blanks(s);
		if (*s != ',')
			return NULL;
	}
	return NULL;
}

const char *json_first(const char *array)
{
	const char *s;

	if (!array || *array != '[')
		return NULL;
	s = jsonread_blanks(array + 1);
	return *s == ']' ? NULL : s;
}

const char *json_next(const char *value)
{
	const char *s = value ? jsonread_skip(value, JSON_DEPTH) : NULL;

	if (!s)
		return NULL;
	s = jsonread_blanks(s);
	return *s == ',' ? jsonread_blanks(s + 1) : NULL;
}

static char jsonread_unescape(const char **s)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *found = strchr(from, **s);
	char hex[5] = "";
	unsigned long c;

	if (**s != 'u')
		return found ? to[found - from] : **s;
	strncpy(hex, *s + 1, 4);
	c = strtoul(hex, NULL, 16);
	*s += strnlen(*s + 1, 4);
	return c && c < 0x80 ? (char)c : '?';
}

const char *json_string(const char *value, char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = '\0';
	if (!value || *value != '"')
		return buf;
	for (const char *s = value + 1; *s && *s != '"' && n + 1 < size; s++) {
		if (*s == '\\' && s[1]) {
			s++;
			buf[n++] = jsonread_unescape(&s);
		} else {
			buf[n++] = *s;
		}
	}
	buf[n] = '\0';
	return buf;
}

uint64_t json_uint(const char *value)
{
	return value && *value >= '0' && *value <= '9' ? strtoull(value, NULL, 10) : 0;
}

bool json_true(const char *value)
{
	return value && !strncmp(value, "true", 4);
}
