// SPDX-License-Identifier: GPL-2.0
/*
 * mptcp_timeout.c - a peer that has died silently ends MPTCP as it ends TCP.
 *
 * Theory of operation
 *
 * Functions of Linux are wrapped by the linker (--wrap, arch/lkl/Makefile), so the source stays as
 * it is. Each subflow has TCP's own timers: retransmissions, keepalive, TCP_USER_TIMEOUT.
 *
 * mptcp_pm_subflow_check_next(): MPTCP calls it for each subflow that it closes. If a timer has
 * ended that subflow and no other is left, Linux keeps the connection for another minute
 * (net.mptcp.close_timeout), and then closes it without an error. That minute is for peers that
 * close one path before they open the next; a timer has expired since the peer says nothing, and
 * the program has chosen how long to wait for that. So the connection ends here and now, with the
 * subflow's error, as it would if it were TCP. Another subflow that is just being opened is waited
 * for: its own timer decides.
 *
 * mptcp_setsockopt(), mptcp_getsockopt(), mptcp_sockopt_sync*(): TCP_USER_TIMEOUT, which MPTCP
 * refuses, is a subflow's. It is kept where a TCP socket has it, given to all subflows that
 * there are, and to each that is made later. What is not acknowledged on one subflow is sent again
 * by another; so over two paths it takes a retransmission timeout longer.
 *
 * The minute is one minute. Linux begins it again when a join fails, and stops it while one is
 * tried. Paths come and go, each return makes the path manager try a join, and a peer whose program
 * has closed refuses all: such a connection never ended. So the moment is kept in which the last
 * subflow that could carry data was closed, and each start of the timer is put back to it: when a
 * join begins (mptcp_mesh.c), and, after one has failed, by another run of the connection's worker,
 * which calls mptcp_pm_nl_work() first. A join that succeeds stops the timer, as in Linux.
 *
 * Ownership: the MPTCP socket's icsk_probes_tstamp, which MPTCP does not use, holds that moment.
 * Locking: the connection's socket lock, which the callers hold or which is taken here.
 *
 * Limits: a reset of the last subflow is waited out as in Linux.
 */
#include <linux/sockptr.h>
#include <net/sock.h>
#include <net/tcp.h>
#include <net/mptcp/protocol.h>
#include "mptcp_timeout.h"

#ifdef HAVE_CHECK_NEXT_SSK /* 6.1 */
#define CHECK_NEXT(name) void name(struct mptcp_sock *msk, const struct sock *ssk, \
				   const struct mptcp_subflow_context *subflow)
#define CHECK_NEXT_ARGS msk, ssk, subflow
#else
#define CHECK_NEXT(name) void name(struct mptcp_sock *msk, \
				   const struct mptcp_subflow_context *subflow)
#define CHECK_NEXT_ARGS msk, subflow
#endif

extern typeof(mptcp_pm_subflow_check_next) __real_mptcp_pm_subflow_check_next;
#ifdef HAVE_PM_WORKER /* 6.16 */
#define PM_WORK	     __wrap_mptcp_pm_worker
#define PM_WORK_REAL __real_mptcp_pm_worker
#else
#define PM_WORK	     __wrap_mptcp_pm_nl_work
#define PM_WORK_REAL __real_mptcp_pm_nl_work
#endif

void PM_WORK_REAL(struct mptcp_sock *msk);
void PM_WORK(struct mptcp_sock *msk);

extern typeof(mptcp_sockopt_sync_locked) __real_mptcp_sockopt_sync_locked;
extern typeof(mptcp_setsockopt) __real_mptcp_setsockopt;
extern typeof(mptcp_getsockopt) __real_mptcp_getsockopt;

CHECK_NEXT(__wrap_mptcp_pm_subflow_check_next);
void __wrap_mptcp_sockopt_sync_locked(struct mptcp_sock *msk, struct sock *ssk);
#ifdef HAVE_SOCKOPT_SYNC /* 6.1, for a subflow that is connected */
extern typeof(mptcp_sockopt_sync) __real_mptcp_sockopt_sync;
void __wrap_mptcp_sockopt_sync(struct mptcp_sock *msk, struct sock *ssk);
#endif
int __wrap_mptcp_setsockopt(struct sock *sk, int level, int optname, sockptr_t optval,
			    unsigned int optlen);
int __wrap_mptcp_getsockopt(struct sock *sk, int level, int optname, char __user *optval,
			    int __user *optlen);

static bool timeout_joining(const struct mptcp_subflow_context *subflow)
{
	return subflow->request_join && !subflow->fully_established;
}

/* Is a subflow left that carries data, or, if @joins, that may once it is open? */
static bool timeout_another(struct mptcp_sock *msk, const struct mptcp_subflow_context *but,
			    bool joins)
{
	struct mptcp_subflow_context *subflow;

	mptcp_for_each_subflow(msk, subflow) {
		if (subflow == but)
			continue;
		if (__mptcp_subflow_active(subflow))
			return true;
		if (joins && timeout_joining(subflow) &&
		    inet_sk_state_load(mptcp_subflow_tcp_sock(subflow)) != TCP_CLOSE)
			return true;
	}
	return false;
}

/* A subflow is about to be closed. */
static void timeout_closes(struct mptcp_sock *msk, const struct mptcp_subflow_context *subflow)
{
	struct sock *sk = (struct sock *)msk;

	if (timeout_another(msk, subflow, false))
		return;
	if (!timeout_joining(subflow))
		inet_csk(sk)->icsk_probes_tstamp = tcp_jiffies32 ?: 1;
	else if (inet_csk(sk)->icsk_probes_tstamp)
		mptcp_schedule_work(sk);
}

bool mptcp_timeout_waits(const struct sock *sk)
{
	return inet_csk(sk)->icsk_mtup.probe_timestamp;
}

