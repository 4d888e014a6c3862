// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_xdp.c - back end xdp over a veth: who gets which frame, and what is left.
 *
 *   xa0, with the XDP program: the stack by AF_XDP, the host by a packet socket
 *   xb0, its peer: frames are made there
 */
#include "frames.h"
#include <linux/icmpv6.h>
#include <linux/if_arp.h>
#include <netinet/ip_icmp.h>
#include <signal.h>
#include <sys/wait.h>
#include "backend/afpacket.h"
#include "backend/opening/flows.h"
#include "backend/opening/steer.h"
#include "backend/xdp.h"
#include "backend/opening/xdptool.h"

static const char *why;
static struct backend *stack, *host, *peer;

static struct backend *must_open(const struct backend_ops *ops, const char *ifname)
{
	struct backend *be = NULL;

	if (backend_open(&be, ops, ifname, &why))
		fail_msg("%s", why);
	pass_all(be);
	return be;
}

#define NEED_XDP()                                                                           \
	do {                                                                                 \
		char path[4096];                                                             \
		NEED_NETNS();                                                                \
		if (xdptool_find(path, sizeof(path)) || xsk_missing()) {                     \
			fprintf(stderr,                                                      \
				"SKIP: no persona-xdp (libbpf-dev, clang), or no AF_XDP\n"); \
			skip();                                                              \
		}                                                                            \
	} while (0)

static bool xsk_missing(void)
{
	int fd = socket(44 /* AF_XDP */, SOCK_RAW, 0);

	if (fd >= 0)
		close(fd);
	return fd < 0;
}

static void set_up(void)
{
	sh("ip link add xa0 type veth peer xb0; ip link set xa0 up; ip link set xb0 up");
	wait_active("xa0");
	stack = must_open(&backend_xdp, "xa0");
	host = must_open(&backend_packet, "xa0");
	pass_all(host);
	peer = must_open(&backend_packet, "xb0");
}

static void tear_down(void)
{
	stack->ops->opening->undo(stack->fd, "xa0");
	stack->ops->close(stack);
	host->ops->close(host);
	peer->ops->close(peer);
	sh("ip link show xa0 | (! grep -q xdp)");
	sh("ip link del xa0");
}

static void steer(const char *text)
{
	struct flows f = {0};
	struct steer s;
	unsigned int line;

	assert_int_equal(steer_parse(text, &s, &line), 0);
	for (; f.naddrs < s.naddrs; f.naddrs++) {
		const struct steer_addr *a = &s.addr[f.naddrs];

		f.addr[f.naddrs].family = a->family;
		f.addr[f.naddrs].owner = a->shared ? FLOWS_SHARED : FLOWS_OWN;
		memcpy(f.addr[f.naddrs].bytes, a->bytes, sizeof(a->bytes));
	}
	f.first = s.first;
	f.last = s.last;
	for (; f.nports < s.nports; f.nports++)
		f.port[f.nports] =
			(struct flows_port){s.port[f.nports].proto, s.port[f.nports].port};
	if (backend_xdp.opening->steer("xa0", &f, &why))
		fail_msg("%s", why);
}

/* ---- frames, described in words ---- */

/* Into @p; its length: an address by its text, 4 or 16 bytes. */
static uint32_t put_address(uint8_t *p, const char *text)
{
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;

	assert_int_equal(inet_pton(family, text, p), 1);
	return family == AF_INET ? 4 : 16;
}

static uint32_t put_ether(uint8_t *p, uint16_t type)
{
	memcpy(p, stack->mac, 6);
	memcpy(p + 6, peer->mac, 6);
	p[12] = (uint8_t)(type >> 8);
	p[13] = (uint8_t)type;
	return 14;
}

static uint32_t put_arp(uint8_t *p, unsigned int op, const char *sender, const char *target)
{
	static const uint8_t head[] = {0, 1, 8, 0, 6, 4, 0};

	put_ether(p, ETH_P_ARP);
	memcpy(p + 14, head, sizeof(head));
	p[21] = (uint8_t)op;
	memcpy(p + 22, peer->mac, 6);
	put_address(p + 28, sender);
	put_address(p + 38, target);
	return 60;
}

/* IP header alone; its length. */
static uint32_t put_ip(uint8_t *p, const char *src, const char *dst, uint8_t proto, uint16_t frag)
{
	if (!strchr(dst, ':')) {
		p[0] = 0x45;
		p[3] = 80;
		p[6] = (uint8_t)(frag >> 8);
		p[7] = (uint8_t)frag;
		p[8] = 64;
		p[9] = proto;
		put_address(p + 12, src);
		put_address(p + 16, dst);
		return 20;
	}
	p[0] = 0x60;
	p[5] = 40;
	p[6] = proto;
	p[7] = 255;
	put_address(p + 8, src);
	put_address(p + 24, dst);
	return 40;
}

