// SPDX-License-Identifier: GPL-2.0-only
/*
 * help.c - `persona help`: what the tables of subcommands and their options say.
 */
#include <stdio.h>
#include <string.h>
#include "cli/command.h"
#include "cli/options.h"

#define HELP_COLUMN 27 /* where the text of an option begins */

/* The lines of @text, each with @before in front. */
static void help_lines(const char *before, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		printf("%s%.*s\n", before, (int)len, text);
		text += len + (text[len] == '\n');
	}
}

static void help_option(const struct command_option *row)
{
	const char *text = row->help;
	int width;

	if (row->key < COMMAND_LONG)
		width = printf("  -%c, --%s", row->key, row->name);
	else
		width = printf("      --%s", row->name);
	if (row->arg && *row->arg == '[')
		width += printf("[=%s", row->arg + 1);
	else if (row->arg)
		width += printf(" %s", row->arg);
	if (width > HELP_COLUMN - 2) {
		putchar('\n');
		width = 0;
	}
	for (;;) {
		size_t len = strcspn(text, "\n");

		printf("%*s%.*s\n", HELP_COLUMN - width, "", (int)len, text);
		if (!text[len])
			return;
		text += len + 1;
		width = 0;
	}
}

int command_print_help(const struct command *c)
{
	static const struct command_option help = {'h', "help", NULL, "print this text"};
	const char *before = "usage: persona", *usage = c->usage;

	printf("persona %s: %s\n\n", c->name, c->summary);
	do {
		size_t len = strcspn(usage, "\n");

		printf("%s %s%s%.*s\n", before, c->name, len ? " " : "", (int)len, usage);
		before = "       persona";
		usage += len + (usage[len] == '\n');
	} while (*usage);
	puts("\noptions:");
	for (unsigned int t = 0; t < COMMAND_TABLES && c->options[t]; t++)
		for (const struct command_option *row = c->options[t]; row->name; row++)
			help_option(row);
	help_option(&help);
	if (c->notes)
		printf("\n%s", c->notes);
	if (c->more)
		c->more();
	puts("\nexamples:");
	help_lines("  persona ", c->examples);
	return 0;
}

static void help_overview(void)
{
	puts("persona " PERSONA_VERSION
	     ": run an unmodified program on a network stack of its own\n"
	     "\n"
	     "usage: persona SUBCOMMAND [ARG]...\n"
	     "\n"
	     "subcommands:");
	for (unsigned int i = 0; command_at(i); i++)
		printf("  %-10s %s\n", command_at(i)->name, command_at(i)->summary);
	puts("\n"
	     "`persona help SUBCOMMAND` says all about one. The manual page: man persona\n"
	     "\n"
	     "examples:\n"
	     "  persona run -i wlan0 -- curl http://192.0.2.1/file\n"
	     "  persona help run");
}

static int help_run(int argc, char **argv)
{
	const struct command *c;
	struct options o;

	options_begin(&o, &command_help, argc, argv);
	while (options_next(&o))
		;
	if (options_end(&o, 1) >= 0)
		return o.status;
	if (optind == argc) {
		help_overview();
		return 0;
	}
	c = command_find(argv[optind]);
	return c ? command_print_help(c) : EXIT_PERSONA;
}

const struct command command_help = {
	.name = "help",
	.summary = "list the subcommands, or say all about one",
	.usage = "[SUBCOMMAND]",
	.examples = "help\nhelp run\n",
	.run = help_run,
};
