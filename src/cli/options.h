/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * options.h - the options of a subcommand, by the table that its help prints.
 *
 *	struct options o;
 *
 *	options_begin(&o, &command_x, argc, argv);
 *	while ((key = options_next(&o))) {
 *		if (key == 'j')
 *			json = true;
 *		else if (key == 'i')
 *			o.status = add_interface(optarg);
 *	}
 *	if (options_end(&o, 1) >= 0)
 *		return o.status;
 *
 * Works with getopt_long()'s variables: one at a time. What is wrong is said in one line; the
 * first mistake ends the walk.
 */
#ifndef PERSONA_CLI_OPTIONS_H
#define PERSONA_CLI_OPTIONS_H

#include <getopt.h>
#include "cli/command.h"

#define OPTIONS_MAX 32 /* that one subcommand can have */

/**
 * struct options - a walk along a command line
 * @status: -1: go on; else an exit status, which ends the walk. The caller sets it for an
 *	    argument that is wrong (EXIT_PERSONA, or 0 to go on)
 */
struct options {
	int status;
	int argc;
	char **argv;
	const struct command *command;
	struct option longs[OPTIONS_MAX + 1];
	char shorts[2 * OPTIONS_MAX + 3];
};

/** options_begin() - at the first option of @c; @argv begins with the subcommand's name. */
void options_begin(struct options *o, const struct command *c, int argc, char **argv);

/**
 * options_next() - the next option
 *
 * -h and --help are answered here, by printing the help, and so is what is no option.
 *
 * Return: its key, with the argument in optarg; 0 at the end, or where @o->status has become
 * an exit status.
 */
int options_next(struct options *o);

/**
 * options_end() - at most @words words may be left, from argv[optind]
 *
 * Return: @o->status, -1 to go on.
 */
int options_end(struct options *o, int words);

#endif /* PERSONA_CLI_OPTIONS_H */
