// SPDX-License-Identifier: GPL-2.0-only
/*
 * refusal.c - make a refused TCP connection known at once, behind old versions of passt.
 *
 * Theory of operation
 *
 * A segment that refuses a connection must acknowledge the SYN (RFC 9293, 3.10.7.3): Linux
 * ignores a reset that does not while it connects. The passt of Debian 12 sends bare
 * resets, so that a program would learn of a closed port after two minutes only, by
 * time-out. So the sequence numbers of the last SYNs are remembered, one for each of some
 * hundred local ports, and a bare reset that belongs to one gets its acknowledgement. An
 * established connection's reset is judged by its own number; what we add does not matter there.
 *
 * The checksum is left as it is: frames of passt are not checked (passt.c).
 *
 * Threads: each entry is one atomic word, so both directions may run at a time.
 */
#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <string.h>
#include "backend/refusal.h"

#define ETHER	 14 /* bytes of an Ethernet header */
#define IHL_UNIT 4
#define FLAGS	 (TH_FIN | TH_SYN | TH_RST | TH_ACK)

/* Where the TCP header lies; 0 if there is none. */
static size_t refusal_tcp_at(const uint8_t *frame, size_t len)
{
	size_t at = ETHER;

	if (len < ETHER + sizeof(struct ip) + sizeof(struct tcphdr))
		return 0;
	if (frame[12] == 0x08 && frame[13] == 0x00) {
		if (frame[at + offsetof(struct ip, ip_p)] != IPPROTO_TCP)
			return 0;
		at += (size_t)(frame[at] & 15) * IHL_UNIT;
	} else if (frame[12] == 0x86 && frame[13] == 0xdd) {
		if (frame[at + offsetof(struct ip6_hdr, ip6_nxt)] != IPPROTO_TCP)
			return 0;
		at += sizeof(struct ip6_hdr);
	} else {
		return 0;
	}
	return len >= at + sizeof(struct tcphdr) ? at : 0;
}

static uint64_t refusal_entry(uint16_t local, uint16_t remote, uint32_t seq)
{
	return (uint64_t)local << 48 | (uint64_t)remote << 32 | seq;
}

static uint64_t *refusal_place(struct refusal *r, uint16_t local)
{
	return &r->syn[ntohs(local) % REFUSAL_SYNS];
}

void refusal_note(struct refusal *r, const uint8_t *frame, size_t len)
{
	size_t at = refusal_tcp_at(frame, len);
	struct tcphdr tcp;

	if (!at)
		return;
	memcpy(&tcp, frame + at, sizeof(tcp));
	if ((tcp.th_flags & FLAGS) == TH_SYN)
		__atomic_store_n(refusal_place(r, tcp.th_sport),
				 refusal_entry(tcp.th_sport, tcp.th_dport, ntohl(tcp.th_seq)),
				 __ATOMIC_RELAXED);
}

void refusal_mend(struct refusal *r, uint8_t *frame, size_t len)
{
	size_t at = refusal_tcp_at(frame, len);
	struct tcphdr tcp;
	uint64_t syn;

	if (!at)
		return;
	memcpy(&tcp, frame + at, sizeof(tcp));
	if ((tcp.th_flags & FLAGS) != TH_RST)
		return;
	syn = __atomic_load_n(refusal_place(r, tcp.th_dport), __ATOMIC_RELAXED);
	if (syn != refusal_entry(tcp.th_dport, tcp.th_sport, (uint32_t)syn))
		return;
	tcp.th_flags |= TH_ACK;
	tcp.th_ack = htonl((uint32_t)syn + 1);
	memcpy(frame + at, &tcp, sizeof(tcp));
}
