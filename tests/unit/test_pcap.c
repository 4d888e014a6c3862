// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_pcap.c - the capture file, block by block.
 *
 * Behind the wrapper stands a fake back end that takes what it is given and
 * "receives" two frames.
 */
#include "frames.h"
#include <sys/stat.h>
#include "backend/pcap.h"

static unsigned int closed;
static int takes = BACKEND_BATCH;
static int gives;

static int fake_tx(struct backend *be, unsigned int q, struct backend_frame *f, unsigned int n)
{
	be->tx_dropped += 7;
	return (int)n < takes ? (int)n : takes;
}

static int fake_rx(struct backend *be, unsigned int q, struct backend_frame *f, unsigned int n)
{
	int i;

	for (i = 0; i < gives && i < (int)n; i++) {
		memset(f[i].iov[0].iov_base, 0x60 + i, f[i].iov[0].iov_len);
		f[i].len = 40 + (uint32_t)i;
	}
	return gives;
}

static void fake_close(struct backend *be)
{
	closed++;
}

static const struct backend_ops fake_ops = {.tx = fake_tx, .rx = fake_rx, .close = fake_close};

static const uint8_t *bytes;
static size_t size, at;

static uint32_t u32(size_t offset)
{
	uint32_t v;

	assert_true(at + offset + 4 <= size);
	memcpy(&v, bytes + at + offset, 4);
	return v;
}

static uint16_t u16(size_t offset)
{
	uint16_t v;

	assert_true(at + offset + 2 <= size);
	memcpy(&v, bytes + at + offset, 2);
	return v;
}

/* The block at `at` is of @type and closed by its length. */
static void block(uint32_t type)
{
	assert_int_equal(u32(0), type);
	assert_int_equal(u32(4) % 4, 0);
	assert_int_equal(u32(u32(4) - 4), u32(4));
}

static void load(const char *path)
{
	static uint8_t buf[200000];
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, buf, sizeof(buf));

	assert_true(n > 0);
	close(fd);
	bytes = buf;
	size = (size_t)n;
	at = 0;
}

static void expect_interface(uint16_t linktype, const char *name)
{
	block(1);
	assert_int_equal(u16(8), linktype);
	assert_int_equal(u32(12), 0); /* no snap length */
	assert_int_equal(u16(16), 2); /* if_name */
	assert_string_equal((const char *)bytes + at + 20, name);
	assert_int_equal(u16(36), 9); /* if_tsresol: 10^-9 s */
	assert_int_equal(bytes[at + 40], 9);
	at += u32(4);
}

static void expect_packet(uint32_t interface, uint32_t len, uint32_t direction, uint8_t first)
{
	uint64_t ns, now = (uint64_t)time(NULL) * 1000000000u;
	uint32_t padded = (len + 3) & ~3u;

	block(6);
	assert_int_equal(u32(8), interface);
	ns = (uint64_t)u32(12) << 32 | u32(16);
	assert_true(ns + 60000000000u > now && ns < now + 60000000000u);
	assert_int_equal(u32(20), len);
	assert_int_equal(u32(24), len);
	assert_int_equal(bytes[at + 28], first);
	assert_int_equal(u16(28 + padded), 2); /* epb_flags */
	assert_int_equal(u32(28 + padded + 4), direction);
	assert_int_equal(u32(4), 28 + padded + 16);
	at += u32(4);
}

static void test_file(void **state)
{
	char path[] = "/tmp/persona-test-XXXXXX";
	struct backend ether = {.ops = &fake_ops,
				.link = BACKEND_LINK_ETHER,
				.fd = 42,
				.mtu = 1400,
				.features = 5,
				.queues = 1,
				.mac = {2}};
	struct backend raw = {.ops = &fake_ops, .link = BACKEND_LINK_RAWIP, .queues = 1};
	struct backend *e, *r;
	const char *why;
	struct pcap *p;
	unsigned int i;

	close(mkstemp(path));
	assert_int_equal(pcap_create(&p, path, &why), 0);
	assert_int_equal(pcap_wrap(p, &ether, "wlan0", &e), 0);
	assert_int_equal(pcap_wrap(p, &raw, "a23456789012345", &r), 0);
	pcap_put(p);
	assert_int_equal(e->fd, 42);
	assert_int_equal(e->mtu, 1400);
	assert_int_equal(e->features, 5);
	assert_int_equal(e->link, BACKEND_LINK_ETHER);
	assert_int_equal(r->link, BACKEND_LINK_RAWIP);

	/* Lengths around the padding, and in pieces; the last frame is not taken. */
	for (i = 0; i < 5; i++)
		fill_ether(tx_frame(i, 60 + i), 60 + i, 0);
	pool_tx[4].iov[1] = (struct iovec){pool_tx[4].data, 14};
	pool_tx[4].iov[2] = (struct iovec){pool_tx[4].data + 14, 50};
	tx[4].niov = 2;
	fill_ether(tx_frame(5, 60), 60, 0);
	takes = 5;
	assert_int_equal(e->ops->tx(e, 0, tx, 6), 5);
	assert_int_equal(e->tx_dropped, 7);

	gives = 3;
	rx_prepare(100);
	assert_int_equal(r->ops->rx(r, 0, rx, 3), 3);
	gives = -ENXIO;
	assert_int_equal(r->ops->rx(r, 0, rx, 3), -ENXIO);
	fill_ether(tx_frame(0, 65536), 65536, 0);
	takes = 1;
	assert_int_equal(e->ops->tx(e, 0, tx, 1), 1);

	e->ops->close(e);
	r->ops->close(r);
	assert_int_equal(closed, 2);

	load(path);
	block(0x0a0d0d0a);
	assert_int_equal(u32(8), 0x1a2b3c4d);
	assert_int_equal(u16(12), 1);
	assert_int_equal(u16(14), 0);
	at += u32(4);
	expect_interface(1, "wlan0");
	expect_interface(101, "a23456789012345");
	for (i = 0; i < 5; i++)
		expect_packet(0, 60 + i, 2, 0xff);
	for (i = 0; i < 3; i++)
		expect_packet(1, 40 + i, 1, (uint8_t)(0x60 + i));
	expect_packet(0, 65536, 2, 0xff);
	assert_int_equal(at, size);
	unlink(path);
}

