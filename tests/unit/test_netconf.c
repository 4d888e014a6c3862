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
#include "launch/host.h"
#include "netconf/link.h"
#include "netconf/netconf.h"
#include "netconf/route.h"
#include "netconf/sysctl.h"
#include "netconf/takeover.h"

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
	uint32_t shared;
	char text[IP_ADDR_TEXT];
	const char *why;

	NEED_NETNS();
	assert_int_equal(spec_parse("packet:wlan0", &s, &why), 0);
	assert_int_equal(host_fill(&s, &shared, &why), 0);
	assert_int_equal(s.naddrs, 2);
	assert_string_equal(ip_format(&s.gw4, false, text), "10.99.0.1");
	assert_string_equal(ip_format(&s.gw6, false, text), "fe80::1");
	assert_int_equal(shared, 3);

	assert_int_equal(spec_parse("packet:wlan0,gw=10.1.0.7", &s, &why), 0);
	assert_int_equal(host_fill(&s, &shared, &why), 0);
	assert_string_equal(ip_format(&s.gw4, false, text), "10.1.0.7");

	assert_int_equal(spec_parse("packet:wlan0,ip=10.1.0.8/24", &s, &why), 0);
	assert_int_equal(host_fill(&s, &shared, &why), 0);
	assert_int_equal(s.naddrs, 1);
	assert_int_equal(s.gw4.family, 0);
	assert_int_equal(shared, 0);

	assert_int_equal(spec_parse("packet:wlan0,ip=10.1.0.8/24,ip=10.1.0.2/24", &s, &why), 0);
	assert_int_equal(host_fill(&s, &shared, &why), 0);
	assert_int_equal(shared, 2);

	assert_int_equal(spec_parse("packet:ap", &s, &why), 0);
	assert_int_equal(host_fill(&s, &shared, &why), -EADDRNOTAVAIL);
	assert_string_equal(why,
			    "interface 'ap' has no address on the host: give one by ip=ADDR/LEN");
	assert_int_equal(spec_parse("tap:t0", &s, &why), 0);
	assert_int_equal(host_fill(&s, &shared, &why), -EADDRNOTAVAIL);
	assert_contains(why, "give the stack another one");
}

/* What the host has beside that: in the order in which it shall serve, and the rest of the link. */
static void test_take_over_all(void **state)
{
	static const char *const order[] = {"10.1.0.2/24", "fd00:1::7/64", "fd00:1::2/64",
					    "fd00:1::6/64"};
	struct iface_spec s;
	struct link_info info;
	char text[IP_ADDR_TEXT];
	const char *why;
	struct nl *nl;
	unsigned int i;
	int err;

	NEED_NETNS();
	sh("ip addr add fd00:1::6/64 dev wlan0 nodad preferred_lft 0");
	sh("ip addr add fd00:1::7/64 dev wlan0 nodad");
	sh("ip addr add fe80::1234/64 dev wlan0 nodad");
	sh("ip route add 198.51.100.0/24 via 10.1.0.5 dev wlan0");
	sh("ip neigh replace 10.99.0.1 dev wlan0 lladdr 02:00:00:00:00:77 nud stale");
	assert_int_equal(spec_parse("packet:wlan0", &s, &why), 0);
	s.follow = true;
	nl = nl_open(netlink_host_call, NETLINK_ROUTE, &err);
	assert_non_null(nl);
	assert_int_equal(takeover_read(nl, &s, &info), 0);
	assert_int_equal(info.mtu, 1400);
	assert_int_equal(s.naddrs, ARRAY_SIZE(order));
	for (i = 0; i < s.naddrs; i++) {
		assert_string_equal(ip_format(&s.addr[i], true, text), order[i]);
		assert_int_equal(s.deprecated[i], i == 3);
	}
	assert_int_equal(s.nroutes, 1);
	assert_string_equal(ip_format(&s.route[0].dst, true, text), "198.51.100.0/24");
	assert_string_equal(ip_format(&s.route[0].gw, false, text), "10.1.0.5");
	assert_int_equal(s.gw4_mac[5], 0x77);
	assert_int_equal(s.gw6_mac[5], 0);
	assert_true(s.local6.family == AF_INET6);

	/* Of a route with several next hops, the one by this interface, in whichever place */
	sh("ip link add hop0 type veth peer hop1; ip link set hop1 up; ip link set hop0 up; ip "
	   "addr add 10.77.0.2/24 dev hop0");
	sh("ip addr add fd00:77::2/64 dev hop0 nodad");
	for (i = 0; i < 2; i++) {
		static const char *const by[] = {
			"nexthop via %s dev wlan0 nexthop via %s dev hop0",
			"nexthop via %2$s dev hop0 nexthop via %1$s dev wlan0"};
		char hops4[128], hops6[128], hops[128];

		snprintf(hops4, sizeof(hops4), by[i], "10.1.0.33", "10.77.0.1");
		snprintf(hops6, sizeof(hops6), by[i], "fd00:1::33", "fd00:77::1");
		snprintf(hops, sizeof(hops), by[i], "10.1.0.34", "10.77.0.1");
		sh("ip route add default table 88 %s", hops4);
		sh("ip -6 route add default metric 1 %s", hops6);
		sh("ip route add 203.0.113.0/24 %s", hops);
		assert_int_equal(takeover_read(nl, &s, &info), 0);
		assert_string_equal(ip_format(&s.gw4, false, text), "10.1.0.33");
		assert_string_equal(ip_format(&s.gw6, false, text), "fd00:1::33");
		assert_int_equal(s.nroutes, 2);
		assert_string_equal(ip_format(&s.route[1].gw, false, text), "10.1.0.34");
		sh("ip route del default table 88; ip -6 route del default metric 1 %s", hops6);
		sh("ip route del 203.0.113.0/24");
	}
	sh("ip link del hop0");

	/* More than there is room for: it is the deprecated one that is left out. */
	for (i = 0; i < SPEC_MAX_ADDRS - 3; i++)
		sh("ip addr add fd00:1::10%u/64 dev wlan0 nodad", i);
	assert_int_equal(takeover_read(nl, &s, &info), 0);
	assert_int_equal(s.naddrs, SPEC_MAX_ADDRS);
	for (i = 0; i < s.naddrs; i++)
		assert_false(s.deprecated[i]);
	memcpy(s.ifname, "nosuch0", 8);
	assert_int_equal(takeover_read(nl, &s, &info), -ENODEV);
	nl_close(nl);

	for (i = 0; i < SPEC_MAX_ADDRS - 3; i++)
		sh("ip addr del fd00:1::10%u/64 dev wlan0", i);
	sh("ip addr del fd00:1::6/64 dev wlan0; ip addr del fd00:1::7/64 dev wlan0");
	sh("ip addr del fe80::1234/64 dev wlan0; ip route del 198.51.100.0/24");
}

