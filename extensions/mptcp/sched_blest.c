// SPDX-License-Identifier: GPL-2.0
/*
 * sched_blest.c - MPTCP scheduler "blest": no slow path where it would block the fast one.
 *
 * Algorithm: as minrtt. But before a slower path S sends since the fastest one F has no space, it
 * is estimated how many bytes F will send until S's are acknowledged. The peer must hold these
 * bytes until S's arrive. If its window has no place for them beside what S has in flight, F
 * would be blocked, so S does not send and F is waited for:
 *
 *	X = rate_F * rtt_S * lambda;  S sends if X <= window - queued_S - segment
 *
 * lambda corrects the estimate: it grows by a quarter, up to LAMBDA_MAX, when the window was full
 * all the same while F had space, at most once in a round trip of S, and shrinks by a 64th in
 * each round trip of F without, down to 1.
 * Source: Ferlin, Alay, Mehani, Boreli: BLEST: Blocking Estimation-based MPTCP Scheduler for
 * Heterogeneous Networks, IFIP Networking 2016. Two things are different here:
 *
 * - The paper has cwnd_F / rtt_F for the rate. A path that was blocked has a smaller window
 *   afterwards, so S is used more, and blocks F again. Here rate_F is what F has delivered in a
 *   round trip, and for the next seconds not less: it falls by an eighth in a second.
 * - A receiver enlarges its window by what comes in a round trip of the slowest path that it has
 *   measured. A path that never sends is not measured, and the window stays too small for it.
 *   So S sends PROBE segments now and then all the same: at once, then after PROBE_MIN, and each
 *   time after twice as long, up to PROBE_MAX, unless the window has grown since.
 *
 * State: the rate, lambda, the probes; when each changed. Locking: see sched.h.
 *
 * Limits: with three paths or more, each is compared with the fastest alone.
 */
#include "sched.h"

#define LAMBDA_MAX (3 * MPSCHED_ONE)
#define PROBE 3			/* segments: two make a round trip measurable, one may be lost */
#define PROBE_MIN (HZ)
#define PROBE_MAX (16 * HZ)

/* Bytes per ms that a path delivers now */
static u32 blest_rate_now(const struct mpsched_path *p)
{
	const struct tcp_sock *tp = tcp_sk(p->ssk);
	u32 us = READ_ONCE(tp->rate_interval_us);
	u32 n = READ_ONCE(tp->rate_delivered);

	if (!us || !n)
		return div_u64((u64)p->cwnd * USEC_PER_MSEC, p->srtt);
	return min_t(u64, div_u64((u64)n * p->mss * USEC_PER_MSEC, us), U32_MAX);
}

static void blest_rate(struct mpsched_state *s, const struct mpsched_path *f)
{
	u32 now = blest_rate_now(f);

	if (now >= s->blest.rate || f->subflow->subflow_id != s->blest.fastest) {
		s->blest.rate = now;
	} else {
		if (tcp_jiffies32 - s->blest.rated < HZ)
			return;
		s->blest.rate -= s->blest.rate / 8;
	}
	s->blest.fastest = f->subflow->subflow_id;
	s->blest.rated = tcp_jiffies32;
}

/* The window is @full, or not, while the fastest path @f has space. */
static void blest_learn(struct mpsched_state *s, const struct mpsched_path *f, u32 slowest,
			bool full)
{
	u32 since = tcp_jiffies32 - s->blest.learnt;

	if (!s->blest.lambda)
		s->blest.lambda = MPSCHED_ONE;
	if (since < usecs_to_jiffies(full ? slowest : f->srtt))
		return;
	s->blest.learnt = tcp_jiffies32;
	if (full)
		s->blest.lambda = min_t(u32, s->blest.lambda + MPSCHED_ONE / 4, LAMBDA_MAX);
	else
		s->blest.lambda = max_t(u32, s->blest.lambda - MPSCHED_ONE / 64, MPSCHED_ONE);
}

/* Would the fastest path find the window full before what @p sends now is acknowledged? */
static bool blest_blocks(const struct mpsched_state *s, const struct mpsched_path *p, u64 window)
{
	u64 x = div_u64((u64)s->blest.rate * p->srtt, USEC_PER_MSEC);

	x = x * s->blest.lambda / MPSCHED_ONE;
	return x + p->queued + p->mss > window;
}

/* Is it time for @p to be measured? */
static bool blest_probe(struct mpsched_state *s, const struct mpsched_path *p, u64 window)
{
	if (p->queued)
		return false;
	if (window > s->blest.window + s->blest.window / 4)
		s->blest.pause = 0;
	if (s->blest.pause && tcp_jiffies32 - s->blest.probed < s->blest.pause)
		return false;
	s->blest.pause = clamp_t(u32, 2 * s->blest.pause, PROBE_MIN, PROBE_MAX);
	s->blest.probed = tcp_jiffies32;
	s->blest.window = min_t(u64, window, U32_MAX);
	return true;
}

static int blest_send(struct mptcp_sock *msk)
{
	struct mpsched_path paths[MPSCHED_PATHS];
	struct mpsched_state *s = mpsched_state(msk);
	int n = mpsched_paths(msk, paths, false), i;
	const struct mpsched_path *f, *p;
	u64 window = READ_ONCE(msk->wnd_end) - READ_ONCE(msk->snd_una);
	u32 slowest = 0;

	if (!n)
		return -EINVAL;
	if (n == 1)
		return mpsched_alone(msk, &paths[0]);
	f = mpsched_fastest(paths, n, false);
	for (i = 0; i < n; i++)
		slowest = max(slowest, paths[i].queued ? paths[i].srtt : 0);
	blest_rate(s, f);
	blest_learn(s, f, slowest, !mpsched_window(msk) && f->space && slowest > f->srtt);
	if (!mpsched_window(msk))
		return mpsched_full(msk, f);
	p = mpsched_fastest(paths, n, true);
	if (!p)
		return -EAGAIN;
	if (p == f || !blest_blocks(s, p, window))
		return mpsched_give(msk, p, min_t(u32, p->space, SZ_64K));
	if (blest_probe(s, p, window))
		return mpsched_give(msk, p, min(p->space, PROBE * p->mss));
	return -EAGAIN;
}

static int blest_retrans(struct mptcp_sock *msk)
{
	return mpsched_retrans(msk);
}

SCHEDULER(blest);
