// SPDX-License-Identifier: GPL-2.0-only
/*
 * flowfilter.c - the packet filter that passes the stack's frames to it, see flowfilter.h.
 *
 * Theory of operation
 *
 * A small assembler for classic BPF: instructions are appended, jumps to one of
 * four labels are noted in place of their offset (a conditional jump reaches 255
 * instructions, an unconditional one any), and resolved at the end. The accumulator is
 * compared with lists of addresses and ports by chains of "equal: go there".
 *
 *	link     not outgoing, no VLAN tag; protocol by EtherType or version nibble
 *	ARP      a request for an address of the host or a shared one: REJECT
 *	IPv4     destination in the host's: REJECT; in the shared: PORTS; else PASS
 *	IPv6     neighbour solicitation like ARP; destination as IPv4's
 *	PORTS    fragment but the first: PASS; TCP, UDP: port is ours?; ICMP: no request?
 *
 * Lists are long, labels far: each test of a list element is two instructions,
 * "if not equal skip one; jump always". A program is at most some 1100
 * instructions (32 shared IPv6 addresses, 64 ports), of which a packet runs through a tenth.
 *
 * Limits: an IPv6 packet with extension headers other than a fragment header in front
 * of its transport header is the host's on a shared address.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include "backend/flowfilter.h"

enum label { PASS = 1, REJECT, SHARED4, SHARED6, IP4, IP6, ARP, NLABELS };

/**
 * struct program - a program under construction
 * @to:	where the unconditional jump at this place goes: 0 or a label
 * @at:	where a label stands
 * @l3:	offset of the network header
 */
struct program {
	const struct flows *f;
	struct sock_filter *code;
	struct sock_filter beyond; /* stands in for instructions that do not fit */
	unsigned int n;
	unsigned int l3;
	unsigned char to[FLOWS_MAX_CODE];
	unsigned int at[NLABELS];
};

static struct sock_filter *flowfilter_emit(struct program *p, uint16_t code, uint32_t k)
{
	struct sock_filter *at = p->n < FLOWS_MAX_CODE ? &p->code[p->n] : &p->beyond;

	*at = (struct sock_filter){.code = code, .k = k};
	p->n++;
	return at;
}

static void flowfilter_go(struct program *p, enum label to)
{
	if (p->n < FLOWS_MAX_CODE)
		p->to[p->n] = (unsigned char)to;
	flowfilter_emit(p, BPF_JMP | BPF_JA, 0);
}

static void flowfilter_place(struct program *p, enum label l)
{
	p->at[l] = p->n;
}

/* If the accumulator compares to @k as @op says, go to @to, else on. */
static void flowfilter_go_if(struct program *p, uint16_t op, uint32_t k, enum label to)
{
	flowfilter_emit(p, BPF_JMP | BPF_K | op, k)->jf = 1;
	flowfilter_go(p, to);
}

static void flowfilter_go_unless(struct program *p, uint16_t op, uint32_t k, enum label to)
{
	flowfilter_emit(p, BPF_JMP | BPF_K | op, k)->jt = 1;
	flowfilter_go(p, to);
}

static void flowfilter_load(struct program *p, uint16_t size, uint32_t at)
{
	flowfilter_emit(p, BPF_LD | BPF_ABS | size, at);
}

