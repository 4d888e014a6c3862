// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_passt.c - back end passt: frames in a byte stream, and how passt is started.
 *
 * The far end of the socket pair is the test's own; where a passt is started, it is a
 * script of the test's.
 */
#include "frames.h"
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include "backend/opening/hostif.h"
#include "backend/passt.h"

static const char *why;
static struct backend *be;
static int peer; /* blocking */

static int pair_up(void **state)
{
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv))
		return -1;
	peer = sv[1];
	return backend_passt.attach(&be, sv[0], "", &why);
}

static int pair_down(void **state)
{
	be->ops->close(be);
	close(peer);
	return 0;
}

static void put(const void *data, size_t len)
{
	assert_int_equal(send(peer, data, len, MSG_NOSIGNAL), len);
}

static void put_length(uint32_t len)
{
	len = htonl(len);
	put(&len, sizeof(len));
}

/* A frame of @len bytes whose contents tell @seed. */
static const uint8_t *pattern(uint32_t len, uint8_t seed)
{
	static uint8_t frame[FRAME_MAX];

	fill_ether(frame, len < 14 ? 14 : len, seed);
	return frame;
}

static void get(void *to, size_t len)
{
	assert_int_equal(recv(peer, to, len, MSG_WAITALL), len);
}

static void expect_frame(uint32_t len, uint8_t seed)
{
	static uint8_t got[FRAME_MAX];
	uint32_t n;

	get(&n, sizeof(n));
	assert_int_equal(ntohl(n), len);
	get(got, len);
	assert_memory_equal(got, pattern(len, seed), len);
}

static void test_attach(void **state)
{
	assert_int_equal(be->link, BACKEND_LINK_ETHER);
	assert_int_equal(be->mtu, PASST_MTU);
	assert_int_equal(be->queues, 1);
	assert_int_equal(be->features, BACKEND_F_CSUM | BACKEND_F_GUEST);
	assert_true(hostif_mac_valid(be->mac));
}

static void test_not_a_stream(void **state)
{
	struct backend *other;
	int fd = open("/dev/null", O_RDWR);

	assert_int_equal(backend_passt.attach(&other, fd, "", &why), -EBADF);
	assert_contains(why, "is no connection to passt");
	close(fd);
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_int_equal(backend_passt.attach(&other, fd, "", &why), -EBADF);
	close(fd);
}

/* A stream cannot be taken up in its middle. */
static void test_second_reader(void **state)
{
	struct backend *first, *late;

	assert_int_equal(backend_passt.attach(&first, dup(be->fd), "", &why), 0);
	rx_prepare(FRAME_MAX);
	assert_int_equal(be->ops->rx(be, 0, rx, 1), 0);
	assert_int_equal(first->ops->rx(first, 0, rx, 1), -ENXIO);
	assert_int_equal(backend_passt.attach(&late, be->fd, "", &why), -EBUSY);
	assert_contains(why, "passt serves another process of this run already");
	first->ops->close(first);
}

static void test_tx_batch(void **state)
{
	uint32_t len[BACKEND_BATCH];
	unsigned int i;

	for (i = 0; i < BACKEND_BATCH; i++) {
		len[i] = 14 + i * i * 60; /* 2.2 KB in the middle, 57 KB at the end */
		fill_ether(tx_frame(i, len[i]), len[i], (uint8_t)i);
	}
	/* In two pieces. */
	pool_tx[1].iov[1].iov_len = 20;
	pool_tx[1].iov[2] = (struct iovec){pool_tx[1].data + 20, len[1] - 20};
	tx[1].niov = 2;
	for (i = 0; i < BACKEND_BATCH;) {
		int r = be->ops->tx(be, 0, tx + i, BACKEND_BATCH - i);

		assert_true(r >= 0);
		for (; r; r--, i++)
			expect_frame(len[i], (uint8_t)i);
		/* What was begun is finished only if it is read. */
		if (i < BACKEND_BATCH) {
			struct pollfd pfd = {.fd = peer, .events = POLLIN};

			if (poll(&pfd, 1, 0) == 1 && be->ops->tx(be, 0, tx + i, 1) == 1)
				expect_frame(len[i], (uint8_t)i), i++;
		}
	}
	assert_int_equal(be->tx_dropped, 0);
}

