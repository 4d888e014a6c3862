// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_rx.c - libFuzzer target: what arrives from the wire, whatever it is.
 *
 * Theory of operation
 *
 * The engine runs once per process, with two interfaces on back ends of our
 * own: Ethernet (all offloads) and raw IP (none). An input is a program that
 * makes frames: records choose a template of frames.h, a virtio_net_hdr, a length,
 * a few bytes to patch, whether TCP numbers are made right before that, and
 * lengths and checksums after it. The back ends hand the frames out in batches, scattered over
 * the buffers; the stack has sockets open for all of it (TCP, MPTCP, UDP, raw,
 * packet), and forwards between the interfaces, so that what came in with
 * segmentation metadata goes out again. What the stack sends is checked, looked
 * at for the numbers that the next segment needs, and swallowed.
 *
 * After each input: every frame has been counted exactly once, as received or as
 * an error; the stack still answers; now and then, datagrams still arrive and
 * memory has not run out. A crash, a BUG or a warning of the stack
 * (panic_on_warn) ends the process.
 *
 * The image has no coverage instrumentation. Its own counters (/proc/net/snmp,
 * netstat, snmp6) and the shapes of the frames it sends are given to libFuzzer
 * as coverage instead.
 *
 * A dying stack ends the process before libFuzzer can save the input, and may
 * die of an earlier one: the last INPUTS_KEPT inputs are always in PROGRAM.last.
 *
 *   fuzz_rx --replay=PROGRAM.last    run them again
 *   fuzz_rx --soak=FRAMES	      random inputs; free memory must not shrink
 *   fuzz_rx CORPUS ...		      fuzz; an empty corpus gets seeds first
 *   PERSONA_FUZZ_VERBOSE=1	      with the stack's log
 *
 * Limits: one vCPU; timers run in real time, so not every run is repeatable.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netinet/icmp6.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "backend/backend.h"
#include "engine/engine.h"
#include "netconf/netconf.h"
#include "netconf/netlink.h"
#include "netconf/spec.h"
#include "netconf/sysctl.h"
#include "tests/fuzz/frames.h"
#include "tests/fuzz/ports.h"

#define MEMORY	     (96UL << 20)
#define INPUT_MAX    4096
#define INPUTS_KEPT  64
#define ACCEPTED_MAX 8
#define ALIVE_EVERY  64	  /* inputs */
#define MEMORY_EVERY 1024 /* inputs */
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

#define CALL(nr, ...) engine_syscall((nr), (const long[6]){__VA_ARGS__})

/* What a record asks for; bits 6 and 7 are the number of patches. */
#define REC_DEVICE  1  /* the raw IP device */
#define REC_SUMS    2  /* checksums right */
#define REC_FOLLOW  4  /* TCP numbers right; all frames before it have been taken */
#define REC_HDR	    8  /* ten bytes of virtio_net_hdr; else the template's */
#define REC_LENGTH  16 /* truncate or extend */
#define REC_LENGTHS 32 /* lengths in the headers right */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* ---- the stack ---- */

static struct {
	bool up;
	long stream[2]; /* listening */
	long datagram;
	long other[5]; /* raw and packet sockets: only read */
	long counters[3];
	long devices;
	long meminfo;
	uint64_t frames[2]; /* handed out in all */
	uint64_t inputs;
} stack;

static void sleep_inside(long ns)
{
	struct timespec ts = {ns / 1000000000, ns % 1000000000};

	CALL(SYS_nanosleep, (long)&ts, 0);
}

static long open_inside(const char *path)
{
	return must(CALL(SYS_openat, AT_FDCWD, (long)path, O_RDONLY), path);
}

