// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_gather.c - when sent frames are told at once, and when they gather.
 *
 * A simulated thread on a simulated clock (a cycle is a nanosecond) does what vcpu.c does: it
 * calls, tells what is due, sends. Its socket corks as Linux does: while a frame is on its way
 * small sends are kept, up to MSS bytes, and go when it is told.
 */
#include <pthread.h>
#include <sched.h>
#include "engine/gather.h"
#include "unit.h"

#define US     1000ull
#define MS     1000000ull
#define SECOND 1000000000ull
#define MSS    65000

struct world {
	struct gather g;
	struct streak s;
	uint64_t now;
	bool waiter;	  /* somebody waits: nothing may gather */
	uint64_t oldest;  /* when the first frame that is not told was sent */
	uint64_t longest; /* that a frame was not told */
	uint32_t kept;	  /* bytes corked */
	unsigned int frames;
};

static void start(struct world *w)
{
	memset(w, 0, sizeof(*w));
	gather_init(&w->g, US);
	w->now = SECOND;
}

static void tell(struct world *w)
{
	if (gather_take(&w->g) && w->now - w->oldest > w->longest)
		w->longest = w->now - w->oldest;
}

static void transmit(struct world *w, uint32_t bytes, bool gather)
{
	if (!w->g.due)
		w->oldest = w->now;
	w->frames++;
	w->kept = 0;
	if (!gather_sent(&w->g, w->now, 1, bytes, gather))
		tell(w);
}

/* A call that sends @bytes. */
static void call(struct world *w, uint32_t bytes)
{
	bool gather;

	streak_call(&w->s, &w->g, w->now);
	gather = streak_gathers(&w->s, &w->g) && !w->waiter;
	if (!gather || !gather_waits(&w->g, w->now))
		tell(w);
	w->kept += bytes;
	if (!w->g.due || w->kept >= MSS)
		transmit(w, w->kept, gather);
}

static void calls(struct world *w, unsigned int n, uint64_t gap, uint32_t bytes)
{
	while (n--) {
		call(w, bytes);
		w->now += gap;
	}
}

/* The mechanism's purpose: a frame for many sends, none of them untold for long. */
static void test_small_sends_share_frames(void **state)
{
	struct world w;

	start(&w);
	calls(&w, 20000, 500, 64);
	assert_in_range(w.frames, 20000 / 400, 20000 / 100);
	assert_in_range(w.longest, GATHER_WAIT_US * US / 2, GATHER_WAIT_US * US + 500);
}

/* While somebody waits for the vCPU nothing gathers. */
static void test_a_waiter_is_told_at_once(void **state)
{
	struct world w;

	start(&w);
	w.waiter = true;
	calls(&w, 1000, US, 64);
	assert_int_equal(w.frames, 1000);
	assert_int_equal(w.longest, 0);
}

/* The first calls of a streak, and calls with pauses, are answered as ever. */
static void test_a_dialogue_never_gathers(void **state)
{
	struct world w;

	start(&w);
	for (int i = 0; i < 1000; i++) {
		calls(&w, 10, US, 64);
		w.now += GATHER_PAUSE_US * US;
	}
	assert_int_equal(w.frames, 10000);
	assert_false(gather_used(&w.g));

	start(&w);
	calls(&w, 1000, GATHER_PAUSE_US * US, 64);
	assert_int_equal(w.frames, 1000);
	assert_false(gather_used(&w.g));

	/* Each of these calls had to wait. */
	start(&w);
	for (int i = 0; i < 1000; i++) {
		calls(&w, 1, US, 64);
		streak_end(&w.s);
	}
	assert_int_equal(w.frames, 1000);
}

/* Large sends fill frames by themselves. */
static void test_large_sends_do_not_gather(void **state)
{
	struct world w;

	start(&w);
	calls(&w, 1000, 10 * US, 65000);
	assert_int_equal(w.frames, 1000);
	assert_false(gather_used(&w.g));
}