static void put_ports(uint8_t *p, uint16_t src, uint16_t dst)
{
	p[0] = (uint8_t)(src >> 8);
	p[1] = (uint8_t)src;
	p[2] = (uint8_t)(dst >> 8);
	p[3] = (uint8_t)dst;
}

/*
 * A frame:  arp OP SENDER TARGET | tcp DST PORT | udp DST PORT | frag DST PORT | echo DST |
 *	     error DST PORT (about a TCP packet from that port) | solicit DST TARGET |
 *	     advert DST TARGET | vlan DST PORT | other
 */
static void make_frame(const char *text)
{
	uint8_t *p = tx_frame(0, 114);
	char kind[16], a[48] = "", b[48] = "";
	const char *src;
	unsigned int op = 0;
	uint32_t at;
	bool v6;

	memset(p, 0, 114);
	if (sscanf(text, "arp %u %47s %47s", &op, a, b) == 3) {
		put_arp(p, op, a, b);
		return;
	}
	assert_true(sscanf(text, "%15s %47s %47s", kind, a, b) >= 1);
	if (!strcmp(kind, "other")) {
		fill_ether(p, 114, 1);
		return;
	}
	v6 = strchr(a, ':');
	src = v6 ? "fd01::1" : "10.1.0.1";
	at = put_ether(p, v6 ? ETH_P_IPV6 : ETH_P_IP);
	if (!strcmp(kind, "vlan")) {
		p[12] = 0x81;
		p[13] = 0;
		p[15] = 5;
		p[16] = 8;
		at += 4;
	}
	if (!strcmp(kind, "echo")) {
		at += put_ip(p + at, src, a, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, 0);
		p[at] = v6 ? ICMPV6_ECHO_REPLY : ICMP_ECHOREPLY;
	} else if (!strcmp(kind, "error")) {
		at += put_ip(p + at, src, a, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, 0);
		p[at] = v6 ? ICMPV6_DEST_UNREACH : ICMP_DEST_UNREACH;
		at += 8;
		at += put_ip(p + at, a, src, IPPROTO_TCP, 0);
		put_ports(p + at, (uint16_t)atoi(b), 80);
	} else if (!strcmp(kind, "solicit") || !strcmp(kind, "advert")) {
		at += put_ip(p + at, src, a, IPPROTO_ICMPV6, 0);
		p[at] = *kind == 's' ? 135 : 136;
		put_address(p + at + 8, b);
	} else {
		at += put_ip(p + at, src, a, *kind == 'u' ? IPPROTO_UDP : IPPROTO_TCP,
			     *kind == 'f' ? 0x2000 : 0);
		put_ports(p + at, 80, (uint16_t)atoi(b));
	}
}

/* Send it from the peer: 's'tack or 'h'ost, whoever got it; 'n'obody. */
static char who_gets(const char *text)
{
	make_frame(text);
	assert_int_equal(peer->ops->tx(peer, 0, tx, 1), 1);
	for (int i = 0; i < 100; i++) {
		rx_prepare(FRAME_MAX);
		if (receive(stack, 1, 1))
			return 's';
		if (receive(host, 1, 1))
			return 'h';
	}
	return 'n';
}

struct expected {
	const char *frame;
	char who;
};

static void check_all(const struct expected *e, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		char who = who_gets(e[i].frame);

		if (who != e[i].who)
			fail_msg("%s: went to '%c', not '%c'", e[i].frame, who, e[i].who);
	}
}

