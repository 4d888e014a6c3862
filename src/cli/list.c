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

static const struct command_option list_options[] = {
	{COMMAND_LONG, "json", NULL, "one object, for programs"},
	{0},
};

struct walk {
	bool json;
	unsigned int n;
};

static int list_personality(const char *name, const char *path, void *arg)
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
	path_personalities(list_personality, &w);
	printf("],\"backends\":[");
	for (i = 0; backend_at(i); i++) {
		printf("%s{\"name\":\"%s\",\"help\":", i ? "," : "", backend_at(i)->opening->name);
		print_json(backend_at(i)->help);
		putchar('}');
	}
	puts("]}");
}

static int list_run(int argc, char **argv)
{
	struct walk w = {.json = false};
	bool json = false;
	struct options o;
	unsigned int i;

	options_begin(&o, &command_list, argc, argv);
	while (options_next(&o))
		json = true;
	if (options_end(&o, 0) >= 0)
		return o.status;
	if (json) {
		list_json();
		return 0;
	}
	puts("personalities:");
	path_personalities(list_personality, &w);
	if (!w.n)
		puts("  none: make personalities, or set PERSONA_PATH");
	puts("back ends:");
	for (i = 0; backend_at(i); i++)
		printf("  %-14s %s\n", backend_at(i)->opening->name, backend_at(i)->help);
	return 0;
}

const struct command command_list = {
	.name = "list",
	.summary = "list personalities and back ends",
	.usage = "[OPTION]...",
	.options = {list_options},
	.examples = "list\nlist --json\n",
	.run = list_run,
};
