// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_udp.c - back end wg: packets of a tunnel inside, datagrams outside.
 *
 * The far ends are sockets of the test's own on 127.0.0.1. The back end's socket is one that
 * the "parent" has made, of either family, so no interface is needed.
 */
#include "frames.h"
#include <netinet/udp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include "backend/udp.h"

#define TUNNEL	3
#define HEADERS 28

static struct backend *be;
static int far[2], outsider;
static struct sockaddr_in near; /* of the back end's socket, once it has sent */

static int udp_socket(struct sockaddr_in *at)
{
	socklen_t len = sizeof(*at);
	struct timeval patience = {.tv_sec = 2};
	int one = 1, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	*at = (struct sockaddr_in){.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(bind(fd, (struct sockaddr *)at, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)at, &len), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, IPPROTO_IP, IP_RECVTOS, &one, sizeof(one));
	return fd;
}

static struct sockaddr_in6 mapped(const struct sockaddr_in *a)
{
	struct sockaddr_in6 m = {.sin6_family = AF_INET6, .sin6_port = a->sin_port};

	m.sin6_addr.s6_addr[10] = m.sin6_addr.s6_addr[11] = 0xff;
	memcpy(&m.sin6_addr.s6_addr[12], &a->sin_addr, 4);
	return m;
}

static int begin(int family)
{
	struct sockaddr_in at[3];
	struct sockaddr_in6 ends[2];
	const char *why;
	int zero = 0, fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	for (unsigned int i = 0; i < 2; i++) {
		far[i] = udp_socket(&at[i]);
		ends[i] = mapped(&at[i]);
	}
	outsider = udp_socket(&at[2]);
	if (backend_wg.attach(&be, fd, "fd=9", &why))
		return -1;
	udp_set_peers(be, TUNNEL, ends, 2);
	return 0;
}

static int begin6(void **state)
{
	return begin(AF_INET6);
}

static int begin4(void **state)
{
	return begin(AF_INET);
}

static int end(void **state)
{
	be->ops->close(be);
	close(far[0]);
	close(far[1]);
	close(outsider);
	return 0;
}

/* What the tunnel sends: frame @i, to far end @to, of @size bytes of payload that tell @seed. */
static struct iphdr *packet(unsigned int i, unsigned int to, uint32_t size, uint8_t seed)
{
	uint8_t *p = tx_frame(i, HEADERS + size);
	struct iphdr *ip = (struct iphdr *)p;
	struct udphdr *udp = (struct udphdr *)(ip + 1);

	memset(p, 0, HEADERS);
	ip->version = 4;
	ip->ihl = 5;
	ip->protocol = IPPROTO_UDP;
	ip->saddr = htonl(udp_inside(TUNNEL, 0));
	ip->daddr = htonl(udp_inside(TUNNEL, 1 + to));
	udp->source = udp->dest = htons(UDP_PORT + TUNNEL);
	memset(p + HEADERS, seed, size);
	return ip;
}

static unsigned int send_all(unsigned int n)
{
	int r = be->ops->tx(be, 0, tx, n);

	assert_true(r >= 0);
	return (unsigned int)r;
}

/* The next datagram of @fd has @size bytes of @seed; its ECN bits. */
static int expect(int fd, ssize_t size, uint8_t seed)
{
	static uint8_t got[FRAME_MAX];
	uint8_t control[64];
	struct iovec iov = {got, sizeof(got)};
	struct msghdr m = {.msg_name = &near,
			   .msg_namelen = sizeof(near),
			   .msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof(control)};

	assert_int_equal(recvmsg(fd, &m, 0), size);
	for (ssize_t i = 0; i < size; i++)
		assert_int_equal(got[i], seed);
	assert_non_null(CMSG_FIRSTHDR(&m));
	return *CMSG_DATA(CMSG_FIRSTHDR(&m)) & 3;
}

static void expect_nothing(int fd)
{
	uint8_t byte;

	assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
}