static void update(const struct iface_spec *from, bool from_up, const struct iface_spec *to,
		   bool to_up)
{
	struct netconf_iface ifc = {.spec = &wlan, .index = (int)if_nametoindex("wlan0")};
	const char *why = "";

	if (netconf_update(netlink_host_call, &ifc, 0, (struct netconf_state){from, from_up},
			   (struct netconf_state){to, to_up}, &why))
		fail_msg("%s", why);
}

static bool has_mptcp(void)
{
	return !access("/proc/sys/net/mptcp", F_OK);
}

/* The whole of what netconf.c makes, as text. */
static const char *everything(void)
{
	return output_of("ip -o addr show dev wlan0; ip rule show; ip -6 rule show; "
			 "ip route show dev wlan0; ip route show table 100; "
			 "ip -6 route show dev wlan0; ip -6 route show table 100");
}

static void test_update_addresses(void **state)
{
	struct iface_spec next;
	const char *why, *s;

	NEED_NETNS();
	assert_int_equal(
		sysctl_set(netlink_host_call, "net.ipv4.conf.all.promote_secondaries", "1"), 0);
	assert_int_equal(spec_parse("wlan0,ip=10.1.0.7/24,ip=fd00:1::9/64,ip=fd00:1::2/64,"
				    "gw=10.1.0.99,gw=fe80::1",
				    &next, &why),
			 0);
	next.deprecated[2] = true;
	assert_int_equal(ip_parse("fe80::1234", &next.local6), 0);
	next.local6.prefix = 64;
	next.nroutes = 1;
	assert_int_equal(ip_parse("198.51.100.0", &next.route[0].dst), 0);
	next.route[0].dst.prefix = 24;
	assert_int_equal(ip_parse("10.1.0.5", &next.route[0].gw), 0);
	update(&wlan, true, &next, true);

	s = everything();
	assert_null(strstr(s, "10.1.0.2/"));
	assert_null(strstr(s, "10.1.0.2 "));
	assert_null(strstr(s, "10.99.0.1"));
	assert_contains(s, "10.1.0.7/24 brd 10.1.0.255 scope global");
	assert_contains(s, "fd00:1::2/64 scope global nodad deprecated");
	assert_contains(s, "fe80::1234/64 scope link");
	assert_contains(s, "1000:\tfrom 10.1.0.7 lookup 100");
	assert_contains(s, "1000:\tfrom fd00:1::9 lookup 100");
	assert_contains(s, "default via 10.1.0.99 proto static src 10.1.0.7 metric 100 onlink");
	assert_contains(s, "default via fe80::1 proto static src fd00:1::9 metric 100");
	assert_contains(s, "198.51.100.0/24 via 10.1.0.5 proto static src 10.1.0.7 metric 100");
	assert_contains(s, "10.1.0.0/24 dev wlan0 proto static scope link src 10.1.0.7");
	assert_contains(s, "unreachable default proto static metric");
	if (has_mptcp()) {
		s = output_of("ip mptcp endpoint show");
		assert_contains(s, "10.1.0.7 id");
		assert_contains(s, "fd00:1::9 id");
		assert_null(strstr(s, "10.1.0.2 "));
		assert_null(strstr(s, "fd00:1::2 "));
	}
	/* Nothing new changes nothing, and the way back leads to where it came from. */
	{
		char *before = strdup(everything());

		update(&next, true, &next, true);
		assert_string_equal(everything(), before);
		free(before);
	}
	update(&next, true, &wlan, true);
	s = everything();
	assert_contains(s, "default via 10.99.0.1 proto static src 10.1.0.2 metric 100 onlink");
	assert_contains(s, "fd00:1::2/64 scope global nodad");
	assert_null(strstr(s, "10.1.0.7"));
	assert_null(strstr(s, "fe80::1234"));
	assert_null(strstr(s, "198.51.100.0"));
}

