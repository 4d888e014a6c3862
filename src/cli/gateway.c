// SPDX-License-Identifier: GPL-2.0-only
/*
 * gateway.c - `persona gateway`: the stack as a router of connections, for programs that it
 * cannot be put into.
 *
 * Theory of operation: the stack's options are stackopts.c's, the rest goes into struct
 * launch_gateway; launch_gateway() does the work.
 */
#include <stdlib.h>
#include "cli/cli.h"
#include "cli/stackopts.h"
#include "launch/gateway.h"
#include "launch/paths.h"
#include "stack/config.h"

enum {
	GATEWAY_IN = STACKOPTS_KEYS,
	GATEWAY_NO_ROUTES,
	GATEWAY_SOCKS,
};

static const struct command_option gateway_options[] = {
	{GATEWAY_IN, "in", "INLET",
	 "where packets come from: tun:NAME, tap:NAME (made if\n"
	 "they do not exist), fd:N (inherited: a TUN device, or\n"
	 "one end of a SOCK_SEQPACKET pair); then\n"
	 "[,ip=ADDR/LEN]...[,mtu=N]: the stack's own end"},
	{GATEWAY_NO_ROUTES, "no-routes", NULL,
	 "leave the host's routes alone: without this, an INLET\n"
	 "that is made becomes the host's way out"},
	{GATEWAY_SOCKS, "socks", "SERVER",
	 "connections go on by that SOCKS5 server:\n[USER:PASSWORD@]HOST:PORT"},
	{0},
};

static int gateway_parse(int argc, char **argv, struct launch_gateway *l)
{
	struct options o;
	int key;

	options_begin(&o, &command_gateway, argc, argv);
	while ((key = options_next(&o))) {
		if (key == GATEWAY_IN && l->inlet)
			o.status = complain(EXIT_PERSONA,
					    "--in %s: a gateway has one inlet, and "
					    "has --in %s already",
					    optarg, l->inlet);
		else if (key == GATEWAY_IN)
			l->inlet = optarg;
		else if (key == GATEWAY_NO_ROUTES)
			l->routes = false;
		else if (key == GATEWAY_SOCKS)
			l->socks = optarg;
		else
			o.status = stackopts_take(key, l->config, &l->personality);
	}
	if (o.status >= 0)
		return o.status;
	if (optind < argc)
		l->argv = argv + optind;
	if (l->inlet && l->argv)
		return complain(EXIT_PERSONA, "COMMAND gets a namespace of its own, whose packets "
					      "are served: leave out --in, or COMMAND");
	if (l->argv && !l->routes)
		return complain(EXIT_PERSONA,
				"--no-routes is about the host's, which COMMAND does not "
				"use: leave it out");
	if (!l->inlet && !l->argv)
		return complain(EXIT_PERSONA,
				"where do packets come from? --in tun:NAME (as root), "
				"or -- COMMAND");
	return stackopts_end(l->config);
}

static int gateway_run(int argc, char **argv)
{
	struct config *c = calloc(1, sizeof(*c));
	struct launch_gateway l = {
		.config = c,
		.personality = DEFAULT_PERSONALITY,
		.routes = true,
		.self = argv,
	};
	int status;

	if (!c)
		return complain(EXIT_PERSONA, "out of memory");
	stackopts_begin(c);
	status = gateway_parse(argc, argv, &l);
	if (status < 0)
		status = launch_gateway(&l);
	free(c);
	return status;
}

const struct command command_gateway = {
	.name = "gateway",
	.summary = "carry packets of programs, or of a machine, over all paths",
	.usage = "[OPTION]... [-i SPEC]... --in INLET\n"
		 "[OPTION]... [-i SPEC]... [--] COMMAND [ARG]...",
	.options = {gateway_options, stackopts},
	.ordered = true,
	.notes = "TCP ends in the stack and goes on over all interfaces (MPTCP); UDP and ICMP are\n"
		 "forwarded by the best one. With --in it runs until a signal ends it. COMMAND\n"
		 "gets a network namespace of its own, which needs no privilege, and may be what\n"
		 "run cannot serve: setuid, 32-bit, using io_uring. SPEC is as of run.\n",
	.examples = "gateway -i wg:wlan0,conf=a.conf -i wg:rmnet0,conf=b.conf -- COMMAND\n"
		    "gateway --in tun:persona0 -i wlan0 -i rmnet0\n",
	.run = gateway_run,
};
