// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_flows.c - the packet filter beside the host: whose is which frame?
 *
 * A table of frames, each run by the interpreter (bpf.h) with and without an Ethernet
 * header; a handful of them goes through a real packet socket, to see that the kernel
 * agrees. Then the longest filter that there can be.
 */
#include <linux/if_packet.h>
#include <net/if.h>
#include "bpf.h"
#include "frames.h"

/*
 * The interface: 4.x and fd00::x are own (.1), shared (.2) and the host's (.3); .9 is
 * unknown. The range is 20000-20999; TCP 80 and UDP 53 are reserved.
 */
#define OWN	1
#define SHARED	2
#define HOST	3
#define UNKNOWN 9

static const struct flows flows = {
	.naddrs = 6,
	.addr = {{AF_INET, FLOWS_OWN, {10, 0, 0, OWN}},
		 {AF_INET, FLOWS_SHARED, {10, 0, 0, SHARED}},
		 {AF_INET, FLOWS_HOST, {10, 0, 0, HOST}},
		 {AF_INET6, FLOWS_OWN, {0xfd, [15] = OWN}},
		 {AF_INET6, FLOWS_SHARED, {0xfd, [15] = SHARED}},
		 {AF_INET6, FLOWS_HOST, {0xfd, [15] = HOST}}},
	.first = 20000,
	.last = 20999,
	.nports = 2,
	.port = {{IPPROTO_TCP, 80}, {IPPROTO_UDP, 53}},
};

static const struct flows alone = {
	.naddrs = 2,
	.addr = {{AF_INET, FLOWS_OWN, {10, 0, 0, OWN}}, {AF_INET6, FLOWS_OWN, {0xfd, [15] = OWN}}},
};

static struct sock_filter code[FLOWS_MAX_CODE];
static int ncode;

static void build(const struct flows *f, enum backend_link link)
{
	ncode = flows_filter(f, link, code);
	assert_in_range(ncode, 1, FLOWS_MAX_CODE);
}

/* ---- frames ---- */

#define MF   0x2000
#define TCP  IPPROTO_TCP
#define UDP  IPPROTO_UDP
#define ICMP IPPROTO_ICMP
#define SIX  IPPROTO_ICMPV6

/**
 * struct kind - a packet
 * @v:	   4, 6, or 0: ARP
 * @to:	   last byte of the destination, or of what ARP and neighbour discovery ask for
 * @proto: of its transport header
 * @port:  destination port; ICMP: type; ARP: operation
 * @frag:  IPv4: as in its header; IPv6: offset in bytes, 0xffff: none
 * @hop:   IPv6: behind a hop-by-hop header
 */
struct kind {
	const char *name;
	int v;
	uint8_t to;
	uint8_t proto;
	uint16_t port;
	uint16_t frag;
	bool hop;
	bool pass;
};

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* A transport header of @k; IPv6 neighbour discovery names its target. */
static size_t fill_l4(uint8_t *p, const struct kind *k)
{
	if (k->proto == TCP || k->proto == UDP) {
		put16(p, 12345);
		put16(p + 2, k->port);
		return k->proto == TCP ? 20 : 8;
	}
	p[0] = (uint8_t)k->port;
	if (k->proto != SIX || k->port < 135 || k->port > 136)
		return 8;
	p[8] = 0xfd;
	p[23] = k->to;
	return 24;
}

static size_t fill_ip4(uint8_t *p, const struct kind *k, unsigned int options)
{
	size_t len = 20 + options;

	p[0] = (uint8_t)(0x40 | len / 4);
	put16(p + 6, k->frag);
	p[8] = 64;
	p[9] = k->proto;
	p[16] = 10;
	p[19] = k->to;
	return len + fill_l4(p + len, k);
}

static size_t fill_ip6(uint8_t *p, const struct kind *k)
{
	uint8_t *next = p + 6;
	size_t len = 40;

	p[0] = 0x60;
	p[7] = 255;
	p[24] = 0xfd;
	p[39] = k->to;
	if (k->proto == SIX && k->port == 135) { /* to the solicited group */
		p[24] = 0xff;
		p[25] = 2;
	}
	if (k->hop) {
		*next = IPPROTO_HOPOPTS;
		next = p + len;
		len += 8;
	}
	if (k->frag != 0xffff) {
		*next = IPPROTO_FRAGMENT;
		next = p + len;
		put16(p + len + 2, k->frag | 1);
		len += 8;
	}
	*next = k->proto;
	return len + fill_l4(p + len, k);
}

