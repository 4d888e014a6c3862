// SPDX-License-Identifier: GPL-2.0
/*
 * sched_blest.c - MPTCP scheduler "blest": no slow path where it would block the fast one.
 *
 * Algorithm: as minrtt. But before a slower path S sends since the fastest one F has no space, it
 * is estimated how many bytes F will send until S's are acknowledged. The peer must hold these
 * bytes until S's arrive. If its window has no place for them beside what S has in flight, F
 * would be blocked, so S does not send and F is waited for:
 *
 *	X = rate_F * rtt_S;  S sends if X <= window - queued_S - segment
 *
 * Source: Ferlin, Alay, Mehani, Boreli: BLEST: Blocking Estimation-based MPTCP Scheduler for
 * Heterogeneous Networks, IFIP Networking 2016. Three things are different here:
 *
 * - The paper has cwnd_F / rtt_F for the rate. A path that was blocked has a smaller window
 *   afterwards, so S is used more, and blocks F again. Here rate_F is what F has delivered:
 *   mpsched_rate().
 * - The paper corrects X by a factor that grows when F was blocked all the same: the window was
 *   full while F had space and S had something in flight. That is slow where F has never been
 *   free, so its rate is not known. Here S then pauses, for HOLD_MIN at first, twice as long each
 *   time, up to HOLD_MAX, and no longer than until the window has grown by a quarter.
 * - A receiver enlarges its window by what comes in a round trip of the slowest path that it has
 *   measured. A path that never sends is not measured, and the window stays too small for it.
 *   So the first PROBE segments of a path are sent in any case.
 *
 * State: the rate, the pause; when each changed. Locking: see sched.h.
 *
 * Limits: with three paths or more, each is compared with the fastest alone, and all pause.
 */
#include "sched.h"

#define PROBE 4		/* segments: two make a round trip measurable */
#define HOLD_MIN HZ
#define HOLD_MAX (16 * HZ)

/* The fastest path found the window full: the others pause. */
static void blest_hold(struct mpsched_state *s)
{
	if (s->blest.hold && tcp_jiffies32 - s->blest.held < s->blest.hold)
		return;
	s->blest.hold = clamp_t(u32, 2 * s->blest.hold, HOLD_MIN, HOLD_MAX);
	s->blest.held = tcp_jiffies32;
	s->blest.window = s->blest.largest;
}

/* Must @p wait, though it has space? */
static bool blest_waits(struct mpsched_state *s, const struct mpsched_path *p, u64 window)
{
	u64 x = div_u64((u64)s->blest.fastest.rate * p->srtt, USEC_PER_MSEC);

	if (tcp_sk(p->ssk)->data_segs_out < PROBE)
		return false;
	if (s->blest.hold) {
		if (s->blest.largest > s->blest.window + s->blest.window / 4)
			s->blest.hold = 0;
		else if (tcp_jiffies32 - s->blest.held < s->blest.hold)
			return true;
	}
	return x + p->queued + p->mss > window;
}

static int blest_send(struct mptcp_sock *msk)
{
	struct mpsched_path paths[MPSCHED_PATHS];
	struct mpsched_state *s = mpsched_state(msk);
	int n = mpsched_paths(msk, paths, false), i;
	const struct mpsched_path *f, *p;
	u64 window = READ_ONCE(msk->wnd_end) - READ_ONCE(msk->snd_una);
	u32 most = SZ_64K;

	if (!n)
		return -EINVAL;
	if (n == 1)
		return mpsched_alone(msk, &paths[0]);
	f = mpsched_fastest(paths, n, false);
	mpsched_rate(&s->blest.fastest, f);
	s->blest.largest = max_t(u32, s->blest.largest, min_t(u64, window, U32_MAX));
	if (!mpsched_window(msk)) {
		for (i = 0; i < n; i++)
			if (f->space && &paths[i] != f && paths[i].queued)
				blest_hold(s);
		return mpsched_full(msk, f);
	}
	p = mpsched_fastest(paths, n, true);
	if (!p || (p != f && blest_waits(s, p, window)))
		return -EAGAIN;
	if (tcp_sk(p->ssk)->data_segs_out < PROBE)
		most = PROBE * p->mss;
	return mpsched_give(msk, p, min(p->space, most));
}

static int blest_retrans(struct mptcp_sock *msk)
{
	return mpsched_retrans(msk);
}

SCHEDULER(blest);
