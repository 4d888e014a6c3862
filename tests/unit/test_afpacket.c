// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_afpacket.c - back ends packet and rawip on real interfaces.
 *
 * packet: both ends of a veth pair. rawip: a TUN interface, whose far end is
 * the back end tun.
 */
#include "frames.h"
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "backend/afpacket.h"

static struct backend *a, *b;
static const char *why;

static struct backend *must_open(const struct backend_ops *ops, const char *ifname)
{
	struct backend *be = NULL;

	if (backend_open(&be, ops, ifname, &why))
		fail_msg("%s", why);
	pass_all(be);
	return be;
}

static int open_pair(void **state)
{
	if (!in_netns)
		return 0;
	if (system("ip link add va type veth peer name vb && ip link set va up && "
		   "ip link set vb up"))
		return -1;
	wait_active("va");
	wait_active("vb");
	a = must_open(&backend_packet, "va");
	b = must_open(&backend_packet, "vb");
	return 0;
}

static int close_pair(void **state)
{
	if (!in_netns)
		return 0;
	a->ops->close(a);
	b->ops->close(b);
	return system("ip link show va >/dev/null 2>&1 && ip link del va; true");
}

/* Large TSO frames must be cut in software before they reach the peer. */
static void set_tso(const char *ifname, uint32_t on)
{
	static const uint32_t cmds[] = {ETHTOOL_STSO, ETHTOOL_SGSO};
	struct ethtool_value v;
	struct ifreq ifr;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		v = (struct ethtool_value){.cmd = cmds[i], .data = on};
		memset(&ifr, 0, sizeof(ifr));
		strncpy(ifr.ifr_name, ifname, IFNAMSIZ - 1);
		ifr.ifr_data = (void *)&v;
		assert_int_equal(ioctl(fd, SIOCETHTOOL, &ifr), 0);
	}
	close(fd);
}

static void test_batch(void **state)
{
	unsigned int i, got;

	NEED_NETNS();
	for (i = 0; i < BACKEND_BATCH; i++)
		fill_ether(tx_frame(i, 60 + i * 40), 60 + i * 40, (uint8_t)i);
	assert_int_equal(a->ops->tx(a, 0, tx, BACKEND_BATCH), BACKEND_BATCH);
	rx_prepare(FRAME_MAX);
	got = receive_all(b, BACKEND_BATCH);
	assert_int_equal(got, BACKEND_BATCH);
	for (i = 0; i < got; i++) {
		assert_int_equal(rx[i].len, 60 + i * 40);
		assert_memory_equal(rx_data(i), pool_tx[i].data, rx[i].len);
		assert_int_equal(rx[i].hdr.gso_type, 0);
	}
	/* Nobody hears himself. */
	assert_int_equal(receive(a, BACKEND_BATCH, 20), 0);
	assert_int_equal(a->tx_dropped + b->rx_truncated + b->rx_dropped, 0);
}

static void test_pieces(void **state)
{
	uint8_t *p;

	NEED_NETNS();
	p = tx_frame(0, 1000);
	fill_ether(p, 1000, 3);
	pool_tx[0].iov[1] = (struct iovec){p, 14};
	pool_tx[0].iov[2] = (struct iovec){p + 14, 1};
	pool_tx[0].iov[3] = (struct iovec){p + 15, 985};
	tx[0].niov = 3;
	assert_int_equal(a->ops->tx(a, 0, tx, 1), 1);
	rx_prepare(FRAME_MAX);
	pool_rx[0].iov[1].iov_len = 100;
	pool_rx[0].iov[2] = (struct iovec){pool_rx[0].data + 100, 900};
	rx[0].niov = 2;
	assert_int_equal(receive(b, 1, 300), 1);
	assert_int_equal(rx[0].len, 1000);
	assert_memory_equal(rx_data(0), p, 1000);
}