static size_t fill_arp(uint8_t *p, const struct kind *k)
{
	put16(p, 1);
	put16(p + 2, ETH_P_IP);
	p[4] = 6;
	p[5] = 4;
	put16(p + 6, k->port);
	p[24] = 10;
	p[27] = k->to;
	return 28;
}

static uint8_t frame[256];

/* @k as a frame of @link in @frame; its length. */
static size_t fill(const struct kind *k, enum backend_link link, unsigned int options)
{
	size_t l3 = link == BACKEND_LINK_ETHER ? ETH_HLEN : 0;

	memset(frame, 0, sizeof(frame));
	if (l3)
		put16(frame + 12, k->v == 4 ? ETH_P_IP : k->v == 6 ? ETH_P_IPV6 : ETH_P_ARP);
	if (!k->v)
		return l3 + fill_arp(frame + l3, k);
	return l3 + (k->v == 4 ? fill_ip4(frame + l3, k, options) : fill_ip6(frame + l3, k));
}

static bool passes(size_t len)
{
	struct bpf_frame f = {.data = frame, .len = len};

	return bpf_run(code, (unsigned int)ncode, &f) != 0;
}

#define PORTS(v, none)                                                                 \
	{"tcp, first of the range", v, SHARED, TCP, 20000, none, .pass = true},        \
		{"tcp, last of the range", v, SHARED, TCP, 20999, none, .pass = true}, \
		{"udp, of the range", v, SHARED, UDP, 20500, none, .pass = true},      \
		{"tcp, before the range", v, SHARED, TCP, 19999, none},                \
		{"tcp, behind the range", v, SHARED, TCP, 21000, none},                \
		{"udp, behind the range", v, SHARED, UDP, 21000, none},                \
		{"tcp, reserved", v, SHARED, TCP, 80, none, .pass = true},             \
		{"udp, reserved", v, SHARED, UDP, 53, none, .pass = true},             \
		{"tcp, reserved for udp", v, SHARED, TCP, 53, none},                   \
		{"udp, reserved for tcp", v, SHARED, UDP, 80, none},                   \
		{"tcp, port 0", v, SHARED, TCP, 0, none},                              \
		{"sctp", v, SHARED, IPPROTO_SCTP, 80, none},                           \
		{"own: any tcp", v, OWN, TCP, 1, none, .pass = true},                  \
		{"own: any udp", v, OWN, UDP, 1, none, .pass = true},                  \
		{"own: sctp", v, OWN, IPPROTO_SCTP, 80, none, .pass = true},           \
		{"host: tcp of the range", v, HOST, TCP, 20000, none},                 \
		{"host: tcp, reserved", v, HOST, TCP, 80, none},                       \
		{"host: udp", v, HOST, UDP, 53, none},                                 \
		{"unknown: tcp", v, UNKNOWN, TCP, 1, none, .pass = true},              \
	{                                                                              \
		"unknown: udp", v, UNKNOWN, UDP, 1, none, .pass = true                 \
	}

