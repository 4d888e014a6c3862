// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_calls.c - the call table is whole: what can carry an address has a destination rule.
 *
 * The prototypes are looked at as text: an argument that a kernel reads a destination from is
 * a constant sockaddr, a msghdr that is sent, or a path that is opened. A line with such an
 * argument and the rule NOWHERE would be a call that nobody asks where it goes.
 */
#include "unit.h"
#include <linux/seccomp.h>
#include "sockets/calls.h"

struct line {
	const char *name, *proto;
	int nr;
	enum call_filter filter;
	unsigned int where;
};

static const struct line lines[] = {
#define NUMBERED(name, nr, raw, filter, handler, where, proto) \
	{#name, #proto, nr, CALL_FILTER_##filter, CALL_TO_##where},
#include "sockets/calls.h"
};

static const struct {
	const char *name, *proto;
	unsigned int flags;
} hooks[] = {
#define HOOKED(room, ret, name, proto, fds, flags) {#name, #proto, flags},
#include "sockets/calls.h"
};

/* What in a prototype can be a destination, and the rules that fit. */
static const struct {
	const char *text;
	enum call_where kind;
} carriers[] = {
	{"const struct sockaddr *", CALL_WHERE_ADDRESS},
	{"const struct msghdr *", CALL_WHERE_MESSAGE},
	{"struct mmsghdr *msgs, unsigned int n, int flags)", CALL_WHERE_MESSAGES},
	{"int level, int name, const void *", CALL_WHERE_OPTION},
};

static void test_destinations(void **state)
{
	unsigned int found = 0;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		for (size_t j = 0; j < ARRAY_SIZE(carriers); j++) {
			if (!strstr(lines[i].proto, carriers[j].text))
				continue;
			found++;
			if (CALL_TO_KIND(lines[i].where) != carriers[j].kind)
				fail_msg("%s can carry an address and has no destination rule",
					 lines[i].name);
		}
	assert_int_equal(found, 6); /* bind, connect, sendto, sendmsg, sendmmsg, setsockopt */
}

/* Opening by a path, but for execve(), which gives no descriptor. */
static void test_paths(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		bool opens = !strncmp(lines[i].name, "open", 4) || !strcmp(lines[i].name, "creat");

		assert_true(opens == (CALL_TO_KIND(lines[i].where) == CALL_WHERE_PATH));
	}
}

/* A rule is of no use if the supervisor never sees the call. */
static void test_seen(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		if (CALL_TO_KIND(lines[i].where) == CALL_WHERE_DENIED)
			assert_int_equal(lines[i].filter, CALL_FILTER_REFUSE);
		else if (CALL_TO_KIND(lines[i].where) != CALL_WHERE_NOWHERE)
			assert_int_not_equal(lines[i].filter, CALL_FILTER_PASS);
	}
}

/* libc's own functions that take an address give it to a line that has a rule. */
static void test_through(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
		bool numbered = false;

		for (size_t j = 0; j < ARRAY_SIZE(lines); j++)
			numbered |= !strcmp(lines[j].name, hooks[i].name);
		if (!numbered &&
		    (strstr(hooks[i].proto, "const struct sockaddr *") ||
		     strstr(hooks[i].proto, "sockaddr_in *")) &&
		    !(hooks[i].flags & CALL_THROUGH))
			fail_msg("%s takes an address: which line's call gets it?", hooks[i].name);
	}
}

static void test_once(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(lines[i].nr, lines[j].nr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_destinations), cmocka_unit_test(test_paths),
		cmocka_unit_test(test_seen),	     cmocka_unit_test(test_through),
		cmocka_unit_test(test_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
