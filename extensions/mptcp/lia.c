// SPDX-License-Identifier: GPL-2.0-only
/*
 * lia.c - the Linked Increases Algorithm, RFC 6356.
 *
 * C. Raiciu, M. Handley, D. Wischik: "Coupled Congestion Control for Multipath Transport
 * Protocols", RFC 6356, October 2011.
 *
 * Algorithm. The connection shall get what one TCP would get on its best path (improve throughput),
 * take no more than one TCP from a link that several subflows share (do no harm), and move traffic
 * off congested paths (balance). For each packet acknowledged, subflow i's window grows by
 *
 *	min(alpha / total, 1 / cwnd_i)			   max_k (cwnd_k / rtt_k^2)
 *		total = sum_k cwnd_k		alpha = total * ---------------------------
 *							   (sum_k cwnd_k / rtt_k)^2
 *
 * The total cancels out: the increase is one packet for each W packets acknowledged, where W is
 * (sum_k rate_k)^2 / max_k gain_k, but not less than cwnd_i. Slow start and the reduction after a
 * loss are Reno's.
 *
 * State: none beside the group (coupled.h), whose lock is the only one taken.
 *
 * Limits: RFC 6356's windows are bytes, these are packets, as everywhere in Linux: subflows whose
 * maximum segment sizes differ are weighed by packets.
 */
#include <linux/module.h>
#include "coupled.h"

/* Packets that have to be acknowledged for the window to grow by one. */
static u32 lia_window(struct sock *sk)
{
	u32 cwnd = tcp_snd_cwnd(tcp_sk(sk));
	struct coupled_group *group = coupled_lock(sk);
	const struct coupled *m;
	u64 sum = 0, best = 0;

	if (!group)
		return cwnd;
	coupled_for_each(m, group) {
		sum += m->rate;
		best = max(best, m->gain);
	}
	coupled_unlock(group);
	return clamp_t(u64, coupled_ratio(sum, best), cwnd, U32_MAX);
}

static void lia_cong_avoid(struct sock *sk, u32 ack, u32 acked)
{
	if (coupled_in_avoidance(sk, &acked))
		tcp_cong_avoid_ai(tcp_sk(sk), lia_window(sk), acked);
}

static void lia_init(struct sock *sk)
{
	coupled_join(sk);
}

static struct tcp_congestion_ops lia __read_mostly = {
	.flags		= TCP_CONG_NON_RESTRICTED,
	.init		= lia_init,
	.release	= coupled_leave,
	.ssthresh	= tcp_reno_ssthresh,
	.undo_cwnd	= tcp_reno_undo_cwnd,
	.cong_avoid	= lia_cong_avoid,
	.pkts_acked	= coupled_pkts_acked,
	.owner		= THIS_MODULE,
	.name		= "lia",
};

static int __init lia_register(void)
{
	BUILD_BUG_ON(sizeof(struct coupled) > ICSK_CA_PRIV_SIZE);
	return tcp_register_congestion_control(&lia);
}
module_init(lia_register);
