// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_backends.c - what the table of back ends says of each kind holds together.
 */
#include "backend/backend.h"
#include "unit.h"

#define KINDS 9

/* A kind is asked for by its name, in the run and, if it takes privileges, in persona-opener. */
static void names(void **state)
{
	unsigned int i;

	for (i = 0; backend_at(i); i++) {
		const struct backend_opening *o = backend_at(i)->opening;

		assert_non_null(o->open);
		assert_ptr_equal(backend_find(o->name), backend_at(i));
		assert_ptr_equal(opening_find(o->name), o->opener == BACKEND_SELF ? NULL : o);
	}
	assert_int_equal(i, KINDS);
	assert_null(backend_find(""));
	assert_null(opening_find("passt"));
	assert_null(opening_find("fd"));
	assert_null(opening_find("wg"));
	assert_null(opening_find(""));
}

/* Frames that the host sees as well are told apart in one way: by a filter, or by steering. */
static void shared_frames(void **state)
{
	for (unsigned int i = 0; backend_at(i); i++) {
		const struct backend_ops *k = backend_at(i);

		assert_int_equal(k->opening->shares, k->place == BACKEND_BESIDE);
		assert_int_equal(k->opening->shares, k->set_filter || k->opening->steer);
		assert_false(k->set_filter && k->opening->steer);
	}
}

static void properties(void **state)
{
	for (unsigned int i = 0; backend_at(i); i++) {
		const struct backend_ops *k = backend_at(i);

		assert_int_equal(k->relay != NULL, k->place == BACKEND_RELAY);
		if (k->relay)
			assert_true(k->relay->addr4 && k->relay->gateway4 && k->relay->addr6 &&
				    k->relay->gateway6 && k->relay->ifname);
		if (k->link == BACKEND_LINK_RAWIP)
			assert_null(k->set_mac);
		assert_int_equal(k->hooks == BACKEND_HOOK_ALL, k->place == BACKEND_FAR_END);
		assert_true(k->attach && k->close && k->tx && k->rx && k->help);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(shared_frames),
		cmocka_unit_test(properties),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