/* How many sendmsg() calls were made cannot be seen; how the stream was cut can. */
static void test_small_frames_go_together(void **state)
{
	static uint8_t all[65536];
	unsigned int i;

	for (i = 0; i < BACKEND_BATCH; i++)
		fill_ether(tx_frame(i, 60), 60, (uint8_t)i);
	assert_int_equal(be->ops->tx(be, 0, tx, BACKEND_BATCH), BACKEND_BATCH);
	assert_int_equal(recv(peer, all, sizeof(all), MSG_DONTWAIT), BACKEND_BATCH * 64);
}

/* The host takes a part of a frame: its rest comes before anything else. */
static void test_tx_partial(void **state)
{
	static uint8_t junk[4096];
	const unsigned int n = 8;
	unsigned int done = 0, calls = 0, frames = 0;
	int size = 1;
	size_t left = 0;

	assert_int_equal(setsockopt(be->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
	for (unsigned int i = 0; i < n; i++)
		fill_ether(tx_frame(i, 60000), 60000, (uint8_t)i);
	fill_ether(tx_frame(n, 100), 100, 99);
	while (frames < n) {
		const uint8_t *frame = pattern(60000, (uint8_t)frames);
		int r = done < n ? be->ops->tx(be, 0, tx + done, n - done) : 0;
		ssize_t got;

		assert_true(r >= 0);
		done += (unsigned int)r;
		calls++;
		if (done < n) /* another ring must wait */
			assert_int_equal(be->ops->tx(be, 0, tx + n, 1), 0);
		if (!left) {
			uint32_t len;

			get(&len, sizeof(len));
			assert_int_equal(ntohl(len), 60000);
			left = 60000;
		}
		got = recv(peer, junk, left < sizeof(junk) ? left : sizeof(junk), MSG_DONTWAIT);
		if (got < 0)
			continue;
		assert_memory_equal(junk, frame + 60000 - left, got);
		left -= (size_t)got;
		frames += !left;
	}
	assert_true(calls > n);
	assert_int_equal(be->ops->tx(be, 0, tx + n, 1), 1);
	expect_frame(100, 99);
}

/* An Ethernet frame of a TCP segment, IPv4 or IPv6, without the rest. */
static uint32_t fill_segment(uint8_t *p, bool six, uint16_t from, uint16_t to, uint8_t flags,
			     uint32_t seq)
{
	struct tcphdr tcp = {.th_sport = htons(from),
			     .th_dport = htons(to),
			     .th_seq = htonl(seq),
			     .th_off = 5,
			     .th_flags = flags};
	uint32_t at = six ? 54 : 38; /* IPv4 with one option */

	memset(p, 0, at);
	p[12] = six ? 0x86 : 0x08;
	p[13] = six ? 0xdd : 0x00;
	p[14] = six ? 0x60 : 0x46;
	p[six ? 20 : 23] = IPPROTO_TCP;
	memcpy(p + at, &tcp, sizeof(tcp));
	return at + sizeof(tcp);
}

static void assert_answer(bool six, uint16_t from, uint16_t to, uint8_t flags, uint8_t flags_got,
			  uint32_t ack_got)
{
	uint8_t frame[100];
	uint32_t len = fill_segment(frame, six, from, to, flags, 7);
	struct tcphdr tcp;

	put_length(len);
	put(frame, len);
	rx_prepare(FRAME_MAX);
	assert_int_equal(be->ops->rx(be, 0, rx, 4), 1);
	assert_int_equal(rx[0].len, len);
	memcpy(&tcp, rx_data(0) + len - sizeof(tcp), sizeof(tcp));
	assert_int_equal(tcp.th_flags, flags_got);
	assert_int_equal(ntohl(tcp.th_ack), ack_got);
	assert_int_equal(ntohl(tcp.th_seq), 7);
}

/* A bare reset of a connection being made gets the acknowledgement that Linux wants. */
static void test_refusal(void **state)
{
	static const uint8_t flags[] = {TH_SYN, TH_SYN | TH_ACK, TH_SYN | 0xc0, TH_ACK};
	unsigned int i;

	for (i = 0; i < 4; i++) {
		uint8_t *p = tx_frame(i, 0);

		pool_tx[i].iov[1].iov_len = tx[i].len =
			fill_segment(p, i & 1, (uint16_t)(1000 + i), 80, flags[i], 0xffffffff);
	}
	assert_int_equal(be->ops->tx(be, 0, tx, 4), 4);
	assert_answer(false, 80, 1000, TH_RST, TH_RST | TH_ACK, 0);
	assert_answer(true, 80, 1002, TH_RST, TH_RST | TH_ACK, 0);
	assert_answer(false, 80, 1000, TH_RST | TH_ACK, TH_RST | TH_ACK, 0);
	assert_answer(false, 80, 1000, TH_SYN | TH_ACK, TH_SYN | TH_ACK, 0);
	/* Those were no SYNs; other ports; one that has the place but not the port. */
	assert_answer(true, 80, 1001, TH_RST, TH_RST, 0);
	assert_answer(true, 80, 1003, TH_RST, TH_RST, 0);
	assert_answer(false, 81, 1000, TH_RST, TH_RST, 0);
	assert_answer(false, 80, 1000 + 256, TH_RST, TH_RST, 0);
	/* The last SYN counts. */
	fill_segment(tx_frame(0, 58), false, 1000, 80, TH_SYN, 41);
	assert_int_equal(be->ops->tx(be, 0, tx, 1), 1);
	assert_answer(false, 80, 1000, TH_RST, TH_RST | TH_ACK, 42);
}

/* Frames that say more than they hold are left alone. */
static void test_refusal_short(void **state)
{
	uint8_t frame[100];
	uint32_t len;

	for (len = 14; len < 60; len++) {
		fill_segment(frame, len & 1, 80, 1000, TH_RST, 7);
		if (!(len & 1))
			frame[14] = 0x4f;
		put_length(len);
		put(frame, len);
		rx_prepare(FRAME_MAX);
		assert_int_equal(be->ops->rx(be, 0, rx, 4), 1);
		assert_memory_equal(rx_data(0), frame, len);
		memcpy(tx_frame(0, len), frame, len);
		assert_int_equal(be->ops->tx(be, 0, tx, 1), 1);
	}
}

static void test_tx_too_long(void **state)
{
	static uint8_t data[70000];
	struct iovec iov[2] = {{0}, {data, sizeof(data)}};
	struct backend_frame f[2] = {{.iov = &iov[1], .niov = 1, .len = sizeof(data)}};

	fill_ether(tx_frame(0, 60), 60, 5);
	f[1] = tx[0];
	assert_int_equal(be->ops->tx(be, 0, f, 2), 2);
	assert_int_equal(be->tx_dropped, 1);
	expect_frame(60, 5);
}

static void test_rx_byte_by_byte(void **state)
{
	uint32_t len = htonl(100);
	uint8_t stream[104];
	unsigned int i;

	memcpy(stream, &len, 4);
	memcpy(stream + 4, pattern(100, 7), 100);
	rx_prepare(FRAME_MAX);
	for (i = 0; i < sizeof(stream); i++) {
		assert_int_equal(be->ops->rx(be, 0, rx, BACKEND_BATCH), 0);
		put(stream + i, 1);
	}
	assert_int_equal(be->ops->rx(be, 0, rx, BACKEND_BATCH), 1);
	assert_int_equal(rx[0].len, 100);
	assert_int_equal(rx[0].hdr.flags, VIRTIO_NET_HDR_F_DATA_VALID);
	assert_int_equal(rx[0].hdr.gso_type, VIRTIO_NET_HDR_GSO_NONE);
	assert_memory_equal(rx_data(0), pattern(100, 7), 100);
	assert_int_equal(be->ops->rx(be, 0, rx, BACKEND_BATCH), 0);
}

/* More than one read, more than one call; zero lengths are stepped over. */
static void test_rx_many(void **state)
{
	unsigned int i, got, sent = 0, seen = 0;

	while (seen < 300) {
		for (i = 0; i < 5 && sent < 300; i++, sent++) {
			uint32_t len = 20 + sent * 97 % 20000;

			put_length(0);
			put_length(len);
			put(pattern(len, (uint8_t)sent), len);
		}
		do {
			rx_prepare(FRAME_MAX);
			got = (unsigned int)be->ops->rx(be, 0, rx, 3);
			assert_true(got <= 3);
			for (i = 0; i < got; i++, seen++) {
				assert_int_equal(rx[i].len, 20 + seen * 97 % 20000);
				assert_memory_equal(rx_data(i), pattern(rx[i].len, (uint8_t)seen),
						    rx[i].len);
			}
		} while (got);
	}
	assert_int_equal(be->rx_truncated, 0);
}

static void test_rx_scattered_and_too_long(void **state)
{
	rx_prepare(40);
	pool_rx[1].iov[2] = (struct iovec){pool_rx[1].data + 40, 30};
	rx[1].niov = 2;
	put_length(41);
	put(pattern(41, 1), 41);
	put_length(70);
	put(pattern(70, 2), 70);
	put_length(40);
	put(pattern(40, 3), 40);
	assert_int_equal(be->ops->rx(be, 0, rx, 4), 3);
	assert_int_equal(rx[0].len, 0);
	assert_int_equal(be->rx_truncated, 1);
	assert_int_equal(rx[1].len, 70);
	assert_memory_equal(rx_data(1), pattern(70, 2), 70);
	assert_int_equal(rx[2].len, 40);
	assert_memory_equal(rx_data(2), pattern(40, 3), 40);
}

static void assert_dead(void)
{
	uint8_t byte;

	fill_ether(tx_frame(0, 60), 60, 0);
	assert_int_equal(be->ops->rx(be, 0, rx, 4), -ENXIO);
	assert_int_equal(be->ops->tx(be, 0, tx, 1), -ENXIO);
	/* And passt hears of it. */
	assert_int_equal(recv(peer, &byte, 1, MSG_DONTWAIT), 0);
}

static void test_rx_no_frame(void **state)
{
	put_length(60);
	put(pattern(60, 1), 60);
	put_length(65550);
	put(pattern(100, 1), 100);
	rx_prepare(FRAME_MAX);
	assert_int_equal(be->ops->rx(be, 0, rx, 4), 1);
	assert_int_equal(rx[0].len, 60);
	assert_dead();
}

static void test_largest(void **state)
{
	const uint32_t len = 65549;

	put_length(len);
	put(pattern(len, 1), len);
	rx_prepare(FRAME_MAX);
	assert_int_equal(be->ops->rx(be, 0, rx, 4), 1);
	assert_int_equal(rx[0].len, len);
	assert_memory_equal(rx_data(0), pattern(len, 1), len);
}

/* What came before the end is still given; half a frame is not. */
static void test_rx_end(void **state)
{
	int got;

	put_length(60);
	put(pattern(60, 1), 60);
	put_length(60);
	put(pattern(60, 1), 30);
	shutdown(peer, SHUT_WR);
	rx_prepare(FRAME_MAX);
	got = be->ops->rx(be, 0, rx, 4);
	assert_int_equal(got, 1);
	assert_dead();
}

static void test_tx_end(void **state)
{
	fill_ether(tx_frame(0, 60), 60, 0);
	shutdown(peer, SHUT_RD);
	assert_int_equal(be->ops->tx(be, 0, tx, 1), -ENXIO);
	rx_prepare(FRAME_MAX);
	assert_int_equal(be->ops->rx(be, 0, rx, 4), -ENXIO);
}

/* ---- starting ---- */

static char dir[] = "/tmp/persona-passt.XXXXXX";

static int make_dir(void **state)
{
	return !mkdtemp(dir) || setenv("PATH", dir, 1);
}

static int remove_dir(void **state)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/passt", dir);
	unlink(path);
	return rmdir(dir);
}

static void script(const char *text)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/passt", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n%s\n", text);
	fclose(f);
	assert_int_equal(chmod(path, 0755), 0);
}

