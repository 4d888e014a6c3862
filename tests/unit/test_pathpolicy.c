// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_pathpolicy.c - which paths are backups: each policy, roles, paths that go and return.
 *
 * A path is written as three letters and a time: role (a, b, m), there or gone (+, -), ms of its
 * round trip (?: unknown). Backups are written as a string: '.' carries data, 'b' is a backup.
 */
#include "netconf/pathpolicy.h"
#include "unit.h"

#define MAX 4

static unsigned int parse(const char *text, struct pathpolicy_path *path)
{
	unsigned int n = 0;
	char role, there;
	int rtt, len;

	while (sscanf(text, " %c%c%d%n", &role, &there, &rtt, &len) == 3) {
		assert_true(n < MAX);
		path[n++] = (struct pathpolicy_path){
			.role = role == 'a'   ? PATH_ACTIVE
				: role == 'b' ? PATH_BACKUP
					      : PATH_METERED,
			.usable = there == '+',
			.rtt = (uint32_t)rtt * 1000,
		};
		text += len;
	}
	return n;
}

static void expect(const char *policy, const char *paths, int *current, const char *backups)
{
	const struct pathpolicy *p = pathpolicy_find(policy);
	struct pathpolicy_path path[MAX];
	unsigned int n = parse(paths, path);
	char text[MAX + 1] = "";
	uint32_t mask;

	assert_non_null(p);
	mask = pathpolicy_backups(p, path, n, current);
	for (unsigned int i = 0; i < n; i++)
		text[i] = mask >> i & 1 ? 'b' : '.';
	if (strcmp(text, backups) || mask >> n)
		fail_msg("%s: %s: %s, wanted %s", policy, paths, text, backups);
}

static void test_each(void **state)
{
	static const struct {
		const char *policy, *paths, *backups;
	} cases[] = {
		{"aggregate", "a+0", "."},
		{"aggregate", "a+0 a+0", ".."},
		{"aggregate", "a+0 b+0", ".b"},
		{"aggregate", "a-0 b+0", ".."}, /* the lost one may carry when it is back */
		{"aggregate", "a-0 b+0 m+0", "..b"},
		{"aggregate", "a-0 b-0 m+0", "..."},
		{"aggregate", "b+0 m+0", ".b"},
		{"aggregate", "m+0 m+0", ".."},
		{"aggregate", "a-0 m-0", ".b"}, /* none is there: as if all were */
		{"redundant", "a+0 a+0 b+0", "..b"},
		{"handover", "a+0", "."},
		{"handover", "a+0 a+0", ".b"},
		{"handover", "a-0 a+0 a+0", "b.b"},
		{"handover", "a-0 a+0 a-0", "b.b"},
		{"handover", "b+0 a+0", "b."},
		{"handover", "m+0 b+0", "b."},
		{"handover", "m+0 b-0", ".b"},
		{"handover", "a-0 a-0", ".b"},
		{"interactive", "a+0 a+0", ".b"},
		{"interactive", "a+20 a+10", "b."},
		{"interactive", "a+20 b+10", ".b"},
		{"interactive", "a+20 a-10", ".b"},
		{"interactive", "a+0 a+10", "b."}, /* the other has no connection at all */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int current = -1;

		expect(cases[i].policy, cases[i].paths, &current, cases[i].backups);
	}
}

/* It takes a clear reason to change. */
static void test_fastest_stays(void **state)
{
	int current = -1;

	expect("interactive", "a+20 a+30", &current, ".b");
	expect("interactive", "a+30 a+24", &current, ".b"); /* not by a quarter */
	expect("interactive", "a+6 a+2", &current, ".b");   /* not by 5 ms */
	expect("interactive", "a+30 a+20", &current, "b.");
	expect("interactive", "a+18 a+20", &current, "b.");
	expect("interactive", "a+0 a+20", &current, "b.");
	expect("interactive", "a+10 a+0", &current, "b."); /* its time is not known now */
	expect("interactive", "a+90 a-0", &current, ".b");
	expect("interactive", "a+90 a+80", &current, ".b");
}

static void test_names(void **state)
{
	char rest[128];

	assert_string_equal(pathpolicy_at(0)->name, "aggregate");
	assert_null(pathpolicy_find("default"));
	assert_null(pathpolicy_find(""));
	for (unsigned int i = 0; pathpolicy_at(i); i++)
		assert_ptr_equal(pathpolicy_find(pathpolicy_at(i)->name), pathpolicy_at(i));
	assert_string_equal(pathpolicy_unknown("redundent", rest, sizeof(rest)),
			    "did you mean 'redundant'?");
	assert_string_equal(pathpolicy_unknown("fast", rest, sizeof(rest)),
			    "there are aggregate, handover, interactive, redundant");
	assert_string_equal(pathpolicy_unknown("fast", rest, 12), "there are a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each),
		cmocka_unit_test(test_fastest_stays),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
