// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_highfd.c - our descriptors go where programs do not look for theirs.
 *
 * Each case sets the limit of descriptors, and puts it back at its end.
 */
#include "unit.h"
#include <sys/resource.h>
#include "lib/highfd.h"

static const struct {
	rlim_t limit;
	int base;
} limits[] = {
	{4096, HIGHFD_BASE}, {1000, HIGHFD_BASE}, {999, 935}, {256, 192},
	{129, 65},	     {128, 64},		  {64, 32},
};

static struct rlimit old;

static void set_limit(rlim_t n)
{
	struct rlimit r = {n, old.rlim_max};

	assert_int_equal(setrlimit(RLIMIT_NOFILE, &r), 0);
}

static int setup(void **state)
{
	return getrlimit(RLIMIT_NOFILE, &old);
}

static int teardown(void **state)
{
	return setrlimit(RLIMIT_NOFILE, &old);
}

static void test_base(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		int fd, high;

		set_limit(limits[i].limit);
		assert_int_equal(highfd_base(), limits[i].base);
		fd = open("/dev/null", O_RDONLY);
		assert_true(fd >= 0 && fd < limits[i].base);
		high = highfd_move(fd, F_DUPFD_CLOEXEC);
		assert_true(high >= limits[i].base && (rlim_t)high < limits[i].limit);
		assert_int_equal(fcntl(fd, F_GETFD), -1);
		assert_int_equal(fcntl(high, F_GETFD), FD_CLOEXEC);
		/* High enough: the number stays, only the flag follows @cmd. */
		assert_int_equal(highfd_move(high, F_DUPFD), high);
		assert_int_equal(fcntl(high, F_GETFD), 0);
		close(high);
	}
}

static void test_refused(void **state)
{
	int fd;

	set_limit(64);
	assert_int_equal(highfd_move(-EPERM, F_DUPFD), -EPERM);
	fd = open("/dev/null", O_RDONLY);
	for (int i = 0; i < 64; i++)
		if (i != fd && fcntl(i, F_GETFD) < 0)
			dup2(fd, i);
	assert_int_equal(highfd_move(fd, F_DUPFD_CLOEXEC), -EMFILE);
	assert_int_not_equal(fcntl(fd, F_GETFD), -1);
	for (int i = 3; i < 64; i++)
		close(i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_base, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