static void test_not_installed(void **state)
{
	assert_int_equal(backend_passt.opening->open("", &why), -ENOENT);
	assert_string_equal(why, "passt is not installed: apt-get install passt, or name an "
				 "interface by -i IFNAME");
}

static void test_own_words(void **state)
{
	script("echo Some warning >&2; echo 'No way out' >&2; exit 1");
	assert_int_equal(backend_passt.opening->open("", &why), -ECHILD);
	assert_string_equal(why, "passt does not start: No way out (it needs a default route, or "
				 "-i passt:IFNAME)");
	assert_int_equal(backend_passt.opening->open("eth9", &why), -ECHILD);
	assert_string_equal(why, "passt does not start on interface 'eth9': No way out");
	script("exit 3");
	assert_int_equal(backend_passt.opening->open("eth9", &why), -ECHILD);
	assert_contains(why, "it does not say why");
	script("kill -9 $$");
	assert_int_equal(backend_passt.opening->open("eth9", &why), -ECHILD);
	assert_contains(why, "Killed");
	script("i=0; while [ $i -lt 500 ]; do echo $i many words before the last >&2; i=$((i+1)); "
	       "done; echo the last >&2; exit 1");
	assert_int_equal(backend_passt.opening->open("eth9", &why), -ECHILD);
	assert_contains(why, "interface 'eth9': the last");
}