static void test_steering(void **state)
{
	static const struct expected before[] = {
		{"tcp 10.1.0.2 80", 'h'},
		{"arp 1 10.1.0.1 10.1.0.2", 'h'},
		{"tcp fd01::2 80", 'h'},
		{"other", 'h'},
	};
	static const struct expected cases[] = {
		{"other", 'h'},
		{"vlan 10.1.0.2 80", 'n'}, /* the packet socket does not take it, either */
		/* the stack's own address: everything */
		{"tcp 10.1.0.2 80", 's'},
		{"frag 10.1.0.2 80", 's'},
		{"echo 10.1.0.2", 's'},
		{"arp 1 10.1.0.1 10.1.0.2", 's'},
		{"arp 2 10.1.0.1 10.1.0.2", 's'},
		{"arp 2 10.1.0.1 10.1.0.2", 's'},
		{"tcp fd01::2 80", 's'},
		{"echo fd01::2", 's'},
		{"solicit ff02::1:ff00:2 fd01::2", 's'},
		{"solicit fd01::2 fd01::2", 's'},
		{"advert fd01::2 fd01::1", 's'},
		/* others' addresses, groups */
		{"tcp 10.1.0.4 40000", 'h'},
		{"udp 224.0.0.251 5353", 'h'},
		{"arp 1 10.1.0.1 10.1.0.4", 'h'},
		{"tcp fd01::4 40000", 'h'},
		{"solicit ff02::1:ff00:4 fd01::4", 'h'},
		{"advert ff02::1 fd01::1", 'h'},
		{"udp ff02::fb 5353", 'h'},
		/* shared: by port */
		{"tcp 10.1.0.3 39999", 'h'},
		{"tcp 10.1.0.3 40000", 's'},
		{"udp 10.1.0.3 44999", 's'},
		{"udp 10.1.0.3 45000", 'h'},
		{"tcp 10.1.0.3 8080", 's'},
		{"udp 10.1.0.3 8080", 'h'},
		{"udp 10.1.0.3 0", 'h'},
		{"frag 10.1.0.3 40000", 'h'},
		{"echo 10.1.0.3", 'h'},
		{"error 10.1.0.3 40000", 's'},
		{"error 10.1.0.3 22", 'h'},
		{"arp 1 10.1.0.1 10.1.0.3", 'h'},
		{"tcp fd01::3 40000", 's'},
		{"tcp fd01::3 22", 'h'},
		{"echo fd01::3", 'h'},
		{"error fd01::3 40000", 's'},
		{"error fd01::3 22", 'h'},
		{"solicit ff02::1:ff00:3 fd01::3", 'h'},
		/* shared: a neighbour's answers in turn, for each neighbour */
		{"arp 2 10.1.0.1 10.1.0.3", 's'},
		{"arp 2 10.1.0.9 10.1.0.3", 's'},
		{"arp 2 10.1.0.1 10.1.0.3", 'h'},
		{"arp 2 10.1.0.9 10.1.0.3", 'h'},
		{"arp 2 10.1.0.1 10.1.0.3", 's'},
		{"advert fd01::3 fd01::1", 's'},
		{"advert fd01::3 fd01::9", 's'},
		{"advert fd01::3 fd01::1", 'h'},
	};
	static const struct expected after[] = {
		{"tcp 10.1.0.2 80", 'h'}, {"tcp 10.1.0.5 80", 's'},   {"tcp fd01::2 80", 'h'},
		{"tcp 10.1.0.3 80", 's'}, {"tcp 10.1.0.3 8080", 's'}, {"tcp fd01::3 40000", 'h'},
	};
	static const struct expected ports[] = {
		{"tcp 10.1.0.3 40000", 'h'},
		{"tcp 10.1.0.3 8080", 'h'},
		{"udp 10.1.0.3 53", 's'},
	};

	NEED_XDP();
	set_up();
	check_all(before, ARRAY_SIZE(before));
	steer("own 10.1.0.2\nown fd01::2\nshared 10.1.0.3\nshared fd01::3\n"
	      "range 40000 44999\nport tcp 8080\n");
	check_all(cases, ARRAY_SIZE(cases));
	steer("own 10.1.0.5\nown 10.1.0.3\n");
	check_all(after, ARRAY_SIZE(after));
	steer("shared 10.1.0.3\nport udp 53\n");
	check_all(ports, ARRAY_SIZE(ports));
	steer("none");
	assert_int_equal(who_gets("udp 10.1.0.3 53"), 'h');
	tear_down();
}

/* Every size, whole, in order; far more frames than chunks; both ways. */
static void test_traffic(void **state)
{
	const unsigned int rounds = 200;

	NEED_XDP();
	set_up();
	steer("own 10.1.0.2\n");
	for (unsigned int r = 0; r < rounds; r++) {
		for (unsigned int i = 0; i < BACKEND_BATCH; i++) {
			uint32_t len = 60 + (r * BACKEND_BATCH + i) % 1455;
			uint8_t *p = tx_frame(i, len);

			fill_ether(p, len, (uint8_t)(r + i));
			p[12] = 8; /* IPv4, to the stack */
			p[13] = 0;
			memcpy(p + 30, "\x0a\x01\x00\x02", 4);
		}
		assert_int_equal(peer->ops->tx(peer, 0, tx, BACKEND_BATCH), BACKEND_BATCH);
		rx_prepare(FRAME_MAX);
		assert_int_equal(receive_all(stack, BACKEND_BATCH), BACKEND_BATCH);
		for (unsigned int i = 0; i < BACKEND_BATCH; i++) {
			assert_int_equal(rx[i].len, tx[i].len);
			assert_int_equal(rx[i].hdr.gso_type | rx[i].hdr.flags, 0);
			assert_memory_equal(rx_data(i), pool_tx[i].data, rx[i].len);
		}
		assert_int_equal(stack->ops->tx(stack, 0, tx, BACKEND_BATCH), BACKEND_BATCH);
		rx_prepare(FRAME_MAX);
		assert_int_equal(receive_all(peer, BACKEND_BATCH), BACKEND_BATCH);
		for (unsigned int i = 0; i < BACKEND_BATCH; i++) {
			assert_int_equal(rx[i].len, tx[i].len);
			assert_memory_equal(rx_data(i), pool_tx[i].data, rx[i].len);
		}
	}
	assert_int_equal(stack->tx_dropped + stack->rx_truncated, 0);
	tear_down();
}

