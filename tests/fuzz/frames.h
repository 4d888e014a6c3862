/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * frames.h - well-formed frames to start from, built by code, for fuzz_rx.c.
 *
 * A template is an IP packet (or ARP) without link header, made once for each
 * of the two devices: their addresses differ. What the fuzzer changes may be
 * made consistent again by fix_lengths() and fix_sums(), so that it passes the
 * first checks and reaches deeper ones.
 *
 * The stack is 10.D.0.1 and fd0D::1 on device D, its peer 10.D.0.254 and
 * fd0D::fe. TCP listens on 80, MPTCP on 81, UDP on 53. The peer's MPTCP key is
 * the bytes 1 to 8, so its first data sequence number is known: the last 64
 * bits of the key's SHA-256.
 */
#ifndef PERSONA_FUZZ_FRAMES_H
#define PERSONA_FUZZ_FRAMES_H

#include <linux/if_ether.h>
#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define TEMPLATE_MAX   3072
#define TEMPLATES      160
#define PEER_PORT      0x4000
#define PORT_TCP       80
#define PORT_MPTCP     81
#define PORT_UDP       53
#define IDSN	       0xd5, 0xa1, 0x01, 0xd3, 0xd2, 0x9d, 0x6f, 0x72
#define IDSN_PLUS(n)   0xd5, 0xa1, 0x01, 0xd3, 0xd2, 0x9d, 0x6f, 0x72 + (n)
#define PEER_KEY       1, 2, 3, 4, 5, 6, 7, 8
#define IPPROTO_HBH    0
#define TCP_FIN	       1
#define TCP_SYN	       2
#define TCP_RST	       4
#define TCP_PSH	       8
#define TCP_ACK	       16
#define TCP_URG	       32
#define TCP_ECE_CWR    0xc0
#define OPTION_MPTCP   30
#define MAX_TCP_OPTION 40
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

/**
 * struct template - a packet
 * @type: Ethernet type
 * @hdr:  offload metadata that fit it, or zero
 */
struct template
{
	uint16_t type;
	uint16_t len;
	struct virtio_net_hdr hdr;
	uint8_t data[TEMPLATE_MAX];
};

static struct template templates[2][TEMPLATES];
static unsigned int ntemplates;