void mptcp_timeout_go_on(struct sock *sk)
{
	u32 since = inet_csk(sk)->icsk_probes_tstamp;

	if (!since || inet_csk(sk)->icsk_mtup.probe_timestamp == since)
		return;
	mptcp_set_close_tout(sk, since);
	mptcp_reset_tout_timer(mptcp_sk(sk), 0);
}

void PM_WORK(struct mptcp_sock *msk)
{
	struct sock *sk = (struct sock *)msk;

	if (mptcp_timeout_waits(sk))
		mptcp_timeout_go_on(sk);
	PM_WORK_REAL(msk);
}

/* The error of a timer that has ended the subflow: tcp_write_err() */
static int timeout_error(const struct mptcp_sock *msk, const struct mptcp_subflow_context *subflow)
{
	const struct sock *ssk = mptcp_subflow_tcp_sock(subflow);
	int err = READ_ONCE(ssk->sk_err);

	/* The last one that was open has ended by a timer before. */
	if (timeout_joining(subflow))
		return READ_ONCE(((const struct sock *)msk)->sk_err_soft);
	if (inet_sk_state_load(ssk) != TCP_CLOSE || !err)
		return 0;
	return err == ETIMEDOUT || err == READ_ONCE(ssk->sk_err_soft) ? err : 0;
}

/* As mptcp_check_fastclose() does */
static void timeout_end(struct mptcp_sock *msk, int err)
{
	struct sock *sk = (struct sock *)msk;

	mptcp_token_destroy(msk);
	WRITE_ONCE(sk->sk_err, err);
#ifdef HAVE_MPTCP_SET_STATE
	mptcp_set_state(sk, TCP_CLOSE);
#else
	inet_sk_state_store(sk, TCP_CLOSE);
#endif
	WRITE_ONCE(sk->sk_shutdown, SHUTDOWN_MASK);
	smp_mb__before_atomic(); /* pairs with mptcp_poll()'s barrier */
	set_bit(MPTCP_WORK_CLOSE_SUBFLOW, &msk->flags);
	if (sock_flag(sk, SOCK_DEAD))
		return;
	sk->sk_state_change(sk);
	sk_error_report(sk);
}

CHECK_NEXT(__wrap_mptcp_pm_subflow_check_next)
{
	struct sock *sk = (struct sock *)msk;
	int err = timeout_error(msk, subflow);

	timeout_closes(msk, subflow);
	if (err && sk->sk_state != TCP_CLOSE && !__mptcp_check_fallback(msk)) {
		if (timeout_another(msk, subflow, true))
			WRITE_ONCE(sk->sk_err_soft, err);
		else
			timeout_end(msk, err);
	}
	__real_mptcp_pm_subflow_check_next(CHECK_NEXT_ARGS);
}

static void timeout_give(struct mptcp_sock *msk, struct sock *ssk)
{
	const struct inet_connection_sock *icsk = inet_csk((struct sock *)msk);

	WRITE_ONCE(inet_csk(ssk)->icsk_user_timeout, READ_ONCE(icsk->icsk_user_timeout));
}

void __wrap_mptcp_sockopt_sync_locked(struct mptcp_sock *msk, struct sock *ssk)
{
	if (inet_sk_state_load(ssk) != TCP_CLOSE) /* it has joined */
		inet_csk((struct sock *)msk)->icsk_probes_tstamp = 0;
	timeout_give(msk, ssk);
	__real_mptcp_sockopt_sync_locked(msk, ssk);
}

#ifdef HAVE_SOCKOPT_SYNC
void __wrap_mptcp_sockopt_sync(struct mptcp_sock *msk, struct sock *ssk)
{
	timeout_give(msk, ssk);
	__real_mptcp_sockopt_sync(msk, ssk);
}
#endif

static int timeout_set(struct sock *sk, sockptr_t optval, unsigned int optlen)
{
	struct mptcp_sock *msk = mptcp_sk(sk);
	struct mptcp_subflow_context *subflow;
	int val;

	if (optlen < sizeof(val))
		return -EINVAL;
	if (copy_from_sockptr(&val, optval, sizeof(val)))
		return -EFAULT;
	if (val < 0)
		return -EINVAL;
	lock_sock(sk);
	WRITE_ONCE(inet_csk(sk)->icsk_user_timeout, val);
	if (msk->first) /* before it is in the list */
		WRITE_ONCE(inet_csk(msk->first)->icsk_user_timeout, val);
	mptcp_for_each_subflow(msk, subflow)
		WRITE_ONCE(inet_csk(mptcp_subflow_tcp_sock(subflow))->icsk_user_timeout, val);
	release_sock(sk);
	return 0;
}

static int timeout_get(const struct sock *sk, char __user *optval, int __user *optlen)
{
	int val = READ_ONCE(inet_csk(sk)->icsk_user_timeout), len;

	if (get_user(len, optlen))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	len = min_t(unsigned int, len, sizeof(val));
	if (put_user(len, optlen) || copy_to_user(optval, &val, len))
		return -EFAULT;
	return 0;
}

int __wrap_mptcp_setsockopt(struct sock *sk, int level, int optname, sockptr_t optval,
			    unsigned int optlen)
{
	if (level == SOL_TCP && optname == TCP_USER_TIMEOUT)
		return timeout_set(sk, optval, optlen);
	return __real_mptcp_setsockopt(sk, level, optname, optval, optlen);
}

int __wrap_mptcp_getsockopt(struct sock *sk, int level, int optname, char __user *optval,
			    int __user *optlen)
{
	if (level == SOL_TCP && optname == TCP_USER_TIMEOUT)
		return timeout_get(sk, optval, optlen);
	return __real_mptcp_getsockopt(sk, level, optname, optval, optlen);
}