/* Frames that the host refuses are dropped one by one, in the middle of a batch. */
static void test_refused(void **state)
{
	uint64_t before;

	NEED_NETNS();
	before = a->tx_dropped;
	fill_ether(tx_frame(0, 100), 100, 1);
	fill_ether(tx_frame(1, 3000), 3000, 2); /* longer than the MTU */
	fill_ether(tx_frame(2, 100), 100, 3);
	fill_ether(tx_frame(3, 100), 100, 4);
	tx[3].hdr.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	tx[3].hdr.csum_start = 5000;	    /* outside the frame */
	fill_ether(tx_frame(4, 10), 10, 5); /* no whole link header */
	fill_ether(tx_frame(5, 100), 100, 6);
	assert_int_equal(a->ops->tx(a, 0, tx, 6), 6);
	assert_int_equal(a->tx_dropped - before, 3);
	rx_prepare(FRAME_MAX);
	assert_int_equal(receive_all(b, 4), 3);
	assert_int_equal(rx_data(0)[20], 1 + 20);
	assert_int_equal(rx_data(1)[20], 3 + 20);
	assert_int_equal(rx_data(2)[20], 6 + 20);
}

static void test_truncated(void **state)
{
	uint64_t before;

	NEED_NETNS();
	before = b->rx_truncated;
	fill_ether(tx_frame(0, 100), 100, 1);
	fill_ether(tx_frame(1, 1000), 1000, 2);
	fill_ether(tx_frame(2, 500), 500, 3);
	assert_int_equal(a->ops->tx(a, 0, tx, 3), 3);
	rx_prepare(500);
	assert_int_equal(receive_all(b, 3), 3);
	assert_int_equal(rx[0].len, 100);
	assert_int_equal(rx[1].len, 0);
	assert_int_equal(rx[2].len, 500);
	assert_int_equal(b->rx_truncated - before, 1);
}

