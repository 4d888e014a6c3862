// SPDX-License-Identifier: GPL-2.0-only
/*
 * commands.c - the table of subcommands, see command.h.
 */
#include <string.h>
#include "cli/command.h"
#include "lib/closest.h"

/* In the order in which `persona help` lists them. */
static const struct command *const commands[] = {
	&command_run,  &command_ps,	 &command_show,	   &command_set,
	&command_exec, &command_profile, &command_gateway, &command_wg,
	&command_list, &command_doctor,	 &command_version, &command_help,
};

#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

const struct command *command_at(unsigned int i)
{
	return i < NCOMMANDS ? commands[i] : NULL;
}

const struct command *command_find(const char *name)
{
	const char *names[NCOMMANDS + 1] = {NULL};
	const char *near;
	unsigned int i;

	for (i = 0; i < NCOMMANDS; i++) {
		if (!strcmp(name, commands[i]->name))
			return commands[i];
		names[i] = commands[i]->name;
	}
	near = closest(name, names);
	if (near)
		complain(0, "unknown subcommand '%s': did you mean '%s'?", name, near);
	else
		complain(0, "unknown subcommand '%s': see persona help", name);
	return NULL;
}
