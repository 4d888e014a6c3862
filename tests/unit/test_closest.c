// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_closest.c - "did you mean" names the nearest word, and none if none is near.
 */
#include "unit.h"
#include "lib/closest.h"

static void test_nearest(void **state)
{
	static const char *const words[] = {"packet", "passt", "tap", NULL};

	assert_string_equal(closest("pakcet", words), "packet");
	assert_null(closest("wireless", words));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_nearest)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