/* A streak that was of large sends long ago gathers when a new one is of small ones. */
static void test_a_new_streak_is_judged_anew(void **state)
{
	struct world w;

	start(&w);
	calls(&w, 1000, 10 * US, 65000);
	w.now += MS;
	w.frames = 0;
	calls(&w, 20000, 500, 64);
	assert_in_range(w.frames, 20000 / 400, 20000 / 100);
}

/* However fast it sends, the queue does not run dry: 64 KiB are told before the time. */
static void test_many_bytes_are_told_early(void **state)
{
	struct world w;

	start(&w);
	gather_sent(&w.g, w.now, 2, 1000, true);
	assert_true(gather_sent(&w.g, w.now, 4, 60000, true));
	assert_true(gather_waits(&w.g, w.now));
	assert_false(gather_sent(&w.g, w.now, 1, 5000, true));
	assert_int_equal(gather_take(&w.g), 7);
	assert_int_equal(gather_take(&w.g), 0);
	/* Counted anew. */
	assert_true(gather_sent(&w.g, w.now, 1, 60000, true));
	assert_int_equal(w.g.total, 126000);
}

/* A thread that stops in the middle of a stream leaves its frames to the background thread. */
static void test_the_background_thread_sees_what_is_late(void **state)
{
	struct world w;

	start(&w);
	assert_true(gather_late(&w.g) == UINT64_MAX);
	assert_false(gather_used(&w.g));
	gather_sent(&w.g, w.now, 1, 100, true);
	gather_sent(&w.g, w.now + 70 * US, 1, 100, true);
	assert_true(gather_late(&w.g) == w.now + GATHER_LATE_US * US);
	assert_true(gather_waits(&w.g, w.now + GATHER_WAIT_US * US - 1));
	assert_false(gather_waits(&w.g, w.now + GATHER_WAIT_US * US));
	assert_true(gather_used(&w.g));
	assert_false(gather_used(&w.g));
	gather_take(&w.g);
	assert_true(gather_late(&w.g) == UINT64_MAX);
	assert_false(gather_waits(&w.g, w.now));
}

/* ---- threads that send and one that takes ---- */

#define SENDERS 4
#define ROUNDS	2000

static struct gather shared;
static _Atomic uint32_t told[SENDERS];
static _Atomic int left;

/* Sends again only when its last frame was told: a lost one would hang, one told twice shows. */
static void *sender(void *arg)
{
	unsigned int me = (unsigned int)(uintptr_t)arg;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		gather_sent(&shared, i, 1u << me, 64, true);
		while (atomic_load(&told[me]) == i)
			sched_yield();
	}
	atomic_fetch_sub(&left, 1);
	return NULL;
}

static void test_nothing_is_lost_or_told_twice(void **state)
{
	pthread_t t[SENDERS];

	gather_init(&shared, US);
	left = SENDERS;
	for (uintptr_t i = 0; i < SENDERS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, sender, (void *)i), 0);
	while (atomic_load(&left)) {
		uint32_t devs = gather_take(&shared);

		for (unsigned int i = 0; i < SENDERS; i++)
			if (devs & 1u << i)
				atomic_fetch_add(&told[i], 1);
		if (!devs)
			sched_yield();
	}
	for (unsigned int i = 0; i < SENDERS; i++) {
		pthread_join(t[i], NULL);
		assert_int_equal(told[i], ROUNDS);
	}
	assert_int_equal(shared.total, SENDERS * ROUNDS * 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_sends_share_frames),
		cmocka_unit_test(test_a_waiter_is_told_at_once),
		cmocka_unit_test(test_a_dialogue_never_gathers),
		cmocka_unit_test(test_large_sends_do_not_gather),
		cmocka_unit_test(test_a_new_streak_is_judged_anew),
		cmocka_unit_test(test_many_bytes_are_told_early),
		cmocka_unit_test(test_the_background_thread_sees_what_is_late),
		cmocka_unit_test(test_nothing_is_lost_or_told_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