static void test_attach(void **state)
{
	assert_int_equal(be->link, BACKEND_LINK_RAWIP);
	assert_int_equal(be->mtu, 65535);
	assert_int_equal(be->queues, 1);
}

/* A train ends with a shorter one, a larger one, another far end, or other ECN bits. */
static void test_trains(void **state)
{
	static const struct {
		unsigned int to;
		uint32_t size;
		uint8_t tos;
	} sent[] = {
		{0, 1000, 0}, {0, 1000, 0}, {0, 400, 0},  {0, 1000, 0}, {0, 1200, 0},
		{1, 1200, 0}, {1, 1200, 2}, {1, 1200, 3}, {0, 1, 3},	{0, 1, 3},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(sent); i++)
		packet(i, sent[i].to, sent[i].size, (uint8_t)(i + 1))->tos = sent[i].tos;
	assert_int_equal(send_all(ARRAY_SIZE(sent)), ARRAY_SIZE(sent));
	for (unsigned int i = 0; i < ARRAY_SIZE(sent); i++)
		assert_int_equal(expect(far[sent[i].to], sent[i].size, (uint8_t)(i + 1)),
				 sent[i].tos);
	assert_int_equal(be->tx_dropped, 0);
}

/* A payload in pieces, the first of which is nothing but headers. */
static void test_pieces(void **state)
{
	packet(0, 0, 3000, 7);
	pool_tx[0].iov[1].iov_len = HEADERS;
	pool_tx[0].iov[2] = (struct iovec){pool_tx[0].data + HEADERS, 1000};
	pool_tx[0].iov[3] = (struct iovec){pool_tx[0].data + HEADERS + 1000, 2000};
	tx[0].niov = 3;
	assert_int_equal(send_all(1), 1);
	expect(far[0], 3000, 7);
}

/* More than one message can carry. */
static void test_large(void **state)
{
	for (unsigned int i = 0; i < 4; i++)
		packet(i, 0, 40000, (uint8_t)i);
	assert_int_equal(send_all(4), 4);
	for (unsigned int i = 0; i < 4; i++)
		expect(far[0], 40000, (uint8_t)i);
}

/* What is not the tunnel's is dropped, wherever it stands among what is. */
static void test_foreign(void **state)
{
	packet(0, 0, 100, 1)->daddr = htonl(0x0a000001);
	packet(1, 0, 100, 2);
	((struct udphdr *)(packet(2, 0, 100, 3) + 1))->source = htons(40000); /* a program's */
	packet(3, 0, 100, 4)->protocol = IPPROTO_ICMP;
	packet(4, 2, 100, 5); /* a far end that there is not */
	packet(5, 0, 100, 6);
	packet(6, 0, 0, 7);
	((struct udphdr *)(packet(7, 0, 100, 8) + 1))->dest = htons(9);
	packet(8, 0, 100, 9)->ihl = 6;
	assert_int_equal(send_all(9), 9);
	expect(far[0], 100, 2);
	expect(far[0], 100, 6);
	expect_nothing(far[0]);
	expect_nothing(far[1]);
	assert_int_equal(be->tx_dropped, 7);
}

static int hear(void)
{
	struct pollfd p = {.fd = be->fd, .events = POLLIN};

	assert_int_equal(poll(&p, 1, 2000), 1);
	return be->ops->rx(be, 0, rx, BACKEND_BATCH);
}

static void send_back(int fd, const void *data, size_t len, int tos)
{
	setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
	assert_int_equal(sendto(fd, data, len, 0, (struct sockaddr *)&near, sizeof(near)), len);
}

