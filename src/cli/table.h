/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * table.h - text in columns as wide as needed, and numbers for people.
 */
#ifndef PERSONA_CLI_TABLE_H
#define PERSONA_CLI_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TABLE_COLUMNS 16

/**
 * struct table - cells row by row; zeroed: an empty one
 * @right: a string of column characters: '>' is set to the right, '<' to the left; the
 *	   last column is not padded. Its length is the number of columns
 */
struct table {
	const char *right;
	char **cell;
	size_t n, capacity;
};

/** table_cell() - the next cell; bytes that are not to be printed become '?'. */
void table_cell(struct table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * table_print() - all rows, each cut to @width columns of the terminal, and free
 * @rows: most rows; what is left is told in a last line
 */
void table_print(struct table *t, FILE *out, size_t width, size_t rows);

#define HUMAN_TEXT 16

/** human_bytes() - "512", "1.5K", "340M" (powers of 1024); returns @buf. */
const char *human_bytes(uint64_t bytes, char buf[HUMAN_TEXT]);

/** human_rate() - bits per second of @bytes in @ns: "48.5M" (powers of 1000); "-": no time. */
const char *human_rate(uint64_t bytes, uint64_t ns, char buf[HUMAN_TEXT]);

/** human_time() - "4s", "3m12s", "2h05m", "3d04h". */
const char *human_time(uint64_t seconds, char buf[HUMAN_TEXT]);

#endif /* PERSONA_CLI_TABLE_H */
