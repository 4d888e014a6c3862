// SPDX-License-Identifier: GPL-2.0-only
/*
 * table.c - the call table as it stands in docs/inline.md.
 *
 * Prints one line per room of inline/: its calls, * for those that may wait. The
 * test table.t compares with the document.
 */
#include <stdio.h>
#include <string.h>
#include "sockets/calls.h"

struct call {
	const char *room, *name;
	unsigned int flags;
};

static const struct call calls[] = {
#define CALL(room, ret, name, proto, nr, fds, flags) {#room, #name, flags},
#include "sockets/calls.h"
};

#define N (sizeof(calls) / sizeof(calls[0]))

int main(void)
{
	const char *done = "";

	printf("| inline/ | calls (* may wait) |\n|---|---|\n");
	for (size_t i = 0; i < N; i++) {
		if (strcmp(calls[i].room, done) == 0)
			continue;
		done = calls[i].room;
		printf("| %s.c |", done);
		for (size_t j = i; j < N && strcmp(calls[j].room, done) == 0; j++)
			printf(" `%s`%s", calls[j].name, calls[j].flags & CALL_BLOCKS ? "*" : "");
		printf(" |\n");
	}
	return 0;
}
