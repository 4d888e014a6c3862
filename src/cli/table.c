// SPDX-License-Identifier: GPL-2.0-only
/*
 * table.c - text in columns, see table.h.
 *
 * Width is counted in UTF-8 characters. Without memory a cell is left out as "".
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "cli/table.h"

#define GAP 2

static size_t width_of(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

void table_cell(struct table *t, const char *fmt, ...)
{
	char *text;
	va_list ap;

	if (t->n == t->capacity) {
		size_t capacity = t->capacity ? t->capacity * 2 : 64;
		char **more = realloc(t->cell, capacity * sizeof(*more));

		if (!more)
			return;
		t->cell = more;
		t->capacity = capacity;
	}
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	for (char *s = text; s && *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = '?';
	t->cell[t->n++] = text;
}

static const char *table_text(const struct table *t, size_t i)
{
	return t->cell[i] ? t->cell[i] : "";
}

/* At most *@left characters of @s. */
static void table_put(FILE *out, const char *s, size_t *left)
{
	for (; *s; s++) {
		if ((*s & 0xc0) != 0x80) {
			if (!*left)
				return;
			--*left;
		}
		putc(*s, out);
	}
}

static void table_pad(FILE *out, size_t n, size_t *left)
{
	for (; n && *left; n--, --*left)
		putc(' ', out);
}

void table_print(struct table *t, FILE *out, size_t width, size_t rows)
{
	size_t columns = strlen(t->right), widest[TABLE_COLUMNS] = {0}, row;

	for (size_t i = 0; i < t->n; i++)
		if (width_of(table_text(t, i)) > widest[i % columns])
			widest[i % columns] = width_of(table_text(t, i));
	for (row = 0; row < rows && (row + 1) * columns <= t->n; row++) {
		size_t left = width;

		for (size_t c = 0; c < columns; c++) {
			const char *s = table_text(t, row * columns + c);
			size_t space = widest[c] - width_of(s);

			if (t->right[c] == '>')
				table_pad(out, space, &left);
			table_put(out, s, &left);
			if (c + 1 < columns)
				table_pad(out, GAP + (t->right[c] == '>' ? 0 : space), &left);
		}
		putc('\n', out);
	}
	if (row * columns < t->n)
		fprintf(out, "... and %zu more\n", t->n / columns - row);
	for (size_t i = 0; i < t->n; i++)
		free(t->cell[i]);
	free(t->cell);
	t->cell = NULL;
	t->n = t->capacity = 0;
}

/* Three digits and a unit. */
static const char *table_scaled(double value, double base, const char *units, char *buf)
{
	while (value >= 999.5 && units[1]) {
		value /= base;
		units++;
	}
	snprintf(buf, HUMAN_TEXT, "%.*f%.1s", *units != ' ' && value < 99.95 ? 1 : 0, value,
		 *units == ' ' ? "" : units);
	return buf;
}

const char *human_bytes(uint64_t bytes, char buf[HUMAN_TEXT])
{
	return table_scaled((double)bytes, 1024, " KMGTPE", buf);
}

const char *human_rate(uint64_t bytes, uint64_t ns, char buf[HUMAN_TEXT])
{
	if (!ns)
		return strcpy(buf, "-");
	return table_scaled((double)bytes * 8e9 / (double)ns, 1000, " KMGTPE", buf);
}

const char *human_time(uint64_t seconds, char buf[HUMAN_TEXT])
{
	static const struct {
		uint64_t seconds, part;
		const char *form;
	} units[] = {{86400, 3600, "%" PRIu64 "d%02" PRIu64 "h"},
		     {3600, 60, "%" PRIu64 "h%02" PRIu64 "m"},
		     {60, 1, "%" PRIu64 "m%02" PRIu64 "s"}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (seconds < units[i].seconds)
			continue;
		snprintf(buf, HUMAN_TEXT, units[i].form, seconds / units[i].seconds % 1000000,
			 seconds % units[i].seconds / units[i].part);
		return buf;
	}
	snprintf(buf, HUMAN_TEXT, "%" PRIu64 "s", seconds);
	return buf;
}
