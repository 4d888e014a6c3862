// SPDX-License-Identifier: GPL-2.0-only
/*
 * coupled_test.c - KUnit: what coupled windows grow and shrink by, against the papers' formulas.
 *
 * Sockets are empty memory with the fields that the algorithms read; two of them are the members of
 * a group that is made by hand. The algorithms are asked by their operations, as TCP does.
 */
#include <kunit/test.h>
#include "coupled.h"

#define MS (1000 << 3) /* of srtt_us, an eighth of a microsecond */

struct coupled_pair {
	struct coupled_group group;
	struct tcp_sock tp[2];
};

static struct sock *pair_sock(struct coupled_pair *pair, int i)
{
	return (struct sock *)&pair->tp[i];
}

/* A window in congestion avoidance, known to the group */
static void pair_set(struct coupled_pair *pair, int i, u32 cwnd, u32 srtt, u64 extra)
{
	struct tcp_sock *tp = &pair->tp[i];
	struct sock *sk = pair_sock(pair, i);

	sk->sk_protocol = IPPROTO_TCP;
	tcp_snd_cwnd_set(tp, cwnd);
	tp->snd_cwnd_cnt = 0;
	tp->snd_cwnd_clamp = U32_MAX;
	tp->snd_ssthresh = 1;
	tp->is_cwnd_limited = 1;
	tp->srtt_us = srtt;
	inet_csk(sk)->icsk_rto = HZ;
	if (!coupled_of(sk)->group) {
		coupled_of(sk)->group = &pair->group;
		list_add_tail(&coupled_of(sk)->list, &pair->group.members);
	}
	coupled_note(sk, extra);
}

static struct coupled_pair *pair_make(struct kunit *test)
{
	struct coupled_pair *pair = kunit_kzalloc(test, sizeof(*pair), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, pair);
	spin_lock_init(&pair->group.lock);
	INIT_LIST_HEAD(&pair->group.members);
	return pair;
}

static const struct tcp_congestion_ops *ops_of(struct kunit *test, const char *name)
{
	const struct tcp_congestion_ops *ops;

	rcu_read_lock();
	ops = tcp_ca_find(name);
	rcu_read_unlock();
	KUNIT_ASSERT_NOT_NULL(test, ops);
	return ops;
}

/* Packets that member 0's window grows by after so many acknowledged; it is as before then */
static int grows(struct kunit *test, const char *name, struct coupled_pair *pair, u32 acked)
{
	const struct tcp_congestion_ops *ops = ops_of(test, name);
	struct tcp_sock *tp = &pair->tp[0];
	u32 before = tcp_snd_cwnd(tp);
	int grown;

	ops->cong_avoid(pair_sock(pair, 0), 0, acked);
	grown = tcp_snd_cwnd(tp) - before;
	tcp_snd_cwnd_set(tp, before);
	tp->snd_cwnd_cnt = 0;
	return grown;
}

/* One packet for @window acknowledged; roundings may make that one more or less */
static void expect_window(struct kunit *test, const char *name, struct coupled_pair *pair,
			  u32 window)
{
	KUNIT_EXPECT_EQ_MSG(test, grows(test, name, pair, window - 2), 0, "%s", name);
	KUNIT_EXPECT_EQ_MSG(test, grows(test, name, pair, window + 1), 1, "%s", name);
}

static void coupled_alone_is_reno(struct kunit *test)
{
	static const char *const names[] = {"lia", "olia", "balia"};
	int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		struct coupled_pair *pair = pair_make(test);

		pair_set(pair, 0, 20, 100 * MS, 0);
		expect_window(test, names[i], pair, 20);
	}
}

/* RFC 6356: (10/100 + 10/100)^2 / (10/100^2) = 40; (10/10 + 10/100)^2 / (10/10^2) = 12.1 */
static void coupled_lia_window(struct kunit *test)
{
	struct coupled_pair *pair = pair_make(test);

	pair_set(pair, 0, 10, 100 * MS, 0);
	pair_set(pair, 1, 10, 100 * MS, 0);
	expect_window(test, "lia", pair, 40);
	pair_set(pair, 0, 10, 10 * MS, 0);
	expect_window(test, "lia", pair, 12);
	pair_set(pair, 0, 50, 100 * MS, 0);
	pair_set(pair, 1, 2, 10 * MS, 0);
	expect_window(test, "lia", pair, 50); /* 24.5 is less than the window */
}

