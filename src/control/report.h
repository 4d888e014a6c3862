/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * report.h - the state of a stack, as a JSON object.
 *
 *	"time_ns"	CLOCK_MONOTONIC of the host when it was gathered, for rates
 *	"interfaces"	name, type, state, carrier, mtu, backend, host (interface), addresses, role,
 *			backup (MPTCP keeps off it while it has another),
 *			rx and tx: bytes, packets, errors, drops; a WireGuard tunnel has
 *			"tunnel": endpoints, outer_mtu (of the host's interface, if known),
 *			handshake_age_s (of the last one, if there was any), received and sent
 *			(bytes of its datagrams), and what it leaves by carries_tunnel
 *	"policy"	name, scheduler ("": no choice), congestion_control: what new connections
 *			get; programs: name and policy of each that has its own
 *	"routes"	default routes: family, interface, gateway, table, metric
 *	"mptcp"		subflows and accepted (limits), endpoints; absent without MPTCP
 *	"connections"	protocol, local, remote, state, sent, received, and subflows: for
 *			plain TCP the connection itself. Each subflow: interface, local,
 *			remote, state, sent, received, acked, delivery_rate (bytes, bytes/s),
 *			retransmissions, lost (segments), rtt_us, rttvar_us, min_rtt_us, cwnd,
 *			mss, congestion_control, backup
 *	"listening"	protocol, local
 *	"udp"		but for the tunnels' own: local, remote, state, receive_queue, send_queue
 *(bytes)
 */
#ifndef PERSONA_CONTROL_REPORT_H
#define PERSONA_CONTROL_REPORT_H

#include "lib/json.h"
#include "netconf/netlink.h"

/**
 * report() - append the members of the report to the open object @j
 * @call: system calls of the stack: engine_syscall()
 *
 * Any thread; allocates. Return: 0 or -errno: then @j is not complete.
 */
int report(nl_call_fn *call, struct json *j);

#endif /* PERSONA_CONTROL_REPORT_H */
