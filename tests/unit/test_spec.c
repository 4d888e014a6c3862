// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_spec.c - the interface specification's parser, and "did you mean".
 */
#include "unit.h"
#include <sys/socket.h>
#include "lib/closest.h"
#include "netconf/spec.h"

static const struct {
	const char *text;
	const char *why; /* without the leading "-i TEXT: " */
} malformed[] = {
	{"", "no interface named: write -i [BACKEND:]IFNAME,..."},
	{"packet:", "no interface named: write -i [BACKEND:]IFNAME,..."},
	{",ip=10.0.0.1/8", "no interface named: write -i [BACKEND:]IFNAME,..."},
	{"packt:eth0", "unknown back end 'packt': did you mean 'packet'?"},
	{"frame:eth0", "unknown back end 'frame': known are packet, rawip, tap, tun, macvtap, xdp, "
		       "fd, passt, wg"},
	{":eth0",
	 "unknown back end '': known are packet, rawip, tap, tun, macvtap, xdp, fd, passt, wg"},
	{"fd:", "'' is no inherited descriptor: write -i fd:N,ip=ADDR/LEN with N from 3 on"},
	{"fd:2", "'2' is no inherited descriptor: write -i fd:N,ip=ADDR/LEN with N from 3 on"},
	{"fd:tun0",
	 "'tun0' is no inherited descriptor: write -i fd:N,ip=ADDR/LEN with N from 3 on"},
	{"passt:a/b", "'a/b' is no interface name: 1 to 15 letters"},
	{"passt:,mtu=65521", "mtu=65521: passt takes at most 65520"},
	{"wg:wlan0", "a tunnel needs its configuration: write -i wg:wlan0,conf=FILE"},
	{"wg:,conf=x", "no interface named: write -i wg:IFNAME,conf=FILE"},
	{"wg:fd=2,conf=x",
	 "'fd=2' is no inherited socket: write -i wg:fd=N,conf=FILE with N from 3 on"},
	{"wg:conf=x", "no interface named: write -i wg:IFNAME,conf=FILE"},
	{"wg:wlan0,conf=x,conf=y", "conf=y: conf= is given twice"},
	{"wg:wlan0,conf=x,ip=10.0.0.1/8",
	 "ip=: a tunnel's addresses are those of its file: Address="},
	{"wg:wlan0,conf=x,gw=10.0.0.1",
	 "gw=: a tunnel's addresses are those of its file: Address="},
	{"wg:wlan0,conf=x,mac=02:00:00:00:00:01", "mac=: back end wg has no link address"},
	{"wg:wlan0,conf=x,endpoint=host",
	 "endpoint=host: write endpoint=HOST:PORT or endpoint=[ADDR]:PORT"},
	{"wg:wlan0,conf=x,endpoint=host:0",
	 "endpoint=host:0: write endpoint=HOST:PORT or endpoint=[ADDR]:PORT"},
	{"wg:wlan0,conf=x,endpoint=h:1,endpoint=h:1", "endpoint=h:1: endpoint= is given twice"},
	{"wlan0,conf=x", "conf= is for tunnels: write -i wg:wlan0,conf=FILE"},
	{"packet:wlan0,endpoint=h:1", "endpoint= is for tunnels: write -i wg:wlan0,conf=FILE"},
	{"ip=10.0.0.1/8",
	 "'ip=10.0.0.1/8' comes before the interface: write -i IFNAME,ip=10.0.0.1/8"},
	{"a234567890123456",
	 "'a234567890123456' is no interface name: 1 to 15 letters (ip link shows the short one)"},
	{"eth0:1",
	 "unknown back end 'eth0': known are packet, rawip, tap, tun, macvtap, xdp, fd, passt, wg"},
	{"packet:eth0:1", "'eth0:1' is no interface name: 1 to 15 letters"},
	{"a b", "'a b' is no interface name: 1 to 15 letters"},
	{"a/b", "'a/b' is no interface name: 1 to 15 letters"},
	{"..", "'..' is no interface name: 1 to 15 letters"},
	{"eth0,", "empty field: a comma too many?"},
	{"eth0,,mtu=1500", "empty field: a comma too many?"},
	{"eth0,ip", "key 'ip' has no value: write ip=..."},
	{"eth0,ip=", "key 'ip' has no value: write ip=..."},
	{"eth0,=x", "unknown key '': known are ip, gw, mac, mtu, name, conf, endpoint, active, "
		    "backup, metered"},
	{"eth0,mut=1500", "unknown key 'mut': known are ip, gw, mac, mtu, name, conf, endpoint, "
			  "active, backup, metered"},
	{"eth0,mtuu=1500", "unknown key 'mtuu': did you mean 'mtu'?"},
	{"eth0,IP=1.2.3.4/8", "unknown key 'IP': known are ip, gw, mac, mtu, name, conf, endpoint, "
			      "active, backup, metered"},
	{"eth0,nam=x", "unknown key 'nam': did you mean 'name'?"},
	{"eth0,backup=1", "'backup' takes no value: write ,backup"},
	{"eth0,metered,backup", "an interface has one role, and this one is metered already"},
	{"eth0,meterd", "unknown key 'meterd': did you mean 'metered'?"},
	{"eth0,active=1", "'active' takes no value: write ,active"},
	{"eth0,name=policy", "name=policy is a word of persona set: choose another"},
	{"eth0,bandwidth=3", "unknown key 'bandwidth': known are ip, gw, mac, mtu, name, conf, "
			     "endpoint, active, backup, metered"},
	{"eth0,ip=10.0.0.1", "ip=10.0.0.1 has no prefix length: write ip=10.0.0.1/24"},
	{"eth0,ip=fd00::1", "ip=fd00::1 has no prefix length: write ip=fd00::1/64"},
	{"eth0,ip=10.0.0/8", "ip=10.0.0/8: '10.0.0' is no IPv4 or IPv6 address"},
	{"eth0,ip=10.0.0.256/8", "ip=10.0.0.256/8: '10.0.0.256' is no IPv4 or IPv6 address"},
	{"eth0,ip=010.0.0.1/8", "ip=010.0.0.1/8: '010.0.0.1' is no IPv4 or IPv6 address"},
	{"eth0,ip=fd00:::1/64", "ip=fd00:::1/64: 'fd00:::1' is no IPv4 or IPv6 address"},
	{"eth0,ip=/24", "ip=/24: '' is no IPv4 or IPv6 address"},
	{"eth0,ip=10.0.0.1/0", "ip=10.0.0.1/0: the prefix length must be 1 to 32"},
	{"eth0,ip=10.0.0.1/33", "ip=10.0.0.1/33: the prefix length must be 1 to 32"},
	{"eth0,ip=10.0.0.1/", "ip=10.0.0.1/: the prefix length must be 1 to 32"},
	{"eth0,ip=10.0.0.1/-1", "ip=10.0.0.1/-1: the prefix length must be 1 to 32"},
	{"eth0,ip=10.0.0.1/+8", "ip=10.0.0.1/+8: the prefix length must be 1 to 32"},
	{"eth0,ip=10.0.0.1/8x", "ip=10.0.0.1/8x: the prefix length must be 1 to 32"},
	{"eth0,ip=10.0.0.1/8/8", "ip=10.0.0.1/8/8: the prefix length must be 1 to 32"},
	{"eth0,ip=10.0.0.1/4294967304",
	 "ip=10.0.0.1/4294967304: the prefix length must be 1 to 32"},
	{"eth0,ip=fd00::1/129", "ip=fd00::1/129: the prefix length must be 1 to 128"},
	{"eth0,ip=0.0.0.0/8", "ip=0.0.0.0/8: 0.0.0.0 is the unspecified address"},
	{"eth0,ip=0.1.2.3/8", "ip=0.1.2.3/8: 0.1.2.3 is reserved"},
	{"eth0,ip=127.0.0.1/8", "ip=127.0.0.1/8: 127.0.0.1 is a loopback address"},
	{"eth0,ip=224.0.0.1/8", "ip=224.0.0.1/8: 224.0.0.1 is a multicast address"},
	{"eth0,ip=255.255.255.255/32", "ip=255.255.255.255/32: 255.255.255.255 is reserved"},
	{"eth0,ip=::/64", "ip=::/64: :: is the unspecified address"},
	{"eth0,ip=::1/128", "ip=::1/128: ::1 is a loopback address"},
	{"eth0,ip=ff02::1/64", "ip=ff02::1/64: ff02::1 is a multicast address"},
	{"eth0,ip=::ffff:1.2.3.4/96",
	 "ip=::ffff:1.2.3.4/96: ::ffff:1.2.3.4 is an IPv4-mapped address: write it as IPv4"},
	{"eth0,ip=10.0.0.1/8,ip=10.0.0.1/24", "ip=10.0.0.1/24 is given twice"},
	{"eth0,ip=1.0.0.1/8,ip=1.0.0.2/8,ip=1.0.0.3/8,ip=1.0.0.4/8,ip=1.0.0.5/8,ip=1.0.0.6/8,"
	 "ip=1.0.0.7/8,ip=1.0.0.8/8,ip=1.0.0.9/8",
	 "ip=1.0.0.9/8: more than 8 addresses for one interface"},
	{"eth0,gw=10.0.0.1/24", "gw=10.0.0.1/24: a gateway has no prefix length"},
	{"eth0,gw=router", "gw=router: 'router' is no IPv4 or IPv6 address"},
	{"eth0,gw=0.0.0.0", "gw=0.0.0.0: 0.0.0.0 is the unspecified address"},
	{"eth0,gw=10.0.0.1,gw=10.0.0.2", "gw=10.0.0.2: a second IPv4 gateway for one interface"},
	{"eth0,gw=fe80::1,gw=fe80::2", "gw=fe80::2: a second IPv6 gateway for one interface"},
	{"eth0,ip=10.0.0.1/8,gw=10.0.0.1", "gw=10.0.0.1 is the interface's own address"},
	{"eth0,ip=10.0.0.1/8,gw=fe80::1", "gw=fe80::1 needs an IPv6 address: add ip=ADDR/LEN"},
	{"eth0,ip=fd00::1/64,gw=10.0.0.1", "gw=10.0.0.1 needs an IPv4 address: add ip=ADDR/LEN"},
	{"eth0,mac=02:00:00:00:00",
	 "mac=02:00:00:00:00 is no Ethernet address: write mac=02:00:00:00:00:01"},
	{"eth0,mac=02-00-00-00-00-01",
	 "mac=02-00-00-00-00-01 is no Ethernet address: write mac=02:00:00:00:00:01"},
	{"eth0,mac=02:00:00:00:00:0g",
	 "mac=02:00:00:00:00:0g is no Ethernet address: write mac=02:00:00:00:00:01"},
	{"eth0,mac=01:00:5e:00:00:01",
	 "mac=01:00:5e:00:00:01 is a multicast address, not a station's"},
	{"eth0,mac=00:00:00:00:00:00",
	 "mac=00:00:00:00:00:00 is the zero address, not a station's"},
	{"eth0,mac=02:00:00:00:00:01,mac=02:00:00:00:00:02",
	 "mac=02:00:00:00:00:02: mac= is given twice"},
	{"rawip:rmnet0,mac=02:00:00:00:00:01", "mac=: back end rawip has no link address"},
	{"tun:tun0,mac=02:00:00:00:00:01", "mac=: back end tun has no link address"},
	{"xdp:eth0,mac=02:00:00:00:00:01", "mac=: back end xdp has the host interface's own"},
	{"eth0,mtu=67", "mtu=67: must be a number of bytes from 68 to 65535"},
	{"eth0,mtu=65536", "mtu=65536: must be a number of bytes from 68 to 65535"},
	{"eth0,mtu=1500b", "mtu=1500b: must be a number of bytes from 68 to 65535"},
	{"eth0,mtu= 1500", "mtu= 1500: must be a number of bytes from 68 to 65535"},
	{"eth0,mtu=0x5dc", "mtu=0x5dc: must be a number of bytes from 68 to 65535"},
	{"eth0,mtu=1400,mtu=1400", "mtu=1400: mtu= is given twice"},
	{"eth0,mtu=1279,ip=fd00::1/64", "mtu=1279 is too small for IPv6: at least 1280"},
	{"eth0,name=lo", "name=lo is the stack's loopback: choose another"},
	{"eth0,name=a234567890123456",
	 "name=a234567890123456 is no interface name: 1 to 15 letters"},
	{"eth0,name=a,name=b", "name=b: name= is given twice"},
};