/* The neighbour is known, so that answers leave at once. */
static void add_neighbour(struct nl *nl, int index, bool v6)
{
	static const uint8_t v4_peer[4] = {10, 0, 0, 254}, mac[6] = {LLADDR};
	static const uint8_t v6_peer[16] = {0xfd, [15] = 0xfe};
	struct ndmsg nd = {
		.ndm_family = v6 ? AF_INET6 : AF_INET,
		.ndm_ifindex = index,
		.ndm_state = NUD_PERMANENT,
	};

	nl_begin(nl, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &nd, sizeof(nd));
	if (v6)
		nl_put(nl, NDA_DST, v6_peer, sizeof(v6_peer));
	else
		nl_put(nl, NDA_DST, v4_peer, sizeof(v4_peer));
	nl_put(nl, NDA_LLADDR, mac, sizeof(mac));
	must(nl_talk(nl), "neighbour");
}

static void configure(void)
{
	static const char *const sysctls[][2] = {
		{"net.ipv4.ip_forward", "1"},
		{"net.ipv6.conf.all.forwarding", "1"},
		{"net.ipv6.conf.fz0.accept_ra", "2"},
		{"net.ipv4.conf.all.accept_source_route", "1"},
		{"net.ipv4.conf.all.rp_filter", "0"},
		{"net.ipv4.tcp_fastopen", "3"},
		{"net.ipv4.tcp_ecn", "1"},
		{"net.ipv4.tcp_synack_retries", "1"},
		{"net.ipv4.ipfrag_time", "2"},
		{"net.ipv6.ip6frag_time", "2"},
		{"net.ipv4.icmp_ratelimit", "0"},
		/* What is remembered about peers stays little: growth is then a leak. */
		{"net.ipv4.neigh.default.gc_thresh1", "8"},
		{"net.ipv4.neigh.default.gc_thresh2", "16"},
		{"net.ipv4.neigh.default.gc_thresh3", "32"},
		{"net.ipv6.neigh.default.gc_thresh1", "8"},
		{"net.ipv6.neigh.default.gc_thresh2", "16"},
		{"net.ipv6.neigh.default.gc_thresh3", "32"},
		{"net.ipv4.tcp_no_metrics_save", "1"},
		{"net.ipv6.route.mtu_expires", "1"},
		{"net.ipv6.route.gc_interval", "1"},
		{"net.ipv6.route.gc_thresh", "1"},
		{"net.ipv6.route.gc_timeout", "1"},
		{"net.ipv4.inet_peer_threshold", "64"},
		{"net.ipv4.inet_peer_minttl", "1"},
		{"net.ipv4.inet_peer_maxttl", "1"},
	};
	static const char *const specs[2] = {
		"tap:host0,ip=10.0.0.1/24,ip=fd00::1/64,gw=10.0.0.254,gw=fd00::fe,name=fz0",
		"tun:host1,ip=10.1.0.1/24,ip=fd01::1/64,name=fz1",
	};
	struct iface_spec spec[2];
	struct netconf_iface ifs[2];
	const char *why = "";
	struct nl *nl;
	int err;

	must(sysctl_mount(engine_syscall), "/proc");
	must(sysctl_defaults(engine_syscall, MEMORY), "sysctls");
	for (unsigned int i = 0; i < 2; i++) {
		must(spec_parse(specs[i], &spec[i], &why), why);
		ports[i].be = (struct backend){
			.ops = &fake_ops,
			.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
			.link = i ? BACKEND_LINK_RAWIP : BACKEND_LINK_ETHER,
			.mtu = 1500,
			.features = i ? 0
				      : BACKEND_F_CSUM | BACKEND_F_TSO4 | BACKEND_F_TSO6 |
						    BACKEND_F_TSO_ECN | BACKEND_F_USO |
						    BACKEND_F_GUEST,
			.queues = 1,
			.mac = {2, 0, 0, 0, 0, 1},
		};
		ifs[i] = (struct netconf_iface){.spec = &spec[i], .rawip = i == 1};
		ifs[i].index = engine_add_netif(&ports[i].be, spec[i].name);
		must(ifs[i].index, "engine_add_netif");
	}
	must(netconf_apply(engine_syscall, ifs, 2, &why), why);
	for (size_t i = 0; i < sizeof(sysctls) / sizeof(sysctls[0]); i++)
		must(sysctl_set(engine_syscall, sysctls[i][0], sysctls[i][1]), sysctls[i][0]);
	nl = nl_open(engine_syscall, NETLINK_ROUTE, &err);
	if (!nl)
		fail("rtnetlink", err);
	add_neighbour(nl, ifs[0].index, false);
	add_neighbour(nl, ifs[0].index, true);
	nl_close(nl);
}