static inline void put16(uint8_t *p, unsigned int v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static inline unsigned int get16(const uint8_t *p)
{
	return (unsigned int)p[0] << 8 | p[1];
}

static inline uint32_t get32(const uint8_t *p)
{
	return get16(p) << 16 | get16(p + 2);
}

static uint32_t sum_add(uint32_t sum, const uint8_t *p, size_t n)
{
	for (; n > 1; n -= 2, p += 2)
		sum += get16(p);
	if (n)
		sum += (uint32_t)*p << 8;
	return sum;
}

static uint16_t sum_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/**
 * find_l4() - where the transport header of a packet begins
 * @proto: receives its protocol
 *
 * Return: offset; 0 if there is none (fragment, truncated, no IP).
 */
static size_t find_l4(const uint8_t *p, size_t n, uint8_t *proto)
{
	size_t at;

	if (n >= 20 && p[0] >> 4 == 4) {
		at = (p[0] & 15) * 4U;
		*proto = p[9];
		return at >= 20 && at < n && !(get16(p + 6) & 0x3fff) ? at : 0;
	}
	if (n < 40 || p[0] >> 4 != 6)
		return 0;
	*proto = p[6];
	for (at = 40; at + 8 <= n;) {
		switch (*proto) {
		case IPPROTO_HBH:
		case IPPROTO_ROUTING:
		case IPPROTO_DSTOPTS:
			*proto = p[at];
			at += 8 + p[at + 1] * 8U;
			break;
		case IPPROTO_FRAGMENT:
			if (get16(p + at + 2) & 0xfff9)
				return 0;
			*proto = p[at];
			at += 8;
			break;
		default:
			return at;
		}
	}
	return 0;
}

/** fix_lengths() - make the lengths in the headers those of the frame. */
static void fix_lengths(uint8_t *p, size_t n)
{
	uint8_t proto;
	size_t at;

	if (n >= 20 && p[0] >> 4 == 4)
		put16(p + 2, n > 65535 ? 65535 : (unsigned int)n);
	if (n >= 40 && p[0] >> 4 == 6)
		put16(p + 4, n - 40 > 65535 ? 0 : (unsigned int)(n - 40));
	at = find_l4(p, n, &proto);
	if (at && proto == IPPROTO_UDP && n >= at + 8)
		put16(p + at + 4, n - at > 65535 ? 0 : (unsigned int)(n - at));
}

/** fix_sums() - make header and transport checksums right. */
static void fix_sums(uint8_t *p, size_t n)
{
	bool v4 = n >= 20 && p[0] >> 4 == 4;
	size_t at, field, hl;
	uint32_t sum;
	uint8_t proto;

	if (v4) {
		hl = (p[0] & 15) * 4U;
		if (hl < 20 || hl > n)
			return;
		put16(p + 10, 0);
		put16(p + 10, sum_fold(sum_add(0, p, hl)));
		if (get16(p + 2) >= hl && get16(p + 2) < n)
			n = get16(p + 2);
	}
	at = find_l4(p, n, &proto);
	if (!at)
		return;
	sum = v4 ? sum_add(0, p + 12, 8) : sum_add(0, p + 8, 32);
	sum += proto + (uint32_t)(n - at);
	switch (proto) {
	case IPPROTO_TCP:
		field = 16;
		break;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		field = 6;
		break;
	case IPPROTO_ICMP:
	case IPPROTO_IGMP:
		sum = 0;
		field = 2;
		break;
	case IPPROTO_ICMPV6:
		field = 2;
		break;
	default:
		return;
	}
	if (n < at + field + 2)
		return;
	put16(p + at + field, 0);
	put16(p + at + field, sum_fold(sum_add(sum, p + at, n - at)));
}

/* ---- building ---- */

/* A packet under construction: the same for both devices, but for the addresses. */
static struct template *t_now;
static unsigned int t_dev;

static void add(const void *data, size_t n)
{
	memcpy(t_now->data + t_now->len, data, n);
	t_now->len = (uint16_t)(t_now->len + n);
}

#define ADD(...) add((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void add_pattern(size_t n)
{
	for (size_t i = 0; i < n; i++)
		t_now->data[t_now->len++] = (uint8_t)('a' + i % 26);
}

/* IPv4 or IPv6 header, towards the stack; @opt: words of IPv4 options that follow */
static void add_ip(bool v6, uint8_t proto, unsigned int opt)
{
	uint8_t d = (uint8_t)t_dev;

	if (v6) {
		t_now->type = ETH_P_IPV6;
		ADD(0x60, 0, 0, 0, 0, 0, proto, 64);
		ADD(0xfd, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfe);
		ADD(0xfd, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
	} else {
		t_now->type = ETH_P_IP;
		ADD((uint8_t)(0x45 + opt), 0, 0, 0, 0x12, 0x34, 0, 0, 64, proto, 0, 0);
		ADD(10, d, 0, 254, 10, d, 0, 1);
	}
}

static void set_dst_last(bool v6, uint8_t last)
{
	t_now->data[v6 ? 39 : 19] = last;
}

static void add_tcp(uint16_t port, uint8_t flags, const uint8_t *opt, unsigned int nopt)
{
	static const uint8_t nops[4] = {1, 1, 1, 1};
	unsigned int pad = -nopt & 3;

	ADD(PEER_PORT >> 8, PEER_PORT & 0xff, 0, (uint8_t)port, 0, 0, 0x10,
	    flags & TCP_SYN ? 0 : 1);
	ADD(0, 0, 0, 0, (uint8_t)((20 + nopt + pad) / 4 << 4), flags, 0xff, 0xff, 0, 0, 0,
	    flags & TCP_URG ? 1 : 0);
	if (nopt)
		add(opt, nopt);
	add(nops, pad);
}

static void add_udp(uint16_t port)
{
	ADD(PEER_PORT >> 8, PEER_PORT & 0xff, (uint8_t)(port >> 8), (uint8_t)port, 0, 0, 0, 0);
}

static void begin(void)
{
	t_now = &templates[t_dev][ntemplates];
	memset(t_now, 0, sizeof(*t_now));
}

static void end(void)
{
	if (t_now->type != ETH_P_ARP) {
		fix_lengths(t_now->data, t_now->len);
		fix_sums(t_now->data, t_now->len);
	}
	ntemplates++;
}

/* The packet's checksum and segmentation are left to the receiver. */
static void offload(bool v6, uint8_t gso, unsigned int size, unsigned int tcp_header)
{
	unsigned int l4 = v6 ? 40 : 20;

	t_now->hdr.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	t_now->hdr.gso_type = gso;
	t_now->hdr.gso_size = (uint16_t)size;
	t_now->hdr.hdr_len = (uint16_t)(l4 + (tcp_header ? tcp_header : 8));
	t_now->hdr.csum_start = (uint16_t)l4;
	t_now->hdr.csum_offset = tcp_header ? 16 : 6;
}

#define TCPOPT(...) {__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__})
#define TIMESTAMP   1, 1, 8, 10, 0, 0, 3, 232, 0, 0, 0, 0
#define SYN_OPTIONS 2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 3, 232, 0, 0, 0, 0, 1, 3, 3, 7

/* Segments: each for IPv4 and IPv6. The stack's sequence numbers are filled in later. */
static const struct segment {
	uint16_t port;
	uint8_t flags;
	uint16_t payload;
	uint8_t option[MAX_TCP_OPTION];
	uint8_t noption;
} segments[] = {
	{PORT_TCP, TCP_SYN, 0, TCPOPT(SYN_OPTIONS)},
	{PORT_TCP, TCP_ACK, 0, TCPOPT(TIMESTAMP)},
	{PORT_TCP, TCP_ACK | TCP_PSH, 100, TCPOPT(TIMESTAMP)},
	{PORT_TCP, TCP_ACK, 1400, TCPOPT(TIMESTAMP)},
	{PORT_TCP, TCP_ACK | TCP_FIN, 10, TCPOPT(TIMESTAMP)},
	{PORT_TCP, TCP_RST | TCP_ACK, 0, TCPOPT(1)},
	{PORT_TCP, TCP_ACK | TCP_URG, 8, TCPOPT(1)},
	{PORT_TCP, TCP_SYN | TCP_ECE_CWR, 0, TCPOPT(2, 4, 2, 0, 34, 2)},
	{PORT_TCP, TCP_SYN, 40, TCPOPT(2, 4, 5, 0xb4, 34, 10, 1, 2, 3, 4, 5, 6, 7, 8)},
	{PORT_TCP, TCP_ACK, 0, TCPOPT(1, 1, 5, 18, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0)},
	{PORT_TCP, TCP_SYN, 0, TCPOPT(19, 18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)},
	{9, TCP_SYN, 0, TCPOPT(2, 4, 5, 0xb4)},
	/* MP_CAPABLE: SYN, ACK, ACK with data; the stack's key is filled in */
	{PORT_MPTCP, TCP_SYN, 0, TCPOPT(2, 4, 5, 0xb4, 1, 3, 3, 7, OPTION_MPTCP, 4, 1, 1)},
	{PORT_MPTCP, TCP_ACK, 0, TCPOPT(OPTION_MPTCP, 20, 1, 1, PEER_KEY, 0, 0, 0, 0, 0, 0, 0, 0)},
	/* DSS: acknowledgement and data, which make the connection complete */
	{PORT_MPTCP, TCP_ACK | TCP_PSH, 50,
	 TCPOPT(OPTION_MPTCP, 22, 0x20, 0x0d, 0, 0, 0, 0, IDSN_PLUS(1), 0, 0, 0, 1, 0, 50)},
	{PORT_MPTCP, TCP_ACK | TCP_PSH, 50,
	 TCPOPT(OPTION_MPTCP, 22, 1, 1, PEER_KEY, 0, 0, 0, 0, 0, 0, 0, 0, 0, 50)},
	/* More DSS: 64-bit and 32-bit sequence, acknowledgement, DATA_FIN, with checksum */
	{PORT_MPTCP, TCP_ACK | TCP_PSH, 50,
	 TCPOPT(OPTION_MPTCP, 18, 0x20, 0x0c, IDSN_PLUS(1), 0, 0, 0, 1, 0, 50)},
	{PORT_MPTCP, TCP_ACK | TCP_PSH, 50,
	 TCPOPT(OPTION_MPTCP, 18, 0x20, 0x0c, IDSN_PLUS(51), 0, 0, 0, 51, 0, 50)},
	{PORT_MPTCP, TCP_ACK, 0, TCPOPT(OPTION_MPTCP, 8, 0x20, 0x01, 0, 0, 0, 1)},
	{PORT_MPTCP, TCP_ACK, 0,
	 TCPOPT(OPTION_MPTCP, 18, 0x20, 0x1c, IDSN_PLUS(1), 0, 0, 0, 0, 0, 1)},
	{PORT_MPTCP, TCP_ACK, 40,
	 TCPOPT(OPTION_MPTCP, 16, 0x20, 0x04, 0xd2, 0x9d, 0x6f, 0x73, 0, 0, 0, 1, 0, 40, 1, 2)},
	{PORT_MPTCP, TCP_ACK, 0, TCPOPT(OPTION_MPTCP, 12, 0x20, 0x03, 0, 0, 0, 0, 0, 0, 0, 1)},
	/* MP_JOIN, ADD_ADDR (IPv4, IPv6, echo), REMOVE_ADDR, PRIO, FAIL, FASTCLOSE, RST */
	{PORT_MPTCP, TCP_SYN, 0,
	 TCPOPT(2, 4, 5, 0xb4, OPTION_MPTCP, 12, 0x10, 2, 1, 2, 3, 4, 5, 6, 7, 8)},
	{PORT_MPTCP, TCP_ACK, 0,
	 TCPOPT(OPTION_MPTCP, 24, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0)},
	{PORT_MPTCP, TCP_ACK, 0,
	 TCPOPT(OPTION_MPTCP, 16, 0x30, 3, 10, 0, 0, 253, 1, 2, 3, 4, 5, 6, 7, 8)},
	{PORT_MPTCP, TCP_ACK, 0, TCPOPT(OPTION_MPTCP, 10, 0x31, 3, 10, 0, 0, 253, 0, 81)},
	{PORT_MPTCP, TCP_ACK, 0, TCPOPT(OPTION_MPTCP, 6, 0x40, 1, 2, 3)},
	{PORT_MPTCP, TCP_ACK, 0, TCPOPT(OPTION_MPTCP, 4, 0x51, 1)},
	{PORT_MPTCP, TCP_ACK, 0, TCPOPT(OPTION_MPTCP, 12, 0x60, 0, IDSN)},
	{PORT_MPTCP, TCP_ACK, 0, TCPOPT(OPTION_MPTCP, 12, 0x70, 0, 0, 0, 0, 0, 0, 0, 0, 0)},
	{PORT_MPTCP, TCP_RST, 0, TCPOPT(OPTION_MPTCP, 4, 0x80, 1)},
};

static void build_tcp(bool v6)
{
	for (size_t i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
		const struct segment *s = &segments[i];

		begin();
		add_ip(v6, IPPROTO_TCP, 0);
		add_tcp(s->port, s->flags, s->option, s->noption);
		add_pattern(s->payload);
		end();
	}
	/* A segment for GSO, to the stack and through it */
	for (unsigned int forward = 0; forward < 2; forward++) {
		begin();
		add_ip(v6, IPPROTO_TCP, 0);
		if (forward) {
			set_dst_last(v6, 77);
			t_now->data[v6 ? 25 : 17] = !t_dev;
		}
		add_tcp(PORT_TCP, TCP_ACK, NULL, 0);
		add_pattern(2800);
		offload(v6, v6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4, 1000, 20);
		end();
	}
}

static void build_udp(bool v6)
{
	static const struct {
		uint16_t port, len;
	} list[] = {{PORT_UDP, 30}, {PORT_UDP, 0}, {PORT_UDP, 1400}, {9, 20}};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		begin();
		add_ip(v6, IPPROTO_UDP, 0);
		add_udp(list[i].port);
		add_pattern(list[i].len);
		end();
	}
	for (unsigned int forward = 0; forward < 2; forward++) {
		begin();
		add_ip(v6, IPPROTO_UDP, 0);
		if (forward) {
			set_dst_last(v6, 77);
			t_now->data[v6 ? 25 : 17] = !t_dev;
		}
		add_udp(PORT_UDP);
		add_pattern(2500);
		offload(v6, VIRTIO_NET_HDR_GSO_UDP_L4, 1000, 0);
		end();
	}
	begin();
	add_ip(v6, IPPROTO_UDPLITE, 0);
	add_udp(PORT_UDP); /* a coverage of 0: all */
	add_pattern(20);
	end();
}

/* What an ICMP error quotes: a packet of the stack's own. */
static void add_quote(bool v6, uint8_t proto, uint16_t port)
{
	uint8_t d = (uint8_t)t_dev;

	if (v6) {
		ADD(0x60, 0, 0, 0, 0, 20, proto, 64);
		ADD(0xfd, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
		ADD(0xfd, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfe);
	} else {
		ADD(0x45, 0, 0, 40, 0, 1, 0x40, 0, 64, proto, 0, 0);
		ADD(10, d, 0, 1, 10, d, 0, 254);
	}
	ADD(0, (uint8_t)port, PEER_PORT >> 8, PEER_PORT & 0xff, 0, 0, 0, 0);
	ADD(0, 0, 0, 0, 0x50, TCP_ACK, 0xff, 0xff, 0, 0, 0, 0);
}

static void build_icmp_errors(bool v6)
{
	static const struct {
		uint8_t type, code;
		uint16_t word;
	} v4_list[] = {{3, 1, 0}, {3, 3, 0},  {3, 4, 600}, {3, 4, 0},
		       {5, 1, 0}, {11, 0, 0}, {12, 0, 0}},
	  v6_list[] = {{1, 0, 0}, {1, 4, 0}, {2, 0, 1300}, {2, 0, 0},
		       {3, 0, 0}, {4, 1, 0}, {1, 5, 0}};

	for (size_t i = 0; i < sizeof(v4_list) / sizeof(v4_list[0]); i++) {
		for (unsigned int udp = 0; udp < 2; udp++) {
			begin();
			add_ip(v6, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, 0);
			if (v6)
				ADD(v6_list[i].type, v6_list[i].code, 0, 0, 0, 0,
				    (uint8_t)(v6_list[i].word >> 8), (uint8_t)v6_list[i].word);
			else
				ADD(v4_list[i].type, v4_list[i].code, 0, 0, 0, 0,
				    (uint8_t)(v4_list[i].word >> 8), (uint8_t)v4_list[i].word);
			add_quote(v6, udp ? IPPROTO_UDP : IPPROTO_TCP, udp ? PORT_UDP : PORT_TCP);
			end();
		}
	}
}

/* ICMPv6 of neighbours: hop limit 255 */
static void begin_nd(uint8_t type)
{
	begin();
	add_ip(true, IPPROTO_ICMPV6, 0);
	t_now->data[7] = 255;
	ADD(type, 0, 0, 0, 0, 0, 0, 0);
}

#define OUR_V6 0xfd, (uint8_t)t_dev, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1
#define LL_V6  0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfe
#define LLADDR 2, 0, 0, 0, 0, 0xfe

static void set_src_link_local(void)
{
	static const uint8_t ll[16] = {LL_V6};

	memcpy(t_now->data + 8, ll, 16);
}

static void build_neighbour(void)
{
	begin_nd(134); /* router advertisement: prefix, MTU, source, DNS, route */
	set_src_link_local();
	t_now->data[44] = 64;
	t_now->data[46] = 0; /* a lifetime of zero: no router of ours */
	ADD(0, 0, 0, 0, 0, 0, 0, 0);
	ADD(3, 4, 64, 0xc0, 0, 0, 0, 60, 0, 0, 0, 30, 0, 0, 0, 0);
	ADD(0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	ADD(5, 1, 0, 0, 0, 0, 5, 0, 1, 1, LLADDR);
	ADD(25, 3, 0, 0, 0, 0, 0, 60, LL_V6);
	ADD(24, 2, 32, 8, 0, 0, 0, 60, 0x20, 1, 0x0d, 0xb9, 0, 0, 0, 0);
	end();
	begin_nd(135); /* solicitation */
	ADD(OUR_V6, 1, 1, LLADDR);
	end();
	begin_nd(136); /* advertisement */
	t_now->data[44] = 0x60;
	ADD(0xfd, (uint8_t)t_dev, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfe, 2, 1, LLADDR);
	end();
	begin_nd(137); /* redirect */
	set_src_link_local();
	ADD(LL_V6, 0xfd, (uint8_t)t_dev, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x99, 2, 1, LLADDR);
	end();
	begin_nd(133); /* router solicitation */
	ADD(1, 1, LLADDR);
	end();
	begin_nd(130); /* MLD query, version 2 */
	set_src_link_local();
	t_now->data[7] = 1;
	ADD(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 10, 0, 1, OUR_V6);
	end();
	begin_nd(128); /* echo */
	add_pattern(60);
	end();
	for (uint8_t op = 1; op <= 2; op++) {
		begin();
		t_now->type = ETH_P_ARP;
		ADD(0, 1, 8, 0, 6, 4, 0, op, LLADDR, 10, (uint8_t)t_dev, 0, 254);
		ADD(0, 0, 0, 0, 0, 0, 10, (uint8_t)t_dev, 0, 1);
		end();
	}
}

static void build_fragments(bool v6)
{
	/* Offset in units of eight bytes, more-fragments, length: in order, overlapping, tail */
	static const struct {
		uint16_t offset, more, len;
	} list[] = {{0, 1, 64}, {8, 1, 64}, {16, 0, 20}, {4, 1, 64}, {8181, 0, 200}, {0, 0, 40}};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		uint16_t at = list[i].offset;

		begin();
		add_ip(v6, v6 ? IPPROTO_FRAGMENT : IPPROTO_UDP, 0);
		if (v6)
			ADD(IPPROTO_UDP, 0, (uint8_t)(at >> 5), (uint8_t)(at << 3 | list[i].more),
			    0, 0, 0, 7);
		else
			put16(t_now->data + 6, at | list[i].more << 13);
		add_udp(PORT_UDP);
		put16(t_now->data + t_now->len - 4, 64 + 64 + 20); /* of the first three */
		add_pattern(list[i].len - 8U);
		end();
	}
}

static void build_v4_rest(void)
{
	static const uint8_t options[][8] = {
		{7, 7, 4, 0, 0, 0, 0, 0},	/* record route */
		{68, 8, 5, 0, 0, 0, 0, 0},	/* timestamp */
		{0x83, 7, 4, 10, 0, 0, 254, 0}, /* loose source route */
		{0x94, 4, 0, 0, 1, 1, 1, 0},	/* router alert */
		{0x86, 8, 0, 0, 0, 1, 1, 2},	/* CIPSO */
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		begin();
		add_ip(false, IPPROTO_UDP, 2);
		add(options[i], 8);
		add_udp(PORT_UDP);
		add_pattern(16);
		end();
	}
	for (unsigned int type = 8; type <= 13; type += 5) { /* echo, timestamp */
		begin();
		add_ip(false, IPPROTO_ICMP, 0);
		ADD((uint8_t)type, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
		end();
	}
	begin(); /* IGMP version 3 query */
	add_ip(false, IPPROTO_IGMP, 0);
	ADD(0x11, 10, 0, 0, 224, 0, 0, 1, 2, 10, 0, 1, 10, 0, 0, 254);
	end();
}

static void build_v6_rest(void)
{
	static const uint8_t headers[][17] = {
		/* type of header, then the header, to be followed by UDP */
		{IPPROTO_HBH, IPPROTO_UDP, 0, 5, 2, 0, 0, 1, 0},
		{IPPROTO_HBH, IPPROTO_UDP, 0, 0xc2, 4, 0, 1, 0, 0},
		{IPPROTO_DSTOPTS, IPPROTO_UDP, 0, 0xc9, 2, 0, 0, 1, 0},
		{IPPROTO_ROUTING, IPPROTO_UDP, 0, 4, 0, 0, 0, 0, 0},
		{IPPROTO_ROUTING, IPPROTO_UDP, 0, 3, 1, 0x11, 0, 0, 0},
		{IPPROTO_ROUTING, IPPROTO_UDP, 0, 0, 1, 0, 0, 0, 0},
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		begin();
		add_ip(true, headers[i][0], 0);
		add(headers[i] + 1, 8);
		add_udp(PORT_UDP);
		add_pattern(16);
		end();
	}
}

/* Fill templates[]. Number 0 is empty: all its bytes come from the input. */
static void build_templates(void)
{
	for (t_dev = 0; t_dev < 2; t_dev++) {
		ntemplates = 0;
		begin();
		end();
		for (unsigned int v6 = 0; v6 < 2; v6++) {
			build_tcp(v6);
			build_udp(v6);
			build_icmp_errors(v6);
			build_fragments(v6);
		}
		build_neighbour();
		build_v4_rest();
		build_v6_rest();
	}
}

#endif /* PERSONA_FUZZ_FRAMES_H */
