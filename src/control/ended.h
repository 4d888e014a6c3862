/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ended.h - what subflows carried that have ended.
 */
#ifndef PERSONA_CONTROL_ENDED_H
#define PERSONA_CONTROL_ENDED_H

#include <stddef.h>
#include "netconf/sock_diag.h"

/** ended_look() - a new report: all MPTCP sockets, and all TCP sockets sorted by @order. */
void ended_look(const struct diag_list *mptcp, const struct diag_list *tcp,
		int (*order)(const void *a, const void *b));

/**
 * ended_bytes() - of connection @s
 * @flow, @n: its living subflows
 *
 * @sent + what the living ones sent never falls from one report to the next; likewise @received.
 */
void ended_bytes(const struct diag_sock *s, const struct diag_sock *flow, size_t n, uint64_t *sent,
		 uint64_t *received);

#endif /* PERSONA_CONTROL_ENDED_H */
