// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_ended.c - a connection's totals never fall, though subflows end, with both kinds of kernel.
 */
#include "unit.h"
#include <netinet/in.h>
#include "control/ended.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static int order(const void *a, const void *b)
{
	const struct diag_sock *x = a, *y = b;

	return x->token == y->token ? x->lport - y->lport : x->token < y->token ? -1 : 1;
}

/* Connection @token, and what its kernel says of it, if it counts. */
static struct diag_sock connection(uint32_t token, bool counts, uint64_t sent, uint64_t received)
{
	return (struct diag_sock){.protocol = IPPROTO_MPTCP,
				  .state = 1,
				  .token = token,
				  .counts = counts,
				  .sent = sent,
				  .received = received};
}

static struct diag_sock subflow(uint32_t token, uint16_t port, uint64_t sent, uint64_t received)
{
	return (struct diag_sock){.protocol = IPPROTO_TCP,
				  .state = 1,
				  .token = token,
				  .lport = port,
				  .sent = sent,
				  .acked = sent,
				  .received = received};
}

/* A report of connection @c with @n subflows: what those had that have ended. */
static void look(struct diag_sock c, struct diag_sock *flow, size_t n, uint64_t *sent,
		 uint64_t *received)
{
	struct diag_list mptcp = {.at = &c, .n = 1}, tcp = {.at = flow, .n = n};

	ended_look(&mptcp, &tcp, order);
	ended_bytes(&c, flow, n, sent, received);
}

static void nothing_left(void)
{
	struct diag_list none = {0};

	ended_look(&none, &none, order);
}

static void test_counting_kernel(void **state)
{
	struct diag_sock two[2] = {subflow(7, 1, 600, 10), subflow(7, 2, 500, 20)};
	uint64_t sent, received;

	/* Sent twice, and come out of turn: no reason to say that something has ended. */
	look(connection(7, true, 1000, 25), two, 2, &sent, &received);
	assert_true(sent == 0 && received == 0);
	/* One ends, having had more than was seen of it. */
	two[0].sent = two[0].acked = 700;
	look(connection(7, true, 1300, 40), two, 1, &sent, &received);
	assert_true(sent == 600 && received == 30);
	/* Much that is out of turn at another: what has ended does not get less. */
	two[0].received = 5000;
	look(connection(7, true, 1300, 40), two, 1, &sent, &received);
	assert_true(sent == 600 && received == 30);
	/* Both have ended, and one comes. */
	two[0] = subflow(7, 3, 5, 0);
	look(connection(7, true, 1310, 5030), two, 1, &sent, &received);
	assert_true(sent == 1305 && received == 5030);
	look(connection(7, true, 1310, 5030), two, 0, &sent, &received);
	assert_true(sent == 1310 && received == 5030);
	nothing_left();
	/* What ended before the first look is known, too. */
	look(connection(8, true, 1000, 500), two, 0, &sent, &received);
	assert_true(sent == 1000 && received == 500);
	nothing_left();
}

/* What a subflow was given and has not sent is no sign of one that ended. */
static void test_queued(void **state)
{
	struct diag_sock one = subflow(7, 1, 600, 0);
	uint64_t sent, received;

	one.acked = 500;
	one.wqueue = 2500;
	look(connection(7, true, 3000, 0), &one, 1, &sent, &received);
	assert_int_equal(sent, 0);
	look(connection(7, true, 3100, 0), &one, 1, &sent, &received);
	assert_int_equal(sent, 100);
	nothing_left();
}

/* Living subflows said more than the connection knows of: it does not fall when they end. */
static void test_never_falls(void **state)
{
	for (int counts = 0; counts < 2; counts++) {
		uint64_t sent, received, last_sent = 0, last_received = 0;
		struct diag_sock flow[8];
		size_t n = 0;
		uint64_t real = 0;

		srand(5);
		for (int step = 0; step < 2000; step++) {
			uint64_t out = 0, in = 0;

			if (n < 8 && rand() % 4 == 0)
				flow[n++] = subflow(9, (uint16_t)(step + 1), 0, 0);
			if (n && rand() % 6 == 0)
				flow[rand() % (int)n] = flow[n - 1], n--;
			qsort(flow, n, sizeof(flow[0]), order);
			for (size_t i = 0; i < n; i++) {
				uint64_t more = (uint64_t)rand() % 1000;

				real += more;
				flow[i].sent += more + (uint64_t)rand() % 50;
				flow[i].acked += more;
				flow[i].received += more;
				out += flow[i].sent;
				in += flow[i].received;
			}
			look(connection(9, counts, real, real - real / 100), flow, n, &sent,
			     &received);
			assert_true(out + sent >= last_sent);
			assert_true(in + received >= last_received);
			last_sent = out + sent;
			last_received = in + received;
		}
		nothing_left();
	}
}

/* An older kernel: what a subflow had in the last report before its end. */
static void test_older_kernel(void **state)
{
	struct diag_sock two[2] = {subflow(7, 1, 600, 10), subflow(7, 2, 500, 20)};
	uint64_t sent, received;

	look(connection(7, false, 0, 0), two, 2, &sent, &received);
	assert_true(sent == 0 && received == 0);
	look(connection(7, false, 0, 0), two, 1, &sent, &received);
	assert_true(sent == 500 && received == 20);
	look(connection(7, false, 0, 0), two, 1, &sent, &received);
	assert_true(sent == 500 && received == 20);
	look(connection(7, false, 0, 0), two, 0, &sent, &received);
	assert_true(sent == 1100 && received == 30);
	/* The connection ends: another of its token begins at nothing. */
	nothing_left();
	look(connection(7, false, 0, 0), two, 1, &sent, &received);
	assert_true(sent == 0 && received == 0);
	nothing_left();
}

/* Plain TCP has nothing that ended. */
static void test_plain(void **state)
{
	struct diag_sock s = subflow(0, 1, 600, 10);
	struct diag_list none = {0}, tcp = {.at = &s, .n = 1};
	uint64_t sent, received;

	ended_look(&none, &tcp, order);
	ended_bytes(&s, &s, 1, &sent, &received);
	assert_true(sent == 0 && received == 0);
	nothing_left();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counting_kernel), cmocka_unit_test(test_queued),
		cmocka_unit_test(test_never_falls),	cmocka_unit_test(test_older_kernel),
		cmocka_unit_test(test_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
