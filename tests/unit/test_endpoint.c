// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_endpoint.c - which address a tunnel's endpoint gets, and a name's addresses.
 */
#include "unit.h"
#include <sys/socket.h>
#include "launch/resolver.h"
#include "stack/endpoint.h"

static struct ip_addr ip(const char *text)
{
	struct ip_addr a;

	assert_int_equal(ip_parse(text, &a), 0);
	return a;
}

static bool has_way(const struct ip_addr *a, void *arg)
{
	const int *family = arg;

	return !*family || a->family == *family;
}

/* What becomes of @now after an answer of up to two addresses; "" if it stays. */
static const char *chosen(const char *now, const char *first, const char *second, int family)
{
	struct endpoint_answer a = {0};
	static char text[IP_ADDR_TEXT];
	struct ip_addr at = ip(now);
	const struct ip_addr *to;

	if (first)
		a.addr[a.n++] = ip(first);
	if (second)
		a.addr[a.n++] = ip(second);
	to = endpoint_choose(&at, &a, has_way, &family);
	return to ? ip_format(to, false, text) : "";
}

static void test_choose(void **state)
{
	assert_string_equal(chosen("10.1.0.1", NULL, NULL, 0), "");
	assert_string_equal(chosen("10.1.0.1", "10.1.0.1", NULL, 0), "");
	assert_string_equal(chosen("10.1.0.1", "10.1.0.2", NULL, 0), "10.1.0.2");
	/* It stays while it is good, in whatever order the answer is. */
	assert_string_equal(chosen("10.1.0.1", "10.1.0.2", "10.1.0.1", 0), "");
	assert_string_equal(chosen("10.1.0.1", "fd00::1", "10.1.0.1", AF_INET), "");
	/* The host has IPv4, or IPv6, alone now. */
	assert_string_equal(chosen("fd00::1", "fd00::1", "10.1.0.1", AF_INET), "10.1.0.1");
	assert_string_equal(chosen("10.1.0.1", "10.1.0.1", "fd00::1", AF_INET6), "fd00::1");
	assert_string_equal(chosen("10.1.0.1", "10.1.0.2", "fd00::1", AF_INET6), "fd00::1");
	/* Neither has a way. */
	assert_string_equal(chosen("10.1.0.1", "10.1.0.1", NULL, AF_INET6), "");
	assert_string_equal(chosen("10.1.0.1", "10.1.0.2", NULL, AF_INET6), "10.1.0.2");
}

static void test_look_up(void **state)
{
	struct endpoint_answer a;

	assert_int_equal(resolver_look_up("127.0.0.9", &a), 0);
	assert_int_equal(a.n, 1);
	assert_int_equal(a.addr[0].family, AF_INET);
	assert_int_equal(a.addr[0].prefix, 32);
	assert_memory_equal(a.addr[0].bytes, ((uint8_t[]){127, 0, 0, 9}), 4);
	assert_int_equal(resolver_look_up("fd00::9", &a), 0);
	assert_int_equal(a.n, 1);
	assert_int_equal(a.addr[0].family, AF_INET6);
	assert_int_equal(a.addr[0].bytes[15], 9);
	assert_int_not_equal(resolver_look_up("", &a), 0);
	assert_int_equal(a.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choose),
		cmocka_unit_test(test_look_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