static uint32_t flowfilter_word(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* Go to @to if the address at offset @at is one of @family and @owner. */
static void flowfilter_go_if_address(struct program *p, uint32_t at, int family,
				     enum flows_owner owner, enum label to)
{
	bool loaded = false;

	for (uint32_t i = 0; i < p->f->naddrs; i++) {
		const struct flows_addr *a = &p->f->addr[i];

		if (a->family != family || a->owner != owner)
			continue;
		if (family == AF_INET) {
			if (!loaded)
				flowfilter_load(p, BPF_W, at);
			loaded = true;
			flowfilter_go_if(p, BPF_JEQ, flowfilter_word(a->bytes), to);
			continue;
		}
		/* Four words, the last first: it differs most. The skips are to behind the jump. */
		for (unsigned int w = 4; w--;) {
			flowfilter_load(p, BPF_W, at + 4 * w);
			flowfilter_emit(p, BPF_JMP | BPF_JEQ | BPF_K,
					flowfilter_word(a->bytes + (size_t)4 * w))
				->jf = (unsigned char)(2 * w + 1);
		}
		flowfilter_go(p, to);
	}
}

/* The accumulator is a destination port of @proto: ours? */
static void flowfilter_judge_port(struct program *p, int proto)
{
	for (uint32_t i = 0; i < p->f->nports; i++) {
		if (p->f->port[i].proto == proto)
			flowfilter_go_if(p, BPF_JEQ, p->f->port[i].port, PASS);
	}
	if (p->f->first) {
		flowfilter_go_unless(p, BPF_JGE, p->f->first, REJECT);
		flowfilter_go_unless(p, BPF_JGT, p->f->last, PASS);
	}
	flowfilter_go(p, REJECT);
}

/* Requests, which the host answers; errors and replies are both worlds' to see. */
static const uint8_t icmp4_requests[] = {8 /* echo */, 13 /* timestamp */, 17 /* mask */};

/* The host answers for these: groups, echo, node information. */
static const uint8_t icmp6_requests[] = {128 /* echo */, 130 /* MLD query */, 139};

static void flowfilter_go_if_one_of(struct program *p, const uint8_t *types, size_t n,
				    enum label to)
{
	for (size_t i = 0; i < n; i++)
		flowfilter_go_if(p, BPF_JEQ, types[i], to);
}

/* Skip what follows, up to flowfilter_done(), unless the accumulator is @k. */
static unsigned int flowfilter_only_if(struct program *p, uint32_t k)
{
	flowfilter_emit(p, BPF_JMP | BPF_JEQ | BPF_K, k)->jt = 1;
	flowfilter_emit(p, BPF_JMP | BPF_JA, 0);
	return p->n - 1;
}

static void flowfilter_done(struct program *p, unsigned int skip)
{
	if (skip < FLOWS_MAX_CODE)
		p->code[skip].k = p->n - skip - 1;
}

/* Packets to a shared IPv4 address. */
static void flowfilter_shared4(struct program *p)
{
	unsigned int skip;

	flowfilter_place(p, SHARED4);
	flowfilter_load(p, BPF_H, p->l3 + 6);
	flowfilter_go_if(p, BPF_JSET, 0x1fff, PASS);
	flowfilter_emit(p, BPF_LDX | BPF_MSH | BPF_B, p->l3);
	flowfilter_load(p, BPF_B, p->l3 + 9);
	skip = flowfilter_only_if(p, IPPROTO_TCP);
	flowfilter_emit(p, BPF_LD | BPF_IND | BPF_H, p->l3 + 2);
	flowfilter_judge_port(p, IPPROTO_TCP);
	flowfilter_done(p, skip);
	skip = flowfilter_only_if(p, IPPROTO_UDP);
	flowfilter_emit(p, BPF_LD | BPF_IND | BPF_H, p->l3 + 2);
	flowfilter_judge_port(p, IPPROTO_UDP);
	flowfilter_done(p, skip);
	flowfilter_go_unless(p, BPF_JEQ, IPPROTO_ICMP, REJECT);
	flowfilter_emit(p, BPF_LD | BPF_IND | BPF_B, p->l3);
	flowfilter_go_if_one_of(p, icmp4_requests, sizeof(icmp4_requests), REJECT);
	flowfilter_go(p, PASS);
}

/* TCP and UDP at offset @at; the accumulator is the next header. */
static void flowfilter_ports6(struct program *p, uint32_t at)
{
	unsigned int skip;

	skip = flowfilter_only_if(p, IPPROTO_TCP);
	flowfilter_load(p, BPF_H, at + 2);
	flowfilter_judge_port(p, IPPROTO_TCP);
	flowfilter_done(p, skip);
	skip = flowfilter_only_if(p, IPPROTO_UDP);
	flowfilter_load(p, BPF_H, at + 2);
	flowfilter_judge_port(p, IPPROTO_UDP);
	flowfilter_done(p, skip);
}

/* Packets to a shared IPv6 address. */
static void flowfilter_shared6(struct program *p)
{
	const uint32_t l4 = p->l3 + 40;
	unsigned int skip;

	flowfilter_place(p, SHARED6);
	flowfilter_load(p, BPF_B, p->l3 + 6);
	flowfilter_ports6(p, l4);
	skip = flowfilter_only_if(p, IPPROTO_FRAGMENT);
	flowfilter_load(p, BPF_H, l4 + 2);
	flowfilter_go_if(p, BPF_JSET, 0xfff8, PASS);
	flowfilter_load(p, BPF_B, l4);
	flowfilter_ports6(p, l4 + 8);
	flowfilter_go_unless(p, BPF_JEQ, IPPROTO_ICMPV6, REJECT);
	flowfilter_load(p, BPF_B, l4 + 8);
	flowfilter_go_if_one_of(p, icmp6_requests, sizeof(icmp6_requests), REJECT);
	flowfilter_go(p, PASS);
	flowfilter_done(p, skip);
	flowfilter_go_unless(p, BPF_JEQ, IPPROTO_ICMPV6, REJECT);
	flowfilter_load(p, BPF_B, l4);
	flowfilter_go_if_one_of(p, icmp6_requests, sizeof(icmp6_requests), REJECT);
	flowfilter_go(p, PASS);
}

static void flowfilter_arp(struct program *p)
{
	flowfilter_place(p, ARP);
	flowfilter_load(p, BPF_H, p->l3 + 6);
	flowfilter_go_unless(p, BPF_JEQ, 1, PASS);
	flowfilter_go_if_address(p, p->l3 + 24, AF_INET, FLOWS_SHARED, REJECT);
	flowfilter_go_if_address(p, p->l3 + 24, AF_INET, FLOWS_HOST, REJECT);
	flowfilter_go(p, PASS);
}

static void flowfilter_ip4(struct program *p)
{
	flowfilter_place(p, IP4);
	flowfilter_go_if_address(p, p->l3 + 16, AF_INET, FLOWS_SHARED, SHARED4);
	flowfilter_go_if_address(p, p->l3 + 16, AF_INET, FLOWS_HOST, REJECT);
	if (flows_shared(p->f, AF_INET)) {
		flowfilter_load(p, BPF_B, p->l3 + 9);
		flowfilter_go_if(p, BPF_JEQ, IPPROTO_IGMP, REJECT);
	}
	flowfilter_go(p, PASS);
}

/* Multicast listener discovery always comes behind a hop-by-hop header, of 8 bytes. */
static void flowfilter_reject_mld_query(struct program *p)
{
	const uint32_t l4 = p->l3 + 40;
	unsigned int skip, other;

	flowfilter_load(p, BPF_B, p->l3 + 6);
	skip = flowfilter_only_if(p, IPPROTO_HOPOPTS);
	flowfilter_load(p, BPF_B, l4);
	other = flowfilter_only_if(p, IPPROTO_ICMPV6);
	flowfilter_load(p, BPF_B, l4 + 8);
	flowfilter_go_if(p, BPF_JEQ, 130, REJECT);
	flowfilter_done(p, other);
	flowfilter_done(p, skip);
}

static void flowfilter_ip6(struct program *p)
{
	const uint32_t l4 = p->l3 + 40;
	unsigned int skip, solicit;

	flowfilter_place(p, IP6);
	/* Whatever its destination: a question for an address has one of a group. */
	flowfilter_load(p, BPF_B, p->l3 + 6);
	skip = flowfilter_only_if(p, IPPROTO_ICMPV6);
	flowfilter_load(p, BPF_B, l4);
	if (flows_shared(p->f, AF_INET6))
		flowfilter_go_if_one_of(p, icmp6_requests, sizeof(icmp6_requests), REJECT);
	solicit = flowfilter_only_if(p, 135);
	flowfilter_go_if_address(p, l4 + 8, AF_INET6, FLOWS_SHARED, REJECT);
	flowfilter_go_if_address(p, l4 + 8, AF_INET6, FLOWS_HOST, REJECT);
	flowfilter_go(p, PASS);
	flowfilter_done(p, solicit);
	flowfilter_done(p, skip);
	if (flows_shared(p->f, AF_INET6))
		flowfilter_reject_mld_query(p);
	flowfilter_go_if_address(p, p->l3 + 24, AF_INET6, FLOWS_SHARED, SHARED6);
	flowfilter_go_if_address(p, p->l3 + 24, AF_INET6, FLOWS_HOST, REJECT);
	flowfilter_go(p, PASS);
}

static void flowfilter_link_header(struct program *p, enum backend_link link)
{
	flowfilter_load(p, BPF_W, (uint32_t)SKF_AD_OFF + SKF_AD_PKTTYPE);
	flowfilter_go_if(p, BPF_JEQ, PACKET_OUTGOING, REJECT);
	if (link == BACKEND_LINK_ETHER) {
		flowfilter_load(p, BPF_W, (uint32_t)SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT);
		flowfilter_go_unless(p, BPF_JEQ, 0, REJECT);
		flowfilter_load(p, BPF_H, 12);
		flowfilter_go_if(p, BPF_JEQ, ETH_P_IP, IP4);
		flowfilter_go_if(p, BPF_JEQ, ETH_P_IPV6, IP6);
		flowfilter_go_if(p, BPF_JEQ, ETH_P_ARP, ARP);
		flowfilter_go(p, PASS);
		return;
	}
	flowfilter_load(p, BPF_B, 0);
	flowfilter_emit(p, BPF_ALU | BPF_RSH | BPF_K, 4);
	flowfilter_go_if(p, BPF_JEQ, 4, IP4);
	flowfilter_go_if(p, BPF_JEQ, 6, IP6);
	flowfilter_go(p, REJECT);
}

int flows_filter(const struct flows *f, enum backend_link link, struct sock_filter *code)
{
	struct program p = {.f = f, .code = code, .l3 = link == BACKEND_LINK_ETHER ? ETH_HLEN : 0};

	flowfilter_link_header(&p, link);
	flowfilter_arp(&p);
	flowfilter_ip4(&p);
	flowfilter_ip6(&p);
	flowfilter_shared4(&p);
	flowfilter_shared6(&p);
	flowfilter_place(&p, REJECT);
	flowfilter_emit(&p, BPF_RET | BPF_K, 0);
	flowfilter_place(&p, PASS);
	flowfilter_emit(&p, BPF_RET | BPF_K, 0x7fffffff);
	if (p.n > FLOWS_MAX_CODE)
		return -E2BIG;
	for (unsigned int i = 0; i < p.n; i++) {
		if (p.to[i])
			code[i].k = p.at[p.to[i]] - i - 1;
	}
	return (int)p.n;
}
