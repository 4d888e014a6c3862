// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_tunfd.c - back end fd: descriptors of TUN/TAP devices that somebody else made.
 */
#include "frames.h"
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include "backend/afpacket.h"
#include "backend/tunfd.h"

static const char *why;

/* A device as the parent makes it: a blocking descriptor that programs inherit. */
static int device(const char *name, int flags)
{
	struct ifreq ifr = {.ifr_flags = (short)flags};
	int fd = open("/dev/net/tun", O_RDWR);

	assert_true(fd >= 0);
	strncpy(ifr.ifr_name, name, sizeof(ifr.ifr_name) - 1);
	assert_int_equal(ioctl(fd, TUNSETIFF, &ifr), 0);
	return fd;
}

static int up_device(const char *name, int flags)
{
	int fd = device(name, flags);

	sh("ip link set %s up mtu 1400", name);
	return fd;
}

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

static void assert_refused(const char *number, int err, const char *words)
{
	assert_int_equal(backend_fd.opening->open(number, &why), err);
	assert_contains(why, words);
}

static void test_number(void **state)
{
	static const char *const bad[] = {"",	"0",  "2",	 "-3",	    "+3",	  "3x",
					  " 3", "0x", "1048576", "9999999", "99999999999"};
	unsigned int i;

	assert_int_equal(tunfd_number("3"), 3);
	assert_int_equal(tunfd_number("1048575"), 1048575);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(tunfd_number(bad[i]), -EINVAL);
}

static void test_not_a_device(void **state)
{
	int fd = open("/dev/null", O_RDWR);

	assert_refused("900", -EBADF, "fd:900: descriptor 900 is not open here");
	assert_refused("1048576", -EINVAL, "no descriptor of that number can be inherited");
	assert_refused(text_of(fd), -ENOTTY, "is no TUN/TAP interface");
	close(fd);
}

static void test_bad_device(void **state)
{
	int fd;

	NEED_NETNS();
	fd = open("/dev/net/tun", O_RDWR);
	assert_refused(text_of(fd), -EBADFD, "has no interface: do TUNSETIFF first");
	close(fd);
	fd = up_device("t0", IFF_TUN);
	assert_refused(text_of(fd), -EPROTONOSUPPORT,
		       "interface 't0' has a packet information header: make it with IFF_NO_PI");
	close(fd);
	fd = device("t0", IFF_TUN | IFF_NO_PI);
	assert_refused(text_of(fd), -ENETDOWN, "interface 't0' is down: ip link set t0 up");
	/* Refused descriptors are left as they were. */
	assert_int_equal(fcntl(fd, F_GETFD), 0);
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	close(fd);
}

static void test_plain_tun(void **state)
{
	struct backend *be, *host;
	uint32_t len;
	int fd;

	NEED_NETNS();
	fd = up_device("t0", IFF_TUN | IFF_NO_PI);
	be = must_open(fd);
	wait_active("t0");
	assert_int_equal(be->fd, fd);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_string_equal(be->ifname, "t0");
	assert_int_equal(be->link, BACKEND_LINK_RAWIP);
	assert_int_equal(be->mtu, 1400);
	assert_int_equal(be->features, 0);
	assert_int_equal(be->ops->set_mac(be, (const uint8_t *)"\2\0\0\0\0\1"), -EOPNOTSUPP);
	host = NULL;
	assert_int_equal(backend_open(&host, &backend_rawip, "t0", &why), 0);
	pass_all(host);
	/* As it is, both ways: no header before it. */
	tx_frame(0, 0);
	len = fill_tcp4(pool_tx[0].data, 500, &tx[0].hdr, 0, 0);
	pool_tx[0].iov[1].iov_len = tx[0].len = len;
	assert_int_equal(be->ops->tx(be, 0, tx, 1), 1);
	assert_int_equal(be->tx_dropped, 0);
	rx_prepare(FRAME_MAX);
	assert_int_equal(receive_all(host, 1), 1);
	assert_int_equal(rx[0].len, len);
	assert_memory_equal(rx_data(0), pool_tx[0].data, len);
	assert_int_equal(host->ops->tx(host, 0, tx, 1), 1);
	rx_prepare(FRAME_MAX);
	assert_int_equal(receive_all(be, 1), 1);
	assert_int_equal(rx[0].len, len);
	assert_int_equal(rx[0].hdr.flags | rx[0].hdr.gso_type, 0);
	assert_true(tcp4_checksum_ok(rx_data(0))); /* nobody else would complete it */
	assert_int_equal(be->ops->rx(be, 0, rx, 1), 0);
	host->ops->close(host);
	be->ops->close(be);
}

