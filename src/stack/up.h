/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * up.h - from a configuration to a running, configured stack.
 */
#ifndef PERSONA_STACK_UP_H
#define PERSONA_STACK_UP_H

#include <stdbool.h>
#include "engine/engine.h"

struct config;
struct iface_spec;
struct netconf_iface;

/**
 * stack_up() - start the engine and configure the stack inside
 * @c:	 configuration; its descriptors pass into the engine's possession
 * @why: on failure one sentence: the thing, the reason, the remedy
 *
 * Starts the engine, attaches each interface's back end, sets lo up, addresses,
 * routes, one routing table and rule per interface, MPTCP endpoints and
 * limits, sysctls. All or nothing: on failure the engine is stopped again.
 *
 * Return: 0 or -errno. Same thread-safety as engine_start().
 */
int stack_up(const struct config *c, const char **why);

/** stack_options() - what stack_up(@c) gives the engine; it points into @c. */
struct engine_options stack_options(const struct config *c);

/**
 * stack_ifaces() - the interfaces of the running stack, in the order of the configuration
 * @n: receives how many
 *
 * Valid until engine_stop(). follow.c changes them, and says when.
 */
struct netconf_iface *stack_ifaces(unsigned int *n);

/** stack_spec() - what interface @i is configured to; whole, and valid for a while. Any thread. */
const struct iface_spec *stack_spec(unsigned int i);

/** stack_set_spec() - it is configured to @s now. The follower's alone. */
void stack_set_spec(unsigned int i, const struct iface_spec *s);

/** stack_verbose() - does the user want to hear of changes? */
bool stack_verbose(void);

/** stack_resolver() - the configuration's resolver of names (endpoint.h); 0: none. */
int stack_resolver(void);

/**
 * stack_hide() - if the running stack has tunnels, keep their keys from the user's other programs
 *
 * For a process that is Persona's alone: nobody can trace it or read its memory any more
 * (PR_SET_DUMPABLE), unless @c->sampled. After stack_up().
 */
void stack_hide(const struct config *c);

#endif /* PERSONA_STACK_UP_H */
