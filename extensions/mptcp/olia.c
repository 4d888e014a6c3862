// SPDX-License-Identifier: GPL-2.0-only
/*
 * olia.c - the Opportunistic Linked Increases Algorithm.
 *
 * R. Khalili, N. Gast, M. Popovic, J.-Y. Le Boudec: "MPTCP is not Pareto-Optimal: Performance
 * Issues and a Possible Solution", CoNEXT 2012; draft-khalili-mptcp-congestion-control-05.
 *
 * Algorithm. For each packet acknowledged, subflow i's window grows by
 *
 *	 cwnd_i / rtt_i^2	     alpha_i
 *	------------------------- + --------
 *	(sum_k cwnd_k / rtt_k)^2     cwnd_i
 *
 * The first term is Kelly and Voice's, and sends no traffic on worse paths than the best. The
 * second moves window towards paths that are better than their windows show, so that the algorithm
 * does not stay where it is. Let l_k be the packets that were acknowledged since path k's last
 * loss, or between its last two, whichever is more. A path is best if its l_k / rtt_k^2 is the
 * greatest, and large if its window is. With n paths, and b of the best ones not large:
 *
 *	alpha_i =  1 / (n * b)			path i is best and not large
 *	alpha_i = -1 / (n * number of large)	path i is large, and b > 0
 *	alpha_i =  0				else
 *
 * Slow start and the reduction after a loss are Reno's.
 *
 * State: struct olia, of the subflow's own lock; what others need of it is published in the group
 * (coupled.h), whose lock is the only one taken.
 *
 * Limits: the draft counts bytes, this packets.
 */
#include <linux/module.h>
#include "coupled.h"

/*
 * Several paths are "the greatest" only if equal. Windows change by packets all the time; what
 * differs by less than one in 64 is taken for equal.
 */
#define OLIA_EQUAL_SHIFT 6

#define OLIA_SHIFT 24
#define OLIA_ONE   (1LL << OLIA_SHIFT)

/**
 * struct olia - a subflow
 * @since:   packets acknowledged since the last loss
 * @between: between the last two
 * @credit:  what the window has grown or shrunk by and does not show yet, in packets << OLIA_SHIFT
 */
struct olia {
	struct coupled coupled;
	u32 since;
	u32 between;
	s64 credit;
};

static bool olia_greatest(u64 value, u64 greatest)
{
	return value + (value >> OLIA_EQUAL_SHIFT) >= greatest;
}

/* The window's growth for one packet acknowledged, << OLIA_SHIFT; negative: it shrinks. */
static s64 olia_increase(struct sock *sk)
{
	struct coupled_group *group = coupled_lock(sk);
	u32 cwnd = max(tcp_snd_cwnd(tcp_sk(sk)), 1U);
	u32 paths = 0, large = 0, better = 0;
	u64 sum = 0, quality = 0, window;
	struct coupled *me = coupled_of(sk);
	bool me_best, me_large;
	u32 widest = 0;
	struct coupled *m;
	s64 alpha = 0;

	if (!group)
		return div_u64(OLIA_ONE, cwnd);
	coupled_for_each(m, group) {
		paths++;
		sum += m->rate;
		widest = max(widest, m->cwnd);
		quality = max(quality, m->extra);
	}
	coupled_for_each(m, group) {
		if (olia_greatest(m->cwnd, widest))
			large++;
		else if (olia_greatest(m->extra, quality))
			better++;
	}
	me_large = olia_greatest(me->cwnd, widest);
	me_best = olia_greatest(me->extra, quality);
	window = coupled_ratio(sum, me->gain);
	coupled_unlock(group);

	if (better && me_large)
		alpha = -div_s64(OLIA_ONE, paths * large);
	else if (better && me_best)
		alpha = div_s64(OLIA_ONE, paths * better);
	window = max_t(u64, window, cwnd);
	return (s64)div64_u64(OLIA_ONE, window) + div_s64(alpha, cwnd);
}

static void olia_cong_avoid(struct sock *sk, u32 ack, u32 acked)
{
	struct olia *olia = inet_csk_ca(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	s64 cwnd;
	s32 step;

	if (!coupled_in_avoidance(sk, &acked))
		return;
	olia->credit += olia_increase(sk) * acked;
	step = div_s64(olia->credit, OLIA_ONE);	/* towards 0 */
	olia->credit -= step * OLIA_ONE;
	cwnd = (s64)tcp_snd_cwnd(tp) + step;
	tcp_snd_cwnd_set(tp, clamp_t(s64, cwnd, 2, max(tp->snd_cwnd_clamp, 2U)));
}

static void olia_pkts_acked(struct sock *sk, const struct ack_sample *sample)
{
	u64 srtt = max_t(u32, tcp_sk(sk)->srtt_us, COUPLED_SRTT_MIN);
	struct olia *olia = inet_csk_ca(sk);
	u64 length;

	olia->since += sample->pkts_acked;
	length = max(olia->since, olia->between);
	coupled_note(sk, mul_u64_u64_div_u64(length << 24, 1 << 24, srtt * srtt));
}

/* Called before the state changes. A timeout amid a recovery is the same loss. */
static void olia_set_state(struct sock *sk, u8 state)
{
	struct olia *olia = inet_csk_ca(sk);

	if (state < TCP_CA_CWR || inet_csk(sk)->icsk_ca_state >= TCP_CA_CWR)
		return;
	olia->between = olia->since;
	olia->since = 0;
	olia->credit = 0;
}

static void olia_init(struct sock *sk)
{
	coupled_join(sk);
}

static struct tcp_congestion_ops olia __read_mostly = {
	.flags		= TCP_CONG_NON_RESTRICTED,
	.init		= olia_init,
	.release	= coupled_leave,
	.ssthresh	= tcp_reno_ssthresh,
	.undo_cwnd	= tcp_reno_undo_cwnd,
	.cong_avoid	= olia_cong_avoid,
	.pkts_acked	= olia_pkts_acked,
	.set_state	= olia_set_state,
	.owner		= THIS_MODULE,
	.name		= "olia",
};

static int __init olia_register(void)
{
	BUILD_BUG_ON(sizeof(struct olia) > ICSK_CA_PRIV_SIZE);
	return tcp_register_congestion_control(&olia);
}
module_init(olia_register);
