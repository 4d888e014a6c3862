// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_netconf.c - the same set-up code on the host's kernel, seen by `ip`.
 *
 * A network namespace with a veth end as wlan0 and a TUN as rmnet0 is set up by
 * netconf_apply() as the stack inside would be, and read back with iproute2
 * and with our own dump functions.
 */
#include "unit.h"
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "cli/host.h"
#include "setup/link.h"
#include "setup/route.h"
#include "setup/netconf.h"
#include "setup/sysctl.h"

static struct iface_spec wlan, rmnet;

static int hold_tun(const char *name)
{
	struct ifreq ifr = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	assert_int_equal(ioctl(fd, TUNSETIFF, &ifr), 0);
	return fd;
}

static int set_up(void **state)
{
	enter_netns(state);
	if (!in_netns)
		return 0;
	/* /proc/sys/net is that of this namespace; IPv6 is wanted here. */
	assert_int_equal(sysctl_set(netlink_host_call, "net.ipv6.conf.default.disable_ipv6", "0"),
			 0);
	assert_int_equal(sysctl_set(netlink_host_call, "net.ipv6.conf.default.accept_dad", "0"), 0);
	sh("ip link set lo down");
	sh("ip link add wlan0 type veth peer name ap");
	sh("ip link set ap up");
	hold_tun("rmnet0"); /* until the process ends */
	return 0;
}

static void test_apply(void **state)
{
	struct netconf_iface ifs[2] = {{.spec = &wlan}, {.spec = &rmnet, .rawip = true}};
	const char *why = "";
	int err;

	NEED_NETNS();
	assert_int_equal(spec_parse("wlan0,ip=10.1.0.2/24,ip=fd00:1::2/64,gw=10.99.0.1,"
				    "gw=fe80::1,mtu=1400,mac=02:00:00:00:00:09",
				    &wlan, &why),
			 0);
	assert_int_equal(spec_parse("rmnet0,ip=10.2.0.2/32,ip=fd00:2::2/64", &rmnet, &why), 0);
	ifs[0].index = (int)if_nametoindex("wlan0");
	ifs[1].index = (int)if_nametoindex("rmnet0");
	err = netconf_apply(netlink_host_call, ifs, 2, &why);
	if (err)
		fail_msg("%s", why);
}

static void test_links(void **state)
{
	const char *s;

	NEED_NETNS();
	s = output_of("ip -o link show wlan0");
	assert_contains(s, ",UP");
	assert_contains(s, "mtu 1400");
	assert_contains(s, "02:00:00:00:00:09");
	assert_contains(output_of("ip -o link show lo"), "LOOPBACK,UP");
	s = output_of("ip -o addr show dev wlan0");
	assert_contains(s, "10.1.0.2/24 brd 10.1.0.255 scope global");
	assert_contains(s, "fd00:1::2/64 scope global nodad");
	assert_null(strstr(s, "tentative"));
	s = output_of("ip -o addr show dev rmnet0");
	assert_contains(s, "10.2.0.2/32 scope global");
	assert_contains(s, "fd00:2::2/64 scope global nodad");
}

static void test_routes(void **state)
{
	const char *s;

	NEED_NETNS();
	s = output_of("ip route show");
	assert_contains(
		s, "default via 10.99.0.1 dev wlan0 proto static src 10.1.0.2 metric 100 onlink");
	assert_contains(s, "default dev rmnet0 proto static scope link src 10.2.0.2 metric 101");
	s = output_of("ip route show table 100");
	assert_contains(s, "default via 10.99.0.1 dev wlan0 proto static src 10.1.0.2 onlink");
	assert_contains(s, "10.1.0.0/24 dev wlan0 proto static scope link src 10.1.0.2");
	s = output_of("ip route show table 101");
	assert_contains(s, "default dev rmnet0 proto static scope link src 10.2.0.2");
	s = output_of("ip -6 route show");
	assert_contains(
		s, "default via fe80::1 dev wlan0 proto static src fd00:1::2 metric 100 onlink");
	assert_contains(s, "default dev rmnet0 proto static src fd00:2::2 metric 101");
	s = output_of("ip -6 route show table 100");
	assert_contains(s, "fd00:1::/64 dev wlan0 proto static");
	assert_contains(s, "default via fe80::1 dev wlan0");
	s = output_of("ip -6 route show table 101");
	assert_contains(s, "fd00:2::/64 dev rmnet0 proto static");
	assert_contains(s, "default dev rmnet0");
}

/* What the whole is for: the source address decides the way. */
static void test_source_decides(void **state)
{
	NEED_NETNS();
	assert_contains(output_of("ip route get 192.0.2.1"), "dev wlan0 src 10.1.0.2");
	assert_contains(output_of("ip route get 192.0.2.1 from 10.2.0.2"), "dev rmnet0");
	assert_contains(output_of("ip route get 192.0.2.1 from 10.1.0.2"), "dev wlan0");
	assert_contains(output_of("ip -6 route get 2001:db8::1"), "dev wlan0");
	assert_contains(output_of("ip -6 route get 2001:db8::1 from fd00:2::2"), "dev rmnet0");
	assert_contains(output_of("ip rule show"), "1001:\tfrom 10.2.0.2 lookup 101 proto static");
	assert_contains(output_of("ip -6 rule show"), "1000:\tfrom fd00:1::2 lookup 100");
}

