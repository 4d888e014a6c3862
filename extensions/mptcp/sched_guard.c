// SPDX-License-Identifier: GPL-2.0
/*
 * sched_guard.c - MPTCP scheduler "guard": the kernel's default, with two things put right.
 *
 * Algorithm: the fastest subflow F sends as long as nothing would arrive earlier by another one.
 * That takes half a round trip, and a round trip for each congestion window that waits before.
 * Otherwise, as in the kernel's scheduler "default", the subflow sends that will have flushed its
 * queue first, at its pacing rate.
 *
 * The default takes what is in flight for a queue, too, even if the congestion window has room. So
 * it sends small messages by both paths in turn: many take the longer way, and a loss is found
 * late, since what shows it is the acknowledgment of the next message on the same subflow.
 *
 * A path that sends nothing is not measured, so one that was slow for a moment would be out of use
 * for good. If it has sent nothing for STALE, its shortest round trip is taken for the present one;
 * what is sent then, PROBE segments at most, measures it. So that one answer is enough, a round
 * trip is the last one or the smoothed one, whichever is shorter.
 *
 * A subflow S is left out if the peer's window is too small for it: if F delivers more in a round
 * trip of S than the window has ever admitted, F would have to wait for S.
 *
 *	rate_F * rtt_S > largest window
 *
 * rate_F is what F has delivered, not what it may send: mpsched_rate(). A receiver enlarges its
 * window by what comes in a round trip of the slowest path that it has measured, so the first
 * PROBE segments of each path are sent in any case.
 *
 * State: the rate, the window; avg_pacing_rate as in the default. Locking: see sched.h.
 *
 * Limits: with three paths or more, each is compared with the fastest alone.
 */
#include "sched.h"

#define PROBE 4 /* segments: two make a round trip measurable */
#define STALE (2 * HZ)

static bool guard_new(const struct mpsched_path *p)
{
	return READ_ONCE(tcp_sk(p->ssk)->data_segs_out) < PROBE;
}

static bool guard_leaves_out(const struct mpsched_state *s, const struct mpsched_path *p)
{
	return !guard_new(p) &&
	       div_u64((u64)s->guard.fastest.rate * p->srtt, USEC_PER_MSEC) > s->guard.largest;
}

/* Until the path has flushed its queue */
static u64 guard_linger(const struct mpsched_path *p)
{
	u32 pace = p->subflow->avg_pacing_rate;

	if (!pace) {
		pace = READ_ONCE(p->ssk->sk_pacing_rate);
		p->subflow->avg_pacing_rate = pace;
	}
	return pace ? div_u64((u64)READ_ONCE(p->ssk->sk_wmem_queued) << 32, pace) : U64_MAX;
}

/* Was it measured too long ago? */
static bool guard_stale(const struct mpsched_path *p)
{
	const struct tcp_sock *tp = tcp_sk(p->ssk);

	return !READ_ONCE(tp->packets_out) && tcp_jiffies32 - READ_ONCE(tp->lsndtime) > STALE;
}

/* us, at least 1 */
static u32 guard_rtt(const struct mpsched_path *p)
{
	const struct tcp_sock *tp = tcp_sk(p->ssk);
	u32 rtt = READ_ONCE(tp->rack.rtt_us) ?: p->srtt;

	if (guard_stale(p))
		rtt = min(rtt, tcp_min_rtt(tp));
	return clamp(rtt, 1U, p->srtt);
}

static const struct mpsched_path *guard_fastest(const struct mpsched_path *paths, int n)
{
	const struct mpsched_path *f = paths, *p;

	for (p = paths + 1; p < paths + n; p++)
		if (guard_rtt(p) < guard_rtt(f))
			f = p;
	return f;
}

/* Until a message that is sent now has arrived, us */
static u64 guard_arrival(const struct mpsched_path *p)
{
	u32 cwnd = max(p->cwnd / p->mss, 1U), rtt = guard_rtt(p);
	u64 wait = 0;

	if (!sk_stream_memory_free(p->ssk) || inet_csk(p->ssk)->icsk_ca_state == TCP_CA_Loss)
		return U64_MAX;
	if (p->segs >= cwnd)
		wait = div_u64((u64)(p->segs - cwnd + 1) * rtt, cwnd);
	return wait + rtt / 2;
}

/* Would a message arrive earlier by another path than the fastest? */
static bool guard_overtaken(const struct mpsched_state *s, const struct mpsched_path *paths, int n,
			    const struct mpsched_path *f)
{
	u64 us = guard_arrival(f);
	const struct mpsched_path *p;

	for (p = paths; p < paths + n; p++)
		if (p != f && guard_arrival(p) < us && !guard_leaves_out(s, p))
			return true;
	return false;
}

/* The path that has flushed its queue first; of several the one with the shortest way */
static const struct mpsched_path *guard_soonest(const struct mpsched_state *s,
						const struct mpsched_path *paths, int n,
						const struct mpsched_path *f)
{
	const struct mpsched_path *best = NULL, *p;
	u64 least = U64_MAX, linger;

	for (p = paths; p < paths + n; p++) {
		if (p != f && guard_leaves_out(s, p))
			continue;
		linger = guard_linger(p);
		if (linger < least || (best && linger == least && p->srtt < best->srtt)) {
			least = linger;
			best = p;
		}
	}
	return best;
}

static int guard_send(struct mptcp_sock *msk)
{
	u64 window = READ_ONCE(msk->wnd_end) - READ_ONCE(msk->snd_una);
	struct mpsched_state *s = mpsched_state(msk);
	struct mpsched_path paths[MPSCHED_PATHS];
	int n = mpsched_paths(msk, paths, false);
	const struct mpsched_path *f, *p;
	u32 burst, wmem;

	if (!n)
		return -EINVAL;
	if (n == 1)
		return mpsched_alone(msk, &paths[0]);
	f = guard_fastest(paths, n);
	mpsched_rate(&s->guard.fastest, f);
	s->guard.largest = max_t(u32, s->guard.largest, min_t(u64, window, U32_MAX));
	p = f;
	if (guard_overtaken(s, paths, n, f))
		p = guard_soonest(s, paths, n, f);
	if (!p || !sk_stream_memory_free(p->ssk))
		return -EAGAIN;
	if (guard_stale(p) || (p != f && guard_new(p)))
		return mpsched_give(msk, p, PROBE * p->mss);
	burst = min_t(u64, SZ_64K, mpsched_window(msk));
	wmem = READ_ONCE(p->ssk->sk_wmem_queued);
	if (burst) {
		p->subflow->avg_pacing_rate =
			div_u64((u64)(u32)p->subflow->avg_pacing_rate * wmem +
				(u64)READ_ONCE(p->ssk->sk_pacing_rate) * burst, burst + wmem);
		msk->snd_burst = burst;
	}
	mptcp_subflow_set_scheduled(p->subflow, true);
	return 0;
}

static int guard_retrans(struct mptcp_sock *msk)
{
	return mpsched_retrans(msk);
}

SCHEDULER(guard);
