// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_tuntap.c - back ends tap and tun against the host's side of the link.
 */
#include "frames.h"
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "backend/afpacket.h"
#include "backend/opening/hostif.h"
#include "backend/tuntap.h"

static const char *why;

static struct backend *must_open(const struct backend_ops *ops, const char *ifname)
{
	struct backend *be = NULL;

	if (backend_open(&be, ops, ifname, &why))
		fail_msg("%s", why);
	pass_all(be);
	wait_active(ifname);
	return be;
}

/* Created, up, with an address of its own, and gone with the descriptor. */
static void test_create(void **state)
{
	struct backend *tap;
	struct hostif h;

	NEED_NETNS();
	assert_int_equal(hostif_get(-1, "t0", &h), -ENODEV);
	tap = must_open(&backend_tap, "t0");
	assert_int_equal(hostif_get(-1, "t0", &h), 0);
	assert_true(h.flags & IFF_UP);
	assert_int_equal(tap->link, BACKEND_LINK_ETHER);
	assert_int_equal(tap->mtu, 1500);
	assert_true(hostif_mac_valid(tap->mac));
	assert_true(memcmp(tap->mac, h.mac, 6));
	assert_int_equal(tap->features & (BACKEND_F_CSUM | BACKEND_F_TSO4 | BACKEND_F_TSO6),
			 BACKEND_F_CSUM | BACKEND_F_TSO4 | BACKEND_F_TSO6);
	tap->ops->close(tap);
	assert_int_equal(hostif_get(-1, "t0", &h), -ENODEV);
}

static void test_tap_traffic(void **state)
{
	struct backend *tap, *host;
	unsigned int i;

	NEED_NETNS();
	tap = must_open(&backend_tap, "t0");
	host = must_open(&backend_packet, "t0");
	for (i = 0; i < BACKEND_BATCH; i++)
		fill_ether(tx_frame(i, 60 + i * 40), 60 + i * 40, (uint8_t)i);
	assert_int_equal(tap->ops->tx(tap, 0, tx, BACKEND_BATCH), BACKEND_BATCH);
	rx_prepare(FRAME_MAX);
	assert_int_equal(receive_all(host, BACKEND_BATCH), BACKEND_BATCH);
	for (i = 0; i < BACKEND_BATCH; i++) {
		assert_int_equal(rx[i].len, 60 + i * 40);
		assert_memory_equal(rx_data(i), pool_tx[i].data, rx[i].len);
	}
	assert_int_equal(host->ops->tx(host, 0, tx, BACKEND_BATCH), BACKEND_BATCH);
	rx_prepare(FRAME_MAX);
	assert_int_equal(receive_all(tap, BACKEND_BATCH), BACKEND_BATCH);
	for (i = 0; i < BACKEND_BATCH; i++) {
		assert_int_equal(rx[i].len, 60 + i * 40);
		assert_memory_equal(rx_data(i), pool_tx[i].data, rx[i].len);
	}
	assert_int_equal(receive(tap, 1, 20), 0);
	host->ops->close(host);
	tap->ops->close(tap);
}

/* A frame that fills the buffers exactly is whole; one byte more and it is dropped. */
static void test_truncated(void **state)
{
	struct backend *tap, *host;

	NEED_NETNS();
	tap = must_open(&backend_tap, "t0");
	host = must_open(&backend_packet, "t0");
	fill_ether(tx_frame(0, 500), 500, 1);
	fill_ether(tx_frame(1, 501), 501, 2);
	fill_ether(tx_frame(2, 499), 499, 3);
	assert_int_equal(host->ops->tx(host, 0, tx, 3), 3);
	rx_prepare(500);
	assert_int_equal(receive_all(tap, 3), 3);
	assert_int_equal(rx[0].len, 500);
	assert_int_equal(rx[1].len, 0);
	assert_int_equal(rx[2].len, 499);
	assert_int_equal(tap->rx_truncated, 1);
	host->ops->close(host);
	tap->ops->close(tap);
}

