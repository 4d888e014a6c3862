// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_moderation.c - when frames are left to gather, and when not.
 *
 * A simulated waiter on a simulated clock (a cycle is a nanosecond): it asks moderation_hold(),
 * then sleeps as told, or until the next frame, and takes what has come. Two sources of frames: a
 * stream, which sends whatever the receiver does, and dialogues, each of which sends its next frame
 * a round-trip time after the last one was taken.
 */
#include "engine/moderation.h"
#include "unit.h"

#define US	  1000ull
#define MS	  1000000ull
#define SECOND	  1000000000ull
#define DIALOGUES 16

struct world {
	struct moderation m;
	uint64_t now;
	uint64_t frames;
	uint64_t wakeups;
	uint64_t held; /* time slept in holds */
	uint64_t next[DIALOGUES];
	unsigned int dialogues; /* 0: a stream */
	uint64_t gap;		/* of the stream, or the round-trip time */
	uint32_t random;
};

static void start(struct world *w, unsigned int dialogues, uint64_t gap)
{
	memset(w, 0, sizeof(*w));
	moderation_init(&w->m, US);
	w->now = SECOND;
	w->dialogues = dialogues;
	w->gap = gap;
	w->random = 1;
	for (unsigned int i = 0; i < DIALOGUES; i++)
		w->next[i] = w->now + gap * (i + 1) / (dialogues ? dialogues : 1);
}

/* Half to one and a half of the gap. */
static uint64_t jitter(struct world *w, uint64_t gap)
{
	w->random = w->random * 1664525 + 1013904223;
	return gap / 2 + gap * (w->random >> 16) / 65536;
}

static uint64_t first_arrival(const struct world *w)
{
	uint64_t first = w->next[0];

	for (unsigned int i = 1; i < w->dialogues; i++)
		if (w->next[i] < first)
			first = w->next[i];
	return first;
}

static void take(struct world *w)
{
	if (!w->dialogues) {
		while (w->next[0] <= w->now) {
			w->frames++;
			w->next[0] += jitter(w, w->gap);
		}
		return;
	}
	for (unsigned int i = 0; i < w->dialogues; i++) {
		if (w->next[i] <= w->now) {
			w->frames++;
			w->next[i] = w->now + jitter(w, w->gap);
		}
	}
}

/* For @time; gives the frames that came. */
static uint64_t run(struct world *w, uint64_t time)
{
	uint64_t end = w->now + time, before = w->frames;

	w->wakeups = w->held = 0;
	while (w->now < end) {
		uint64_t hold = moderation_hold(&w->m, w->now, w->frames);

		w->held += hold;
		w->now = hold ? w->now + hold : first_arrival(w);
		w->wakeups++;
		take(w);
	}
	return w->frames - before;
}

static void test_stream(void **state)
{
	static const uint64_t gaps[] = {120 * US, 250 * US, 500 * US, 700 * US};
	struct world w;

	for (size_t i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++) {
		start(&w, 0, gaps[i]);
		run(&w, 100 * gaps[i]);
		run(&w, 2 * SECOND);
		/* held nearly always, and two to five frames for each wake-up */
		assert_true(w.held > 2 * SECOND * 9 / 10);
		assert_true(w.wakeups * gaps[i] * 5 / 2 < 2 * SECOND);
		assert_true(w.wakeups * 2 * MS * 11 / 10 >= 2 * SECOND);
	}
}

/* Neither what is slow nor what is fast is touched. */
static void test_not_eligible(void **state)
{
	static const uint64_t gaps[] = {1 * US, 20 * US, 80 * US, 1 * MS, 20 * MS};
	struct world w;

	for (size_t i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++) {
		start(&w, 0, gaps[i]);
		run(&w, SECOND);
		assert_int_equal(w.held, 0);
	}
}

/* Request and reply: as fast as if it were not there, but for the tries. */
static void test_dialogue(void **state)
{
	static const uint64_t times[] = {50 * US, 200 * US, 400 * US, 700 * US};
	struct world w;

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		start(&w, 1, times[i]);
		run(&w, 10 * SECOND);
		assert_true(run(&w, 10 * SECOND) > 10 * SECOND / times[i] * 97 / 100);
		assert_true(w.held < 10 * SECOND * 3 / 100);
	}
}

/* Some at a time: a hold of theirs is a part of a round trip, so little is lost in any case. */
static void test_dialogues(void **state)
{
	struct world w;

	for (unsigned int n = 2; n <= DIALOGUES; n *= 2) {
		start(&w, n, 1 * MS);
		run(&w, SECOND);
		assert_true(run(&w, 10 * SECOND) > n * 10000 * 55 / 100);
	}
	start(&w, 2, 1 * MS);
	run(&w, SECOND);
	assert_true(run(&w, 10 * SECOND) > 2 * 10000 * 95 / 100);
}

/* The link becomes slower, then faster: that is no reason to give up. */
static void test_rate_changes(void **state)
{
	static const uint64_t gaps[] = {250 * US, 600 * US, 150 * US, 400 * US, 130 * US};
	struct world w;

	start(&w, 0, gaps[0]);
	for (size_t i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++) {
		w.gap = gaps[i];
		run(&w, SECOND / 5);
		run(&w, SECOND);
		assert_true(w.held > SECOND * 9 / 10);
		assert_int_equal(w.m.penalty, 1);
		/* as long as suits the new rate, or shorter */
		assert_true(w.m.hold <= 4 * gaps[i] * 3 / 2);
	}
}

/* A stream that has ended must not hold up what comes then. */
static void test_end(void **state)
{
	struct world w;

	start(&w, 0, 250 * US);
	run(&w, SECOND);
	assert_true(w.m.hold > 0);
	w.gap = 30 * MS;
	run(&w, 100 * MS);
	run(&w, SECOND);
	assert_int_equal(w.held, 0);
}

/* A stream that becomes ten times as fast is not made to wait as for the slow one. */
static void test_slow_start(void **state)
{
	struct world w;

	start(&w, 0, 700 * US);
	run(&w, SECOND);
	assert_int_equal(w.m.hold, 2 * MS);
	w.gap = 70 * US;
	run(&w, 5 * MS);
	assert_true(w.m.hold < MS / 2);
}

static void test_off(void **state)
{
	struct world w;

	start(&w, 0, 250 * US);
	moderation_init(&w.m, 0);
	run(&w, SECOND);
	assert_int_equal(w.held, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stream),	     cmocka_unit_test(test_not_eligible),
		cmocka_unit_test(test_dialogue),     cmocka_unit_test(test_dialogues),
		cmocka_unit_test(test_rate_changes), cmocka_unit_test(test_end),
		cmocka_unit_test(test_slow_start),   cmocka_unit_test(test_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