static void test_receive(void **state)
{
	const struct iphdr *ip = (const struct iphdr *)rx_data(0);
	const struct udphdr *udp = (const struct udphdr *)(ip + 1);
	uint32_t sum = 0;

	packet(0, 1, 10, 1);
	assert_int_equal(send_all(1), 1);
	expect(far[1], 10, 1);
	rx_prepare(2000);
	send_back(far[1], "the answer", 10, 3);
	assert_int_equal(hear(), 1);
	assert_int_equal(rx[0].len, HEADERS + 10);
	assert_int_equal(ip->saddr, htonl(udp_inside(TUNNEL, 2)));
	assert_int_equal(ip->daddr, htonl(udp_inside(TUNNEL, 0)));
	assert_int_equal(ntohs(ip->tot_len), HEADERS + 10);
	assert_int_equal(ip->tos, 3);
	for (unsigned int i = 0; i < 10; i++)
		sum += ((const uint16_t *)ip)[i];
	assert_int_equal((sum & 0xffff) + (sum >> 16), 0xffff);
	assert_int_equal(ntohs(udp->len), 18);
	assert_int_equal(ntohs(udp->dest), UDP_PORT + TUNNEL);
	assert_memory_equal(udp + 1, "the answer", 10);
	/* The buffers are as they were. */
	assert_ptr_equal(rx[0].iov[0].iov_base, rx_data(0));
	assert_int_equal(rx[0].iov[0].iov_len, 2000);
	assert_int_equal(rx[31].iov[0].iov_len, 2000);
}

/* From elsewhere, or too long for its buffer: a frame without bytes, and counted. */
static void test_refused(void **state)
{
	static const uint8_t data[3000];

	packet(0, 0, 10, 1);
	assert_int_equal(send_all(1), 1);
	expect(far[0], 10, 1);
	rx_prepare(2000);
	send_back(outsider, data, 10, 0);
	assert_int_equal(hear(), 1);
	assert_int_equal(rx[0].len, 0);
	assert_int_equal(be->rx_dropped, 1);
	rx_prepare(2000);
	send_back(far[0], data, 2000 - HEADERS + 1, 0);
	assert_int_equal(hear(), 1);
	assert_int_equal(rx[0].len, 0);
	assert_int_equal(be->rx_truncated, 1);
	assert_int_equal(be->ops->rx(be, 0, rx, BACKEND_BATCH), 0);
}

/* Endpoints that are replaced, one of them unknown. */
static void test_peers(void **state)
{
	struct sockaddr_in at;
	struct sockaddr_in6 ends[2] = {0};
	socklen_t len = sizeof(at);

	assert_int_equal(getsockname(outsider, (struct sockaddr *)&at, &len), 0);
	ends[1] = mapped(&at);
	udp_set_peers(be, TUNNEL, ends, 2);
	packet(0, 0, 10, 1);
	packet(1, 1, 10, 2);
	assert_int_equal(send_all(2), 2);
	expect(outsider, 10, 2);
	expect_nothing(far[0]);
	assert_int_equal(be->tx_dropped, 1);
}

/* The host takes no more: what is left comes again. */
static void test_full(void **state)
{
	int least = 1;
	unsigned int sent = 0;

	assert_int_equal(setsockopt(be->fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof(least)), 0);
	for (unsigned int i = 0; i < BACKEND_BATCH; i++)
		packet(i, i % 2, 1000, (uint8_t)i);
	for (unsigned int tries = 0; sent < BACKEND_BATCH && tries < 1000; tries++) {
		int r = be->ops->tx(be, 0, tx + sent, BACKEND_BATCH - sent);

		assert_true(r >= 0);
		sent += (unsigned int)r;
	}
	assert_int_equal(sent, BACKEND_BATCH);
	for (unsigned int i = 0; i < BACKEND_BATCH; i++)
		expect(far[i % 2], 1000, (uint8_t)i);
}

/* A handshake's first message to far end @to, and whether that was told at @fd. */
static bool greets(int fd, unsigned int to)
{
	uint64_t count;

	packet(0, to, 148, 1);
	assert_int_equal(send_all(1), 1);
	expect(far[to], 148, 1);
	return read(fd, &count, sizeof(count)) == sizeof(count);
}

