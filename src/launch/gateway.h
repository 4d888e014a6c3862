/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gateway.h - from a parsed command line to a running gateway.
 */
#ifndef PERSONA_LAUNCH_GATEWAY_H
#define PERSONA_LAUNCH_GATEWAY_H

#include <stdbool.h>

struct config;

/**
 * struct launch_gateway - one gateway, as the command line has it
 * @config:	 of the stack, as in struct launch
 * @personality: name of a personality, or a path if it has a slash
 * @inlet:	 where clients' packets come from, as -i's SPEC; NULL: from @argv's namespace
 * @routes:	 an inlet that this makes becomes the host's way out
 * @socks:	 [USER:PASSWORD@]HOST:PORT or NULL
 * @argv:	 COMMAND, which gets a network namespace of its own; NULL: run until a signal comes
 * @self:	 the command line, for `persona ps`
 */
struct launch_gateway {
	struct config *config;
	const char *personality;
	const char *inlet;
	bool routes;
	const char *socks;
	char *const *argv;
	char *const *self;
};

/**
 * launch_gateway() - check everything, open the interfaces, be a gateway
 *
 * Return: exit status: COMMAND's, as of supervise(), 0 after an ending signal, or EXIT_PERSONA and
 * the others; what is wrong has been said. Once per process; not with threads around (it forks).
 */
int launch_gateway(const struct launch_gateway *l);

#endif /* PERSONA_LAUNCH_GATEWAY_H */
