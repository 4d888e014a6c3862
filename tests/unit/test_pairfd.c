// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_pairfd.c - back end fd: packets through one end of a socket pair.
 */
#include "frames.h"
#include <sys/socket.h>
#include "backend/pairfd.h"
#include "backend/tunfd.h"

#define BUFFER_LEAST 4096

static const char *why;

static const char *text_of(int fd)
{
	static char text[16];

	snprintf(text, sizeof(text), "%d", fd);
	return text;
}

static struct backend *must_open(int fd)
{
	struct backend *be = NULL;

	if (backend_open(&be, &backend_fd, text_of(fd), &why))
		fail_msg("%s", why);
	return be;
}

/* A pair of that kind: a back end of one end, the other one's descriptor. */
static struct backend *pair_of(int type, int *other)
{
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, type, 0, sv), 0);
	*other = sv[1];
	return must_open(sv[0]);
}

/* Refused, and left as it was. */
static void assert_refused(int fd, int err, const char *words)
{
	assert_int_equal(backend_fd.opening->open(text_of(fd), &why), err);
	assert_contains(why, words);
	assert_int_equal(fcntl(fd, F_GETFD), 0);
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	close(fd);
}

static void test_refused(void **state)
{
	int sv[2];

	assert_refused(open("/etc/passwd", O_RDONLY), -ENOTTY,
		       "is no TUN/TAP interface, nor a socket");
	assert_refused(socket(AF_INET, SOCK_DGRAM, 0), -EAFNOSUPPORT, "but not of AF_UNIX");
	assert_refused(socket(AF_UNIX, SOCK_SEQPACKET, 0), -ENOTCONN, "is not connected");
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	assert_refused(sv[0], -EPROTOTYPE, "is a stream socket, which keeps no packets apart");
	close(sv[1]);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv), 0);
	close(sv[1]);
	assert_refused(sv[0], -EPIPE, "the other end of socket");
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv), 0);
	shutdown(sv[1], SHUT_WR);
	assert_refused(sv[0], -EPIPE, "or shut for sending");
	close(sv[1]);
}

static void packets(int type)
{
	int other;
	struct backend *be = pair_of(type, &other);
	uint8_t got[2000];

	assert_int_equal(fcntl(be->fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(be->fd, F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(be->link, BACKEND_LINK_RAWIP);
	assert_int_equal(be->mtu, 1500);
	assert_int_equal(be->features, 0);
	assert_string_equal(be->ifname, "");

	/* Out: in pieces, several at a time, nothing before them. */
	memset(tx_frame(0, 1500), 0x45, 1500);
	memset(tx_frame(1, 300), 0x60, 300);
	pool_tx[1].iov[1].iov_len = 40;
	pool_tx[1].iov[2] = (struct iovec){pool_tx[1].data + 40, 260};
	tx[1].niov = 2;
	assert_int_equal(be->ops->tx(be, 0, tx, 2), 2);
	assert_int_equal(recv(other, got, sizeof(got), MSG_DONTWAIT), 1500);
	assert_memory_equal(got, pool_tx[0].data, 1500);
	assert_int_equal(recv(other, got, sizeof(got), MSG_DONTWAIT), 300);
	assert_memory_equal(got, pool_tx[1].data, 300);

	/* In; what is too long, or empty, is a frame that is skipped. */
	rx_prepare(1000);
	assert_int_equal(be->ops->rx(be, 0, rx, BACKEND_BATCH), 0);
	assert_int_equal(send(other, got, 1000, 0), 1000);
	assert_int_equal(send(other, got, 1001, 0), 1001);
	assert_int_equal(send(other, got, 0, 0), 0);
	assert_int_equal(send(other, got, 20, 0), 20);
	assert_int_equal(be->ops->rx(be, 0, rx, BACKEND_BATCH), 4);
	assert_int_equal(rx[0].len, 1000);
	assert_memory_equal(rx_data(0), got, 1000);
	assert_int_equal(rx[0].hdr.flags | rx[0].hdr.gso_type, 0);
	assert_int_equal(rx[1].len, 0);
	assert_int_equal(be->rx_truncated, 1);
	assert_int_equal(rx[2].len, 0);
	assert_int_equal(rx[3].len, 20);
	close(other);
	be->ops->close(be);
}

static void test_seqpacket(void **state)
{
	packets(SOCK_SEQPACKET);
}

static void test_dgram(void **state)
{
	packets(SOCK_DGRAM);
}

/* The other end does not read: the frames that are left come again. */
static void test_full(void **state)
{
	int other, sent = 0, least = BUFFER_LEAST, n, got = 0;
	struct backend *be = pair_of(SOCK_SEQPACKET, &other);
	uint8_t data[2000];

	setsockopt(be->fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof(least));
	for (unsigned int i = 0; i < BACKEND_BATCH; i++)
		memset(tx_frame(i, 1000), (int)i + 1, 1000);
	sent = be->ops->tx(be, 0, tx, BACKEND_BATCH);
	assert_in_range(sent, 1, BACKEND_BATCH - 1);
	assert_int_equal(be->ops->tx(be, 0, tx + sent, BACKEND_BATCH - (unsigned int)sent), 0);
	for (n = sent; got < BACKEND_BATCH; got++) {
		if (got == n)
			n += be->ops->tx(be, 0, tx + n, BACKEND_BATCH - (unsigned int)n);
		assert_int_equal(recv(other, data, sizeof(data), MSG_DONTWAIT), 1000);
		assert_int_equal(data[0], got + 1);
	}
	assert_int_equal(be->tx_dropped, 0);
	close(other);
	be->ops->close(be);
}

/* A message that no buffer takes is lost alone. */
static void test_too_long(void **state)
{
	int other, least = BUFFER_LEAST;
	struct backend *be = pair_of(SOCK_SEQPACKET, &other);
	uint8_t data[2000];

	setsockopt(be->fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof(least));
	tx_frame(0, 60000);
	tx_frame(1, 100);
	assert_int_equal(be->ops->tx(be, 0, tx, 2), 2);
	assert_int_equal(be->tx_dropped, 1);
	assert_int_equal(recv(other, data, sizeof(data), MSG_DONTWAIT), 100);
	close(other);
	be->ops->close(be);
}

/* What was sent before the other end was closed still comes; then the device is gone. */
static void gone(int type)
{
	int other;
	struct backend *be = pair_of(type, &other);

	assert_int_equal(send(other, "0123456789", 10, 0), 10);
	close(other);
	rx_prepare(100);
	assert_int_equal(be->ops->rx(be, 0, rx, BACKEND_BATCH), 1);
	assert_int_equal(rx[0].len, 10);
	rx_prepare(100);
	if (type == SOCK_SEQPACKET)
		assert_int_equal(be->ops->rx(be, 0, rx, BACKEND_BATCH), -ENXIO);
	tx_frame(0, 100);
	assert_int_equal(be->ops->tx(be, 0, tx, 1), -ENXIO);
	be->ops->close(be);
}

static void test_gone(void **state)
{
	gone(SOCK_SEQPACKET);
	gone(SOCK_DGRAM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),	 cmocka_unit_test(test_seqpacket),
		cmocka_unit_test(test_dgram),	 cmocka_unit_test(test_full),
		cmocka_unit_test(test_too_long), cmocka_unit_test(test_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
