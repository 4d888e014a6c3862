// SPDX-License-Identifier: GPL-2.0
/*
 * sched_minrtt.c - MPTCP scheduler "minrtt": the fastest path that has space.
 *
 * Algorithm: of the subflows whose congestion window has space, the one with the least smoothed
 * round-trip time sends, as much as fits. It is what multipath-tcp.org's Linux did by default.
 * Source: Raiciu, Paasch, Barre et al.: How Hard Can It Be? Designing and Implementing a
 * Deployable Multipath TCP, NSDI 2012; without its opportunistic retransmission.
 *
 * State: none. Locking: see sched.h.
 *
 * Limits: what is put on a slow path while the fast one is full can block the receive window
 * until it arrives; see sched_blest.c.
 */
#include "sched.h"

static int minrtt_send(struct mptcp_sock *msk)
{
	struct mpsched_path paths[MPSCHED_PATHS];
	const struct mpsched_path *p;
	int answer, n;

	n = mpsched_choice(msk, paths, &answer);
	if (!n)
		return answer;
	p = mpsched_fastest(paths, n, true);
	return p ? mpsched_give(msk, p, min_t(u32, p->space, SZ_64K)) : -EAGAIN;
}

static int minrtt_retrans(struct mptcp_sock *msk)
{
	return mpsched_retrans(msk);
}

SCHEDULER(minrtt);