static const struct kind kinds[] = {
	PORTS(4, 0),
	{"first fragment, ours", 4, SHARED, UDP, 53, MF, .pass = true},
	{"first fragment, the host's", 4, SHARED, UDP, 54, MF},
	{"later fragment", 4, SHARED, UDP, 54, MF | 1, .pass = true},
	{"last fragment", 4, SHARED, TCP, 54, 0x1fff, .pass = true},
	{"don't fragment is none", 4, SHARED, TCP, 54, 0x4000},
	{"own: later fragment", 4, OWN, UDP, 54, 1, .pass = true},
	{"host: later fragment", 4, HOST, UDP, 53, 1},
	{"echo request", 4, SHARED, ICMP, 8, 0},
	{"echo reply", 4, SHARED, ICMP, 0, 0, .pass = true},
	{"unreachable", 4, SHARED, ICMP, 3, 0, .pass = true},
	{"time exceeded", 4, SHARED, ICMP, 11, 0, .pass = true},
	{"timestamp request", 4, SHARED, ICMP, 13, 0},
	{"timestamp reply", 4, SHARED, ICMP, 14, 0, .pass = true},
	{"own: echo request", 4, OWN, ICMP, 8, 0, .pass = true},
	{"host: echo reply", 4, HOST, ICMP, 0, 0},
	{"IGMP query", 4, 224, IPPROTO_IGMP, 0x11, 0},

	PORTS(6, 0xffff),
	{"first fragment, ours", 6, SHARED, UDP, 53, 0, .pass = true},
	{"first fragment, the host's", 6, SHARED, UDP, 54, 0},
	{"first fragment, tcp of the range", 6, SHARED, TCP, 20001, 0, .pass = true},
	{"later fragment", 6, SHARED, UDP, 54, 8, .pass = true},
	{"own: later fragment", 6, OWN, UDP, 54, 8, .pass = true},
	{"host: later fragment", 6, HOST, UDP, 53, 8},
	{"echo request in a fragment", 6, SHARED, SIX, 128, 0},
	{"echo reply in a fragment", 6, SHARED, SIX, 129, 0, .pass = true},
	{"sctp in a fragment", 6, SHARED, IPPROTO_SCTP, 80, 0},
	{"behind hop-by-hop: the host's", 6, SHARED, TCP, 80, 0xffff, .hop = true},
	{"own: behind hop-by-hop", 6, OWN, TCP, 80, 0xffff, .hop = true, .pass = true},
	{"echo request", 6, SHARED, SIX, 128, 0xffff},
	{"echo reply", 6, SHARED, SIX, 129, 0xffff, .pass = true},
	{"packet too big", 6, SHARED, SIX, 2, 0xffff, .pass = true},
	{"unreachable", 6, SHARED, SIX, 1, 0xffff, .pass = true},
	{"node information", 6, SHARED, SIX, 139, 0xffff},
	{"host: echo reply", 6, HOST, SIX, 129, 0xffff},
	{"NS for a shared one", 6, SHARED, SIX, 135, 0xffff},
	{"NS for the host's", 6, HOST, SIX, 135, 0xffff},
	{"NS for an own one", 6, OWN, SIX, 135, 0xffff, .pass = true},
	{"NS for an unknown one", 6, UNKNOWN, SIX, 135, 0xffff, .pass = true},
	{"NA to a shared one", 6, SHARED, SIX, 136, 0xffff, .pass = true},
	{"NA to an own one", 6, OWN, SIX, 136, 0xffff, .pass = true},
	{"NA to the host's", 6, HOST, SIX, 136, 0xffff},
	{"router advertisement", 6, UNKNOWN, SIX, 134, 0xffff, .pass = true},
	{"MLD query", 6, UNKNOWN, SIX, 130, 0xffff},
	{"MLD query behind hop-by-hop", 6, UNKNOWN, SIX, 130, 0xffff, .hop = true},
	{"MLD report behind hop-by-hop", 6, UNKNOWN, SIX, 143, 0xffff, .hop = true, .pass = true},
	{"unknown: tcp behind hop-by-hop", 6, UNKNOWN, TCP, 1, 0xffff, .hop = true, .pass = true},

	{"ARP: who has a shared one", 0, SHARED, .port = 1},
	{"ARP: who has the host's", 0, HOST, .port = 1},
	{"ARP: who has an own one", 0, OWN, .port = 1, .pass = true},
	{"ARP: who has an unknown one", 0, UNKNOWN, .port = 1, .pass = true},
	{"ARP reply to a shared one", 0, SHARED, .port = 2, .pass = true},
	{"ARP reply to the host's", 0, HOST, .port = 2, .pass = true},
	{"ARP reply to an own one", 0, OWN, .port = 2, .pass = true},
};

static void judge(enum backend_link link, unsigned int options)
{
	build(&flows, link);
	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct kind *k = &kinds[i];

		if (!k->v && link != BACKEND_LINK_ETHER)
			continue;
		if (passes(fill(k, link, options)) != k->pass)
			fail_msg("IPv%d %s: %spassed", k->v, k->name, k->pass ? "not " : "");
	}
}

static void test_ether(void **state)
{
	judge(BACKEND_LINK_ETHER, 0);
}

static void test_rawip(void **state)
{
	judge(BACKEND_LINK_RAWIP, 0);
}

/* The transport header is behind the options, wherever that is. */
static void test_options(void **state)
{
	judge(BACKEND_LINK_ETHER, 4);
	judge(BACKEND_LINK_RAWIP, 40);
}

