// SPDX-License-Identifier: GPL-2.0-only
/*
 * closest.c - "did you mean": edit distance over words of up to 31 letters.
 */
#include <stddef.h>
#include <string.h>
#include "lib/closest.h"

#define MAX_WORD 31

static unsigned int closest_min3(unsigned int a, unsigned int b, unsigned int c)
{
	if (b < a)
		a = b;
	return c < a ? c : a;
}

/* Levenshtein's distance, one row at a time. */
static unsigned int closest_distance(const char *a, size_t na, const char *b, size_t nb)
{
	unsigned int row[MAX_WORD + 1];
	size_t i, j;

	for (j = 0; j <= nb; j++)
		row[j] = (unsigned int)j;
	for (i = 1; i <= na; i++) {
		unsigned int diagonal = row[0];

		row[0] = (unsigned int)i;
		for (j = 1; j <= nb; j++) {
			unsigned int cost = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = closest_min3(row[j] + 1, row[j - 1] + 1, cost);
		}
	}
	return row[nb];
}

const char *closest(const char *word, const char *const *candidates)
{
	size_t len = strlen(word);
	unsigned int best = len <= 3 ? 2 : 3;
	const char *found = NULL;

	if (!len || len > MAX_WORD)
		return NULL;
	for (; *candidates; candidates++) {
		size_t n = strlen(*candidates);
		unsigned int d;

		if (n > MAX_WORD)
			continue;
		d = closest_distance(word, len, *candidates, n);
		if (d < best && d < n) {
			best = d;
			found = *candidates;
		}
	}
	return found;
}
