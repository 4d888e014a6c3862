/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nftrules.h - rules of the host's packet filter by nf_tables, told to the kernel directly.
 *
 * Used by rules.c. Nothing is allocated; one run's state is static.
 */
#ifndef PERSONA_OPENER_NFTRULES_H
#define PERSONA_OPENER_NFTRULES_H

#include "backend/opening/flows.h"

/** nftrules_start() - make the table; 0 or -errno: a kernel without what it needs. */
int nftrules_start(void);

/** nftrules_set() - as rules_set(). */
int nftrules_set(unsigned int slot, const char *ifname, const struct flows *f, const char **why);

/**
 * nftrules_stop() - remove the table
 *
 * At once. The socket, whose closing may take the kernel some 20 ms (see nftrules.c), is left to
 * the end of the process.
 */
void nftrules_stop(void);

/** nftrules_compose() - nftrules_set()'s transaction, for tests: its bytes, or -EMSGSIZE. */
long nftrules_compose(unsigned int slot, const char *ifname, const struct flows *f);

#endif /* PERSONA_OPENER_NFTRULES_H */