static void test_malformed(void **state)
{
	struct iface_spec s;
	char expected[1024];
	const char *why;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(malformed); i++) {
		why = NULL;
		assert_int_equal(spec_parse(malformed[i].text, &s, &why), -EINVAL);
		snprintf(expected, sizeof(expected), "-i %s: %s", malformed[i].text,
			 malformed[i].why);
		assert_string_equal(why, expected);
		assert_int_equal(spec_parse(malformed[i].text, &s, NULL), -EINVAL);
	}
}

static void test_long_field(void **state)
{
	struct iface_spec s;
	char text[3 * SPEC_MAX_CONF];
	const char *why;

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(spec_parse(text, &s, &why), -EINVAL);
	assert_contains(why, "a field is too long");
	memcpy(text, "eth0,ip=", 8);
	assert_int_equal(spec_parse(text, &s, &why), -EINVAL);
	assert_contains(why, "a field is too long");
}

static void test_plain(void **state)
{
	struct iface_spec s;

	assert_int_equal(spec_parse("wlan0", &s, NULL), 0);
	assert_string_equal(s.backend, "");
	assert_string_equal(s.ifname, "wlan0");
	assert_string_equal(s.name, "wlan0");
	assert_int_equal(s.naddrs, 0);
	assert_int_equal(s.gw4.family, 0);
	assert_int_equal(s.gw6.family, 0);
	assert_int_equal(s.mtu, 0);
	assert_false(s.has_mac);
}

