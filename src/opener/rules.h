/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rules.h - keep the host's kernel from the stack's frames, by its packet filter.
 *
 * Nothing is allocated; one run's state is static. Names of interfaces are checked
 * by the caller: letters, digits and "_.@-" alone.
 */
#ifndef PERSONA_OPENER_RULES_H
#define PERSONA_OPENER_RULES_H

#include <stddef.h>
#include "backend/opening/flows.h"

#define RULES_TEXT 262144 /* bytes of the longest set: iptables' line per address and port */

/**
 * rules_start() - find a packet filter that works: nft, else iptables
 *
 * Starts children, so it is called before confinement. Return: 0, or -errno with the
 * sentence in @why.
 */
int rules_start(const char **why);

/**
 * rules_set() - the host drops the frames of @f that arrive on @ifname, from now on
 * @slot: number of the interface, below OPENER_SLOTS
 *
 * Replaces what was set for the slot, at once. Return: 0, or -errno with @why.
 */
int rules_set(unsigned int slot, const char *ifname, const struct flows *f, const char **why);

/** rules_stop() - take all rules back. */
void rules_stop(void);

/*
 * The texts, for tests. Return: bytes in @text (NUL-terminated), or -E2BIG.
 */
int rules_nft(char *text, size_t size, const char *table, unsigned int slot, const char *ifname,
	      const struct flows *f);
int rules_iptables(char *text, size_t size, const char *chain, int family, const struct flows *f);

#endif /* PERSONA_OPENER_RULES_H */
