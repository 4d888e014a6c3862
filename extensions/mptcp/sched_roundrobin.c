// SPDX-License-Identifier: GPL-2.0
/*
 * sched_roundrobin.c - MPTCP scheduler "roundrobin": the paths take turns.
 *
 * Algorithm: the next subflow, in the order of their ages, whose congestion window has space sends
 * up to TURN segments. Messages alternate between paths, so each is used and measured. A bulk
 * transfer is divided by the congestion windows, since a path without space is passed over: the
 * "cwnd_limited" round robin of multipath-tcp.org's Linux.
 * Source: Paasch, Ferlin, Alay, Bonaventure: Experimental Evaluation of Multipath TCP Schedulers,
 * CSWS 2014.
 *
 * State: the subflow that had the last turn. Locking: see sched.h.
 *
 * Limits: knows nothing of delay. With a small receive window the slowest path decides.
 */
#include "sched.h"

#define TURN 10 /* segments: TCP's initial window */

static int roundrobin_send(struct mptcp_sock *msk)
{
	struct mpsched_path paths[MPSCHED_PATHS];
	struct mpsched_state *s = mpsched_state(msk);
	int first = 0, answer, n, i;

	n = mpsched_choice(msk, paths, &answer);
	if (!n)
		return answer;
	for (i = 0; i < n; i++)
		if (paths[i].subflow->subflow_id == s->roundrobin.last)
			first = i + 1;
	for (i = 0; i < n; i++) {
		const struct mpsched_path *p = &paths[(first + i) % n];

		if (!p->space)
			continue;
		s->roundrobin.last = p->subflow->subflow_id;
		return mpsched_give(msk, p, min(p->space, TURN * p->mss));
	}
	return -EAGAIN;
}

static int roundrobin_retrans(struct mptcp_sock *msk)
{
	return mpsched_retrans(msk);
}

SCHEDULER(roundrobin);