static void test_full(void **state)
{
	static const uint8_t mac[6] = {0x02, 0xab, 0xCD, 0, 0, 0x01};
	char text[IP_ADDR_TEXT];
	struct iface_spec s;

	assert_int_equal(spec_parse("packet:wlan0,ip=10.1.0.2/24,ip=fd00:1::2/64,ip=10.1.0.3/32,"
				    "gw=10.1.0.1,gw=fe80::1,mac=02:ab:CD:00:00:01,mtu=1400,"
				    "name=wifi",
				    &s, NULL),
			 0);
	assert_string_equal(s.backend, "packet");
	assert_string_equal(s.ifname, "wlan0");
	assert_string_equal(s.name, "wifi");
	assert_int_equal(s.naddrs, 3);
	assert_string_equal(ip_format(&s.addr[0], true, text), "10.1.0.2/24");
	assert_string_equal(ip_format(&s.addr[1], true, text), "fd00:1::2/64");
	assert_string_equal(ip_format(&s.addr[2], true, text), "10.1.0.3/32");
	assert_string_equal(ip_format(&s.gw4, false, text), "10.1.0.1");
	assert_string_equal(ip_format(&s.gw6, false, text), "fe80::1");
	assert_int_equal(s.mtu, 1400);
	assert_true(s.has_mac);
	assert_memory_equal(s.mac, mac, sizeof(mac));
}

