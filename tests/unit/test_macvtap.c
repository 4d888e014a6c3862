// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_macvtap.c - back end macvtap over a veth, and the names of its links.
 */
#include "frames.h"
#include <sys/ioctl.h>
#include <sys/wait.h>
#include "backend/afpacket.h"
#include "backend/opening/hostif.h"
#include "backend/macvtap.h"
#include "backend/opening/macvtap.h"

static const char *why;

static void test_owner(void **state)
{
	static const struct {
		const char *name;
		pid_t pid;
	} cases[] = {
		{"pmt1", 1},	   {"pmt4194304", 4194304},
		{"pmt123.1", 123}, {"pmt4194304.15", 4194304},
		{"pmt", 0},	   {"pmt0", 0},
		{"pmt01", 0},	   {"pmt-1", 0},
		{"pmt+1", 0},	   {"pmt 1", 0},
		{"pmt12x", 0},	   {"pmt12.", 0},
		{"pmt12.0", 0},	   {"pmt12.16", 0},
		{"pmt12.1.1", 0},  {"pmt12.01", 0},
		{"pmt4194305", 0}, {"pmt12345678901", 0},
		{"xpmt1", 0},	   {"", 0},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		if (macvtap_owner(cases[i].name) != cases[i].pid)
			fail_msg("%s: owner %d", cases[i].name, macvtap_owner(cases[i].name));
	}
}

static void make_veth(void)
{
	sh("ip link add ma0 type veth peer mb0; ip link set ma0 up; ip link set mb0 up");
	wait_active("ma0");
}

static struct backend *must_open(const struct backend_ops *ops, const char *ifname)
{
	struct backend *be = NULL;

	if (backend_open(&be, ops, ifname, &why)) {
		if (strstr(why, "modprobe"))
			skip();
		fail_msg("%s", why);
	}
	pass_all(be);
	return be;
}

static void name_of(const struct backend *be, char name[IF_NAMESIZE])
{
	struct ifreq ifr;

	assert_int_equal(ioctl(be->fd, _IOR('T', 210, unsigned int), &ifr), 0); /* TUNGETIFF */
	memcpy(name, ifr.ifr_name, IF_NAMESIZE);
}

/* Each has a link and an address of its own; undo deletes it, close does not. */
static void test_life(void **state)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 0x55};
	char first[IF_NAMESIZE], second[IF_NAMESIZE], wanted[IF_NAMESIZE];
	uint8_t before[6];
	struct backend *a, *b;
	struct hostif h, lower;

	NEED_NETNS();
	make_veth();
	a = must_open(&backend_macvtap, "ma0");
	b = must_open(&backend_macvtap, "ma0");
	name_of(a, first);
	name_of(b, second);
	snprintf(wanted, sizeof(wanted), "pmt%d", getpid());
	assert_string_equal(first, wanted);
	strcat(wanted, ".1");
	assert_string_equal(second, wanted);
	assert_int_equal(hostif_get(-1, first, &h), 0);
	assert_int_equal(hostif_get(-1, "ma0", &lower), 0);
	assert_memory_equal(h.mac, a->mac, 6);
	assert_true(memcmp(h.mac, lower.mac, 6));
	assert_true(h.flags & IFF_UP && h.flags & IFF_ALLMULTI);
	assert_int_equal(a->mtu, 1500);
	assert_int_equal(a->features & (BACKEND_F_CSUM | BACKEND_F_TSO4 | BACKEND_F_TSO6),
			 BACKEND_F_CSUM | BACKEND_F_TSO4 | BACKEND_F_TSO6);

	assert_true(memcmp(a->mac, b->mac, 6));
	memcpy(before, a->mac, 6);
	assert_int_equal(a->ops->set_mac(a, mac), 0);
	assert_int_equal(hostif_get(-1, first, &h), 0);
	assert_memory_equal(h.mac, mac, 6);
	assert_int_equal(a->ops->set_mac(a, lower.mac), -EADDRINUSE);
	assert_memory_equal(a->mac, mac, 6);

	assert_int_equal(macvtap_recover(), 0); /* their process, we, is there */
	a->ops->opening->undo(a->fd, "ma0");
	assert_int_equal(hostif_get(-1, first, &h), -ENODEV);
	assert_int_equal(hostif_get(-1, second, &h), 0);
	a->ops->close(a);
	b->ops->opening->undo(b->fd, "ma0");
	b->ops->close(b);
	a = must_open(&backend_macvtap, "ma0");
	assert_memory_equal(a->mac, before, 6); /* the next one is the same station */
	a->ops->opening->undo(a->fd, "ma0");
	a->ops->close(a);
	sh("test -z \"$(ip link show type macvtap)\"");
	sh("ip link del ma0");
}

