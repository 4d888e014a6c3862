// SPDX-License-Identifier: GPL-2.0
/*
 * sched.c - what MPTCP's schedulers of this pack share, and which one is the default.
 *
 * Theory of operation
 *
 * MPTCP keeps what a program writes in fragments of up to 32 KiB (msk->rtx_queue) until the peer
 * acknowledges it. msk->first_pending and its already_sent say where sending goes on. As long as
 * something waits, MPTCP asks the scheduler for a subflow and lets it take the rest of a fragment
 * and, while msk->snd_burst is positive, more. It looks at the subflow's buffer, not at its
 * congestion window. So a path is given here what its window admits at this moment, in full
 * segments, and MPSCHED_AHEAD: what waits in a subflow for later no other path could take.
 *
 * A piece that ends within a fragment is bounded by msk->wnd_end, the peer's window, as
 * mptcp_sendmsg_frag() looks at it: it is lowered to the piece's end (mpsched_give()), and raised
 * again as soon as MPTCP asks the next time (mpsched_paths()), which it does in the same loop. What
 * an acknowledgment says in between counts too: it only raises the window.
 *
 * Each question sets msk->timer_ival, as the default scheduler does: MPTCP's own retransmission
 * timer is as long as the longest of the subflows' timers. At 0 it would expire at once.
 *
 * With one subflow there is nothing to choose. It takes what its buffer admits (mpsched_alone()).
 *
 * State: of a connection, struct mpsched_state in the msk's unused icsk_ca_priv; of a subflow, the
 * 64 bits of avg_pacing_rate, which only the kernel's own scheduler "default" uses otherwise.
 *
 * Locking: the msk is owned; msk->wnd_end and cb_flags change under its spinlock. In a softirq
 * the caller has it; a process owns the socket, and takes it here (mpsched_lock()).
 *
 * Limits: at most MPSCHED_PATHS subflows are used at a time.
 */
#include <linux/init.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>
#include "sched.h"

/* Segments that may wait in a subflow: an acknowledgment then finds something to send at once. */
#define MPSCHED_AHEAD 2

bool mpsched_lock(struct mptcp_sock *msk)
{
	struct sock *sk = (struct sock *)msk;

	if (!sock_owned_by_user_nocheck(sk))
		return false;
	mptcp_data_lock(sk);
	return true;
}

void mpsched_unlock(struct mptcp_sock *msk, bool locked)
{
	if (locked)
		mptcp_data_unlock((struct sock *)msk);
}

void mpsched_init(struct mptcp_sock *msk)
{
	memset(mpsched_state(msk), 0, sizeof(struct mpsched_state));
}

static void mpsched_unbound(struct mptcp_sock *msk)
{
	struct mpsched_state *s = mpsched_state(msk);
	bool locked;

	if (!s->bound)
		return;
	locked = mpsched_lock(msk);
	if (after64(s->wnd_end, msk->wnd_end))
		WRITE_ONCE(msk->wnd_end, s->wnd_end);
	s->bound = 0;
	mpsched_unlock(msk, locked);
}

static void mpsched_bound(struct mptcp_sock *msk, u64 end)
{
	struct mpsched_state *s = mpsched_state(msk);
	bool locked = mpsched_lock(msk);

	if (before64(end, msk->wnd_end)) {
		s->wnd_end = msk->wnd_end;
		s->bound = end;
		WRITE_ONCE(msk->wnd_end, end);
	}
	mpsched_unlock(msk, locked);
}

/* Until the subflow's timer expires: as mptcp_timeout_from_subflow() */
static long mpsched_timeout(const struct mptcp_subflow_context *subflow)
{
	const struct inet_connection_sock *icsk = inet_csk(mptcp_subflow_tcp_sock(subflow));

	if (!READ_ONCE(icsk->icsk_pending) || subflow->stale_count)
		return 0;
#ifdef CONFIG_LKL_MPTCP_ICSK_TIMEOUT
	return icsk_timeout(icsk) - jiffies;
#else
	return READ_ONCE(icsk->icsk_timeout) - jiffies;
#endif
}

