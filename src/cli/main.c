// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - `persona`: a table of subcommands.
 */
#include <stdio.h>
#include <string.h>
#include "cli/cli.h"
#include "lib/closest.h"

static int cmd_version(int argc, char **argv)
{
	puts("persona " PERSONA_VERSION);
	return 0;
}

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{"run", cmd_run},	{"ps", cmd_ps},		  {"show", cmd_show},
	{"exec", cmd_exec},	{"profile", cmd_profile}, {"list", cmd_list},
	{"doctor", cmd_doctor}, {"version", cmd_version}, {"help", cmd_help},
};

#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

int main(int argc, char **argv)
{
	const char *names[NCOMMANDS + 1] = {NULL};
	const char *name = argc > 1 ? argv[1] : "";
	const char *near;
	unsigned int i;

	if (!strcmp(name, "--help") || !strcmp(name, "-h"))
		name = "help";
	if (!strcmp(name, "--version") || !strcmp(name, "-V"))
		name = "version";
	for (i = 0; i < NCOMMANDS; i++) {
		if (!strcmp(name, commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
		names[i] = commands[i].name;
	}
	if (!*name)
		return complain(EXIT_PERSONA, "no subcommand: see persona help");
	near = closest(name, names);
	if (near)
		return complain(EXIT_PERSONA, "unknown subcommand '%s': did you mean '%s'?", name,
				near);
	return complain(EXIT_PERSONA, "unknown subcommand '%s': see persona help", name);
}
