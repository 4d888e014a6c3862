// SPDX-License-Identifier: GPL-2.0
/*
 * sched_ecf.c - MPTCP scheduler "ecf": earliest completion first.
 *
 * Algorithm: as minrtt. But before a slower path S sends since the fastest one F has no space, it
 * is compared when all that waits (k bytes, of which the peer's window admits) would be
 * delivered: by F alone, a round trip later, or by S now. With sigma the larger deviation of both,
 *
 *	F:  (1 + k / cwnd_F) * rtt_F < (1 + waiting * beta) * (rtt_S + sigma)   and
 *	S:  max(k / cwnd_S, 1) * rtt_S >= 2 * rtt_F + sigma
 *
 * then F is waited for. beta = 1/4 is a hysteresis: who has waited waits on.
 * Source: Lim, Nahum, Towsley, Gibbens: ECF: An MPTCP Path Scheduler to Manage Heterogeneous
 * Paths, CoNEXT 2017.
 *
 * State: whether the last answer was to wait. Locking: see sched.h.
 */
#include "sched.h"

static bool ecf_waits(struct mptcp_sock *msk, const struct mpsched_path *f,
		      const struct mpsched_path *p)
{
	struct mpsched_state *s = mpsched_state(msk);
	u64 k = mpsched_unsent(msk), sigma = max(f->var, p->var);
	u64 fast = ((u64)f->cwnd + k) * f->srtt;
	u64 slow = (u64)f->cwnd * (p->srtt + sigma);

	if (s->ecf.waiting)
		slow += slow / 4;
	if (fast >= slow) {
		s->ecf.waiting = false;
		return false;
	}
	if (max_t(u64, k, p->cwnd) * p->srtt < (2ULL * f->srtt + sigma) * p->cwnd)
		return false;
	s->ecf.waiting = true;
	return true;
}

static int ecf_send(struct mptcp_sock *msk)
{
	struct mpsched_path paths[MPSCHED_PATHS];
	const struct mpsched_path *f, *p;
	int answer, n;

	n = mpsched_choice(msk, paths, &answer);
	if (!n)
		return answer;
	f = mpsched_fastest(paths, n, false);
	p = mpsched_fastest(paths, n, true);
	if (!p || (p != f && ecf_waits(msk, f, p)))
		return -EAGAIN;
	return mpsched_give(msk, p, min_t(u32, p->space, SZ_64K));
}

static int ecf_retrans(struct mptcp_sock *msk)
{
	return mpsched_retrans(msk);
}

SCHEDULER(ecf);
