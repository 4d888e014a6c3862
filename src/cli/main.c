// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - `persona`: finds the subcommand and runs it (commands.c has the table).
 */
#include <string.h>
#include "cli/command.h"

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	const struct command *c;

	if (!*name)
		return complain(EXIT_PERSONA, "no subcommand: see persona help");
	if (!strcmp(name, "--help") || !strcmp(name, "-h"))
		name = "help";
	if (!strcmp(name, "--version") || !strcmp(name, "-V"))
		name = "version";
	c = command_find(name);
	return c ? c->run(argc - 1, argv + 1) : EXIT_PERSONA;
}