static void test_offload(void **state)
{
	uint8_t *p;
	uint32_t len;

	NEED_NETNS();
	p = tx_frame(0, 14);
	fill_ether(p, 14, 0);
	p[12] = 0x08;
	p[13] = 0x00;
	len = 14 + fill_tcp4(p + 14, 40000, &tx[0].hdr, 14, 1000);
	pool_tx[0].iov[1].iov_len = tx[0].len = len;

	/* veth passes the large frame on with its metadata ... */
	assert_int_equal(a->ops->tx(a, 0, tx, 1), 1);
	rx_prepare(FRAME_MAX);
	assert_int_equal(receive_all(b, 1), 1);
	assert_int_equal(rx[0].len, len);
	assert_int_equal(rx[0].hdr.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
	assert_int_equal(rx[0].hdr.gso_size, 1000);
	assert_true(rx[0].hdr.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM);
	assert_memory_equal(rx_data(0) + 14 + 40, p + 14 + 40, 40000);

	/* ... or, without TSO, cut and with checksums. */
	set_tso("va", 0);
	sh("ip link set va gso_max_segs 1");
	len = 14 + fill_tcp4(p + 14, 4000, &tx[0].hdr, 14, 1000);
	pool_tx[0].iov[1].iov_len = tx[0].len = len;
	assert_int_equal(a->ops->tx(a, 0, tx, 1), 1);
	rx_prepare(FRAME_MAX);
	assert_int_equal(receive_all(b, 5), 4);
	assert_int_equal(rx[0].len, 14 + 40 + 1000);
	assert_int_equal(rx[0].hdr.gso_type, 0);
	if (!(rx[3].hdr.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		assert_true(tcp4_checksum_ok(rx_data(3) + 14));
}

/* A tag lies outside the frame: what belongs to another VLAN must not look like ours. */
static void test_other_vlan(void **state)
{
	uint8_t *p;

	NEED_NETNS();
	p = tx_frame(0, 104);
	fill_ether(p, 104, 1);
	memcpy(p + 12, "\x81\x00\x00\x05\x88\xb5", 6);
	fill_ether(tx_frame(1, 100), 100, 9);
	assert_int_equal(a->ops->tx(a, 0, tx, 2), 2);
	rx_prepare(FRAME_MAX);
	assert_int_equal(receive_all(b, 2), 1);
	assert_int_equal(rx_data(0)[20], 9 + 20);
}

/* A full send buffer is back-pressure: nothing lost, the rest stays with the caller. */
static void test_back_pressure(void **state)
{
	unsigned int i, sent = 0;
	int small = 20000, r = BACKEND_BATCH;

	NEED_NETNS();
	assert_int_equal(setsockopt(a->fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	sh("tc qdisc add dev va root tbf rate 8kbit burst 2000 limit 10000000");
	for (i = 0; i < BACKEND_BATCH; i++)
		fill_ether(tx_frame(i, 1000), 1000, (uint8_t)i);
	for (i = 0; i < 10 && r == BACKEND_BATCH; i++) {
		r = a->ops->tx(a, 0, tx, BACKEND_BATCH);
		assert_true(r >= 0);
		sent += (unsigned int)r;
	}
	assert_in_range(r, 0, BACKEND_BATCH - 1);
	assert_in_range(sent, 5, 60);
	assert_int_equal(a->ops->tx(a, 0, tx, BACKEND_BATCH), 0);
	assert_int_equal(a->tx_dropped, 0);
}

/* A full qdisc drops: that is loss, not back-pressure, or we would spin on it. */
static void test_full_qdisc(void **state)
{
	unsigned int i;

	NEED_NETNS();
	sh("tc qdisc add dev va root tbf rate 8kbit burst 2000 limit 3000");
	for (i = 0; i < BACKEND_BATCH; i++)
		fill_ether(tx_frame(i, 1000), 1000, (uint8_t)i);
	assert_int_equal(a->ops->tx(a, 0, tx, BACKEND_BATCH), BACKEND_BATCH);
	assert_in_range(a->tx_dropped, 20, BACKEND_BATCH);
}

static void test_down_and_up(void **state)
{
	NEED_NETNS();
	sh("ip link set va down");
	fill_ether(tx_frame(0, 100), 100, 1);
	fill_ether(tx_frame(1, 100), 100, 2);
	assert_int_equal(a->ops->tx(a, 0, tx, 2), 2);
	assert_int_equal(a->tx_dropped, 2);
	rx_prepare(FRAME_MAX);
	assert_int_equal(a->ops->rx(a, 0, rx, 4), 0);
	sh("ip link set va up");
	wait_active("va");
	wait_active("vb");
	assert_int_equal(a->ops->tx(a, 0, tx, 2), 2);
	assert_int_equal(receive_all(b, 2), 2);
	assert_int_equal(b->ops->tx(b, 0, tx, 2), 2);
	rx_prepare(FRAME_MAX);
	assert_int_equal(receive_all(a, 2), 2);
	assert_int_equal(a->tx_dropped, 2);
}

/* The error of a time that was not noticed is not the next frame's fault. */
static void test_down_unnoticed(void **state)
{
	NEED_NETNS();
	sh("ip link set va down");
	sh("ip link set va up");
	wait_active("va");
	wait_active("vb");
	fill_ether(tx_frame(0, 100), 100, 1);
	assert_int_equal(a->ops->tx(a, 0, tx, 1), 1);
	assert_int_equal(a->tx_dropped, 0);
	rx_prepare(FRAME_MAX);
	assert_int_equal(receive_all(b, 1), 1);
}

static void test_removed(void **state)
{
	NEED_NETNS();
	sh("ip link del va");
	fill_ether(tx_frame(0, 100), 100, 1);
	rx_prepare(FRAME_MAX);
	assert_int_equal(a->ops->rx(a, 0, rx, 4), -ENXIO);
	assert_int_equal(a->ops->tx(a, 0, tx, 1), -ENXIO);
}

static void test_attach(void **state)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 0x77};
	struct backend *c = NULL;
	int fd;

	NEED_NETNS();
	fd = dup(a->fd);
	assert_int_equal(backend_packet.attach(&c, fd, "va", &why), 0);
	assert_memory_equal(c->mac, a->mac, 6);
	assert_int_equal(c->features, a->features);
	assert_int_equal(c->mtu, 1500);
	assert_int_equal(c->ops->set_mac(c, mac), 0);
	assert_memory_equal(c->mac, mac, 6);
	assert_contains(output_of("ip -d link show va"), "promiscuity 1");
	c->ops->close(c);
	fd = open("/dev/null", O_RDWR);
	assert_int_equal(backend_packet.attach(&c, fd, "va", &why), -EBADF);
	assert_contains(why, "for interface 'va' is no packet socket");
	close(fd);
}

static void test_errno_untouched(void **state)
{
	NEED_NETNS();
	errno = 12345;
	rx_prepare(FRAME_MAX);
	assert_int_equal(a->ops->rx(a, 0, rx, 4), 0);
	fill_ether(tx_frame(0, 3000), 3000, 2);
	assert_int_equal(a->ops->tx(a, 0, tx, 1), 1);
	assert_int_equal(errno, 12345);
}

static void test_refusals(void **state)
{

	NEED_NETNS();
	assert_int_equal(backend_packet.opening->open("nosuch0", &why), -ENODEV);
	assert_string_equal(why, "no such interface 'nosuch0' (see: ip link)");
	assert_int_equal(backend_packet.opening->open("a-name-much-too-long", &why), -ENODEV);
	assert_int_equal(backend_packet.opening->open("lo", &why), -EINVAL);
	assert_int_equal(backend_rawip.opening->open("va", &why), -EINVAL);
	assert_string_equal(why, "interface 'va' is an Ethernet: use back end packet, not rawip");
	sh("ip link set va down");
	assert_int_equal(backend_packet.opening->open("va", &why), -ENETDOWN);
	assert_string_equal(why, "interface 'va' is down: ip link set va up");
	assert_ptr_equal(backend_choose("va", &why), &backend_packet);
	assert_null(backend_choose("lo", &why));
	assert_null(backend_choose("nosuch0", &why));
	assert_null(backend_find("nosuch"));
	assert_null(backend_at(100));
}

static void test_rawip(void **state)
{
	struct backend *tun, *raw;
	unsigned int i;
	uint32_t len;

	NEED_NETNS();
	tun = must_open(backend_find("tun"), "rm0");
	assert_ptr_equal(backend_choose("rm0", &why), &backend_rawip);
	assert_int_equal(backend_packet.opening->open("rm0", &why), -EINVAL);
	assert_string_equal(why,
			    "interface 'rm0' has no link header: use back end rawip, not packet");
	raw = must_open(&backend_rawip, "rm0");
	wait_active("rm0");
	assert_int_equal(raw->link, BACKEND_LINK_RAWIP);

	/* Out: IPv4, IPv6, neither, empty, and one cut by the host. */
	memset(tx_frame(0, 40), 0, 40);
	pool_tx[0].data[0] = 0x45;
	memset(tx_frame(1, 60), 0, 60);
	pool_tx[1].data[0] = 0x60;
	memset(tx_frame(2, 60), 0x50, 60);
	tx_frame(3, 0);
	tx_frame(4, 0);
	len = fill_tcp4(pool_tx[4].data, 30000, &tx[4].hdr, 0, 1400);
	pool_tx[4].iov[1].iov_len = tx[4].len = len;
	assert_int_equal(raw->ops->tx(raw, 0, tx, 5), 5);
	assert_int_equal(raw->tx_dropped, 2);
	rx_prepare(FRAME_MAX);
	assert_int_equal(receive_all(tun, 4), 3);
	assert_int_equal(rx[0].len, 40);
	assert_int_equal(rx_data(0)[0], 0x45);
	assert_int_equal(rx[1].len, 60);
	assert_int_equal(rx_data(1)[0], 0x60);
	assert_int_equal(rx[2].len, len);
	assert_int_equal(rx[2].hdr.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
	assert_int_equal(rx[2].hdr.gso_size, 1400);

	/* In: what the far end writes; nothing of what we sent ourselves. */
	for (i = 0; i < 3; i++)
		tx[i].hdr = (struct virtio_net_hdr){0};
	assert_int_equal(tun->ops->tx(tun, 0, tx, 2), 2);
	rx_prepare(FRAME_MAX);
	assert_int_equal(receive_all(raw, 3), 2);
	assert_int_equal(rx_data(0)[0], 0x45);
	assert_int_equal(rx_data(1)[0], 0x60);
	assert_int_equal(rx[1].len, 60);

	tun->ops->close(tun); /* the interface goes with it */
	assert_int_equal(raw->ops->rx(raw, 0, rx, 1), -ENXIO);
	assert_int_equal(raw->ops->tx(raw, 0, tx, 1), -ENXIO);
	raw->ops->close(raw);
}

#define pair_test(f) cmocka_unit_test_setup_teardown(f, open_pair, close_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		pair_test(test_batch),		 pair_test(test_pieces),
		pair_test(test_refused),	 pair_test(test_truncated),
		pair_test(test_offload),	 pair_test(test_other_vlan),
		pair_test(test_back_pressure),	 pair_test(test_full_qdisc),
		pair_test(test_down_and_up),	 pair_test(test_down_unnoticed),
		pair_test(test_removed),	 pair_test(test_attach),
		pair_test(test_errno_untouched), pair_test(test_refusals),
		cmocka_unit_test(test_rawip),
	};

	return cmocka_run_group_tests(tests, enter_netns, NULL);
}
