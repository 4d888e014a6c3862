// SPDX-License-Identifier: GPL-2.0
/*
 * sched_window.c - the bound of a scheduler's piece never lies behind the place that sending is at.
 *
 * Theory of operation: mpsched_give() lowers msk->wnd_end to a piece's end until the next question.
 * A subflow that was chosen in another one's softirq sends later and asks no question. An
 * acknowledgment in between may have freed the fragment that was to be sent, in recovery and so
 * with scheduler redundant at any time; the place is then in a later fragment, beyond the bound.
 * mptcp_check_allowed_size() would compute a window of nearly 2^64 from that and give it to the
 * subflow, TCP would take it for a negative one, and the connection would wait for ever.
 *
 * mptcp_sendmsg_frag() asks tcp_send_mss() before anything else, so that is where to look. Only
 * callers outside of net/ipv4/tcp.c come here.
 *
 * Locking: as for the schedulers, see sched.h.
 */
#include <net/tcp.h>
#ifdef CONFIG_LKL_MPTCP_SCHED
#include "sched.h"
#endif

int __real_tcp_send_mss(struct sock *sk, int *size_goal, int flags);
int __wrap_tcp_send_mss(struct sock *sk, int *size_goal, int flags);

int __wrap_tcp_send_mss(struct sock *sk, int *size_goal, int flags)
{
#ifdef CONFIG_LKL_MPTCP_SCHED
	if (sk_is_mptcp(sk) && mptcp_subflow_ctx(sk)->conn)
		mpsched_check_bound(mptcp_sk(mptcp_subflow_ctx(sk)->conn));
#endif
	return __real_tcp_send_mss(sk, size_goal, flags);
}