static long open_socket(int domain, int type, int proto, uint16_t port)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	long fd = must(CALL(SYS_socket, domain, type | SOCK_NONBLOCK, proto), "socket");

	if (port)
		must(CALL(SYS_bind, fd, (long)&a, sizeof(a)), "bind");
	return fd;
}

static void set_option(long fd, int level, int name, int value)
{
	must(CALL(SYS_setsockopt, fd, level, name, (long)&value, sizeof(value)), "setsockopt");
}

static void open_sockets(void)
{
	for (int i = 0; i < 2; i++) {
		stack.stream[i] =
			open_socket(AF_INET6, SOCK_STREAM, i ? IPPROTO_MPTCP : IPPROTO_TCP,
				    i ? PORT_MPTCP : PORT_TCP);
		must(CALL(SYS_listen, stack.stream[i], 64), "listen");
	}
	set_option(stack.stream[0], IPPROTO_TCP, TCP_FASTOPEN, 16);
	stack.datagram = open_socket(AF_INET6, SOCK_DGRAM, 0, PORT_UDP);
	set_option(stack.datagram, IPPROTO_UDP, 104 /* UDP_GRO */, 1);
	set_option(stack.datagram, IPPROTO_IPV6, IPV6_RECVERR, 1);
	set_option(stack.datagram, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	set_option(stack.datagram, SOL_SOCKET, SO_TIMESTAMP, 1);
	stack.other[0] = open_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP, 0);
	stack.other[1] = open_socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6, 0);
	stack.other[2] = open_socket(AF_INET, SOCK_RAW, IPPROTO_TCP, 0);
	stack.other[3] = open_socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL), 0);
	set_option(stack.other[3], SOL_PACKET, PACKET_VNET_HDR, 1);
	stack.other[4] = open_socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL), 0);
	set_option(stack.other[4], SOL_PACKET, PACKET_AUXDATA, 1);
	stack.counters[0] = open_inside("/proc/net/snmp");
	stack.counters[1] = open_inside("/proc/net/netstat");
	stack.counters[2] = open_inside("/proc/net/snmp6");
	stack.devices = open_inside("/proc/net/dev");
	stack.meminfo = open_inside("/proc/meminfo");
}

static void start(void)
{
	const char *image = getenv("PERSONA_IMAGE");
	struct engine_options opt = {
		.image = image ? image : "build/personalities/linux-6.12.so",
		.memory = MEMORY,
		.vcpus = 1,
		.verbose = !!getenv("PERSONA_FUZZ_VERBOSE"),
		.cmdline = "panic_on_warn=1",
	};
	const char *why = "";

	build_templates();
	must(engine_start(&opt, &why), why);
	CALL(SYS_prctl, PR_SET_TIMERSLACK, 1);
	configure();
	open_sockets();
	stack.up = true;
}

static const char *read_inside(long fd)
{
	static char text[32768];
	long n = must(CALL(SYS_pread64, fd, (long)text, sizeof(text) - 1, 0), "pread");

	text[n] = '\0';
	return text;
}

/* Frames a device has counted: received well, or not. */
static uint64_t counted(const char *text, unsigned int dev)
{
	unsigned long long packets, errors, bytes;
	char name[8];
	const char *at;

	snprintf(name, sizeof(name), "fz%u:", dev);
	at = strstr(text, name);
	if (!at || sscanf(at + 4, "%llu %llu %llu", &bytes, &packets, &errors) != 3)
		fail("no such device in /proc/net/dev", dev);
	return packets + errors;
}

static long free_kib(void)
{
	const char *at = strstr(read_inside(stack.meminfo), "MemFree:");

	return at ? atol(at + 8) : -1;
}