/* Handshakes without an answer are told: each second in a row. */
static void test_silence(void **state)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	assert_false(greets(fd, 0));
	assert_false(greets(fd, 0)); /* nobody wanted to know */
	udp_on_silence(be, fd);
	for (unsigned int i = 3; i <= 18; i++)
		assert_int_equal(greets(fd, 0), i % 2 == 0);
	assert_int_equal(udp_take_silent(be), 1);
	assert_int_equal(udp_take_silent(be), 0);
	assert_false(greets(fd, 1)); /* each far end counts for itself */
	assert_true(greets(fd, 1));
	assert_int_equal(udp_take_silent(be), 2);
	/* Data of that length is no handshake, in one piece or in two. */
	packet(0, 1, 148, 4);
	for (unsigned int i = 0; i < 9; i++)
		send_all(1);
	assert_int_equal(udp_take_silent(be), 0);
	for (unsigned int i = 0; i < 9; i++)
		expect(far[1], 148, 4);
	/* An answer begins the count again. */
	rx_prepare(2000);
	send_back(far[0], "the answer", 10, 0);
	assert_int_equal(hear(), 1);
	assert_false(greets(fd, 0));
	assert_true(greets(fd, 0));
	assert_int_equal(udp_take_silent(be), 1);
	/* A server that has moved: the first stranger, and each 64th; nothing else is one. */
	for (unsigned int i = 0; i < 66; i++) {
		static const uint8_t data[32] = {4};

		rx_prepare(2000);
		send_back(outsider, data, sizeof(data), 0);
		assert_int_equal(hear(), 1);
		assert_int_equal(rx[0].len, 0);
		assert_int_equal(udp_take_silent(be), i % 64 ? 0 : 3);
	}
	rx_prepare(2000);
	send_back(far[0], "the answer", 10, 0);
	assert_int_equal(hear(), 1);
	for (unsigned int i = 0; i < 3; i++) {
		static const uint8_t data[3][32] = {{5}, {0}, {4}};

		rx_prepare(2000);
		send_back(outsider, data[i], i < 2 ? 32 : 31, 0);
		assert_int_equal(hear(), 1);
		assert_int_equal(udp_take_silent(be), 0);
	}
	udp_on_silence(be, -1);
	close(fd);
}

static void test_designates(void **state)
{
	const char *why;

	assert_int_equal(backend_wg.designates("wlan0", &why), 0);
	assert_int_equal(backend_wg.designates("fd=3", &why), 0);
	assert_int_equal(backend_wg.designates("fd=2", &why), -EINVAL);
	assert_int_equal(backend_wg.designates("", &why), -EINVAL);
	assert_int_equal(backend_wg.opening->open("nosuch0", &why), -ENODEV);
	assert_string_equal(why, "no interface 'nosuch0'");
	assert_int_equal(backend_wg.opening->open("fd=1000", &why), -EBADF);
	assert_contains(why, "is not open here");
}

/* A descriptor that is no UDP socket. */
static void test_inherited(void **state)
{
	char text[16];
	const char *why;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	snprintf(text, sizeof(text), "fd=%d", fd);
	assert_int_equal(backend_wg.opening->open(text, &why), -ENOTSOCK);
	assert_contains(why, "is no UDP socket");
	close(fd);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	snprintf(text, sizeof(text), "fd=%d", fd);
	assert_int_equal(backend_wg.opening->open(text, &why), fd);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	close(fd);
}

#define BOTH(f)                                          \
	cmocka_unit_test_setup_teardown(f, begin6, end), \
		cmocka_unit_test_setup_teardown(f, begin4, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_attach),
		BOTH(test_trains),
		BOTH(test_pieces),
		BOTH(test_large),
		BOTH(test_foreign),
		BOTH(test_receive),
		BOTH(test_refused),
		BOTH(test_peers),
		BOTH(test_full),
		BOTH(test_silence),
		cmocka_unit_test(test_designates),
		cmocka_unit_test(test_inherited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