/* Without a shared address, nobody but the stack answers. */
static void test_alone(void **state)
{
	static const struct kind all[] = {
		{"tcp", 4, OWN, TCP, 1, 0},
		{"echo", 4, OWN, ICMP, 8, 0},
		{"IGMP", 4, 224, IPPROTO_IGMP, 0, 0},
		{"unknown", 4, UNKNOWN, TCP, 1, 0},
		{"tcp", 6, OWN, TCP, 1, 0xffff},
		{"echo", 6, OWN, SIX, 128, 0xffff},
		{"MLD", 6, UNKNOWN, SIX, 130, 0xffff},
		{"NS", 6, UNKNOWN, SIX, 135, 0xffff},
		{"ARP", 0, UNKNOWN, .port = 1},
		{"MLD", 6, UNKNOWN, SIX, 130, 0xffff, .hop = true},
	};

	build(&alone, BACKEND_LINK_ETHER);
	for (unsigned int i = 0; i < ARRAY_SIZE(all); i++) {
		if (!passes(fill(&all[i], BACKEND_LINK_ETHER, 0)))
			fail_msg("IPv%d %s: not passed", all[i].v, all[i].name);
	}
}

static void test_outgoing(void **state)
{
	static const enum backend_link links[] = {BACKEND_LINK_ETHER, BACKEND_LINK_RAWIP};
	static const struct kind k = {"tcp", 4, OWN, TCP, 1, 0};

	for (unsigned int i = 0; i < ARRAY_SIZE(links); i++) {
		struct bpf_frame f = {.data = frame, .len = fill(&k, links[i], 0)};

		build(&flows, links[i]);
		assert_true(bpf_run(code, (unsigned int)ncode, &f));
		f.type = PACKET_OTHERHOST;
		assert_true(bpf_run(code, (unsigned int)ncode, &f));
		f.type = PACKET_OUTGOING;
		assert_false(bpf_run(code, (unsigned int)ncode, &f));
	}
}

static void test_vlan(void **state)
{
	static const struct kind k = {"tcp", 4, OWN, TCP, 1, 0};
	struct bpf_frame f = {.data = frame, .vlan = true};

	f.len = fill(&k, BACKEND_LINK_ETHER, 0);
	build(&flows, BACKEND_LINK_ETHER);
	assert_false(bpf_run(code, (unsigned int)ncode, &f));
}

/* Neither IP nor ARP: on Ethernet the stack ignores it, on raw IP there is no such thing. */
static void test_foreign(void **state)
{
	memset(frame, 0, sizeof(frame));
	build(&flows, BACKEND_LINK_ETHER);
	put16(frame + 12, 0x88b5);
	assert_true(passes(60));
	build(&flows, BACKEND_LINK_RAWIP);
	for (unsigned int v = 0; v < 16; v++) {
		frame[0] = (uint8_t)(v << 4);
		if (v != 4 && v != 6)
			assert_false(passes(60));
	}
}

/* No frame that was cut before its port is taken for ours on a shared address. */
static void test_truncated(void **state)
{
	static const enum backend_link links[] = {BACKEND_LINK_ETHER, BACKEND_LINK_RAWIP};

	for (unsigned int l = 0; l < ARRAY_SIZE(links); l++) {
		size_t l3 = links[l] == BACKEND_LINK_ETHER ? ETH_HLEN : 0;

		build(&flows, links[l]);
		for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++) {
			const struct kind *k = &kinds[i];
			size_t len = fill(k, links[l], 0);
			bool ports = k->to == SHARED && k->proto == TCP && !k->hop;

			if (!k->v && !l3)
				continue;
			for (size_t n = 0; n < len; n++) {
				bool pass = passes(n);

				if (pass && !k->pass)
					fail_msg("IPv%d %s: passed at %zu bytes", k->v, k->name, n);
				if (pass && ports && k->v == 4 && !(k->frag & 0x1fff) &&
				    n < l3 + 24)
					fail_msg("%s: passed at %zu bytes", k->name, n);
			}
		}
	}
}

/* ---- the longest ---- */

static void fill_longest(struct flows *f, int family, enum flows_owner owner, int proto)
{
	*f = (struct flows){.naddrs = FLOWS_MAX_ADDRS,
			    .nports = FLOWS_MAX_PORTS,
			    .first = 20000,
			    .last = 20999};
	for (unsigned int i = 0; i < FLOWS_MAX_ADDRS; i++) {
		f->addr[i].family = (uint16_t)family;
		f->addr[i].owner = (uint16_t)owner;
		memset(f->addr[i].bytes, 0xfd, sizeof(f->addr[i].bytes));
		f->addr[i].bytes[family == AF_INET ? 3 : 15] = (uint8_t)i;
	}
	for (unsigned int i = 0; i < FLOWS_MAX_PORTS; i++)
		f->port[i] = (struct flows_port){(uint16_t)(i < FLOWS_MAX_PORTS / 2 ? proto : TCP),
						 (uint16_t)(i + 1)};
	assert_true(flows_valid(f));
}

