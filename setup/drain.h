/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * drain.h - which connections of a stack still have data to deliver?
 */
#ifndef PERSONA_DRAIN_H
#define PERSONA_DRAIN_H

#include "setup/netlink.h"

/**
 * drain_pending() - ask the stack by sock_diag, as `ss` would
 *
 * Return: how many TCP sockets and MPTCP connections have bytes or a FIN
 * unacknowledged.
 */
int drain_pending(nl_call_fn *call);

#endif /* PERSONA_DRAIN_H */