/* Wait until the stack has taken all frames. */
static void pump(void)
{
	uint64_t one = 1;

	for (unsigned int i = 0; i < 2; i++)
		if (atomic_load(&ports[i].head) != atomic_load(&ports[i].tail))
			if (write(ports[i].be.fd, &one, sizeof(one)) < 0)
				fail("eventfd", errno);
	for (int turn = 0;; turn++) {
		bool busy = false;

		for (unsigned int i = 0; i < 2; i++)
			if (atomic_load(&ports[i].head) != atomic_load(&ports[i].tail))
				busy = true;
		if (!busy)
			return;
		if (turn > 5000)
			fail("frames are not taken for seconds", turn);
		sleep_inside(turn < 100 ? 1000 : 1000000);
	}
}

/* Each frame is counted once; it may be a moment later. */
static void check_counts(void)
{
	for (int turn = 0;; turn++) {
		const char *text = read_inside(stack.devices);
		bool ok = true;

		for (unsigned int i = 0; i < 2; i++)
			if (counted(text, i) != stack.frames[i])
				ok = false;
		if (ok)
			return;
		if (turn > 1000) {
			fprintf(stderr, "handed out %llu and %llu\n%s",
				(unsigned long long)stack.frames[0],
				(unsigned long long)stack.frames[1], text);
			fail("frames were not counted", turn);
		}
		sleep_inside(1000000);
	}
}

/* ---- sockets inside ---- */

static long accepted[ACCEPTED_MAX];
static unsigned int naccepted;
static uint8_t buffer[65536];

static long receive(long fd, int flags)
{
	static uint8_t control[512];
	struct sockaddr_storage from;
	struct iovec iov = {buffer, sizeof(buffer)};
	struct msghdr m = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	long n = CALL(SYS_recvmsg, fd, (long)&m, MSG_DONTWAIT | flags);

	/* Answer datagrams, small. */
	if (fd == stack.datagram && n >= 0 && !flags)
		CALL(SYS_sendto, fd, (long)buffer, n % 64, MSG_DONTWAIT, (long)&from,
		     m.msg_namelen);
	return n;
}

static long drain(long fd)
{
	long n = 0;

	while (n < 1000 && receive(fd, 0) >= 0)
		n++;
	while (receive(fd, MSG_ERRQUEUE) >= 0)
		;
	return n;
}

/* What programs would do with what has come. */
static void serve(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		long fd;

		while (naccepted < ACCEPTED_MAX &&
		       (fd = CALL(SYS_accept4, stack.stream[i], 0, 0, SOCK_NONBLOCK)) >= 0)
			accepted[naccepted++] = fd;
	}
	for (unsigned int i = 0; i < naccepted; i++) {
		for (int k = 0; k < 4 && receive(accepted[i], 0) > 0; k++)
			;
		receive(accepted[i], MSG_OOB);
		CALL(SYS_sendto, accepted[i], (long)buffer, 200, MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0);
	}
	drain(stack.datagram);
	for (size_t i = 0; i < sizeof(stack.other) / sizeof(stack.other[0]); i++)
		drain(stack.other[i]);
}

static void close_accepted(void)
{
	struct linger linger = {1, 0};

	while (naccepted) {
		long fd = accepted[--naccepted];

		CALL(SYS_setsockopt, fd, SOL_SOCKET, SO_LINGER, (long)&linger, sizeof(linger));
		CALL(SYS_close, fd);
	}
}

/* ---- an input: records that make frames ---- */

struct cursor {
	const uint8_t *at, *end;
};

static uint8_t next8(struct cursor *c)
{
	return c->at < c->end ? *c->at++ : 0;
}

static unsigned int next16(struct cursor *c)
{
	unsigned int high = next8(c);

	return high << 8 | next8(c);
}

