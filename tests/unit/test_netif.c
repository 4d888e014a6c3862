// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_netif.c - frames that a back end refuses are tried again, whichever queue they are in.
 *
 * The device is one of two queues and two rings without an image; its back end takes as much of
 * each queue as the test allows.
 */
#include "engine/netif.c" /* NOLINT(bugprone-suspicious-include): its static parts are tested */
#include "unit.h"

static unsigned int takes[2], got[2];
static uint32_t order[8];
static unsigned int order_len;

static int some_tx(struct backend *be, unsigned int queue, struct backend_frame *f, unsigned int n)
{
	if (n > takes[queue])
		n = takes[queue];
	takes[queue] -= n;
	got[queue] += n;
	for (unsigned int i = 0; i < n && order_len < sizeof(order) / sizeof(order[0]); i++)
		order[order_len++] = f[i].len;
	return (int)n;
}

static const struct backend_ops some_ops = {.tx = some_tx};
static struct backend some = {.ops = &some_ops, .queues = 2};
static struct lkl_tx_ring rings[2];

static int set_up(void **state)
{
	memset(rings, 0, sizeof(rings));
	memset(netifs, 0, sizeof(netifs));
	memset(stalled, 0, sizeof(stalled));
	memset(got, 0, sizeof(got));
	engine.nvcpus = 2;
	netifs[0].be = &some;
	netifs[0].ring[0] = &rings[0];
	netifs[0].ring[1] = &rings[1];
	return 0;
}

/* A queue that is free does not make that of another vCPU forgotten. */
static void test_stalled_queue(void **state)
{
	for (unsigned int full = 0; full < 2; full++) {
		set_up(state);
		rings[0].head = rings[1].head = 3;
		takes[full] = 1;
		takes[!full] = 100;
		netif_flush(1, 0);
		assert_int_equal(got[full], 1);
		assert_int_equal(got[!full], 3);
		assert_int_equal(netif_stalled(), 1);
		takes[full] = 100;
		netif_flush(netif_stalled(), 0);
		assert_int_equal(got[full], 3);
		assert_int_equal(netif_stalled(), 0);
	}
}

/* Both are full, then one of them is not. */
static void test_stalled_both(void **state)
{
	set_up(state);
	rings[0].head = rings[1].head = 2;
	takes[0] = takes[1] = 0;
	netif_flush(1, 0);
	assert_int_equal(netif_stalled(), 1);
	takes[1] = 100;
	netif_flush(netif_stalled(), 0);
	assert_int_equal(got[1], 2);
	assert_int_equal(netif_stalled(), 1);
	takes[0] = 100;
	netif_flush(netif_stalled(), 0);
	assert_int_equal(netif_stalled(), 0);
}

/* What another vCPU holds back goes first, by one queue and by two. */
static void test_order(void **state)
{
	for (unsigned int queues = 1; queues <= 2; queues++) {
		for (unsigned int last = 0; last < 2; last++) {
			set_up(state);
			some.queues = queues;
			takes[0] = takes[1] = 100;
			order_len = 0;
			rings[last].head = 1;
			rings[last].frame[0].len = 3;
			rings[!last].head = 2;
			rings[!last].frame[0].len = 1;
			rings[!last].frame[1].len = 2;
			netif_flush(1, last);
			assert_int_equal(order_len, 3);
			for (uint32_t i = 0; i < 3; i++)
				assert_int_equal(order[i], i + 1);
		}
	}
	some.queues = 2;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stalled_queue),
		cmocka_unit_test(test_stalled_both),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
