/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * drain.h - which connections of a stack still have data to deliver?
 */
#ifndef PERSONA_STACK_DRAIN_H
#define PERSONA_STACK_DRAIN_H

#include "netconf/netlink.h"

/**
 * drain_pending() - ask the stack by sock_diag, as `ss` would
 *
 * Return: how many TCP and MPTCP connections have bytes or their end unacknowledged. Of an MPTCP
 * connection the data counts, not what single subflows have done of it.
 */
int drain_pending(nl_call_fn *call);

#define DRAIN_CLOSING_MS 250

/**
 * drain_closing() - how many connections wait for no more than their peer's FIN, or, if they are
 * MPTCP's, for the end of a subflow?
 *
 * Worth waiting for some round trips, DRAIN_CLOSING_MS at most: if the stack is gone when it
 * comes, a host that shares the address answers it with a reset.
 */
int drain_closing(nl_call_fn *call);

#endif /* PERSONA_STACK_DRAIN_H */
