/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ruleset.h - which chains of the host's packet filter are in a back end's way.
 */
#ifndef PERSONA_CLI_RULESET_H
#define PERSONA_CLI_RULESET_H

#include <net/if.h>
#include <stdbool.h>

/**
 * struct ruleset_hook - a base chain
 * @device: of an ingress or egress chain, its interfaces; "" for all
 * @drops:  it has a verdict drop or reject, or leaves the verdict to another chain
 */
struct ruleset_hook {
	char family[16];
	char table[64];
	char chain[64];
	char hook[16];
	char device[256];
	bool drops;
};

/**
 * ruleset_hooks() - base chains of what `nft list ruleset` has printed
 *
 * Tables of Persona's own are left out. Pure. Return: how many stand in @out, at most @max.
 */
unsigned int ruleset_hooks(const char *text, struct ruleset_hook *out, unsigned int max);

/**
 * ruleset_concerns() - can @h drop frames of a back end on @ifname?
 * @hooks: BACKEND_HOOK_* that see them
 *
 * Pure.
 */
bool ruleset_concerns(const struct ruleset_hook *h, unsigned int hooks, const char *ifname);

#endif /* PERSONA_CLI_RULESET_H */
