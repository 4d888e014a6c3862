// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_policy.c - which users may use which interfaces: the text of the configuration.
 */
#include "opener/policy.h"
#include "unit.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "al:x:500:500::/:/bin/sh\n"
			     "alice:x:1000:1000:Alice:/home/alice:/bin/sh\n"
			     "short:x\n"
			     "bob:x:1001:1001::/:/bin/sh\n";
static const char group[] = "root:x:0:\nnetdev:x:44:bob\nalice:x:1000:\nlast:x:77:";

static const gid_t gids[] = {44, 77, 1000};

static const struct policy_who alice = {
	.uid = 1000, .gids = gids, .ngids = ARRAY_SIZE(gids), .passwd = passwd, .group = group};

static const struct {
	const char *text;
	int wanted;
	unsigned int line; /* of -EINVAL */
} cases[] = {
	{"", 0},
	{"\n\n", 0},
	{"# user alice wlan0", 0},
	{"user alice wlan0", 1},
	{"user alice wlan0\n", 1},
	{"  \tuser\talice \t wlan0  ", 1},
	{"user alice wlan0 # hers", 1},
	{"user alice # wlan0", -EINVAL, 1},
	{"user alice rmnet0", 0},
	{"user alice rmnet0 wlan0", 1},
	{"user alice rmnet0\nuser alice wlan0", 1},
	{"user alice *", 1},
	{"user alice wlan*", 1},
	{"user alice wlan?", 1},
	{"user alice w[a-k]an0", 0},
	{"user alice w[a-k]an0 wlan[0-9]", 1},
	{"user alice wlan", 0},
	{"user alice lan0", 0},
	{"user alice [", 0},
	{"user 1000 wlan0", 1},
	{"user 1001 wlan0", 0},
	{"user 4294968296 wlan0", 0}, /* 1000, were it 32 bits */
	{"user -1 wlan0", 0},
	{"user bob wlan0", 0},
	{"user root wlan0", 0},
	{"user al wlan0", 0},
	{"user alic wlan0", 0},
	{"user alicex wlan0", 0},
	{"user nosuch wlan0", 0},
	{"user short wlan0", 0},
	{"user 1000x wlan0", 0},
	{"user * wlan0", 0},
	{"group netdev wlan0", 1},
	{"group 44 wlan0", 1},
	{"group last wlan0", 1},
	{"group alice wlan0", 1},
	{"group root wlan0", 0},
	{"group nosuch wlan0", 0},
	{"group bob wlan0", 0},
	{"user netdev wlan0", 0},
	{"user alice wlan0\r\n", 1},
	{"# first\r\n\r\ngroup netdev wlan0\r\n", 1},
	{"user", -EINVAL, 1},
	{"user alice", -EINVAL, 1},
	{"user alice\n wlan0", -EINVAL, 1},
	{"\n\nuser alice\r\n", -EINVAL, 3},
	{"users alice wlan0", -EINVAL, 1},
	{"User alice wlan0", -EINVAL, 1},
	{"user bob wlan0\nalice wlan0", -EINVAL, 2},
	{"user alice wlan0\nnonsense", 1}, /* the first that fits decides */
};

static int judge(const char *text, const struct policy_who *who, unsigned int *line)
{
	char *copy = strdup(text); /* its end is watched by the sanitizer */
	int got = policy_judge(copy, who, "wlan0", line);

	free(copy);
	return got;
}

static void test_table(void **state)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned int line;
		int got = judge(cases[i].text, &alice, &line);

		if (got != cases[i].wanted)
			fail_msg("'%s': %d", cases[i].text, got);
		if (got < 0 && line != cases[i].line)
			fail_msg("'%s': line %u", cases[i].text, line);
	}
}

/* Somebody who is in no file, and files that are not there. */
static void test_nobody(void **state)
{
	static const gid_t gid = (gid_t)-1;
	const struct policy_who who = {
		.uid = (uid_t)-1, .gids = &gid, .ngids = 1, .passwd = "", .group = NULL};
	unsigned int line;

	assert_int_equal(judge("user alice wlan0\ngroup netdev wlan0", &who, &line), 0);
	assert_int_equal(judge("user -1 wlan0\ngroup -1 wlan0", &who, &line), 0);
	assert_int_equal(judge("user 4294967295 wlan0", &who, &line), 1);
}

/* Tests have no file capabilities: the kernel judges, not the file. */
static void test_own_privileges(void **state)
{
	const char *why = "";

	assert_int_equal(policy_allows("wlan0", &why), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_own_privileges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