/* Where there is no interface to take the name from. */
static void test_nameless(void **state)
{
	struct iface_spec s;

	assert_int_equal(spec_parse("passt:", &s, NULL), 0);
	assert_string_equal(s.backend, "passt");
	assert_string_equal(s.ifname, "");
	assert_string_equal(s.name, "passt0");
	assert_int_equal(spec_parse("passt:eth0,mtu=65520", &s, NULL), 0);
	assert_string_equal(s.ifname, "eth0");
	assert_string_equal(s.name, "eth0");
	assert_int_equal(spec_parse("passt:,ip=10.0.0.1/8,name=out", &s, NULL), 0);
	assert_string_equal(s.name, "out");
	assert_int_equal(spec_parse("fd:7,ip=10.0.0.1/8", &s, NULL), 0);
	assert_string_equal(s.ifname, "7");
	assert_string_equal(s.name, ""); /* the device will tell */
	assert_int_equal(spec_parse("fd:7,name=vpn", &s, NULL), 0);
	assert_string_equal(s.name, "vpn");
	/* An interface may be called so. */
	assert_int_equal(spec_parse("passt", &s, NULL), 0);
	assert_string_equal(s.backend, "");
	assert_string_equal(s.ifname, "passt");
}

static void test_tunnel(void **state)
{
	char path[SPEC_MAX_CONF], text[SPEC_MAX_CONF + 100];
	struct iface_spec s;
	const char *why;

	assert_int_equal(
		spec_parse("wg:wlan0,conf=/a b/c.conf,endpoint=[fd00::1]:51820,mtu=1400", &s, NULL),
		0);
	assert_string_equal(s.backend, "wg");
	assert_string_equal(s.ifname, "wlan0");
	assert_string_equal(s.name, "wlan0");
	assert_string_equal(s.conf, "/a b/c.conf");
	assert_string_equal(s.endpoint, "[fd00::1]:51820");
	assert_int_equal(s.mtu, 1400);
	assert_int_equal(spec_parse("wg:fd=7,conf=x", &s, NULL), 0);
	assert_string_equal(s.ifname, "fd=7");
	assert_string_equal(s.name, "wg7");
	assert_int_equal(spec_parse("wg:fd=7,conf=x,name=lte", &s, NULL), 0);
	assert_string_equal(s.name, "lte");

	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	snprintf(text, sizeof(text), "wg:wlan0,conf=%s", path);
	assert_int_equal(spec_parse(text, &s, NULL), 0);
	assert_string_equal(s.conf, path);
	snprintf(text, sizeof(text), "wg:wlan0,conf=%sx", path);
	assert_int_equal(spec_parse(text, &s, &why), -EINVAL);
	assert_contains(why, "is too long");
}

