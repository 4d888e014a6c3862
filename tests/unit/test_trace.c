// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_trace.c - the words of --trace, addresses as text, and that nothing is told unasked.
 */
#include "unit.h"
#include <arpa/inet.h>
#include "lib/trace.h"

static char last[600];
static unsigned int lines;

static void say(const char *line)
{
	snprintf(last, sizeof(last), "%s", line);
	lines++;
}

static void test_words(void **state)
{
	static const struct {
		const char *words;
		int err;
		unsigned int mask;
	} cases[] = {
		{NULL, 0, TRACE_SOCKETS | TRACE_CALLS | TRACE_PATHS},
		{"sockets", 0, TRACE_SOCKETS},
		{"calls,paths", 0, TRACE_CALLS | TRACE_PATHS},
		{"paths,paths", 0, TRACE_PATHS},
		{"", -EINVAL, 0},
		{"socket", -EINVAL, 0},
		{"sockets,", -EINVAL, 0},
		{",sockets", -EINVAL, 0},
		{"socketscalls", -EINVAL, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *why = NULL;
		unsigned int mask = 0;

		assert_int_equal(trace_parse(cases[i].words, &mask, &why), cases[i].err);
		if (cases[i].err)
			assert_non_null(strstr(why, "--trace"));
		else
			assert_int_equal(mask, cases[i].mask);
	}
}

static void test_lines(void **state)
{
	errno = E2BIG;
	trace(TRACE_SOCKETS, "#%d born", 1);
	assert_int_equal(lines, 0);
	trace_start(TRACE_SOCKETS, say);
	trace(TRACE_CALLS, "none");
	assert_int_equal(lines, 0);
	trace(TRACE_SOCKETS, "#%d born", 1);
	assert_int_equal(lines, 1);
	assert_int_equal(errno, E2BIG);
	assert_int_equal(strncmp(last, "trace 0.", 8), 0);
	assert_string_equal(last + strlen(last) - 15, "sockets #1 born");
	trace_start(0, say);
	trace(TRACE_SOCKETS, "again");
	assert_int_equal(lines, 1);
}

static void test_addresses(void **state)
{
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(80)};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(443)};
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	char buf[TRACE_ADDR];

	inet_pton(AF_INET, "10.1.0.2", &four.sin_addr);
	inet_pton(AF_INET6, "fd01::2", &six.sin6_addr);
	assert_string_equal(trace_addr(buf, (void *)&four, sizeof(four)), "10.1.0.2:80");
	assert_string_equal(trace_addr(buf, (void *)&six, sizeof(six)), "[fd01::2]:443");
	assert_string_equal(trace_addr(buf, &none, sizeof(none)), "unspec");
	/* Too short for its family: nothing beyond the length is read. */
	assert_string_equal(trace_addr(buf, (void *)&four, 4), "family 2");
	assert_string_equal(trace_addr(buf, (void *)&four, 0), "family -1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