static void mpsched_path_read(struct mpsched_path *p, struct mptcp_subflow_context *subflow)
{
	struct sock *ssk = mptcp_subflow_tcp_sock(subflow);
	const struct tcp_sock *tp = tcp_sk(ssk);
	u32 cwnd = READ_ONCE(tp->snd_cwnd), flight = tcp_packets_in_flight(tp);
	u32 nxt = READ_ONCE(tp->snd_nxt), waits = READ_ONCE(tp->write_seq) - nxt;
	u32 mss = READ_ONCE(tp->mss_cache);

	p->subflow = subflow;
	p->ssk = ssk;
	p->backup = subflow->backup || subflow->request_bkup;
	p->srtt = max(READ_ONCE(tp->srtt_us) >> 3, 1U);
	p->var = READ_ONCE(tp->mdev_us) >> 2;
	p->mss = max_t(u32, mss, 200) -
		 ALIGN(TCPOLEN_MPTCP_DSS_BASE + TCPOLEN_MPTCP_DSS_MAP64, 4);
	p->cwnd = cwnd * p->mss;
	p->queued = nxt - READ_ONCE(tp->snd_una) + waits;
	p->segs = flight + waits / p->mss;
	p->space = 0;
	cwnd += MPSCHED_AHEAD;
	if (cwnd > p->segs && sk_stream_memory_free(ssk))
		p->space = (cwnd - p->segs) * p->mss;
}

int mpsched_paths(struct mptcp_sock *msk, struct mpsched_path *paths, bool backups)
{
	struct mptcp_subflow_context *subflow;
	int n = 0, kind;
	long tout = 0;

	mpsched_unbound(msk);
	for (kind = 0; kind < 2; kind++) {
		if (kind && n && !backups)
			break;
		mptcp_for_each_subflow(msk, subflow) {
			if ((subflow->backup || subflow->request_bkup) != kind)
				continue;
			if (n == MPSCHED_PATHS || !mptcp_subflow_active(subflow))
				continue;
			tout = max(tout, mpsched_timeout(subflow));
			mpsched_path_read(&paths[n++], subflow);
		}
	}
	msk->timer_ival = tout > 0 ? tout : TCP_RTO_MIN;
	return n;
}

static u64 mpsched_position(const struct mptcp_sock *msk)
{
	const struct mptcp_data_frag *d = msk->first_pending;

	return d ? d->data_seq + d->already_sent : msk->snd_nxt;
}

void mpsched_check_bound(struct mptcp_sock *msk)
{
	if (mpsched_state(msk)->bound && msk->first_pending &&
	    before64(READ_ONCE(msk->wnd_end), mpsched_position(msk)))
		mpsched_unbound(msk);
}

u64 mpsched_window(const struct mptcp_sock *msk)
{
	u64 pos = mpsched_position(msk), end = READ_ONCE(msk->wnd_end);

	return after64(end, pos) ? end - pos : 0;
}

u64 mpsched_unsent(const struct mptcp_sock *msk)
{
	return min(mpsched_window(msk), mpsched_data_end(msk) - mpsched_position(msk));
}

int mpsched_give(struct mptcp_sock *msk, const struct mpsched_path *path, u32 most)
{
	most = max(most, path->mss);
	if (most < mpsched_unsent(msk))
		mpsched_bound(msk, mpsched_position(msk) + most);
	msk->snd_burst = most;
	mptcp_subflow_set_scheduled(path->subflow, true);
	return 0;
}

int mpsched_alone(struct mptcp_sock *msk, const struct mpsched_path *path)
{
	if (!sk_stream_memory_free(path->ssk))
		return -EAGAIN;
	msk->snd_burst = min_t(u64, mpsched_window(msk), SZ_64K);
	mptcp_subflow_set_scheduled(path->subflow, true);
	return 0;
}

int mpsched_full(struct mptcp_sock *msk, const struct mpsched_path *path)
{
	if (READ_ONCE(msk->snd_una) != msk->snd_nxt)
		return -EAGAIN;
	msk->snd_burst = 0;
	mptcp_subflow_set_scheduled(path->subflow, true);
	return 0;
}

const struct mpsched_path *mpsched_fastest(const struct mpsched_path *paths, int n, bool space)
{
	const struct mpsched_path *best = NULL;
	int i;

	for (i = 0; i < n; i++)
		if ((!space || paths[i].space) && (!best || paths[i].srtt < best->srtt))
			best = &paths[i];
	return best;
}