static void test_plain_truncated(void **state)
{
	struct backend *be, *host = NULL;

	NEED_NETNS();
	be = must_open(up_device("t0", IFF_TAP | IFF_NO_PI));
	wait_active("t0");
	assert_int_equal(be->link, BACKEND_LINK_ETHER);
	assert_int_equal(backend_open(&host, &backend_packet, "t0", &why), 0);
	pass_all(host);
	fill_ether(tx_frame(0, 500), 500, 1);
	fill_ether(tx_frame(1, 501), 501, 2);
	assert_int_equal(host->ops->tx(host, 0, tx, 2), 2);
	rx_prepare(500);
	assert_int_equal(receive_all(be, 2), 2);
	assert_int_equal(rx[0].len, 500);
	assert_memory_equal(rx_data(0), pool_tx[0].data, 500);
	assert_int_equal(rx[1].len, 0);
	assert_int_equal(be->rx_truncated, 1);
	host->ops->close(host);
	be->ops->close(be);
}

static void test_offload(void **state)
{
	struct backend *be, *host = NULL;
	uint32_t len;

	NEED_NETNS();
	be = must_open(up_device("t0", IFF_TUN | IFF_NO_PI | IFF_VNET_HDR));
	wait_active("t0");
	assert_int_equal(be->features & (BACKEND_F_CSUM | BACKEND_F_TSO4 | BACKEND_F_TSO6),
			 BACKEND_F_CSUM | BACKEND_F_TSO4 | BACKEND_F_TSO6);
	assert_int_equal(backend_open(&host, &backend_rawip, "t0", &why), 0);
	pass_all(host);
	tx_frame(0, 0);
	len = fill_tcp4(pool_tx[0].data, 50000, &tx[0].hdr, 0, 1300);
	pool_tx[0].iov[1].iov_len = tx[0].len = len;
	assert_int_equal(be->ops->tx(be, 0, tx, 1), 1);
	rx_prepare(FRAME_MAX);
	assert_int_equal(receive_all(host, 1), 1);
	assert_int_equal(rx[0].len, len);
	assert_int_equal(rx[0].hdr.gso_size, 1300);
	host->ops->close(host);
	be->ops->close(be);
}

/* The device may lie where we cannot ask it. */
static void test_other_namespace(void **state)
{
	struct backend *be;
	int home, fd;

	NEED_NETNS();
	home = open("/proc/self/ns/net", O_RDONLY);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	fd = up_device("t0", IFF_TUN | IFF_NO_PI);
	assert_int_equal(setns(home, CLONE_NEWNET), 0);
	be = must_open(fd);
	assert_int_equal(be->mtu, 1500);
	be->ops->close(be);
	close(home);
}

/* With the namespace's own sysfs, of which our parent sees nothing. */
static int enter(void **state)
{
	int err = enter_netns(state);

	if (in_netns && (unshare(CLONE_NEWNS) || mount("/", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
			 mount("sysfs", "/sys", "sysfs", 0, NULL)))
		perror("note: no sysfs of our own");
	return err;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_number),		cmocka_unit_test(test_not_a_device),
		cmocka_unit_test(test_bad_device),	cmocka_unit_test(test_plain_tun),
		cmocka_unit_test(test_plain_truncated), cmocka_unit_test(test_offload),
		cmocka_unit_test(test_other_namespace),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