static void test_endpoints(void **state)
{
	const char *s;

	NEED_NETNS();
	if (access("/proc/sys/net/mptcp", F_OK)) {
		fprintf(stderr, "SKIP: the host's kernel has no MPTCP\n");
		skip();
	}
	s = output_of("ip mptcp endpoint show");
	assert_contains(s, "10.1.0.2 id 1 subflow dev wlan0");
	assert_contains(s, "10.2.0.2 id 2 subflow dev rmnet0");
	assert_contains(s, "fd00:1::2 id 3 subflow dev wlan0");
	assert_contains(s, "fd00:2::2 id 4 subflow dev rmnet0");
	s = output_of("ip mptcp limits show");
	assert_contains(s, "add_addr_accepted 8 subflows 8");
}

static void test_read_back(void **state)
{
	struct ip_addr addrs[SPEC_MAX_ADDRS], gw;
	struct link_info info;
	char text[IP_ADDR_TEXT];
	struct nl *nl;
	int err;

	NEED_NETNS();
	nl = nl_open(netlink_host_call, NETLINK_ROUTE, &err);
	assert_non_null(nl);
	assert_int_equal(link_get(nl, "nosuch0", &info), -ENODEV);
	assert_int_equal(link_get(nl, "wlan0", &info), 0);
	assert_string_equal(info.name, "wlan0");
	assert_int_equal(info.mtu, 1400);
	assert_int_equal(info.mac[5], 9);
	assert_int_equal(info.type, 1);
	assert_true(info.flags & IFF_UP);
	assert_int_equal(link_addrs(nl, info.index, addrs, SPEC_MAX_ADDRS), 2);
	assert_string_equal(ip_format(&addrs[0], true, text), "10.1.0.2/24");
	assert_string_equal(ip_format(&addrs[1], true, text), "fd00:1::2/64");
	assert_int_equal(link_addrs(nl, 0, addrs, SPEC_MAX_ADDRS), 4);
	assert_int_equal(link_addrs(nl, 0, addrs, 3), 3);
	assert_int_equal(link_default_gw(nl, info.index, AF_INET, &gw), 0);
	assert_string_equal(ip_format(&gw, false, text), "10.99.0.1");
	assert_int_equal(link_default_gw(nl, info.index, AF_INET6, &gw), 0);
	assert_string_equal(ip_format(&gw, false, text), "fe80::1");
	assert_int_equal(link_get(nl, "rmnet0", &info), 0);
	assert_int_equal(link_default_gw(nl, info.index, AF_INET, &gw), 0);
	assert_int_equal(gw.family, 0);
	assert_int_equal(link_get(nl, "ap", &info), 0);
	assert_int_equal(link_default_gw(nl, info.index, AF_INET, &gw), -ENOENT);
	nl_close(nl);
}

/* `-i wlan0` alone: addresses and gateways are the host's. */
static void test_take_over(void **state)
{
	struct iface_spec s;
	struct ip_addr shared;
	char text[IP_ADDR_TEXT];
	const char *why;

	NEED_NETNS();
	assert_int_equal(spec_parse("packet:wlan0", &s, &why), 0);
	assert_int_equal(host_fill(&s, &shared, &why), 0);
	assert_int_equal(s.naddrs, 2);
	assert_string_equal(ip_format(&s.gw4, false, text), "10.99.0.1");
	assert_string_equal(ip_format(&s.gw6, false, text), "fe80::1");
	assert_string_equal(ip_format(&shared, false, text), "10.1.0.2");

	assert_int_equal(spec_parse("packet:wlan0,gw=10.1.0.7", &s, &why), 0);
	assert_int_equal(host_fill(&s, &shared, &why), 0);
	assert_string_equal(ip_format(&s.gw4, false, text), "10.1.0.7");

	assert_int_equal(spec_parse("packet:wlan0,ip=10.1.0.8/24", &s, &why), 0);
	assert_int_equal(host_fill(&s, &shared, &why), 0);
	assert_int_equal(s.naddrs, 1);
	assert_int_equal(s.gw4.family, 0);
	assert_int_equal(shared.family, 0);

	assert_int_equal(spec_parse("packet:ap", &s, &why), 0);
	assert_int_equal(host_fill(&s, &shared, &why), -EADDRNOTAVAIL);
	assert_string_equal(why,
			    "interface 'ap' has no address on the host: give one by ip=ADDR/LEN");
	assert_int_equal(spec_parse("tap:t0", &s, &why), 0);
	assert_int_equal(host_fill(&s, &shared, &why), -EADDRNOTAVAIL);
	assert_contains(why, "give the stack another one");
}

static void test_errors_are_named(void **state)
{
	struct netconf_iface ifc = {.spec = &wlan, .index = 9999};
	const char *why = "";

	NEED_NETNS();
	assert_int_equal(netconf_apply(netlink_host_call, &ifc, 1, &why), -ENODEV);
	assert_contains(why, "wlan0: cannot bring the interface up: No such device");
	ifc.index = (int)if_nametoindex("wlan0");
	assert_int_equal(netconf_apply(netlink_host_call, &ifc, 1, &why), -EEXIST);
	assert_contains(why, "wlan0: cannot add address 10.1.0.2/24: File exists");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_apply),	  cmocka_unit_test(test_links),
		cmocka_unit_test(test_routes),	  cmocka_unit_test(test_source_decides),
		cmocka_unit_test(test_endpoints), cmocka_unit_test(test_read_back),
		cmocka_unit_test(test_take_over), cmocka_unit_test(test_errors_are_named),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
