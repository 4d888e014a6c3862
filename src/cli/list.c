// SPDX-License-Identifier: GPL-2.0-only
/*
 * list.c - `persona list`: personalities that are installed, and back ends.
 */
#include <stdio.h>
#include <string.h>
#include "backend/backend.h"
#include "cli/cli.h"
#include "launch/paths.h"

void print_json(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			putchar('\\');
		if ((unsigned char)*s < ' ')
			printf("\\u%04x", (unsigned char)*s);
		else
			putchar(*s);
	}
	putchar('"');
}

struct walk {
	bool json;
	unsigned int n;
};

static int print_personality(const char *name, const char *path, void *arg)
{
	struct walk *w = arg;
	bool standard = !strcmp(name, DEFAULT_PERSONALITY);

	if (!w->json) {
		printf("  %-14s %s%s\n", name, path, standard ? "  (default)" : "");
	} else {
		printf("%s{\"name\":", w->n ? "," : "");
		print_json(name);
		printf(",\"path\":");
		print_json(path);
		printf(",\"default\":%s}", standard ? "true" : "false");
	}
	w->n++;
	return 0;
}

static void list_json(void)
{
	struct walk w = {.json = true};
	unsigned int i;

	printf("{\"version\":\"" PERSONA_VERSION "\",\"personalities\":[");
	path_personalities(print_personality, &w);
	printf("],\"backends\":[");
	for (i = 0; backend_at(i); i++) {
		printf("%s{\"name\":\"%s\",\"help\":", i ? "," : "", backend_at(i)->name);
		print_json(backend_at(i)->help);
		putchar('}');
	}
	puts("]}");
}

int cmd_list(int argc, char **argv)
{
	struct walk w = {.json = false};
	unsigned int i;

	if (argc == 2 && !strcmp(argv[1], "--json")) {
		list_json();
		return 0;
	}
	if (argc > 1)
		return complain(EXIT_PERSONA, "list: unknown argument '%s': persona list [--json]",
				argv[1]);
	puts("personalities:");
	path_personalities(print_personality, &w);
	if (!w.n)
		puts("  none: make personalities, or set PERSONA_PATH");
	puts("back ends:");
	for (i = 0; backend_at(i); i++)
		printf("  %-14s %s\n", backend_at(i)->name, backend_at(i)->help);
	return 0;
}
