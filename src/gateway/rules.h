/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rules.h - the stack inside as a gateway: its packet filter, routing rules and sysctls.
 */
#ifndef PERSONA_GATEWAY_RULES_H
#define PERSONA_GATEWAY_RULES_H

#include <stdbool.h>
#include <stdint.h>

#define RULES_MARK 0x10000 /* of packets that come from clients, or are for them */
#define RULES_TCP  0x10001 /* of those that TCP sockets of ours get; accepted sockets inherit it */
#define RULES_PORT 61080   /* of the transparent listeners */

/**
 * struct rules - what a gateway is made for
 * @index: of the inlet, inside
 * @name:  of it
 * @first, @last: ports that forwarded datagrams may have on the paths; 0: any
 */
struct rules {
	int index;
	const char *name;
	uint16_t first, last;
};

/**
 * rules_make() - make the stack a gateway from its inlet to its paths
 * @why: on failure one sentence
 *
 * After the inlet is up. Return: 0 or -errno; then the stack is half configured.
 */
int rules_make(const struct rules *r, const char **why);

#endif /* PERSONA_GATEWAY_RULES_H */
