// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_pathmon.c - the judgement about a path, with a clock of its own.
 *
 * Each test tells a story in steps of PATHMON_TICK_MS: what was received and sent meanwhile,
 * and after what time a probe is answered (NEVER: not at all).
 */
#include "stack/pathmon.h"
#include "unit.h"

#define NEVER INT64_MAX

static struct pathmon path;
static int64_t now;
static uint64_t rx, tx;
static int64_t answer_at; /* when the outstanding probe is answered, 0: none */
static unsigned int probes, leaves, returns, renews;

static int begin(void **state)
{
	now = 1000;
	rx = tx = 0;
	answer_at = 0;
	probes = leaves = returns = renews = 0;
	pathmon_init(&path, now, rx, tx, false);
	return 0;
}

struct scene {
	int64_t ms;
	unsigned int received, sent; /* frames each tick */
	int64_t delay;		     /* of an answer */
	bool busy, refuge, owes, thrifty;
};

static void play(struct scene s)
{
	for (int64_t end = now + s.ms; now < end; now += PATHMON_TICK_MS) {
		struct pathmon_seen seen = {
			.busy = s.busy, .refuge = s.refuge, .owes = s.owes, .thrifty = s.thrifty};

		rx += s.received;
		tx += s.sent;
		if (answer_at && s.delay == NEVER)
			answer_at = 0;
		if (answer_at && now >= answer_at) {
			seen.answered = true;
			answer_at = 0;
		}
		seen.rx = rx;
		seen.tx = tx;
		switch (pathmon_step(&path, now, &seen)) {
		case PATHMON_NOTHING:
			break;
		case PATHMON_PROBE:
			probes++;
			if (!answer_at && s.delay != NEVER)
				answer_at = now + s.delay;
			break;
		case PATHMON_LEAVE:
			leaves++;
			break;
		case PATHMON_RETURN:
			returns++;
			break;
		case PATHMON_RENEW:
			renews++;
			break;
		}
	}
}

static const struct scene traffic = {3000, 20, 20, 20, true, true};
static const struct scene loss = {3000, 0, 2, NEVER, true, true};

static void test_loss_and_return(void **state)
{
	play(traffic);
	for (unsigned int i = 1; i <= 10; i++) {
		int64_t start = now;

		while (leaves < i && now - start < 3000) {
			struct scene step = loss;

			step.ms = PATHMON_TICK_MS;
			play(step);
		}
		assert_in_range(now - start, 800, 1300);
		play(loss);
		assert_true(path.away);
		assert_int_equal(leaves, i);
		play(traffic);
		assert_false(path.away);
		assert_int_equal(returns, i);
	}
}

/* A metered path that carries nothing is asked nothing. */
static void test_thrifty(void **state)
{
	play((struct scene){60000, 0, 0, 20, .busy = true, .thrifty = true});
	assert_int_equal(probes, 0);
	play((struct scene){3000, 20, 20, 20, .busy = true, .thrifty = true});
	assert_int_equal(probes, 0);
	play((struct scene){3000, 0, 0, 20, .busy = true});
	assert_in_range(probes, 1, 3);
}

static void test_never_proven(void **state)
{
	struct scene mute = traffic;

	mute.delay = NEVER;
	play(mute);
	play(loss);
	assert_int_equal(leaves, 0);
	/* And it is asked twice a minute, not each second. */
	mute.ms = 60000;
	probes = 0;
	play(mute);
	play((struct scene){60000, 0, 2, NEVER, true, true});
	assert_in_range(probes, 3, 8);
}

static void test_tunnel(void **state)
{
	struct scene mute = {1800, 0, 1, NEVER, true, true, true};

	/* Its far end is not there: left when another one is alive, good when it speaks. */
	mute.refuge = false;
	play(mute);
	assert_int_equal(leaves, 0);
	mute.refuge = true;
	play(mute);
	assert_int_equal(leaves, 1);
	play((struct scene){PATHMON_TICK_MS, 1, 0, NEVER, true, true, true});
	assert_int_equal(returns, 1);
	/* A server that does not forward answers no probe: its silence proves nothing. */
	play((struct scene){3000, 20, 20, NEVER, true, true, true});
	play((struct scene){5000, 0, 2, NEVER, true, true, true});
	assert_int_equal(leaves, 1);
}

/* One to which nothing was sent owes nothing. */
static void test_tunnel_unused(void **state)
{
	play((struct scene){10000, 0, 0, NEVER, true, true, true});
	assert_int_equal(leaves, 0);
}

static void test_no_refuge(void **state)
{
	struct scene alone = loss;

	alone.refuge = false;
	play(traffic);
	play(alone);
	assert_int_equal(leaves, 0);
	play(loss);
	assert_int_equal(leaves, 1);
}

/* An idle path is asked once after its last frame, then left in peace. */
static void test_idle(void **state)
{
	play(traffic);
	probes = 0;
	play((struct scene){60000, 0, 0, 20, false, true});
	assert_int_equal(leaves, 0);
	assert_in_range(probes, 1, 2);
}

/* Answers that take 600 ms, and frames in bursts of as much. */
static void test_slow(void **state)
{
	for (unsigned int i = 0; i < 50; i++) {
		play((struct scene){150, 1, 1, 600, true, true});
		play((struct scene){600, 0, 1, 600, true, true});
	}
	assert_int_equal(leaves, 0);
}

/* A path that only sends, but is acknowledged, is alive. */
static void test_upload(void **state)
{
	play((struct scene){30000, 1, 40, 20, true, true});
	assert_int_equal(leaves, 0);
	assert_in_range(probes, 1, 3);
}

/* After a return the caller is told to look for subflows, but not for ever. */
static void test_renew(void **state)
{
	play(traffic);
	play(loss);
	play((struct scene){30000, 0, 0, 20, true, true});
	assert_int_equal(returns, 1);
	assert_in_range(renews, 1, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_loss_and_return, begin),
		cmocka_unit_test_setup(test_never_proven, begin),
		cmocka_unit_test_setup(test_tunnel, begin),
		cmocka_unit_test_setup(test_tunnel_unused, begin),
		cmocka_unit_test_setup(test_no_refuge, begin),
		cmocka_unit_test_setup(test_idle, begin),
		cmocka_unit_test_setup(test_slow, begin),
		cmocka_unit_test_setup(test_thrifty, begin),
		cmocka_unit_test_setup(test_upload, begin),
		cmocka_unit_test_setup(test_renew, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
