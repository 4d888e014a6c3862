// SPDX-License-Identifier: GPL-2.0
/*
 * sched_guard.c - MPTCP scheduler "guard": the kernel's default, kept from blocking the window.
 *
 * Algorithm: as the kernel's scheduler "default": the subflow sends that will have flushed its
 * queue first, at its pacing rate. But a subflow S is left out if the peer's window is too small
 * for it: if the fastest one F delivers more in a round trip of S than the window has ever
 * admitted, F would have to wait for S.
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

static int guard_send(struct mptcp_sock *msk)
{
	u64 window = READ_ONCE(msk->wnd_end) - READ_ONCE(msk->snd_una), best = U64_MAX, linger;
	struct mpsched_state *s = mpsched_state(msk);
	struct mpsched_path paths[MPSCHED_PATHS];
	const struct mpsched_path *f, *p = NULL;
	int n = mpsched_paths(msk, paths, false), i;
	u32 burst, wmem;

	if (!n)
		return -EINVAL;
	if (n == 1)
		return mpsched_alone(msk, &paths[0]);
	f = mpsched_fastest(paths, n, false);
	mpsched_rate(&s->guard.fastest, f);
	s->guard.largest = max_t(u32, s->guard.largest, min_t(u64, window, U32_MAX));
	for (i = 0; i < n; i++) {
		if (&paths[i] != f && guard_leaves_out(s, &paths[i]))
			continue;
		linger = guard_linger(&paths[i]);
		if (linger >= best)
			continue;
		best = linger;
		p = &paths[i];
	}
	if (!p || !sk_stream_memory_free(p->ssk))
		return -EAGAIN;
	if (p != f && guard_new(p))
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
