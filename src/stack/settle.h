/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * settle.h - do datagrams of ended programs still wait inside the stack?
 */
#ifndef PERSONA_STACK_SETTLE_H
#define PERSONA_STACK_SETTLE_H

#include "netconf/netlink.h"

#define SETTLE_MS 6000 /* WireGuard sends its second handshake after 5 s */

/**
 * settle() - wait until datagrams that programs have sent are on the wire
 * @call:    calls into the stack, as drain_pending()
 * @seconds: at most that long, and SETTLE_MS
 * @nap:     sleep @ms milliseconds
 * @tell:    what the user is to hear: after a while, and when it is given up
 *
 * Returns at once if no UDP datagram was ever sent, or no interface keeps any. By the thread that
 * ends the run, after the last program.
 */
void settle(nl_call_fn *call, int seconds, void (*nap)(long ms),
	    void (*tell)(const char *sentence));

/** settle_sent() - UDP datagrams that the stack has sent, by the texts of its SNMP counters. */
uint64_t settle_sent(const char *snmp, const char *snmp6);

#endif /* PERSONA_STACK_SETTLE_H */
