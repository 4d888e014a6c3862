/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * command.h - a subcommand of `persona`, and the table of all.
 *
 * One file defines one subcommand: its parser takes the options from the same rows that its
 * help prints (options.h), so neither can have what the other does not know.
 */
#ifndef PERSONA_CLI_COMMAND_H
#define PERSONA_CLI_COMMAND_H

#include <stdbool.h>
#include "lib/complain.h"

/**
 * struct command_option - one option; a table ends with a row without name
 * @key:  its letter, or a number from COMMAND_LONG up if it has none
 * @name: without the dashes
 * @arg:  what help calls its argument; NULL: it takes none; "[X]": --name=X or none (such an
 *	  option has no letter)
 * @help: what it does; lines are parted by '\n'
 */
struct command_option {
	int key;
	const char *name;
	const char *arg;
	const char *help;
};

#define COMMAND_LONG   256
#define COMMAND_TABLES 3 /* tables of options that a subcommand can have */

/**
 * struct command - one subcommand
 * @name:     the first word behind `persona`
 * @summary:  what it does, one line
 * @usage:    what may stand behind the name; each line is a form of its own
 * @options:  its tables of options, all but -h and --help, which are everybody's
 * @ordered:  options end at the first word that is none (a COMMAND's options are its own)
 * @notes:    further text for its help, or NULL
 * @more:     prints what help says that is not constant, or NULL
 * @examples: command lines without `persona `, one a line
 * @run:      arguments begin with the subcommand's name; returns the exit status
 */
struct command {
	const char *name;
	const char *summary;
	const char *usage;
	const struct command_option *options[COMMAND_TABLES];
	bool ordered;
	const char *notes;
	void (*more)(void);
	const char *examples;
	int (*run)(int argc, char **argv);
};

extern const struct command command_run, command_ps, command_show, command_set, command_exec,
	command_profile, command_gateway, command_wg, command_list, command_doctor, command_version,
	command_help;

/** command_at() - subcommand number @i of the table, NULL past the last. */
const struct command *command_at(unsigned int i);

/** command_find() - the subcommand @name; NULL: there is none, and the nearest has been named. */
const struct command *command_find(const char *name);

/** command_print_help() - everything about @c, to stdout; returns 0, an exit status. */
int command_print_help(const struct command *c);

#endif /* PERSONA_CLI_COMMAND_H */
