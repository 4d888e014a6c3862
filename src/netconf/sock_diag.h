/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sock_diag.h - the sockets of a Linux, by its own account (sock_diag).
 */
#ifndef PERSONA_NETCONF_SOCK_DIAG_H
#define PERSONA_NETCONF_SOCK_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "netconf/netlink.h"
#include "netconf/spec.h"

#define DIAG_ESTABLISHED 1 /* states, as of TCP_ESTABLISHED */
#define DIAG_LISTEN	 10

/**
 * struct diag_sock - a socket; what a kind does not have is 0
 * @protocol:	  IPPROTO_TCP, IPPROTO_UDP, IPPROTO_MPTCP
 * @state:	  TCP_ESTABLISHED ...
 * @mptcp:	  TCP: belongs to an MPTCP connection
 * @token:	  local token of the MPTCP connection that it is, or belongs to; 0: none
 * @fallback:	  MPTCP: the peer speaks plain TCP
 * @backup:	  TCP: backup subflow, by either side's wish
 * @spare:	  TCP: backup subflow, by our wish
 * @index:	  interface that it is bound to
 * @rqueue, @wqueue: bytes not read, not sent or acknowledged
 * @counts:	  MPTCP: this kernel (6.5) counts @sent, each byte once, and @received in order
 * @sent, @received, @acked: payload bytes; of TCP, @sent counts those that were sent again
 * @retrans, @lost: segments sent again, ever; taken to be lost now
 * @unacked:	  segments under way
 * @heard:	  ms since data or an acknowledgement came
 * @timeouts:	  of retransmission, one after the other, since the peer acknowledged anything
 * @rtt, @rttvar, @min_rtt: us
 * @cwnd:	  segments of @mss bytes
 * @delivery_rate: bytes/s, the latest measurement of the sender
 */
struct diag_sock {
	int protocol;
	uint8_t state;
	bool mptcp, fallback, backup, spare, counts;
	uint32_t token;
	uint32_t index;
	struct ip_addr local, remote;
	uint16_t lport, rport;
	uint32_t rqueue, wqueue;
	uint64_t sent, received, acked;
	uint32_t retrans, lost;
	uint32_t unacked, heard, timeouts;
	uint32_t rtt, rttvar, min_rtt;
	uint32_t cwnd, mss;
	uint64_t delivery_rate;
	char congestion[16];
};

/** struct diag_list - sockets; zeroed: none. free(@at) when done. */
struct diag_list {
	struct diag_sock *at;
	size_t n, capacity;
};

/**
 * diag_parse() - a message of a dump
 * @protocol: that the dump was asked for
 *
 * Takes any length: what is not whole is 0. Return: 0, or -EPROTO (no socket in it).
 */
int diag_parse(const struct nlmsghdr *m, int protocol, struct diag_sock *s);

/**
 * diag_dump() - add all sockets of @protocol, of both IP versions
 * @nl: of NETLINK_SOCK_DIAG
 *
 * Return: 0 or -errno; -ENOENT: this Linux does not know the protocol.
 */
int diag_dump(struct nl *nl, int protocol, struct diag_list *list);

/** diag_is_from() - has it the local address @a, be it mapped into IPv6? */
bool diag_is_from(const struct diag_sock *s, const struct ip_addr *a);

/** diag_state() - "established" ... */
const char *diag_state(uint8_t state);

#endif /* PERSONA_NETCONF_SOCK_DIAG_H */
