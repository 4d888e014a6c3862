/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rules.h - keep the host's kernel from the stack's frames, by its packet filter.
 *
 * Nothing is allocated; one run's state is static. Names of interfaces are checked
 * by the caller: letters, digits and "_.@-" alone.
 */
#ifndef PERSONA_OPENER_RULES_H
#define PERSONA_OPENER_RULES_H

#include "backend/opening/flows.h"

/**
 * rules_start() - find a packet filter that works: nf_tables, else iptables
 *
 * May start children, so it is called before confinement. Return: 0, or -errno with the
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

#endif /* PERSONA_OPENER_RULES_H */