static void attach(int fd)
{
	struct sock_fprog prog = {.len = (unsigned short)ncode, .filter = code};

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)))
		fail_msg("the kernel refuses the filter of %d: %s", ncode, strerror(errno));
}

static void test_longest(void **state)
{
	static const int families[] = {AF_INET, AF_INET6}, protos[] = {TCP, UDP};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct flows f;

	for (unsigned int i = 0; i < 2 * 2 * 3; i++) {
		fill_longest(&f, families[i & 1], i / 4, protos[i >> 1 & 1]);
		build(&f, BACKEND_LINK_ETHER);
		attach(fd);
		build(&f, BACKEND_LINK_RAWIP);
		attach(fd);
	}
	close(fd);
	/* Still right at its end: last address, last port. */
	fill_longest(&f, AF_INET6, FLOWS_SHARED, UDP);
	build(&f, BACKEND_LINK_RAWIP);
	memset(frame, 0, sizeof(frame));
	frame[0] = 0x60;
	frame[6] = TCP;
	memcpy(frame + 24, f.addr[FLOWS_MAX_ADDRS - 1].bytes, 16);
	put16(frame + 42, FLOWS_MAX_PORTS);
	assert_true(passes(60));
	put16(frame + 42, FLOWS_MAX_PORTS + 1);
	assert_false(passes(60));
	frame[39]++;
	assert_true(passes(60)); /* unknown */
}

static void test_valid(void **state)
{
	struct flows f = flows;

	assert_true(flows_valid(&f));
	assert_true(flows_valid(&alone));
	f.naddrs = FLOWS_MAX_ADDRS + 1;
	assert_false(flows_valid(&f));
	f = flows;
	f.nports = UINT32_MAX;
	assert_false(flows_valid(&f));
	f = flows;
	f.first = f.last + 1;
	assert_false(flows_valid(&f));
	f = flows;
	f.first = 0; /* ports 0 to 20999 are no range */
	assert_false(flows_valid(&f));
	f = flows;
	f.addr[0].family = AF_PACKET;
	assert_false(flows_valid(&f));
	f = flows;
	f.addr[5].owner = FLOWS_HOST + 1;
	assert_false(flows_valid(&f));
	f = flows;
	f.port[1].port = 0;
	assert_false(flows_valid(&f));
	f = flows;
	f.port[1].proto = ICMP;
	assert_false(flows_valid(&f));
	assert_true(flows_shared(&flows, 0));
	assert_true(flows_shared(&flows, AF_INET6));
	assert_false(flows_shared(&alone, 0));
}

/* ---- the kernel agrees ---- */

static int packet_socket(const char *ifname)
{
	struct sockaddr_ll sll = {.sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL),
				  .sll_ifindex = (int)if_nametoindex(ifname)};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	assert_true(fd >= 0);
	assert_true(sll.sll_ifindex > 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sll, sizeof(sll)), 0);
	return fd;
}

static void test_kernel(void **state)
{
	uint8_t got[sizeof(frame)];
	int from, to;

	NEED_NETNS();
	sh("ip link add fa type veth peer name fb && ip link set fa up && ip link set fb up");
	wait_active("fa");
	build(&flows, BACKEND_LINK_ETHER);
	from = packet_socket("fa");
	to = packet_socket("fb");
	attach(to);
	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct kind *k = &kinds[i];
		struct pollfd p = {.fd = to, .events = POLLIN};
		size_t len = fill(k, BACKEND_LINK_ETHER, 0);
		uint8_t tag = (uint8_t)(i + 1);
		bool pass;

		frame[len++] = tag; /* behind the packet: tells ours from others */
		assert_int_equal(send(from, frame, len, 0), len);
		for (pass = false; !pass && poll(&p, 1, k->pass ? 1000 : 5) > 0;) {
			ssize_t n = recv(to, got, sizeof(got), MSG_DONTWAIT);

			pass = n == (ssize_t)len && got[n - 1] == tag;
		}
		if (pass != k->pass)
			fail_msg("the kernel: IPv%d %s: %spassed", k->v, k->name,
				 k->pass ? "not " : "");
	}
	close(from);
	close(to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ether),	 cmocka_unit_test(test_rawip),
		cmocka_unit_test(test_options),	 cmocka_unit_test(test_alone),
		cmocka_unit_test(test_outgoing), cmocka_unit_test(test_vlan),
		cmocka_unit_test(test_foreign),	 cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_longest),	 cmocka_unit_test(test_valid),
		cmocka_unit_test(test_kernel),
	};

	return cmocka_run_group_tests(tests, enter_netns, NULL);
}
