// SPDX-License-Identifier: GPL-2.0-only
/*
 * wvegas.c - weighted Vegas, congestion control by delay.
 *
 * Y. Cao, M. Xu, X. Fu: "Delay-based Congestion Control for Multipath TCP", ICNP 2012;
 * draft-xu-mptcp-congestion-control-05.
 *
 * Algorithm. Vegas keeps a few packets of its own in the queue of a path's bottleneck, and so
 * fills the path without losses. Weighted Vegas divides a total of WVEGAS_TOTAL such packets among
 * the subflows by their shares of the connection's rate. A congested path, on which few packets
 * bring little rate, gets less of them: paths equalise their congestion. Once in a round trip, with
 * base the least RTT ever seen and rtt that of this round:
 *
 *	queued = cwnd * (rtt - base) / rtt	packets of our own that wait in the queue
 *	alpha  = WVEGAS_TOTAL * rate_i / sum_k rate_k, at least 2
 *	slow start ends when queued > WVEGAS_GAMMA; the window becomes what is under way, + alpha
 *	window + 1 if queued < alpha, - 1 if queued > alpha
 *
 * Queues that others fill hide the true base RTT. So if the window is above its aim and the
 * queueing delay is more than twice the least one since this was done last, the window is set back
 * to what is under way without a queue, and the queue drains. Losses are answered as by Reno.
 *
 * State: struct wvegas, of the subflow's own lock; rates are published in the group (coupled.h),
 * whose lock is the only one taken.
 *
 * Differences from the paper: a round's RTT is its least sample and not the mean, as in Linux's
 * Vegas, since bursts of large segments queue behind themselves. Delay below WVEGAS_NOISE is no
 * sign of a queue: WiFi, modems and interrupt moderation delay packets by milliseconds, which are
 * more packets than the aim on a fast path; HyStart's threshold begins there, too. Gamma is
 * WVEGAS_TOTAL and not 1, or a burst would end slow start at a tenth of a fast path's window. The
 * window is set back only while it is above its aim, after WVEGAS_ROUNDS such rounds in a row, and
 * not to the half of what is under way: it takes a round trip for each packet to come back.
 *
 * Limits: next to flows that fill queues, delay-based control gets little. Where the network's
 * delay itself varies by more than some packets' time, it takes that for congestion.
 */
#include <linux/module.h>
#include "coupled.h"

#define WVEGAS_TOTAL	 10	/* packets in queues, for a whole connection */
#define WVEGAS_ALPHA_MIN 2
#define WVEGAS_GAMMA	 10
#define WVEGAS_ROUNDS	 3
#define WVEGAS_NO_RTT	 U32_MAX
#define WVEGAS_NOISE	 4000	/* microseconds */

/**
 * struct wvegas - a subflow; times in microseconds
 * @base:   least RTT
 * @rtt:    least RTT of this round, or WVEGAS_NO_RTT
 * @end:    the round ends when this sequence number is acknowledged
 * @n:	    samples of this round
 * @delay:  least queueing delay since the window was set back; 0: none yet
 * @alpha:  packets that are aimed at
 * @high:   rounds in a row whose delay was more than twice that
 * @open:   no loss is being repaired
 */
struct wvegas {
	struct coupled coupled;
	u32 base;
	u32 rtt;
	u32 end;
	u32 n;
	u32 delay;
	u32 alpha;
	u8 high;
	bool open;
};

static void wvegas_round(struct sock *sk)
{
	struct wvegas *wv = inet_csk_ca(sk);

	wv->end = tcp_sk(sk)->snd_nxt;
	wv->rtt = WVEGAS_NO_RTT;
	wv->n = 0;
}

static void wvegas_start(struct sock *sk)
{
	struct wvegas *wv = inet_csk_ca(sk);

	wv->base = WVEGAS_NO_RTT;
	wv->delay = 0;
	wv->alpha = WVEGAS_ALPHA_MIN;
	wv->open = true;
	wvegas_round(sk);
}

/* This subflow's part of WVEGAS_TOTAL. */
static u32 wvegas_alpha(struct sock *sk)
{
	struct coupled_group *group = coupled_lock(sk);
	struct coupled *me = coupled_of(sk);
	u64 sum = 0, rate;
	struct coupled *m;

	if (!group)
		return WVEGAS_TOTAL;
	coupled_for_each(m, group)
		sum += m->rate;
	rate = me->rate;
	coupled_unlock(group);
	if (!sum)
		return WVEGAS_TOTAL;
	return max_t(u64, div64_u64(rate * WVEGAS_TOTAL + sum / 2, sum), WVEGAS_ALPHA_MIN);
}