static void patch(struct cursor *c, uint8_t *p, size_t n)
{
	static const uint16_t odd[] = {0,  1,  0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff,
				       20, 40, 1500, 1280, 14,	 0x0800, 0x86dd, 0x8100};
	unsigned int at = next16(c), op = at >> 14;
	uint8_t v = next8(c);

	if (n < 2)
		return;
	/* Mostly in the headers. */
	at = (at & 0x2000 ? at & 0x1fff : at & 127) % (unsigned int)(n - 1);
	switch (op) {
	case 0:
		p[at] = v;
		break;
	case 1:
		p[at] ^= (uint8_t)(1u << (v & 7));
		break;
	case 2:
		put16(p + at, odd[v % 16]);
		break;
	case 3:
		put16(p + at, get16(p + at) + (v & 128 ? v - 256u : v));
		break;
	}
}

/* The frame of one record, with its Ethernet header where there is one. */
static uint32_t make_frame(struct cursor *c, uint8_t ctl, struct frame *f)
{
	unsigned int dev = ctl & REC_DEVICE, number = next8(c) % ntemplates;
	const struct template *t = &templates[dev][number];
	unsigned int link = dev ? 0 : ETH_HLEN;
	uint8_t *ip = f->data + link;
	uint32_t n = t->len, len;

	f->hdr = t->hdr;
	if (f->hdr.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		f->hdr.csum_start = (uint16_t)(f->hdr.csum_start + link);
		f->hdr.hdr_len = (uint16_t)(f->hdr.hdr_len + link);
	}
	if (!dev)
		memcpy(f->data,
		       (const uint8_t[]){2, 0, 0, 0, 0, 1, LLADDR, t->type >> 8, t->type & 0xff},
		       ETH_HLEN);
	if (number)
		memcpy(ip, t->data, n);
	else
		for (n = next8(c), len = 0; len < n; len++)
			ip[len] = next8(c);
	n += link;
	if (ctl & REC_HDR)
		for (size_t i = 0; i < sizeof(f->hdr); i++)
			((uint8_t *)&f->hdr)[i] = next8(c);
	if (ctl & REC_LENGTH) {
		len = next16(c);
		len += len / 8; /* up to 73726 */
		for (uint32_t from = n < 64 ? 0 : n - 64; n < len; n++, from++)
			f->data[n] = n < 64 ? 0x55 : f->data[from];
		n = len;
	}
	if (ctl & REC_FOLLOW && n > link)
		follow(dev, ip, n - link);
	for (unsigned int i = ctl >> 6; i; i--)
		patch(c, f->data, n);
	if (ctl & REC_LENGTHS && n > link)
		fix_lengths(ip, n - link);
	if (ctl & REC_SUMS && n > link)
		fix_sums(ip, n - link);
	return n;
}

static void run_records(const uint8_t *data, size_t size)
{
	struct cursor c = {data, data + size};

	while (c.at < c.end) {
		uint8_t ctl = next8(&c);
		unsigned int dev = ctl & REC_DEVICE;
		struct port *p = &ports[dev];
		struct frame *f;

		if (ctl & REC_FOLLOW || p->head - atomic_load(&p->tail) == QUEUE) {
			pump();
			serve();
		}
		f = &p->queue[p->head % QUEUE];
		f->len = make_frame(&c, ctl, f);
		stack.frames[dev]++;
		atomic_fetch_add(&p->head, 1);
	}
	pump();
	serve();
}

/* ---- checks ---- */

/* A plain datagram (the first one there is) arrives by each interface. */
static void check_alive(void)
{
	for (unsigned int dev = 0; dev < 2; dev++) {
		const struct template *t = &templates[dev][1];
		uint8_t rec[2];

		while (t->data[0] != 0x45 || t->data[9] != IPPROTO_UDP)
			t++;
		rec[0] = (uint8_t)dev;
		rec[1] = (uint8_t)(t - templates[dev]);
		drain(stack.datagram);
		for (int turn = 0;; turn++) {
			struct cursor c = {rec, rec + 2};
			struct port *p = &ports[dev];
			struct frame *f = &p->queue[p->head % QUEUE];

			f->len = make_frame(&c, next8(&c), f);
			stack.frames[dev]++;
			atomic_fetch_add(&p->head, 1);
			pump();
			if (drain(stack.datagram))
				break;
			if (turn > 100)
				fail("datagrams do not arrive any more", dev);
			sleep_inside(10000000);
		}
	}
}

