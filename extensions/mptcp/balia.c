// SPDX-License-Identifier: GPL-2.0-only
/*
 * balia.c - the Balanced Linked Adaptation algorithm.
 *
 * Q. Peng, A. Walid, J. Hwang, S. Low: "Multipath TCP: Analysis, Design, and Implementation",
 * IEEE/ACM Transactions on Networking 24(1), 2016; draft-walid-mptcp-congestion-control-04.
 *
 * Algorithm. LIA takes more than its share where paths are alike and one is shared; OLIA is slow
 * when conditions change. BALIA is the point between them that the authors' analysis finds. With
 * rate_k = cwnd_k / rtt_k and a = max_k rate_k / rate_i, which is 1 on the fastest path, subflow
 * i's window
 *
 *	grows for each packet acknowledged by
 *		 gain_i		   1 + a   4 + a
 *		--------------- *  ----- * -----	gain_i = cwnd_i / rtt_i^2
 *		(sum_k rate_k)^2     2	     5
 *	shrinks on a loss by
 *		cwnd_i / 2 * min(a, 1.5)
 *
 * Slow start is Reno's, a loss that ends it included; so is all of it where one path is alone.
 *
 * State: none beside the group (coupled.h), whose lock is the only one taken. ssthresh may be asked
 * for with the MPTCP data lock held; the group's lock is a leaf below it.
 */
#include <linux/module.h>
#include "coupled.h"

#define BALIA_SHIFT 10
#define BALIA_ONE   (1U << BALIA_SHIFT)
#define BALIA_MAX   (1U << 30)	/* of a: (1 + a)(4 + a) has 62 bits at most */

/* How many times as fast the fastest path is; @sum of all rates, and this path's @gain. */
static u64 balia_ratio(struct sock *sk, u64 *sum, u64 *gain)
{
	struct coupled_group *group = coupled_lock(sk);
	struct coupled *me = coupled_of(sk);
	u64 best = 0, rate;
	struct coupled *m;

	*sum = 0;
	*gain = 0;
	if (!group)
		return BALIA_ONE;
	coupled_for_each(m, group) {
		*sum += m->rate;
		best = max(best, m->rate);
	}
	rate = me->rate;
	*gain = me->gain;
	coupled_unlock(group);
	if (!rate)
		return BALIA_ONE;
	return clamp_t(u64, div64_u64(best << BALIA_SHIFT, rate), BALIA_ONE, BALIA_MAX);
}

static void balia_cong_avoid(struct sock *sk, u32 ack, u32 acked)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u64 a, sum, gain, window;

	if (!coupled_in_avoidance(sk, &acked))
		return;
	a = balia_ratio(sk, &sum, &gain);
	window = coupled_ratio(sum, gain);
	if (window)
		window = mul_u64_u64_div_u64(window, 10ULL << 2 * BALIA_SHIFT,
					     (BALIA_ONE + a) * (4 * BALIA_ONE + a));
	else
		window = tcp_snd_cwnd(tp);
	tcp_cong_avoid_ai(tp, clamp_t(u64, window, tcp_snd_cwnd(tp), U32_MAX), acked);
}

static u32 balia_ssthresh(struct sock *sk)
{
	u32 cwnd = tcp_snd_cwnd(tcp_sk(sk));
	u64 sum, gain, a;

	if (tcp_in_slow_start(tcp_sk(sk)))
		return tcp_reno_ssthresh(sk);
	a = min_t(u64, balia_ratio(sk, &sum, &gain), BALIA_ONE * 3 / 2);
	return max_t(u32, cwnd - ((cwnd * a) >> (BALIA_SHIFT + 1)), 2);
}

static void balia_init(struct sock *sk)
{
	coupled_join(sk);
}

static struct tcp_congestion_ops balia __read_mostly = {
	.flags		= TCP_CONG_NON_RESTRICTED,
	.init		= balia_init,
	.release	= coupled_leave,
	.ssthresh	= balia_ssthresh,
	.undo_cwnd	= tcp_reno_undo_cwnd,
	.cong_avoid	= balia_cong_avoid,
	.pkts_acked	= coupled_pkts_acked,
	.owner		= THIS_MODULE,
	.name		= "balia",
};

static int __init balia_register(void)
{
	BUILD_BUG_ON(sizeof(struct coupled) > ICSK_CA_PRIV_SIZE);
	return tcp_register_congestion_control(&balia);
}
module_init(balia_register);
