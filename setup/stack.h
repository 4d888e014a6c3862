/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stack.h - from a configuration to a running, configured stack.
 */
#ifndef PERSONA_STACK_H
#define PERSONA_STACK_H

struct config;

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

#endif /* PERSONA_STACK_H */
