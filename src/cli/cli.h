/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cli.h - what the subcommands of `persona` share.
 */
#ifndef PERSONA_CLI_CLI_H
#define PERSONA_CLI_CLI_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include "lib/complain.h"

/* Subcommands: arguments begin with the subcommand's name; return exit status. */
int cmd_help(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_exec(int argc, char **argv);
int cmd_profile(int argc, char **argv);
int cmd_ps(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

/* run.c: the options of `persona run`, for those that pass them on */
#define RUN_SHORT "+:p:i:o:vh"
extern const struct option run_options[];

/** print_json() - a string for JSON, quoted, to stdout: file names may have anything in them. */
void print_json(const char *s);

#endif /* PERSONA_CLI_CLI_H */