/* Packets that pass no back end as themselves, cut or whole, and how many are missing. */
static void test_packets(void **state)
{
	const uint64_t when = (uint64_t)time(NULL) * 1000000000u + 42;
	char path[] = "/tmp/persona-test-XXXXXX";
	uint8_t data[103];
	const char *why;
	struct pcap *p;

	close(mkstemp(path));
	memset(data, 0x45, sizeof(data));
	assert_int_equal(pcap_create(&p, path, &why), 0);
	assert_int_equal(pcap_add(p, BACKEND_LINK_RAWIP, "wlan0"), 0);
	assert_int_equal(pcap_add(p, BACKEND_LINK_RAWIP, "rmnet0"), 1);
	assert_ptr_equal(pcap_get(p), p);
	pcap_put(p);
	pcap_packet(p, 1, when, true, data, 103, 103);
	pcap_packet(p, 0, when, false, data, 100, 70000);
	pcap_statistics(p, 1, 7, 5000000000u);
	pcap_put(p);

	load(path);
	at += u32(4);
	expect_interface(101, "wlan0");
	expect_interface(101, "rmnet0");
	assert_int_equal((uint64_t)u32(12) << 32 | u32(16), when);
	expect_packet(1, 103, 2, 0x45);
	block(6);
	assert_int_equal(u32(8), 0);
	assert_int_equal(u32(20), 100);
	assert_int_equal(u32(24), 70000);
	assert_int_equal(u32(4), 28 + 100 + 16);
	at += u32(4);
	block(5);
	assert_int_equal(u32(8), 1);
	assert_int_equal(u16(20), 4); /* isb_ifrecv */
	assert_int_equal(u16(22), 8);
	assert_int_equal(u32(24), 7);
	assert_int_equal(u16(32), 5); /* isb_ifdrop */
	assert_int_equal((uint64_t)u32(40) << 32 | u32(36), 5000000000u);
	at += u32(4);
	assert_int_equal(at, size);
	unlink(path);
}

/* The disk is full: the capture ends, the traffic does not. */
static void test_full_disk(void **state)
{
	struct backend ether = {.ops = &fake_ops, .queues = 1};
	struct backend *e;
	const char *why;
	struct pcap *p;
	int fd, full;

	if (access("/dev/full", W_OK))
		skip();
	assert_int_equal(pcap_create(&p, "/dev/full", &why), -ENOSPC);
	assert_string_equal(why, "cannot write capture file '/dev/full': No space left on device");
	assert_int_equal(pcap_create(&p, "/nonexistent/x", &why), -ENOENT);

	fd = dup(0);
	close(fd);
	assert_int_equal(pcap_create(&p, "/dev/null", &why), 0);
	assert_int_equal(pcap_wrap(p, &ether, "wlan0", &e), 0);
	/* Put a full device under the capture: its descriptor is the lowest that was free. */
	full = open("/dev/full", O_WRONLY);
	assert_int_equal(dup2(full, fd), fd);
	fill_ether(tx_frame(0, 60), 60, 0);
	takes = 1;
	assert_int_equal(e->ops->tx(e, 0, tx, 1), 1);
	assert_int_equal(e->ops->tx(e, 0, tx, 1), 1);
	e->ops->close(e);
	pcap_put(p);
	close(full);
}

static void test_tcpdump_reads_it(void **state)
{
	char path[] = "/tmp/persona-test-XXXXXX", cmd[200];
	struct backend raw = {.ops = &fake_ops, .link = BACKEND_LINK_RAWIP, .queues = 1};
	struct backend *r;
	const char *why;
	struct pcap *p;

	if (system("command -v tcpdump >/dev/null")) {
		fprintf(stderr, "SKIP: no tcpdump\n");
		skip();
	}
	close(mkstemp(path));
	assert_int_equal(pcap_create(&p, path, &why), 0);
	assert_int_equal(pcap_wrap(p, &raw, "rmnet0", &r), 0);
	pcap_put(p);
	tx_frame(0, 0);
	pool_tx[0].iov[1].iov_len = tx[0].len = fill_tcp4(pool_tx[0].data, 100, &tx[0].hdr, 0, 0);
	takes = 1;
	assert_int_equal(r->ops->tx(r, 0, tx, 1), 1);
	r->ops->close(r);
	snprintf(cmd, sizeof(cmd), "tcpdump -n -r %s 2>/dev/null", path);
	assert_contains(output_of(cmd), "IP 10.0.0.1.1000 > 10.0.0.2.2000: ");
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_packets),
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_tcpdump_reads_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
