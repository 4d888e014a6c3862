// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_coalesce.c - when TX completions are reported at once, and when they wait.
 *
 * A simulated thread on a simulated clock (a cycle is a nanosecond) does what vcpu.c does: it
 * calls, reports what is due, sends. Its socket corks as Linux does: while a frame is on its way
 * small sends are kept, up to MSS bytes, and go at its completion.
 */
#include <pthread.h>
#include <sched.h>
#include "engine/coalesce.h"
#include "unit.h"

#define US     1000ull
#define MS     1000000ull
#define SECOND 1000000000ull
#define MSS    65000

struct world {
	struct coalesce g;
	struct streak s;
	uint64_t now;
	bool waiter;	  /* somebody waits: no completion may */
	uint64_t oldest;  /* when the first frame without its completion was sent */
	uint64_t longest; /* that a frame had no completion */
	uint32_t kept;	  /* bytes corked */
	unsigned int frames;
};

static void start(struct world *w)
{
	memset(w, 0, sizeof(*w));
	coalesce_init(&w->g, US);
	w->now = SECOND;
}

static void tell(struct world *w)
{
	if (coalesce_take(&w->g) && w->now - w->oldest > w->longest)
		w->longest = w->now - w->oldest;
}

static void transmit(struct world *w, uint32_t bytes, bool coalesce)
{
	if (!w->g.due)
		w->oldest = w->now;
	w->frames++;
	w->kept = 0;
	if (!coalesce_sent(&w->g, w->now, 1, bytes, coalesce))
		tell(w);
}

/* A call that sends @bytes. */
static void call(struct world *w, uint32_t bytes)
{
	bool coalesce;

	streak_call(&w->s, &w->g, w->now);
	coalesce = streak_coalesces(&w->s, &w->g) && !w->waiter;
	if (!coalesce || !coalesce_waits(&w->g, w->now))
		tell(w);
	w->kept += bytes;
	if (!w->g.due || w->kept >= MSS)
		transmit(w, w->kept, coalesce);
}

static void calls(struct world *w, unsigned int n, uint64_t gap, uint32_t bytes)
{
	while (n--) {
		call(w, bytes);
		w->now += gap;
	}
}

/* The mechanism's purpose: a frame for many sends, and no completion that is late for long. */
static void test_small_sends_share_frames(void **state)
{
	struct world w;

	start(&w);
	calls(&w, 20000, 500, 64);
	assert_in_range(w.frames, 20000 / 400, 20000 / 100);
	assert_in_range(w.longest, COALESCE_WAIT_US * US / 2, COALESCE_WAIT_US * US + 500);
}

/* While somebody waits for the vCPU no completion does. */
static void test_a_waiter_is_served_at_once(void **state)
{
	struct world w;

	start(&w);
	w.waiter = true;
	calls(&w, 1000, US, 64);
	assert_int_equal(w.frames, 1000);
	assert_int_equal(w.longest, 0);
}

/* The first calls of a streak, and calls with pauses, are answered as ever. */
static void test_a_dialogue_never_coalesces(void **state)
{
	struct world w;

	start(&w);
	for (int i = 0; i < 1000; i++) {
		calls(&w, 10, US, 64);
		w.now += COALESCE_PAUSE_US * US;
	}
	assert_int_equal(w.frames, 10000);
	assert_false(coalesce_used(&w.g));

	start(&w);
	calls(&w, 1000, COALESCE_PAUSE_US * US, 64);
	assert_int_equal(w.frames, 1000);
	assert_false(coalesce_used(&w.g));

	/* Each of these calls had to wait. */
	start(&w);
	for (int i = 0; i < 1000; i++) {
		calls(&w, 1, US, 64);
		streak_end(&w.s);
	}
	assert_int_equal(w.frames, 1000);
}

/* Large sends fill frames by themselves. */
static void test_large_sends_do_not_coalesce(void **state)
{
	struct world w;

	start(&w);
	calls(&w, 1000, 10 * US, 65000);
	assert_int_equal(w.frames, 1000);
	assert_false(coalesce_used(&w.g));
}