/* Frames by address: ours to us, the host's not, broadcast and any multicast, too. */
static void test_traffic(void **state)
{
	static const uint8_t group[6] = {0x33, 0x33, 0xff, 1, 2, 3};
	struct backend *tap, *peer;
	struct hostif lower;
	uint8_t *data;

	NEED_NETNS();
	make_veth();
	tap = must_open(&backend_macvtap, "ma0");
	peer = must_open(&backend_packet, "mb0");
	assert_int_equal(hostif_get(-1, "ma0", &lower), 0);
	for (unsigned int i = 0; i < 4; i++) {
		data = tx_frame(i, 200 + i);
		fill_ether(data, 200 + i, (uint8_t)i);
		memcpy(data, i == 0 ? tap->mac : i == 1 ? lower.mac : group, 6);
	}
	memset(tx[3].iov->iov_base, 0xff, 6);
	assert_int_equal(peer->ops->tx(peer, 0, tx, 4), 4);
	rx_prepare(FRAME_MAX);
	assert_int_equal(receive_all(tap, 3), 3);
	assert_int_equal(rx[0].len, 200);
	assert_memory_equal(rx_data(0), pool_tx[0].data, 200);
	assert_int_equal(rx[1].len, 202);
	assert_int_equal(rx[2].len, 203);
	assert_int_equal(receive(tap, 1, 20), 0);

	memcpy(pool_tx[0].data, peer->mac, 6);
	assert_int_equal(tap->ops->tx(tap, 0, tx, 1), 1);
	rx_prepare(FRAME_MAX);
	assert_int_equal(receive_all(peer, 1), 1);
	assert_memory_equal(rx_data(0), pool_tx[0].data, 200);
	peer->ops->close(peer);
	tap->ops->opening->undo(tap->fd, "ma0");
	tap->ops->close(tap);
	sh("ip link del ma0");
}

/* What a killed process has left goes with the next open; what others made stays. */
static void test_recover(void **state)
{
	struct backend *be;
	pid_t pid;

	NEED_NETNS();
	make_veth();
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(backend_open(&be, &backend_macvtap, "ma0", &why) ? 1 : 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	sh("ip link show pmt%d", pid);
	/* of our form, but of another pid namespace; and not of our form */
	sh("ip link add link ma0 name pmt4194303 type macvtap mode bridge");
	sh("ip link set pmt4194303 alias 'persona pid:[1]'");
	sh("ip link add link ma0 name mine type macvtap mode bridge");
	be = must_open(&backend_macvtap, "ma0");
	sh("! ip link show pmt%d 2>/dev/null", pid);
	sh("ip link show pmt4194303 >/dev/null && ip link show mine >/dev/null");
	be->ops->opening->undo(be->fd, "ma0");
	be->ops->close(be);
	sh("ip link del ma0");
}

static void test_refused(void **state)
{
	struct backend *be;
	int fd;

	NEED_NETNS();
	assert_int_equal(backend_open(&be, &backend_macvtap, "nope", &why), -ENODEV);
	assert_string_equal(why, "no such interface 'nope' (see: ip link)");
	assert_int_equal(backend_open(&be, &backend_macvtap, "lo", &why), -EINVAL);
	sh("ip link add ma0 type veth peer mb0");
	assert_int_equal(backend_open(&be, &backend_macvtap, "ma0", &why), -ENETDOWN);
	assert_string_equal(why, "interface 'ma0' is down: ip link set ma0 up");
	sh("ip link del ma0");
	fd = open("/dev/null", O_RDWR);
	assert_int_equal(backend_macvtap.attach(&be, fd, "ma0", &why), -EBADF);
	backend_macvtap.opening->undo(fd, "ma0");
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_owner),	cmocka_unit_test(test_life),
		cmocka_unit_test(test_traffic), cmocka_unit_test(test_recover),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, enter_netns, NULL);
}
