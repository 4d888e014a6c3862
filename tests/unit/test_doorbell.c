// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_doorbell.c - which frames are held back, and for how long.
 *
 * A simulated server on a simulated clock (a cycle is a nanosecond) does what vcpu.c does: it
 * waits, gets events, and makes two calls for each, of which the second sends a frame.
 */
#include "engine/doorbell.h"
#include "unit.h"

#define US     1000ull
#define SECOND 1000000000ull

struct world {
	struct doorbell bell;
	struct turn turn;
	uint64_t now;
	uint64_t oldest; /* when the first frame that is held back was queued */
	uint64_t longest;
	unsigned int queued, sent, rung, most;
};

static void start(struct world *w)
{
	memset(w, 0, sizeof(*w));
	doorbell_init(&w->bell, US);
	w->now = SECOND;
}

static void ring(struct world *w)
{
	if (!w->queued)
		return;
	if (w->now - w->oldest > w->longest)
		w->longest = w->now - w->oldest;
	if (w->queued > w->most)
		w->most = w->queued;
	w->sent += w->queued;
	w->queued = 0;
	w->rung++;
}

static void release(struct world *w, bool may, uint32_t bytes)
{
	if (w->queued && !doorbell_holds(&w->bell, w->now, may, w->queued, bytes * w->queued))
		ring(w);
}

/* The background thread looks every now and then. */
static void background(struct world *w)
{
	if (w->now < doorbell_late(&w->bell))
		return;
	doorbell_missed(&w->bell);
	release(w, false, 0);
}

/* A call that takes @ns and queues @frames of @bytes. */
static void call(struct world *w, uint64_t ns, unsigned int frames, uint32_t bytes)
{
	bool may = turn_call(&w->turn, &w->bell, w->now);

	w->now += ns;
	if (frames && !w->queued)
		w->oldest = w->now;
	w->queued += frames;
	release(w, may, bytes);
}

static void wait(struct world *w, long events)
{
	release(w, false, 0);
	turn_waited(&w->turn, events);
}

/* @turns waits that give @events each; the program computes for @ns before each answer. */
static void serve(struct world *w, unsigned int turns, long events, uint64_t ns, uint32_t bytes)
{
	while (turns--) {
		wait(w, events);
		for (long i = 0; i < events; i++) {
			call(w, US, 0, 0);
			for (uint64_t end = w->now + ns; w->now < end; w->now += 10 * US)
				background(w);
			call(w, US, 1, bytes);
		}
	}
	wait(w, 0);
}

static void test_answers_leave_together(void **state)
{
	struct world w;

	start(&w);
	serve(&w, 1000, 20, 0, 100);
	assert_int_equal(w.sent, 20000);
	assert_in_range(w.rung, 1000, 1000);
	assert_in_range(w.longest, US, DOORBELL_HOLD_US * US);
}

/* One event, or none: the answer leaves at once. */
static void test_a_dialogue_is_not_held(void **state)
{
	struct world w;

	start(&w);
	serve(&w, 1000, 1, 0, 100);
	assert_int_equal(w.rung, 1000);
	assert_int_equal(w.longest, 0);
	assert_false(doorbell_used(&w.bell));
}

static void test_bounds(void **state)
{
	struct world w;

	/* time */
	start(&w);
	serve(&w, 10, 1000, 0, 1);
	assert_in_range(w.longest, DOORBELL_HOLD_US * US / 2, (DOORBELL_HOLD_US + 2) * US);
	assert_in_range(w.most, 2, DOORBELL_FRAMES);
	/* frames: calls that take no time */
	start(&w);
	turn_waited(&w.turn, 1000);
	for (int i = 0; i < 1000; i++)
		call(&w, 0, 1, 1);
	assert_int_equal(w.most, DOORBELL_FRAMES);
	/* bytes */
	start(&w);
	turn_waited(&w.turn, 1000);
	for (int i = 0; i < 1000; i++)
		call(&w, 0, 1, DOORBELL_BYTES / 4);
	assert_int_equal(w.most, 4);
}

/* A turn is over after some calls for each event. */
static void test_a_turn_ends(void **state)
{
	struct world w;

	start(&w);
	turn_waited(&w.turn, 2);
	for (int i = 0; i < 100; i++)
		call(&w, US / 10, 1, 1);
	assert_in_range(w.sent, 80, 100);
	assert_in_range(w.rung, 80, 100);
}

/* A server that computes for each answer: few frames wait, and for as long as is promised. */
static void test_a_slow_server_holds_little(void **state)
{
	struct world w;

	start(&w);
	serve(&w, 1000, 10, 5000 * US, 100);
	assert_int_equal(w.sent, 10000);
	assert_in_range(w.longest, DOORBELL_LATE_US * US, (DOORBELL_LATE_US + 20) * US);
	assert_in_range(w.rung, 9900, 10000);

	/* between the two bounds: the next call finds it out */
	start(&w);
	serve(&w, 1000, 10, DOORBELL_SLOW_US * US + 50 * US, 100);
	assert_in_range(w.longest, DOORBELL_HOLD_US * US, DOORBELL_LATE_US * US);
	assert_in_range(w.rung, 9900, 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_leave_together),
		cmocka_unit_test(test_a_dialogue_is_not_held),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_a_turn_ends),
		cmocka_unit_test(test_a_slow_server_holds_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