static void test_roles(void **state)
{
	struct iface_spec s;

	assert_int_equal(spec_parse("wlan0", &s, NULL), 0);
	assert_int_equal(s.role, PATH_ACTIVE);
	assert_int_equal(spec_parse("wlan0,active", &s, NULL), 0);
	assert_int_equal(s.role, PATH_ACTIVE);
	assert_int_equal(spec_parse("rmnet0,backup", &s, NULL), 0);
	assert_int_equal(s.role, PATH_BACKUP);
	assert_int_equal(spec_parse("rawip:rmnet0,metered,ip=10.2.0.2/24", &s, NULL), 0);
	assert_int_equal(s.role, PATH_METERED);
	for (enum path_role role = PATH_ACTIVE; role < PATH_ROLES; role++)
		assert_int_equal(path_role_find(path_role_name(role)), role);
	assert_int_equal(path_role_find("spare"), PATH_ROLES);
}

static void test_boundaries(void **state)
{
	struct iface_spec s;

	assert_int_equal(spec_parse("a23456789012345", &s, NULL), 0);
	assert_int_equal(spec_parse("eth0,mtu=68", &s, NULL), 0);
	assert_int_equal(spec_parse("eth0,mtu=65535", &s, NULL), 0);
	assert_int_equal(spec_parse("eth0,mtu=1280,ip=fd00::1/64", &s, NULL), 0);
	assert_int_equal(spec_parse("eth0,ip=fd00::1/128,ip=1.0.0.1/1", &s, NULL), 0);
	assert_int_equal(spec_parse("eth0.100", &s, NULL), 0);
	/* A gateway without ip=: the host's addresses, another way out. */
	assert_int_equal(spec_parse("eth0,gw=10.0.0.9", &s, NULL), 0);
}

static void test_closest(void **state)
{
	static const char *const words[] = {"run", "list", "doctor", "version", NULL};

	assert_string_equal(closest("rum", words), "run");
	assert_string_equal(closest("docter", words), "doctor");
	assert_string_equal(closest("versoin", words), "version");
	assert_null(closest("xyz", words));
	assert_null(closest("", words));
	assert_null(closest("a-word-much-longer-than-any-candidate-is", words));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_malformed),  cmocka_unit_test(test_long_field),
		cmocka_unit_test(test_plain),	   cmocka_unit_test(test_full),
		cmocka_unit_test(test_nameless),   cmocka_unit_test(test_tunnel),
		cmocka_unit_test(test_boundaries), cmocka_unit_test(test_closest),
		cmocka_unit_test(test_roles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