int mpsched_choice(struct mptcp_sock *msk, struct mpsched_path *paths, int *answer)
{
	int n = mpsched_paths(msk, paths, false);

	if (!n)
		*answer = -EINVAL;
	else if (n == 1)
		*answer = mpsched_alone(msk, &paths[0]);
	else if (!mpsched_window(msk))
		*answer = mpsched_full(msk, mpsched_fastest(paths, n, false));
	else
		return n;
	return 0;
}

/* Bytes per ms that a path delivers now */
static u32 mpsched_rate_now(const struct mpsched_path *p)
{
	const struct tcp_sock *tp = tcp_sk(p->ssk);
	u32 us = READ_ONCE(tp->rate_interval_us);
	u32 n = READ_ONCE(tp->rate_delivered);

	if (!us || !n)
		return div_u64((u64)p->cwnd * USEC_PER_MSEC, p->srtt);
	return min_t(u64, div_u64((u64)n * p->mss * USEC_PER_MSEC, us), U32_MAX);
}

void mpsched_rate(struct mpsched_rate *r, const struct mpsched_path *f)
{
	u32 now = mpsched_rate_now(f);

	if (now >= r->rate || f->subflow->subflow_id != r->fastest) {
		r->rate = now;
	} else {
		if (tcp_jiffies32 - r->rated < HZ)
			return;
		r->rate -= r->rate / 8;
	}
	r->fastest = f->subflow->subflow_id;
	r->rated = tcp_jiffies32;
}

int mpsched_retrans(struct mptcp_sock *msk)
{
	struct sock *ssk;

	mpsched_unbound(msk);
	ssk = mptcp_subflow_get_retrans(msk);
	if (!ssk)
		return -EINVAL;
	mptcp_subflow_set_scheduled(mptcp_subflow_ctx(ssk), true);
	return 0;
}

void mpsched_ask_retrans(struct mptcp_sock *msk)
{
	struct sock *sk = (struct sock *)msk;

	if (mpsched_lock(msk)) {
		/* as mptcp_retransmit_timer(): mptcp_release_cb() sees it */
		__set_bit(MPTCP_RETRANSMIT, &msk->cb_flags);
		mpsched_unlock(msk, true);
	} else if (!test_and_set_bit(MPTCP_WORK_RTX, &msk->flags)) {
		mptcp_schedule_work(sk);
	}
}

void mpsched_seek(struct mptcp_sock *msk, u64 seq)
{
	struct mptcp_data_frag *d;

	msk->first_pending = NULL;
	list_for_each_entry(d, &msk->rtx_queue, list) {
		if (!before64(seq, d->data_seq + d->data_len))
			continue;
		d->already_sent = after64(seq, d->data_seq) ? seq - d->data_seq : 0;
		msk->first_pending = d;
		break;
	}
}

void mpsched_leave(struct mptcp_sock *msk)
{
	struct sock *sk = (struct sock *)msk;
	struct mptcp_subflow_context *subflow;
	struct mptcp_data_frag *d;

	mpsched_unbound(msk);
	mptcp_for_each_subflow(msk, subflow)
		subflow->avg_pacing_rate = 0;
	mptcp_data_lock(sk);
	list_for_each_entry(d, &msk->rtx_queue, list) {
		s64 sent = msk->snd_nxt - d->data_seq;

		d->already_sent = clamp_t(s64, sent, 0, d->data_len);
	}
	mpsched_seek(msk, msk->snd_nxt);
	if (msk->recovery)
		msk->recovery_snd_nxt = msk->snd_nxt;
	mptcp_data_unlock(sk);
	mpsched_init(msk);
}

/* ---- the default scheduler of each network namespace ---- */

static int __net_init mpsched_net_init(struct net *net)
{
	const char *name = CONFIG_LKL_MPTCP_SCHED_DEFAULT;

	/* net.mptcp.scheduler, which nobody has changed yet */
	if (*name)
		strscpy((char *)mptcp_get_scheduler(net), name, MPTCP_SCHED_NAME_MAX);
	return 0;
}

static struct pernet_operations mpsched_net_ops = {
	.init = mpsched_net_init,
};

static int __init mpsched_default_init(void)
{
	return register_pernet_subsys(&mpsched_net_ops);
}
late_initcall(mpsched_default_init);
