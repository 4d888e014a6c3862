// SPDX-License-Identifier: GPL-2.0
/*
 * sched_handover.c - MPTCP scheduler "handover": one path, and another as soon as that is silent.
 *
 * Algorithm: the preferred subflow sends all: one that is no backup before one that is, then the
 * one of the earlier interface (persona's -i, in their order), then the older one. The others
 * carry nothing, so a metered network costs nothing. The subflow in use is taken for lost when it
 * has answered nothing for SILENCE, and what it sent first is unanswered for a round trip and four
 * mean deviations, or what a receiver may delay an acknowledgment. What is not acknowledged is
 * then sent again on the next subflow, which goes on. A lost subflow is probed each PROBE while
 * there is something to send, and preferred again with its first answer.
 * Source: the handover mode of Apple's MPTCP (multipathServiceType); Paasch, Detal, Duchene,
 * Raiciu, Bonaventure: Exploring Mobile/WiFi Handover with Multipath TCP, CellNet 2012.
 *
 * Theory of operation: each acknowledgment restarts MPTCP's retransmission timer, which is set to
 * SILENCE. When it expires, MPTCP asks for a subflow for retransmissions. A lost subflow
 * is marked as MPTCP marks it itself, by "stale": mptcp_subflow_active() takes that back when an
 * acknowledgment comes. A probe is the first unacknowledged segment once more, in process
 * context, which mpsched_ask_retrans() gets.
 *
 * State: when the last probe was. Locking: see sched.h; retransmissions are asked for in process
 * context without any subflow's lock, so it is taken.
 *
 * Limits: TCP's own timers end a lost subflow as without this. Without anything to send, a lost
 * subflow is tried at TCP's pace. A path whose radio pauses for longer than SILENCE is left for
 * that time, and what was in flight is sent twice.
 */
#include <net/mptcp/mib.h>
#include "sched.h"

#define SILENCE_MS 80	/* of 200 that a handover may take; 4 frames of 20 ms */
#define DELACK_MS 50	/* TCP_DELACK_MIN of Linux is 40, and a tick */
#define PROBE_MS 250

static long handover_patience(const struct tcp_sock *tp, u64 sent)
{
	u64 usual = (tp->srtt_us >> 3) + max_t(u32, tp->mdev_us, DELACK_MS * USEC_PER_MSEC);
	s64 age = tcp_clock_us() - sent;
	long silent = tcp_jiffies32 - tp->rcv_tstamp, left = 0;

	if (silent < (long)msecs_to_jiffies(SILENCE_MS))
		left = msecs_to_jiffies(SILENCE_MS) - silent;
	if (age < (s64)usual)
		left = max_t(long, left, usecs_to_jiffies(usual - age));
	return left;
}

/* Of subflows in the order of mpsched_paths(): backups behind the others */
static const struct mpsched_path *handover_preferred(const struct mpsched_path *paths, int n)
{
	const struct mpsched_path *best = &paths[0];
	int i;

	for (i = 1; i < n && paths[i].backup == best->backup; i++)
		if (READ_ONCE(paths[i].ssk->sk_rx_dst_ifindex) <
		    READ_ONCE(best->ssk->sk_rx_dst_ifindex))
			best = &paths[i];
	return best;
}

/*
 * How long can an answer be waited for? Jiffies; 0: no longer, @ssk is lost; < 0: it has answered
 * all. In process context.
 */
static long handover_wait(struct sock *ssk)
{
	bool slow = lock_sock_fast(ssk);
	struct sk_buff *head = tcp_rtx_queue_head(ssk);
	long left = head ? handover_patience(tcp_sk(ssk), tcp_skb_timestamp_us(head)) : -1;

	unlock_sock_fast(ssk, slow);
	return left;
}

static void handover_lose(struct mptcp_sock *msk, const struct mpsched_path *p)
{
	bool slow = lock_sock_fast(p->ssk);

	p->subflow->stale_rcv_tstamp = READ_ONCE(tcp_sk(p->ssk)->rcv_tstamp);
	p->subflow->stale = 1;
	__mptcp_retransmit_pending_data((struct sock *)msk);
	MPTCP_INC_STATS(sock_net(p->ssk), MPTCP_MIB_SUBFLOWSTALE);
	unlock_sock_fast(p->ssk, slow);
	mpsched_state(msk)->handover.probed = tcp_jiffies32;
}

/* Is a lost subflow to be probed now? */
static bool handover_probe_due(struct mptcp_sock *msk)
{
	struct mptcp_subflow_context *subflow;

	if (tcp_jiffies32 - mpsched_state(msk)->handover.probed < msecs_to_jiffies(PROBE_MS))
		return false;
	mptcp_for_each_subflow(msk, subflow)
		if (subflow->stale && __mptcp_subflow_active(subflow))
			return true;
	return false;
}

static void handover_probe(struct mptcp_sock *msk)
{
	struct mptcp_subflow_context *subflow;
	struct sk_buff *head;
	struct sock *ssk;
	bool slow;

	mpsched_state(msk)->handover.probed = tcp_jiffies32;
	mptcp_for_each_subflow(msk, subflow) {
		if (!subflow->stale)
			continue;
		ssk = mptcp_subflow_tcp_sock(subflow);
		slow = lock_sock_fast(ssk);
		head = __tcp_can_send(ssk) ? tcp_rtx_queue_head(ssk) : NULL;
		if (head)
			__tcp_retransmit_skb(ssk, head, 1);
		unlock_sock_fast(ssk, slow);
	}
}

static int handover_send(struct mptcp_sock *msk)
{
	struct mpsched_state *s = mpsched_state(msk);
	struct mpsched_path paths[MPSCHED_PATHS];
	int n = mpsched_paths(msk, paths, true);
	const struct mpsched_path *p;

	if (!n)
		return -EINVAL;
	if (!s->handover.asked && handover_probe_due(msk)) {
		s->handover.asked = true;
		mpsched_ask_retrans(msk);
	}
	if (list_is_singular(&msk->conn_list))
		return mpsched_alone(msk, &paths[0]);
	msk->timer_ival = msecs_to_jiffies(SILENCE_MS);
	p = handover_preferred(paths, n);
	if (!mpsched_window(msk))
		return mpsched_full(msk, p);
	if (!p->space)
		return -EAGAIN;
	/* One fragment: the loop would set timer_ival between two. */
	mpsched_give(msk, p, p->space);
	msk->snd_burst = 0;
	return 0;
}

static int handover_retrans(struct mptcp_sock *msk)
{
	struct mpsched_state *s = mpsched_state(msk);
	struct mpsched_path paths[MPSCHED_PATHS];
	int n = mpsched_paths(msk, paths, true);
	const struct mpsched_path *p;
	long wait;

	if (s->handover.asked) {
		s->handover.asked = false;
		handover_probe(msk);
		msk->timer_ival = msecs_to_jiffies(SILENCE_MS);
		return -EAGAIN;
	}
	if (n < 2)
		return mpsched_retrans(msk);
	p = handover_preferred(paths, n);
	wait = handover_wait(p->ssk);
	if (!wait) {
		handover_lose(msk, p);
		return -EAGAIN;
	}
	/* It has acknowledged all, and MPTCP has not: as patient as the default scheduler */
	if (wait < 0)
		wait = (long)TCP_RTO_MIN - (long)(tcp_jiffies32 - tcp_sk(p->ssk)->rcv_tstamp);
	if (wait <= 0)
		return mpsched_retrans(msk);
	msk->timer_ival = wait;
	return -EAGAIN;
}

SCHEDULER(handover);