/* A link that goes takes its endpoints, more often than there are identifiers. */
static void test_update_link(void **state)
{
	const char *s;
	char *before;
	int i;

	NEED_NETNS();
	before = strdup(everything());
	update(&wlan, true, &wlan, false);
	assert_string_equal(everything(), before);
	if (has_mptcp()) {
		s = output_of("ip mptcp endpoint show");
		assert_null(strstr(s, "wlan0"));
		assert_contains(s, "10.2.0.2 id 2 subflow dev rmnet0");
	}
	for (i = 0; i < 150; i++) {
		update(&wlan, false, &wlan, true);
		update(&wlan, true, &wlan, false);
	}
	update(&wlan, false, &wlan, true);
	assert_string_equal(everything(), before);
	free(before);
	if (has_mptcp()) {
		s = output_of("ip mptcp endpoint show");
		assert_contains(s, "10.1.0.2 id");
		assert_contains(s, "fd00:1::2 id");
	}
}

/* A tunnel's endpoints also go to what the server announces, and no others. */
static void test_tunnel_endpoints(void **state)
{
	struct netconf_iface tunnel = {
		.spec = &wlan, .index = (int)if_nametoindex("wlan0"), .lower = 1};
	struct netconf_state none = {&wlan, false}, all = {&wlan, true};
	const char *why = "", *s;
	unsigned int i;

	NEED_NETNS();
	if (!has_mptcp())
		skip();
	update(&wlan, true, &wlan, false);
	for (i = 0; i < 2; i++) {
		assert_int_equal(netconf_update(netlink_host_call, &tunnel, 0, none, all, &why), 0);
		s = output_of("ip mptcp endpoint show | sed 's/id [0-9]*/id N/'");
		assert_contains(s, "10.1.0.2 id N subflow fullmesh dev wlan0");
		assert_contains(s, "fd00:1::2 id N subflow fullmesh dev wlan0");
		assert_contains(s, "10.2.0.2 id N subflow dev rmnet0");
		assert_int_equal(netconf_update(netlink_host_call, &tunnel, 0, all, none, &why), 0);
	}
	update(&wlan, false, &wlan, true);
}

