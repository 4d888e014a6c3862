// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_clock.c - clocks are the kernel's, whatever clock_gettime() says: here it is our own.
 */
#include "unit.h"
#include "lib/clock.h"
#include "lib/rawsys.h"

static unsigned int asked; /* of ours */

/* As libfaketime's: another year. */
int clock_gettime(clockid_t id, struct timespec *t)
{
	asked++;
	*t = (struct timespec){.tv_sec = 4000000000};
	return 0;
}

static uint64_t kernel_ns(clockid_t id)
{
	struct timespec t;

	assert_int_equal(RAWSYS(SYS_clock_gettime, id, &t), 0);
	return (uint64_t)t.tv_sec * CLOCK_NS_PER_S + (uint64_t)t.tv_nsec;
}

static void test_kernels(void **state)
{
	static const clockid_t ids[] = {CLOCK_MONOTONIC, CLOCK_REALTIME};
	unsigned int before = asked;

	for (int i = 0; i < 1000; i++) {
		uint64_t first = kernel_ns(ids[i % 2]), got = clock_read_ns(ids[i % 2]);

		assert_in_range(got, first, kernel_ns(ids[i % 2]));
	}
	assert_int_equal(asked, before);
}

static void test_units(void **state)
{
	uint64_t ms = clock_mono_ms(), ns = clock_mono_ns();

	assert_in_range(ns / CLOCK_NS_PER_MS, ms, ms + 1000);
	assert_in_range(clock_mono_ms(), ms, ms + 1000);
}

/* An identifier that only the system call knows, and one that nobody knows. */
static void test_others(void **state)
{
	struct timespec t = {.tv_sec = -1};

	clock_read(CLOCK_PROCESS_CPUTIME_ID, &t);
	assert_true(t.tv_sec >= 0);
	t.tv_sec = -1;
	clock_read(12345, &t);
	assert_int_equal(t.tv_sec, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernels),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
