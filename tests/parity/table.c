// SPDX-License-Identifier: GPL-2.0-only
/*
 * table.c - the call table as it stands in docs/calls.md.
 *
 * Prints two tables: the hooks of inline mode by file, * for those that may wait; and the system
 * calls, with what syscall(2), the filter and the supervisor do with each, and its destination
 * rule. The test table.t compares with the document; `build/tests/parity/table` makes it.
 */
#include <stdio.h>
#include <string.h>
#include "sockets/calls.h"

static const struct hook {
	const char *room, *name;
	unsigned int flags;
} hooks[] = {
#define HOOKED(room, ret, name, proto, fds, flags) {#room, #name, flags},
#include "sockets/calls.h"
};

static const struct line {
	const char *name, *raw, *filter, *handler, *where;
} lines[] = {
#define NUMBERED(name, nr, raw, filter, handler, where, proto) \
	{#name, #raw, #filter, #handler, #where},
#include "sockets/calls.h"
};

#define HOOKS (sizeof(hooks) / sizeof(hooks[0]))
#define LINES (sizeof(lines) / sizeof(lines[0]))

/* "BY_SOCK(control_bind)" without its frame; "-" for none. */
static void print_handler(const char *text)
{
	const char *open = strchr(text, '(');

	if (open)
		printf("`%.*s`", (int)strlen(open) - 2, open + 1);
	else
		printf("-");
}

int main(void)
{
	const char *done = "";

	printf("| inline/ | calls (* may wait) |\n|---|---|\n");
	for (size_t i = 0; i < HOOKS; i++) {
		if (strcmp(hooks[i].room, done) == 0)
			continue;
		done = hooks[i].room;
		printf("| %s.c |", done);
		for (size_t j = i; j < HOOKS && strcmp(hooks[j].room, done) == 0; j++)
			printf(" `%s`%s", hooks[j].name, hooks[j].flags & CALL_BLOCKS ? "*" : "");
		printf(" |\n");
	}
	printf("\n| system call | syscall(2), inline | filter | supervisor | destination |\n");
	printf("|---|---|---|---|---|\n");
	for (size_t i = 0; i < LINES; i++) {
		printf("| `%s` | `%s` | %s | ", lines[i].name, lines[i].raw, lines[i].filter);
		print_handler(lines[i].handler);
		printf(" | %s |\n", lines[i].where);
	}
	return 0;
}
