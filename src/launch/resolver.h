/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * resolver.h - a process that resolves the names of tunnels' endpoints while the stack runs.
 */
#ifndef PERSONA_LAUNCH_RESOLVER_H
#define PERSONA_LAUNCH_RESOLVER_H

struct config;
struct endpoint_answer;

/** resolver_look_up() - addresses of @host, by the host's libc; 0 or an EAI_ code. May wait long.
 */
int resolver_look_up(const char *host, struct endpoint_answer *a);

/**
 * resolver_note() - an endpoint is a name
 * @iface: number of the interface
 * @far:   of its far end
 *
 * Return: 0 or an exit status; what is wrong has been said.
 */
int resolver_note(unsigned int iface, unsigned int far, const char *host);

/**
 * resolver_start() - start the process, if a name was noted
 * @c: receives @resolver, close-on-exec
 *
 * Return: 0 or an exit status; what is wrong has been said.
 */
int resolver_start(struct config *c);

#endif /* PERSONA_LAUNCH_RESOLVER_H */
