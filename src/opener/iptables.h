/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iptables.h - rules of the host's packet filter by iptables, where there is no nf_tables.
 *
 * Used by rules.c, in its turn (turn.h). Nothing is allocated; one run's state is static.
 */
#ifndef PERSONA_OPENER_IPTABLES_H
#define PERSONA_OPENER_IPTABLES_H

#include <stddef.h>
#include "backend/opening/flows.h"

#define IPTABLES_TEXT 262144 /* bytes of the longest set: a line per address and port */

/**
 * iptables_start() - start the tools, remove what killed openers left
 *
 * Before confinement. Return: 0, -ENOENT (not installed), or another -errno with
 * iptables_complaint().
 */
int iptables_start(void);

/** iptables_complaint() - what a tool has said last, one line. */
const char *iptables_complaint(void);

/** iptables_set() - as rules_set(). */
int iptables_set(unsigned int slot, const char *ifname, const struct flows *f, const char **why);

/** iptables_stop() - remove all rules, end the tools. */
void iptables_stop(void);

/** iptables_text() - the rules of chain @chain, for tests: bytes in @out (with a NUL), or -E2BIG.
 */
int iptables_text(char *out, size_t size, const char *chain, int family, const struct flows *f);

#endif /* PERSONA_OPENER_IPTABLES_H */
