// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_steer.c - what is the stack's: as text and back.
 */
#include <arpa/inet.h>
#include "backend/opening/steer.h"
#include "unit.h"

static void test_round_trip(void **state)
{
	static const char text[] = "own 10.1.0.2\nshared 10.1.0.3\nown fd01::2\n"
				   "range 40000 44999\nport tcp 8080\nport udp 53\n";
	char again[STEER_TEXT];
	struct steer s;
	unsigned int line;

	assert_int_equal(steer_parse(text, &s, &line), 0);
	assert_int_equal(s.naddrs, 3);
	assert_int_equal(s.addr[0].family, AF_INET);
	assert_memory_equal(s.addr[0].bytes, "\x0a\x01\x00\x02", 4);
	assert_false(s.addr[0].shared);
	assert_true(s.addr[1].shared);
	assert_int_equal(s.addr[2].family, AF_INET6);
	assert_int_equal(s.first, 40000);
	assert_int_equal(s.last, 44999);
	assert_int_equal(s.nports, 2);
	assert_int_equal(s.port[1].proto, IPPROTO_UDP);
	assert_int_equal(s.port[1].port, 53);
	assert_int_equal(steer_format(&s, again), strlen(text));
	assert_string_equal(again, text);
}

static void test_nothing(void **state)
{
	struct steer s = {0};
	char text[STEER_TEXT];
	unsigned int line;

	assert_int_equal(steer_format(&s, text), 5);
	assert_string_equal(text, "none\n");
	assert_int_equal(steer_parse(text, &s, &line), 0);
	assert_int_equal(s.naddrs + s.nports + s.last, 0);
	assert_int_equal(steer_parse("", &s, &line), 0);
}

/* The longest that there is fits its room. */
static void test_full(void **state)
{
	struct steer s = {.naddrs = STEER_ADDRS, .nports = STEER_PORTS, .first = 1, .last = 65535};
	char text[STEER_TEXT];
	struct steer again;
	unsigned int line;

	for (unsigned int i = 0; i < STEER_ADDRS; i++) {
		s.addr[i].family = AF_INET6;
		s.addr[i].shared = true;
		memset(s.addr[i].bytes, 0xff, 16);
	}
	for (unsigned int i = 0; i < STEER_PORTS; i++)
		s.port[i] = (struct steer_port){IPPROTO_TCP, 65535};
	assert_true(steer_format(&s, text) < STEER_TEXT);
	assert_int_equal(steer_parse(text, &again, &line), 0);
	assert_int_equal(again.naddrs, STEER_ADDRS);
	assert_int_equal(again.nports, STEER_PORTS);
	strcat(text, "own 1.2.3.4\n");
	assert_int_equal(steer_parse(text, &again, &line), -E2BIG);
	assert_int_equal(line, STEER_ADDRS + STEER_PORTS + 2);
}

static void test_malformed(void **state)
{
	static const char *const bad[] = {
		"own",
		"own ",
		"own 10.1.0",
		"own 10.1.0.2/24",
		"own 10.1.0.2 10.1.0.3",
		"owned 1.2.3.4",
		"shared x",
		"shared ::g",
		"range",
		"range 1",
		"range 0 5",
		"range 5 4",
		"range 1 65536",
		"range -1 5",
		"range 1 2 3",
		"port",
		"port tcp",
		"port tcp 0",
		"port tcp 65536",
		"port sctp 5",
		"port xyz 5",
		"port tcp 5 6",
		"drop all",
		"\n",
		"none at all",
	};
	struct steer s;
	unsigned int line;
	char text[256];

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(text, sizeof(text), "own 10.1.0.2\n%s\n", bad[i]);
		if (steer_parse(text, &s, &line) != -EINVAL)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(line, 2);
	}
	snprintf(text, sizeof(text), "own %0200d\n", 1); /* longer than any line can be */
	assert_int_equal(steer_parse(text, &s, &line), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