static void test_tun_offload(void **state)
{
	struct backend *tun, *host;
	uint32_t len;

	NEED_NETNS();
	tun = must_open(&backend_tun, "t1");
	assert_int_equal(tun->link, BACKEND_LINK_RAWIP);
	host = must_open(&backend_rawip, "t1");
	tx_frame(0, 0);
	len = fill_tcp4(pool_tx[0].data, 50000, &tx[0].hdr, 0, 1400);
	pool_tx[0].iov[1].iov_len = tx[0].len = len;
	assert_int_equal(tun->ops->tx(tun, 0, tx, 1), 1);
	rx_prepare(FRAME_MAX);
	assert_int_equal(receive_all(host, 1), 1);
	assert_int_equal(rx[0].len, len);
	assert_int_equal(rx[0].hdr.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
	assert_int_equal(rx[0].hdr.gso_size, 1400);
	assert_memory_equal(rx_data(0) + 40, pool_tx[0].data + 40, 50000);
	host->ops->close(host);
	tun->ops->close(tun);
}

static void test_malformed(void **state)
{
	struct backend *tap;
	NEED_NETNS();
	tap = must_open(&backend_tap, "t0");
	fill_ether(tx_frame(0, 5), 5, 0); /* shorter than a link header */
	fill_ether(tx_frame(1, 100), 100, 0);
	tx[1].hdr.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	tx[1].hdr.csum_start = 60000;
	fill_ether(tx_frame(2, 100), 100, 0);
	assert_int_equal(tap->ops->tx(tap, 0, tx, 3), 3);
	assert_int_equal(tap->tx_dropped, 2);
	sh("ip link set t0 down");
	tap->tx_dropped = 0;
	assert_int_equal(tap->ops->tx(tap, 0, tx, 3), 3);
	assert_int_equal(tap->tx_dropped, 3);
	rx_prepare(FRAME_MAX);
	assert_int_equal(tap->ops->rx(tap, 0, rx, 3), 0);
	tap->ops->close(tap);
}

static void test_removed(void **state)
{
	struct backend *tap;
	NEED_NETNS();
	tap = must_open(&backend_tap, "t0");
	sh("ip link del t0");
	fill_ether(tx_frame(0, 100), 100, 0);
	rx_prepare(FRAME_MAX);
	assert_int_equal(tap->ops->tx(tap, 0, tx, 1), -ENXIO);
	assert_int_equal(tap->ops->rx(tap, 0, rx, 1), -ENXIO);
	tap->ops->close(tap);
}

static void test_persistent(void **state)
{
	struct backend *tap;
	struct hostif h;

	NEED_NETNS();
	sh("ip tuntap add p0 mode tap");
	assert_int_equal(backend_tap.opening->open("p0", &why), -ENETDOWN);
	assert_string_equal(why, "interface 'p0' is down: ip link set p0 up");
	sh("ip link set p0 up");
	assert_int_equal(backend_tun.opening->open("p0", &why), -EINVAL);
	assert_string_equal(why, "interface 'p0' is not a single-queue tun interface");
	tap = must_open(&backend_tap, "p0");
	assert_int_equal(backend_tap.opening->open("p0", &why), -EBUSY);
	assert_string_equal(why, "interface 'p0' is in use by another program");
	tap->ops->close(tap);
	assert_int_equal(hostif_get(-1, "p0", &h), 0);
	sh("ip link del p0");
}

static void test_attach(void **state)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 0x77};
	struct backend *tap, *again = NULL;
	int fd;

	NEED_NETNS();
	tap = must_open(&backend_tap, "t0");
	fd = dup(tap->fd);
	tap->ops->close(tap);
	assert_int_equal(backend_tun.attach(&again, fd, "t0", &why), -EBADF);
	assert_int_equal(backend_tap.attach(&again, fd, "t1", &why), -EBADF);
	assert_int_equal(backend_tap.attach(&again, fd, "t0", &why), 0);
	assert_int_equal(again->ops->set_mac(again, mac), 0);
	assert_memory_equal(again->mac, mac, 6);
	fill_ether(tx_frame(0, 100), 100, 0);
	assert_int_equal(again->ops->tx(again, 0, tx, 1), 1);
	assert_int_equal(again->tx_dropped, 0);
	again->ops->close(again);
	fd = open("/dev/null", O_RDWR);
	assert_int_equal(backend_tap.attach(&again, fd, "t0", &why), -EBADF);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create),	   cmocka_unit_test(test_tap_traffic),
		cmocka_unit_test(test_truncated),  cmocka_unit_test(test_tun_offload),
		cmocka_unit_test(test_malformed),  cmocka_unit_test(test_removed),
		cmocka_unit_test(test_persistent), cmocka_unit_test(test_attach),
	};

	return cmocka_run_group_tests(tests, enter_netns, NULL);
}
