// SPDX-License-Identifier: GPL-2.0-only
/*
 * run.c - `persona run`: the command line, checked word by word.
 *
 * Theory of operation: each option goes into struct config (stack/config.h), or, if only the
 * start of the program needs it, into struct launch (launch/launch.h). What concerns the stack
 * is stackopts.c's. What is wrong with an option is said where it stands, in one line; the first
 * mistake ends the command. launch() does the rest.
 */
#include <stdio.h>
#include <stdlib.h>
#include "backend/backend.h"
#include "cli/cli.h"
#include "cli/stackopts.h"
#include "launch/launch.h"
#include "launch/paths.h"
#include "stack/config.h"

enum {
	RUN_INLINE = STACKOPTS_KEYS, /* beyond those of the stack */
	RUN_ISOLATE,
	RUN_MODE,
};

const struct command_option run_options[] = {
	{RUN_MODE, "mode", "MODE",
	 "shadow: persona holds the stack, for whole trees of\n"
	 "programs (default); inline: the program holds it:\n"
	 "faster, one process; auto: inline for programs\n"
	 "known to fit"},
	{RUN_INLINE, "inline", NULL, "the same as --mode inline"},
	{RUN_ISOLATE, "isolate", NULL, "loopback addresses are the stack's, too"},
	{0},
};

static int run_set_mode(struct launch *l, const char *text)
{
	enum mode mode = mode_parse(text);

	if (mode == MODE_UNSET)
		return complain(EXIT_PERSONA, "--mode %s: must be auto, inline or shadow", text);
	if (l->mode != MODE_UNSET && l->mode != mode)
		return complain(EXIT_PERSONA,
				"--mode %s and --mode %s (--inline is --mode inline): give one",
				mode_name(l->mode), text);
	l->mode = mode;
	return 0;
}

/* Options into @l and its configuration; -1 to go on, else an exit status. */
static int run_parse(int argc, char **argv, struct launch *l)
{
	struct config *c = l->config;
	struct options o;
	int key;

	options_begin(&o, &command_run, argc, argv);
	while ((key = options_next(&o))) {
		switch (key) {
		case RUN_INLINE:
			o.status = run_set_mode(l, "inline");
			break;
		case RUN_MODE:
			o.status = run_set_mode(l, optarg);
			break;
		case RUN_ISOLATE:
			c->isolate = true;
			break;
		default:
			o.status = stackopts_take(key, c, &l->personality);
		}
	}
	if (o.status >= 0)
		return o.status;
	if (optind >= argc)
		return complain(EXIT_PERSONA,
				"no COMMAND given: persona run [OPTION]... -- COMMAND [ARG]...");
	return stackopts_end(c);
}

static int run_run(int argc, char **argv)
{
	struct config *c = calloc(1, sizeof(*c));
	struct launch l = {.config = c, .personality = DEFAULT_PERSONALITY};
	int status;

	if (!c)
		return complain(EXIT_PERSONA, "out of memory");
	stackopts_begin(c);
	status = run_parse(argc, argv, &l);
	if (status < 0) {
		l.argv = argv + optind;
		status = launch(&l);
	}
	free(c);
	return status;
}

static void run_more(void)
{
	puts("\nback ends:");
	for (unsigned int i = 0; backend_at(i); i++)
		printf("  %-8s %s\n", backend_at(i)->opening->name, backend_at(i)->help);
	puts("\n"
	     "exit status: COMMAND's; 128+N if signal N ended it; 125 Persona failed;\n"
	     "             126 COMMAND cannot be executed; 127 COMMAND not found");
}

const struct command command_run = {
	.name = "run",
	.summary = "run a program on a network stack of its own",
	.usage = "[OPTION]... [-i SPEC]... [--] COMMAND [ARG]...",
	.options = {stackopts, run_options},
	.ordered = true,
	.notes =
		"SPEC = [BACKEND:]IFNAME[,ip=ADDR/LEN]...[,gw=ADDR]...[,mac=MAC][,mtu=N]\n"
		"       [,name=NAME][,backup|,metered]\n"
		"       wg:IFNAME,conf=FILE[,endpoint=HOST:PORT][,mtu=N][,name=NAME][,backup|...]\n"
		"       without ip= the host interface's addresses and gateways are taken over\n"
		"       fd:N is an inherited TUN/TAP or socket; passt: needs no IFNAME\n"
		"       wg: is a WireGuard tunnel by wg-quick's FILE; needs no privilege\n",
	.more = run_more,
	.examples = "run -- curl http://192.0.2.1/file\n"
		    "run --mode auto -v -i wlan0 -i rmnet0 -- curl http://192.0.2.1/file\n"
		    "run -i wlan0,ip=10.1.0.2/24,gw=10.1.0.1 --pcap out.pcapng -- firefox\n",
	.run = run_run,
};