/* A path's endpoints become backups and back, with what else they are. */
static void test_backup(void **state)
{
	struct netconf_iface tunnel = {
		.spec = &wlan, .index = (int)if_nametoindex("wlan0"), .lower = 1, .backup = true};
	struct netconf_state none = {&wlan, false}, all = {&wlan, true};
	const char *why = "", *s;

	NEED_NETNS();
	if (!has_mptcp())
		skip();
	update(&wlan, true, &wlan, false);
	assert_int_equal(netconf_update(netlink_host_call, &tunnel, 0, none, all, &why), 0);
	s = output_of("ip mptcp endpoint show | sed 's/id [0-9]*/id N/'");
	assert_contains(s, "10.1.0.2 id N subflow backup fullmesh dev wlan0");
	tunnel.backup = false;
	assert_int_equal(netconf_backup(netlink_host_call, &tunnel, none, &why), 0);
	assert_contains(output_of("ip mptcp endpoint show"), "subflow backup fullmesh dev wlan0");
	assert_int_equal(netconf_backup(netlink_host_call, &tunnel, all, &why), 0);
	s = output_of("ip mptcp endpoint show | sed 's/id [0-9]*/id N/'");
	assert_contains(s, "10.1.0.2 id N subflow fullmesh dev wlan0");
	assert_contains(s, "fd00:1::2 id N subflow fullmesh dev wlan0");
	tunnel.backup = true;
	assert_int_equal(netconf_backup(netlink_host_call, &tunnel, all, &why), 0);
	s = output_of("ip mptcp endpoint show | sed 's/id [0-9]*/id N/'");
	assert_contains(s, "fd00:1::2 id N subflow backup fullmesh dev wlan0");
	assert_contains(s, "10.2.0.2 id N subflow dev rmnet0");
	assert_int_equal(netconf_update(netlink_host_call, &tunnel, 0, all, none, &why), 0);
	update(&wlan, false, &wlan, true);
}

/* A path of a lesser role is behind in the main table, whatever its number. */
static void test_role(void **state)
{
	struct netconf_iface ifc = {.spec = &wlan, .index = (int)if_nametoindex("wlan0")};
	struct netconf_state active = {&wlan, true}, metered = {&wlan, true, .role = PATH_METERED};
	const char *why = "", *s;

	NEED_NETNS();
	assert_int_equal(netconf_update(netlink_host_call, &ifc, 0, active, metered, &why), 0);
	s = output_of("ip route show");
	assert_contains(s, "dev wlan0 proto static src 10.1.0.2 metric 300 onlink");
	assert_contains(s, "default dev rmnet0 proto static scope link src 10.2.0.2 metric 101");
	assert_contains(output_of("ip route get 192.0.2.1"), "dev rmnet0");
	assert_contains(output_of("ip route get 192.0.2.1 from 10.1.0.2"), "dev wlan0");
	assert_int_equal(netconf_update(netlink_host_call, &ifc, 0, metered, active, &why), 0);
	test_routes(state);
	test_source_decides(state);
}

/* Down to nothing, and up again. */
static void test_update_all(void **state)
{
	static const struct iface_spec nothing;
	const char *s;

	NEED_NETNS();
	update(&wlan, true, &nothing, true);
	s = everything();
	assert_null(strstr(s, "10.1.0"));
	assert_null(strstr(s, "fd00:1::"));
	assert_null(strstr(s, "default via"));
	assert_null(strstr(s, "1000:"));
	update(&nothing, true, &wlan, true);
	test_routes(state);
	test_source_decides(state);
}

/* The first failure is named, and does not keep the rest from being done. */
static void test_update_fails(void **state)
{
	struct netconf_iface ifc = {.spec = &wlan, .index = (int)if_nametoindex("wlan0")};
	struct iface_spec next = wlan;
	const char *why = "";

	NEED_NETNS();
	sh("ip addr add 10.1.0.8/24 dev wlan0");
	assert_int_equal(ip_parse("10.1.0.8", &next.addr[next.naddrs]), 0);
	next.addr[next.naddrs++].prefix = 24;
	assert_int_equal(ip_parse("10.1.0.9", &next.addr[next.naddrs]), 0);
	next.addr[next.naddrs++].prefix = 24;
	assert_int_equal(netconf_update(netlink_host_call, &ifc, 0,
					(struct netconf_state){&wlan, true},
					(struct netconf_state){&next, true}, &why),
			 -EEXIST);
	assert_contains(why, "wlan0: cannot add address 10.1.0.8/24: File exists");
	assert_contains(everything(), "10.1.0.9/24");
	update(&next, true, &wlan, true);
	assert_null(strstr(everything(), "10.1.0.9/"));
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
		cmocka_unit_test(test_apply),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_source_decides),
		cmocka_unit_test(test_endpoints),
		cmocka_unit_test(test_read_back),
		cmocka_unit_test(test_take_over),
		cmocka_unit_test(test_take_over_all),
		cmocka_unit_test(test_update_addresses),
		cmocka_unit_test(test_update_link),
		cmocka_unit_test(test_tunnel_endpoints),
		cmocka_unit_test(test_backup),
		cmocka_unit_test(test_role),
		cmocka_unit_test(test_update_all),
		cmocka_unit_test(test_update_fails),
		cmocka_unit_test(test_errors_are_named),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