/* A round is over, and has samples enough that not all were delayed ACKs. */
static void wvegas_adjust(struct sock *sk, u32 acked)
{
	struct wvegas *wv = inet_csk_ca(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	u32 cwnd = tcp_snd_cwnd(tp);
	u32 delay = max(wv->rtt - wv->base, (u32)WVEGAS_NOISE) - WVEGAS_NOISE;
	u32 queued = div_u64((u64)cwnd * delay, wv->rtt);

	wv->alpha = wvegas_alpha(sk);
	if (tcp_in_slow_start(tp)) {
		if (queued <= WVEGAS_GAMMA) {
			tcp_slow_start(tp, acked);
			return;
		}
		cwnd = min(cwnd, cwnd - queued + wv->alpha);
		tp->snd_ssthresh = min(tp->snd_ssthresh, cwnd - 1);
	} else if (queued > wv->alpha) {
		if (!wv->delay || delay < wv->delay)
			wv->delay = delay;
		wv->high = delay > 2 * wv->delay ? wv->high + 1 : 0;
		if (wv->high == WVEGAS_ROUNDS) {
			cwnd -= queued;
			wv->delay = 0;
			wv->high = 0;
		} else {
			cwnd--;
		}
		tp->snd_ssthresh = min(tp->snd_ssthresh, cwnd - 1);
	} else {
		cwnd += queued < wv->alpha;
		wv->high = 0;
	}
	tcp_snd_cwnd_set(tp, clamp(cwnd, 2U, max(tp->snd_cwnd_clamp, 2U)));
	tp->snd_ssthresh = tcp_current_ssthresh(sk);
}

static void wvegas_cong_avoid(struct sock *sk, u32 ack, u32 acked)
{
	struct wvegas *wv = inet_csk_ca(sk);

	if (!wv->open) {
		tcp_reno_cong_avoid(sk, ack, acked);
		return;
	}
	if (after(ack, wv->end)) {
		if (wv->n <= 2)
			tcp_reno_cong_avoid(sk, ack, acked);
		else if (tcp_is_cwnd_limited(sk))
			wvegas_adjust(sk, acked);
		wvegas_round(sk);
	} else if (tcp_in_slow_start(tcp_sk(sk)) && tcp_is_cwnd_limited(sk)) {
		tcp_slow_start(tcp_sk(sk), acked);
	}
}

static void wvegas_pkts_acked(struct sock *sk, const struct ack_sample *sample)
{
	struct wvegas *wv = inet_csk_ca(sk);

	coupled_note(sk, 0);
	if (sample->rtt_us < 0)
		return;
	wv->rtt = min(wv->rtt, (u32)sample->rtt_us + 1);
	wv->base = min(wv->base, wv->rtt);
	wv->n++;
}

static void wvegas_set_state(struct sock *sk, u8 state)
{
	struct wvegas *wv = inet_csk_ca(sk);

	wv->open = state == TCP_CA_Open;
	wvegas_round(sk);
}

/* After idle time, what was known of the queue is old. */
static void wvegas_cwnd_event(struct sock *sk, enum tcp_ca_event event)
{
	if (event == CA_EVENT_CWND_RESTART || event == CA_EVENT_TX_START)
		wvegas_start(sk);
}

static void wvegas_init(struct sock *sk)
{
	if (coupled_join(sk))
		wvegas_start(sk);
}

static struct tcp_congestion_ops wvegas __read_mostly = {
	.flags		= TCP_CONG_NON_RESTRICTED,
	.init		= wvegas_init,
	.release	= coupled_leave,
	.ssthresh	= tcp_reno_ssthresh,
	.undo_cwnd	= tcp_reno_undo_cwnd,
	.cong_avoid	= wvegas_cong_avoid,
	.pkts_acked	= wvegas_pkts_acked,
	.set_state	= wvegas_set_state,
	.cwnd_event	= wvegas_cwnd_event,
	.owner		= THIS_MODULE,
	.name		= "wvegas",
};

static int __init wvegas_register(void)
{
	BUILD_BUG_ON(sizeof(struct wvegas) > ICSK_CA_PRIV_SIZE);
	return tcp_register_congestion_control(&wvegas);
}
module_init(wvegas_register);