/* Counters that have changed become coverage. */
static void note_counters(void)
{
	static uint64_t seen[2048];
	unsigned int n = 0;

	for (size_t i = 0; i < 3; i++) {
		const char *at = read_inside(stack.counters[i]);

		while (*at && n < 2048) {
			char *end;
			uint64_t v;

			/* A number follows a blank; names may have digits. */
			at = strpbrk(at, " \t");
			if (!at)
				break;
			v = strtoull(at, &end, 10);
			if (end == at) {
				at++;
				continue;
			}
			if (v != seen[n]) {
				uint64_t d = v - seen[n];

				extra_counters[n] = (uint8_t)(d < 4 ? d : 66 - __builtin_clzll(d));
				seen[n] = v;
			}
			n++;
			at = end;
		}
	}
}

static void run_input(const uint8_t *data, size_t size)
{
	int type = 0;
	socklen_t len = sizeof(type);

	run_records(data, size);
	close_accepted();
	if (CALL(SYS_getsockopt, stack.stream[0], SOL_SOCKET, SO_TYPE, (long)&type, (long)&len) ||
	    type != SOCK_STREAM)
		fail("the stack does not answer", type);
	check_counts();
	stack.inputs++;
	if (stack.inputs % ALIVE_EVERY == 0)
		check_alive();
	if (stack.inputs % MEMORY_EVERY == 0 && free_kib() < (long)(MEMORY >> 10) / 5)
		fail("the stack's memory runs out, free KiB", free_kib());
}

/* ---- kept inputs, seeds, soak ---- */

struct kept {
	uint64_t count;
	struct {
		uint32_t len;
		uint8_t data[INPUT_MAX];
	} input[INPUTS_KEPT];
};

static struct kept *kept;
static char kept_path[4096];

static void keep(const uint8_t *data, size_t size)
{
	unsigned int i = kept->count % INPUTS_KEPT;

	kept->input[i].len = (uint32_t)size;
	memcpy(kept->input[i].data, data, size);
	kept->count++;
}

