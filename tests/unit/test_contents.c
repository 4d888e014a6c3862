// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_contents.c - what an image says of itself, src/cli/contents.c.
 */
#include "tests/unit/unit.h"

#include <string.h>
#include "cli/contents.h"

static void note(struct contents *c, const char *text)
{
	memset(c, 0, sizeof(*c));
	contents_note(c, text, strlen(text));
}

static void test_lines(void **state)
{
	struct contents c;

	note(&c, "kernel 6.12.117-mine\nextension mptcp\nextension toy\npatched 0123456789ab\n"
		 "without TCP_CONG_X\nwithout TCP_CONG_Y\n");
	assert_string_equal(c.kernel, "6.12.117-mine");
	assert_string_equal(c.extensions, "mptcp toy");
	assert_string_equal(c.patched, "0123456789ab");
	assert_string_equal(c.without, "TCP_CONG_X TCP_CONG_Y");
}

/* A newer build may say more; the last line may lack its end. */
static void test_others(void **state)
{
	struct contents c;

	note(&c, "weather fine\nextension \n\nextensions a\nkernel 6.1");
	assert_string_equal(c.kernel, "6.1");
	assert_string_equal(c.extensions, "");
	assert_string_equal(c.without, "");
}

/* More than fits is cut. */
static void test_long(void **state)
{
	char text[2048] = "kernel ";
	struct contents c;

	memset(text + 7, 'x', sizeof(text) - 8);
	note(&c, text);
	assert_int_equal(strlen(c.kernel), sizeof(c.kernel) - 1);
	assert_string_equal(c.extensions, "");
}

/* A file that is no image has a reason, and nothing else. */
static void test_no_image(void **state)
{
	struct contents c;

	contents_read("/proc/self/exe", &c);
	assert_string_equal(c.kernel, "");
	assert_string_equal(c.congestion, "");
	assert_non_null(strstr(c.why, "/proc/self/exe"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_no_image),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