/* The socket works, the process is not our child, and nothing of ours is open in it. */
static void test_started(void **state)
{
	int leak = open("/dev/null", O_RDONLY), fd, size = 0, session;
	socklen_t len = sizeof(size);
	char text[512] = "";
	ssize_t n;

	assert_true(leak >= 0);
	script("export PATH=/usr/bin:/bin\n"
	       "while [ \"$1\" != --fd ]; do shift; done\n"
	       "eval \"(ls /proc/self/fd | wc -l; cut -d' ' -f6 /proc/self/stat; sleep 0.1) >&$2 "
	       "2>/dev/null &\"");
	signal(SIGCHLD, SIG_IGN);
	fd = backend_passt.opening->open("", &why);
	signal(SIGCHLD, SIG_DFL);
	if (fd < 0)
		fail_msg("%s", why);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &len), 0);
	assert_true(size >= 200000);
	while ((n = recv(fd, text + strlen(text), sizeof(text) - strlen(text) - 1, 0)) > 0)
		;
	assert_int_equal(n, 0); /* it ended, and nobody else holds its end */
	/* 0, 1, 2, the socket, the directory that ls reads; the shell keeps one of its own */
	assert_in_range(atoi(text), 5, 6);
	session = atoi(strchr(text, '\n'));
	assert_true(session > 0 && session != getsid(0));
	close(fd);
	close(leak);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, pair_up, pair_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_attach),
		TEST(test_not_a_stream),
		TEST(test_second_reader),
		TEST(test_tx_batch),
		TEST(test_small_frames_go_together),
		TEST(test_tx_partial),
		TEST(test_tx_too_long),
		TEST(test_refusal),
		TEST(test_refusal_short),
		TEST(test_rx_byte_by_byte),
		TEST(test_rx_many),
		TEST(test_rx_scattered_and_too_long),
		TEST(test_rx_no_frame),
		TEST(test_largest),
		TEST(test_rx_end),
		TEST(test_tx_end),
		cmocka_unit_test(test_not_installed),
		cmocka_unit_test(test_own_words),
		cmocka_unit_test(test_started),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
