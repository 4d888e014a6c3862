// SPDX-License-Identifier: GPL-2.0-only
/*
 * steady.c - the example of docs/extensions.md: a congestion control that holds its window.
 *
 * Algorithm. A connection has STEADY_WINDOW packets under way, whatever happens: so its rate is
 * STEADY_WINDOW * bytes in a packet / round trip time, which is easy to foretell and to measure.
 * It is a toy: where that is more than a path carries, packets are lost without end.
 *
 * State: none. Locking: the hooks run with the socket's lock held; no other is needed.
 */
#include <linux/module.h>
#include <net/tcp.h>

#define STEADY_WINDOW 25	/* packets */

/* Where slow start ends. Called when a loss has been found. */
static u32 steady_ssthresh(struct sock *sk)
{
	return STEADY_WINDOW;
}

/* Called for each ACK that may raise the window. */
static void steady_cong_avoid(struct sock *sk, u32 ack, u32 acked)
{
	tcp_snd_cwnd_set(tcp_sk(sk), STEADY_WINDOW);
}

/* The window to go back to if a loss was none. */
static u32 steady_undo_cwnd(struct sock *sk)
{
	return STEADY_WINDOW;
}

static struct tcp_congestion_ops steady __read_mostly = {
	.flags		= TCP_CONG_NON_RESTRICTED,
	.ssthresh	= steady_ssthresh,
	.cong_avoid	= steady_cong_avoid,
	.undo_cwnd	= steady_undo_cwnd,
	.owner		= THIS_MODULE,
	.name		= "steady",
};

static int __init steady_register(void)
{
	return tcp_register_congestion_control(&steady);
}
module_init(steady_register);
