// SPDX-License-Identifier: GPL-2.0-only
/*
 * list.c - `persona list`: personalities that are installed and what is in them, and back ends.
 */
#include <stdio.h>
#include <string.h>
#include "backend/backend.h"
#include "cli/cli.h"
#include "cli/contents.h"
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

static void list_line(const char *what, const char *text)
{
	if (*text)
		printf("  %-14s %s%s\n", "", what, text);
}

/* A member whose value is an array of the words of @list. */
static void list_words(const char *key, const char *list)
{
	printf(",\"%s\":[", key);
	for (const char *p = list; *p; p += strspn(p, " ")) {
		char word[128];
		size_t len = strcspn(p, " ");

		snprintf(word, sizeof(word), "%.*s", (int)len, p);
		if (p != list)
			putchar(',');
		print_json(word);
		p += len;
	}
	putchar(']');
}

static void list_contents_json(const struct contents *c)
{
	printf(",\"kernel\":");
	print_json(c->kernel);
	list_words("extensions", c->extensions);
	list_words("without", c->without);
	printf(",\"patched\":");
	print_json(c->patched);
	list_words("congestion", c->congestion);
	list_words("schedulers", c->schedulers);
	printf(",\"why\":");
	print_json(c->why);
}

static int list_personality(const char *name, const char *path, void *arg)
{
	struct walk *w = arg;
	bool standard = !strcmp(name, DEFAULT_PERSONALITY);
	struct contents c;

	contents_read(path, &c);
	if (!w->json) {
		printf("  %-14s %s%s\n", name, path, standard ? "  (default)" : "");
		list_line("Linux ", c.kernel);
		list_line("extensions: ", c.extensions);
		list_line("not in it, for lack of something in this kernel: ", c.without);
		list_line("patched: ", c.patched);
		list_line("congestion controls: ", c.congestion);
		list_line("schedulers: ", c.schedulers);
		list_line("", c.why);
	} else {
		printf("%s{\"name\":", w->n ? "," : "");
		print_json(name);
		printf(",\"path\":");
		print_json(path);
		printf(",\"default\":%s", standard ? "true" : "false");
		list_contents_json(&c);
		putchar('}');
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
	.summary = "list personalities, what is in them, and back ends",
	.usage = "[OPTION]...",
	.options = {list_options},
	.examples = "list\nlist --json\n",
	.run = list_run,
};