static void test_unfit(void **state)
{
	NEED_XDP();
	set_up();
	steer("own 10.1.0.2\n");
	/* too short, as long as can be, too long */
	fill_ether(tx_frame(0, 13), 13, 0);
	fill_ether(tx_frame(1, 1514), 1514, 1);
	fill_ether(tx_frame(2, 1515), 1515, 2);
	assert_int_equal(stack->ops->tx(stack, 0, tx, 3), 3);
	assert_int_equal(stack->tx_dropped, 2);
	rx_prepare(FRAME_MAX);
	assert_int_equal(receive_all(peer, 1), 1);
	assert_int_equal(rx[0].len, 1514);
	/* less room than the frame has */
	make_frame("tcp 10.1.0.2 80");
	assert_int_equal(peer->ops->tx(peer, 0, tx, 1), 1);
	rx_prepare(50);
	assert_int_equal(receive_all(stack, 1), 1);
	assert_int_equal(rx[0].len, 0);
	assert_int_equal(stack->rx_truncated, 1);
	/* a link that is down loses frames; one that comes back carries on */
	sh("ip link set xa0 down");
	fill_ether(tx_frame(0, 100), 100, 0);
	for (unsigned int i = 0; i < 2000; i++)
		assert_int_equal(stack->ops->tx(stack, 0, tx, 1), 1);
	sh("ip link set xa0 up");
	wait_active("xa0");
	assert_int_equal(stack->ops->tx(stack, 0, tx, 1), 1);
	assert_int_equal(who_gets("tcp 10.1.0.2 80"), 's');
	tear_down();
}

/* The program goes with the process that opened, however that ends; a second one is refused. */
static void test_life(void **state)
{
	struct backend *second = NULL;
	int ready[2];
	char c;
	pid_t pid;

	NEED_XDP();
	set_up();
	sh("ip link show xa0 | grep -q xdp");
	assert_int_equal(backend_open(&second, &backend_xdp, "xa0", &why), -EIO);
	assert_contains(why, "xdp on interface 'xa0': another XDP program is on it already");
	tear_down();

	sh("ip link add xa0 type veth peer xb0; ip link set xa0 up; ip link set xb0 up");
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		if (!backend_open(&second, &backend_xdp, "xa0", &why) &&
		    write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	sh("ip link show xa0 | grep -q xdp");
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	sh("for i in $(seq 100); do ip link show xa0 | grep -q xdp || exit 0; sleep 0.02; done; "
	   "exit 1");
	sh("ip link del xa0");
}

static void test_refused(void **state)
{
	struct backend *be;
	int fd;

	NEED_XDP();
	assert_int_equal(backend_open(&be, &backend_xdp, "nope", &why), -ENODEV);
	assert_int_equal(backend_open(&be, &backend_xdp, "lo", &why), -EINVAL);
	sh("ip link add xa0 type veth peer xb0");
	assert_int_equal(backend_open(&be, &backend_xdp, "xa0", &why), -ENETDOWN);
	assert_string_equal(why, "interface 'xa0' is down: ip link set xa0 up");
	sh("ip link set xb0 mtu 9000; ip link set xa0 mtu 9000; ip link set xa0 up");
	assert_int_equal(backend_open(&be, &backend_xdp, "xa0", &why), -EMSGSIZE);
	assert_contains(why, "has MTU 9000, xdp serves up to 3500: ip link set xa0 mtu 1500");
	sh("ip link del xa0");
	fd = open("/dev/null", O_RDWR);
	assert_int_equal(backend_xdp.attach(&be, fd, "lo", &why), -EBADF);
	close(fd);
	assert_int_equal(backend_xdp.opening->steer("xa0", &(struct flows){0}, &why), -ENODEV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steering), cmocka_unit_test(test_traffic),
		cmocka_unit_test(test_unfit),	 cmocka_unit_test(test_life),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, enter_netns, NULL);
}
