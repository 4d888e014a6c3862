/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stackopts.h - the options that say what a stack is: those that `persona run` and `persona
 * gateway` have in common.
 */
#ifndef PERSONA_CLI_STACKOPTS_H
#define PERSONA_CLI_STACKOPTS_H

#include "cli/command.h"

struct config;

#define STACKOPTS_KEYS (COMMAND_LONG + 64) /* a subcommand's own keys begin here */

extern const struct command_option stackopts[];

/** stackopts_begin() - what holds where no option is given; @c is all zeros. */
void stackopts_begin(struct config *c);

/**
 * stackopts_take() - one of the table's options, its argument in optarg
 * @personality: of struct launch
 *
 * Return: -1 to go on, or an exit status; what is wrong has been said.
 */
int stackopts_take(int key, struct config *c, const char **personality);

/** stackopts_end() - all options are there; -1 to go on, or an exit status. */
int stackopts_end(struct config *c);

#endif /* PERSONA_CLI_STACKOPTS_H */
