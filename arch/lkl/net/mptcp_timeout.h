/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mptcp_timeout.h - how long a connection without a subflow waits for one.
 */
#ifndef LKL_NET_MPTCP_TIMEOUT_H
#define LKL_NET_MPTCP_TIMEOUT_H

struct sock;

/** mptcp_timeout_waits() - is net.mptcp.close_timeout running? @sk: of MPTCP, locked */
bool mptcp_timeout_waits(const struct sock *sk);

/** mptcp_timeout_go_on() - let it run, or run on, from the loss of the last subflow; @sk: locked */
void mptcp_timeout_go_on(struct sock *sk);

#endif