static void open_kept(const char *program)
{
	int fd;

	kept = mmap(NULL, sizeof(*kept), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	if (!program)
		return;
	snprintf(kept_path, sizeof(kept_path), "%s.last", program);
	fd = open(kept_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || ftruncate(fd, sizeof(*kept)))
		fail(kept_path, errno);
	kept = mmap(NULL, sizeof(*kept), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (kept == MAP_FAILED)
		fail(kept_path, errno);
	close(fd);
}

static int replay(const char *path)
{
	static struct kept old;
	FILE *f = fopen(path, "rb");

	if (!f || fread(&old, sizeof(old), 1, f) != 1)
		fail(path, errno);
	fclose(f);
	start();
	for (uint64_t i = old.count < INPUTS_KEPT ? 0 : old.count - INPUTS_KEPT; i < old.count;
	     i++) {
		unsigned int k = i % INPUTS_KEPT;

		fprintf(stderr, "input %llu: %u bytes\n", (unsigned long long)i, old.input[k].len);
		run_input(old.input[k].data, old.input[k].len);
	}
	return 0;
}

static uint64_t random64(void)
{
	static uint64_t x = 88172645463325252ull;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

/* Let what only waits for time go, then see what is free. */
static long settled_kib(void)
{
	for (int i = 0; i < 30; i++) {
		sleep_inside(100000000);
		serve();
	}
	return free_kib();
}

static void soak_for(uint64_t frames)
{
	uint64_t until = stack.frames[0] + stack.frames[1] + frames;
	uint8_t input[80];

	while (stack.frames[0] + stack.frames[1] < until) {
		size_t n = 8 + random64() % (sizeof(input) - 8);

		for (size_t i = 0; i < n; i++)
			input[i] = (uint8_t)(random64() >> 32);
		keep(input, n);
		run_input(input, n);
	}
}

/* Bounded tables fill first; after that, memory must not go on shrinking. */
static int soak(uint64_t frames)
{
	long before, after, limit = 1024;

	start();
	soak_for(frames / 2);
	before = settled_kib();
	soak_for(frames);
	after = settled_kib();
	printf("# free memory of the stack: %ld KiB, %llu frames later %ld KiB\n", before,
	       (unsigned long long)frames, after);
	printf("# handed out %llu and %llu frames, %llu longer than the buffers\n",
	       (unsigned long long)stack.frames[0], (unsigned long long)stack.frames[1],
	       (unsigned long long)ports[0].be.rx_truncated + ports[1].be.rx_truncated);
	if (before - after <= limit)
		return 0;
	printf("# more than %ld KiB are missing\n", limit);
	return 1;
}

static void write_seed(const char *dir, unsigned int i, const uint8_t *data, size_t n)
{
	char path[4200];
	FILE *f;

	snprintf(path, sizeof(path), "%s/seed-%03u", dir, i);
	f = fopen(path, "wb");
	if (!f || fwrite(data, 1, n, f) != n || fclose(f))
		fail(path, errno);
}

/* A connection up to where template @t makes sense, then @t twice. */
static size_t seed_connection(uint8_t *rec, uint8_t ctl, unsigned int dev, unsigned int t)
{
	static unsigned int open; /* the segments that open a connection, of TCP or MPTCP */
	const uint8_t *p = templates[dev][t].data;
	unsigned int last, n = 0;
	uint8_t tcp[60] = {0};
	uint8_t proto;

	memcpy(tcp, p + find_l4(p, 60, &proto), sizeof(tcp));
	if (tcp[13] == TCP_SYN && (!open || templates[dev][open].type != templates[dev][t].type ||
				   find_mptcp(tcp, sizeof(tcp), MP_CAPABLE, 4)))
		open = t;
	last = open + (get16(tcp + 2) == PORT_MPTCP ? 2 : 1);
	for (unsigned int k = open; k <= last; k++) {
		rec[n++] = ctl | (k > open ? REC_FOLLOW : 0);
		rec[n++] = (uint8_t)k;
	}
	for (unsigned int k = 0; k < 2; k++) {
		rec[n++] = ctl | REC_FOLLOW;
		rec[n++] = (uint8_t)t;
	}
	return n;
}

/* Each template on each device; segments after their connection's opening. */
static void write_seeds(const char *dir)
{
	unsigned int seed = 0;

	build_templates();
	for (unsigned int dev = 0; dev < 2; dev++) {
		for (unsigned int t = 1; t < ntemplates; t++) {
			const struct template *p = &templates[dev][t];
			uint8_t ctl = (uint8_t)(dev | REC_SUMS), proto = 0;
			/* With what follows, which completes fragments. */
			uint8_t rec[16] = {ctl, (uint8_t)t,	 ctl, (uint8_t)(t + 1),
					   ctl, (uint8_t)(t + 2)};
			size_t n = 6;

			if (find_l4(p->data, p->len, &proto) && proto == IPPROTO_TCP)
				n = seed_connection(rec, ctl, dev, t);
			write_seed(dir, seed++, rec, n);
		}
	}
}

static bool is_empty_directory(const char *path)
{
	struct stat st;

	/* rmdir() and mkdir(): the shortest way to ask. */
	return !stat(path, &st) && S_ISDIR(st.st_mode) && !rmdir(path) && !mkdir(path, 0755);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	for (int i = 1; i < *argc; i++) {
		const char *a = (*argv)[i];

		if (!strncmp(a, "--replay=", 9)) {
			open_kept(NULL);
			exit(replay(a + 9));
		}
		if (!strncmp(a, "--soak=", 7)) {
			open_kept((*argv)[0]);
			exit(soak(strtoull(a + 7, NULL, 10)));
		}
		if (a[0] != '-' && is_empty_directory(a))
			write_seeds(a);
	}
	open_kept((*argv)[0]);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!stack.up)
		start();
	if (size > INPUT_MAX)
		return -1;
	keep(data, size);
	run_input(data, size);
	note_counters();
	return 0;
}