/* (1 + a) / 2 * (4 + a) / 5 with a = 2 is 1.8; 30^2 / 10 / 1.8 = 50 */
static void coupled_balia_window(struct kunit *test)
{
	struct coupled_pair *pair = pair_make(test);

	pair_set(pair, 0, 10, 100 * MS, 0);
	pair_set(pair, 1, 10, 100 * MS, 0);
	expect_window(test, "balia", pair, 40);
	pair_set(pair, 1, 20, 100 * MS, 0);
	expect_window(test, "balia", pair, 50);
}

/* cwnd / 2 * min(a, 1.5) less */
static void coupled_balia_loss(struct kunit *test)
{
	const struct tcp_congestion_ops *balia = ops_of(test, "balia");
	struct coupled_pair *pair = pair_make(test);

	pair_set(pair, 0, 20, 100 * MS, 0);
	pair_set(pair, 1, 20, 100 * MS, 0);
	KUNIT_EXPECT_EQ(test, balia->ssthresh(pair_sock(pair, 0)), 10);
	pair_set(pair, 1, 80, 100 * MS, 0);
	KUNIT_EXPECT_EQ(test, balia->ssthresh(pair_sock(pair, 0)), 5);
	KUNIT_EXPECT_EQ(test, balia->ssthresh(pair_sock(pair, 1)), 40);
	pair_set(pair, 0, 2, 100 * MS, 0);
	KUNIT_EXPECT_EQ(test, balia->ssthresh(pair_sock(pair, 0)), 2);
}

/* The path with the better quality and the smaller window gains what the other one yields. */
static void coupled_olia_moves(struct kunit *test)
{
	struct coupled_pair *pair = pair_make(test);

	pair_set(pair, 0, 20, 100 * MS, 1000); /* 1 / 45 - 1 / 40 for each */
	pair_set(pair, 1, 10, 100 * MS, 2000);
	KUNIT_EXPECT_EQ(test, grows(test, "olia", pair, 500), -1);
	pair = pair_make(test);
	pair_set(pair, 0, 10, 100 * MS, 2000); /* 1 / 90 + 1 / 20 for each */
	pair_set(pair, 1, 20, 100 * MS, 1000);
	KUNIT_EXPECT_EQ(test, grows(test, "olia", pair, 100), 6);
}

static void coupled_silent_member(struct kunit *test)
{
	struct coupled_pair *pair = pair_make(test);

	pair_set(pair, 0, 10, 100 * MS, 0);
	pair_set(pair, 1, 10, 100 * MS, 0);
	coupled_of(pair_sock(pair, 1))->until = tcp_jiffies32 - 1;
	expect_window(test, "lia", pair, 10);
	expect_window(test, "balia", pair, 10);
}

/* During a recovery the window that will be counts, not what is open at the moment. */
static void coupled_recovery(struct kunit *test)
{
	struct coupled_pair *pair = pair_make(test);
	struct sock *sk = pair_sock(pair, 0);

	pair_set(pair, 0, 3, 100 * MS, 0);
	pair->tp[0].snd_ssthresh = 10;
	pair->tp[0].prior_cwnd = 20;
	inet_csk(sk)->icsk_ca_state = TCP_CA_Recovery;
	coupled_note(sk, 0);
	KUNIT_EXPECT_EQ(test, coupled_of(sk)->cwnd, 10);
}

/* A million packets at the shortest round trip, and two at a second: no overflow, no zero */
static void coupled_extremes(struct kunit *test)
{
	struct coupled_pair *pair = pair_make(test);

	pair_set(pair, 0, 1000000, 1, 0);
	pair_set(pair, 1, 1000000, 1, 0);
	KUNIT_EXPECT_EQ(test, grows(test, "lia", pair, 3900000), 0);
	KUNIT_EXPECT_EQ(test, grows(test, "lia", pair, 4100000), 1);
	pair_set(pair, 0, 2, 1000 * MS, 0);
	pair_set(pair, 1, 2, 1000 * MS, 0);
	expect_window(test, "lia", pair, 8);
	expect_window(test, "balia", pair, 8);
}

static struct kunit_case coupled_cases[] = {
	KUNIT_CASE(coupled_alone_is_reno),
	KUNIT_CASE(coupled_lia_window),
	KUNIT_CASE(coupled_balia_window),
	KUNIT_CASE(coupled_balia_loss),
	KUNIT_CASE(coupled_olia_moves),
	KUNIT_CASE(coupled_silent_member),
	KUNIT_CASE(coupled_recovery),
	KUNIT_CASE(coupled_extremes),
	{}
};

static struct kunit_suite coupled_suite = {
	.name = "mptcp-coupled",
	.test_cases = coupled_cases,
};

kunit_test_suite(coupled_suite);
