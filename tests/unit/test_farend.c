// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_farend.c - where a tunnel's server cannot be, what a socket cannot reach, and one run at a
 * time.
 */
#include "unit.h"
#include <netinet/in.h>
#include <sys/socket.h>
#include "launch/farend.h"
#include "launch/sole.h"
#include "netconf/wgconf.h"

static struct ip_addr address(const char *text, uint16_t prefix)
{
	struct ip_addr a;

	assert_int_equal(ip_parse(text, &a), 0);
	a.prefix = prefix;
	return a;
}

static void test_unfit(void **state)
{
	const struct ip_addr own[] = {address("10.1.0.3", 24), address("172.16.5.1", 12),
				      address("10.9.0.2", 31), address("fd01::3", 64)};
	static const struct {
		const char *text, *reason;
	} rows[] = {
		{"10.1.0.1", NULL},
		{"203.0.113.7", NULL},
		{"10.1.1.255", NULL},
		{"10.9.0.3", NULL}, /* of two addresses, neither is a broadcast one */
		{"fd01::1", NULL},
		{"127.0.0.1", "is a loopback address"},
		{"::1", "is a loopback address"},
		{"0.0.0.0", "is the unspecified address"},
		{"::", "is the unspecified address"},
		{"224.0.0.5", "is a multicast address"},
		{"ff02::1", "is a multicast address"},
		{"255.255.255.255", "is a broadcast address"},
		{"10.1.0.255", "is the broadcast address of a network of this host"},
		{"172.31.255.255", "is the broadcast address of a network of this host"},
		{"10.1.0.3", "is an address of this host"},
		{"fd01::3", "is an address of this host"},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct ip_addr a = address(rows[i].text, 0);
		const char *got = farend_unfit(&a, own, ARRAY_SIZE(own));

		if (rows[i].reason && got)
			assert_string_equal(got, rows[i].reason);
		else if (rows[i].reason || got)
			fail_msg("%s: %s", rows[i].text, got ? got : "is taken");
	}
}

static void test_served(void **state)
{
	const struct ip_addr four = address("10.1.0.1", 32), six = address("fd01::1", 128);
	const struct sockaddr_in6 any = {.sin6_family = AF_INET6};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1;

	assert_null(farend_served(fd, &four));
	assert_string_equal(farend_served(fd, &six), "an IPv4 socket");
	close(fd);
	fd = socket(AF_INET6, SOCK_DGRAM, 0);
	assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)), 0);
	assert_null(farend_served(fd, &six));
	assert_null(farend_served(fd, &four)); /* it is one for both now */
	close(fd);
	fd = socket(AF_INET6, SOCK_DGRAM, 0);
	assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)), 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&any, sizeof(any)), 0);
	assert_string_equal(farend_served(fd, &four), "a socket for IPv6 alone (IPV6_V6ONLY)");
	close(fd);
}

static void test_sole(void **state)
{
	struct wg_peer peer = {.public_key = {1, 2, 3}};
	struct wgconf w = {.npeers = 1, .peers = &peer};
	struct iface_spec s = {.naddrs = 1,
			       .addr = {address("10.7.0.2", 32)},
			       .nfars = 1,
			       .far = {{address("10.1.0.1", 32), 51820}}};
	int first = sole_take(&s, &w), again;

	assert_true(first >= 0);
	assert_int_equal(sole_take(&s, &w), -EBUSY);
	s.addr[0].bytes[3]++; /* another path to the same server */
	again = sole_take(&s, &w);
	assert_true(again >= 0);
	close(again);
	s.addr[0].bytes[3]--;
	again = dup(first); /* held until the last descriptor is gone */
	close(first);
	assert_int_equal(sole_take(&s, &w), -EBUSY);
	close(again);
	first = sole_take(&s, &w);
	assert_true(first >= 0);
	close(first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unfit),
		cmocka_unit_test(test_served),
		cmocka_unit_test(test_sole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
