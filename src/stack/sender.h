/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sender.h - by what the stack sends: MPTCP's scheduler, congestion control.
 */
#ifndef PERSONA_STACK_SENDER_H
#define PERSONA_STACK_SENDER_H

#include "netconf/pathpolicy.h"

/* Of one MPTCP socket: setsockopt(fd, SENDER_SOL_MPTCP, SENDER_MPTCP_SCHEDULER, name, length) */
#define SENDER_SOL_MPTCP       284
#define SENDER_MPTCP_SCHEDULER 0x5001

enum sender { SENDER_SCHEDULER, SENDER_CONGESTION };

/** sender_get() - the name that new connections have; "": the personality has no choice. */
void sender_get(enum sender what, char name[PATHPOLICY_NAME]);

/** sender_has() - 0, or -ENOENT with one sentence in @why: the personality has no such @name. */
int sender_has(enum sender what, const char *name, const char **why);

/**
 * sender_set() - have new connections, and those that have what new ones had, use @name
 * @live: programs run: there may be connections
 *
 * A connection that has another name than new ones by an option of its own keeps it. Return: 0, or
 * -errno with one sentence in @why.
 */
int sender_set(enum sender what, const char *name, bool live, const char **why);

#endif /* PERSONA_STACK_SENDER_H */