/* A streak that was of large sends long ago coalesces when a new one is of small ones. */
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

/* However fast it sends, the queue does not run dry: 64 KiB are completed before the time. */
static void test_many_bytes_are_completed_early(void **state)
{
	struct world w;

	start(&w);
	coalesce_sent(&w.g, w.now, 2, 1000, true);
	assert_true(coalesce_sent(&w.g, w.now, 4, 60000, true));
	assert_true(coalesce_waits(&w.g, w.now));
	assert_false(coalesce_sent(&w.g, w.now, 1, 5000, true));
	assert_int_equal(coalesce_take(&w.g), 7);
	assert_int_equal(coalesce_take(&w.g), 0);
	/* Counted anew. */
	assert_true(coalesce_sent(&w.g, w.now, 1, 60000, true));
	assert_int_equal(w.g.total, 126000);
}

/* A thread that stops in the middle of a stream leaves its frames to the background thread. */
static void test_the_background_thread_sees_what_is_late(void **state)
{
	struct world w;

	start(&w);
	assert_true(coalesce_late(&w.g) == UINT64_MAX);
	assert_false(coalesce_used(&w.g));
	coalesce_sent(&w.g, w.now, 1, 100, true);
	coalesce_sent(&w.g, w.now + 70 * US, 1, 100, true);
	assert_true(coalesce_late(&w.g) == w.now + COALESCE_LATE_US * US);
	assert_true(coalesce_waits(&w.g, w.now + COALESCE_WAIT_US * US - 1));
	assert_false(coalesce_waits(&w.g, w.now + COALESCE_WAIT_US * US));
	assert_true(coalesce_used(&w.g));
	assert_false(coalesce_used(&w.g));
	coalesce_take(&w.g);
	assert_true(coalesce_late(&w.g) == UINT64_MAX);
	assert_false(coalesce_waits(&w.g, w.now));
}

/* ---- threads that send and one that takes ---- */

#define SENDERS 4
#define ROUNDS	2000

static struct coalesce shared;
static _Atomic uint32_t completed[SENDERS];
static _Atomic int left;

/* Sends again only when its last frame was completed: a lost one would hang, one reported twice
 * shows. */
static void *sender(void *arg)
{
	unsigned int me = (unsigned int)(uintptr_t)arg;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		coalesce_sent(&shared, i, 1u << me, 64, true);
		while (atomic_load(&completed[me]) == i)
			sched_yield();
	}
	atomic_fetch_sub(&left, 1);
	return NULL;
}

static void test_nothing_is_lost_or_twice(void **state)
{
	pthread_t t[SENDERS];

	coalesce_init(&shared, US);
	left = SENDERS;
	for (uintptr_t i = 0; i < SENDERS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, sender, (void *)i), 0);
	while (atomic_load(&left)) {
		uint32_t devs = coalesce_take(&shared);

		for (unsigned int i = 0; i < SENDERS; i++)
			if (devs & 1u << i)
				atomic_fetch_add(&completed[i], 1);
		if (!devs)
			sched_yield();
	}
	for (unsigned int i = 0; i < SENDERS; i++) {
		pthread_join(t[i], NULL);
		assert_int_equal(completed[i], ROUNDS);
	}
	assert_int_equal(shared.total, SENDERS * ROUNDS * 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_sends_share_frames),
		cmocka_unit_test(test_a_waiter_is_served_at_once),
		cmocka_unit_test(test_a_dialogue_never_coalesces),
		cmocka_unit_test(test_large_sends_do_not_coalesce),
		cmocka_unit_test(test_a_new_streak_is_judged_anew),
		cmocka_unit_test(test_many_bytes_are_completed_early),
		cmocka_unit_test(test_the_background_thread_sees_what_is_late),
		cmocka_unit_test(test_nothing_is_lost_or_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
