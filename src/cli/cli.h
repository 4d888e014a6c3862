/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cli.h - what the subcommands of `persona` share.
 */
#ifndef PERSONA_CLI_CLI_H
#define PERSONA_CLI_CLI_H

#include "cli/command.h"
#include "cli/options.h"

/** print_json() - a string for JSON, quoted, to stdout: file names may have anything in them. */
void print_json(const char *s);

/** run_options - those of `persona run` beside the stack's, for a subcommand that passes them on.
 */
extern const struct command_option run_options[];

#endif /* PERSONA_CLI_CLI_H */
