// SPDX-License-Identifier: GPL-2.0
/*
 * sched_option.c - the socket option MPTCP_SCHEDULER: an MPTCP socket's scheduler by its name.
 *
 *	setsockopt(fd, SOL_MPTCP, MPTCP_SCHEDULER, "minrtt", 6)
 *
 * Theory of operation: Linux chooses a socket's scheduler when the socket is made
 * (net.mptcp.scheduler), and a connection that is accepted has its listener's. This option
 * changes it at any time, for what is sent from then on. ENOENT: there is no such scheduler.
 * getsockopt() gives the name, as with TCP_CONGESTION.
 *
 * The two functions of MPTCP's struct proto, which sockets of the kernel lead to, are replaced.
 *
 * Locking: the socket's lock, which is taken here. Limits: after a fallback to TCP the option has
 * no effect.
 */
#include <linux/init.h>
#include <linux/net.h>
#include <linux/sockptr.h>
#include "sched.h"
#include "sched_option.h"

static typeof(mptcp_setsockopt) *option_next_set;
static typeof(mptcp_getsockopt) *option_next_get;

/* While no subflow is about to send for the old one: that may take one more piece. */
static int option_set(struct sock *sk, sockptr_t optval, unsigned int optlen)
{
	struct mptcp_sock *msk = mptcp_sk(sk);
	char name[MPTCP_SCHED_NAME_MAX] = "";
	struct mptcp_sched_ops *sched;
	int ret = 0;

	if (optlen < 1)
		return -EINVAL;
	if (strncpy_from_sockptr(name, optval, min_t(size_t, optlen, sizeof(name) - 1)) < 0)
		return -EFAULT;
	lock_sock(sk);
	rcu_read_lock();
	sched = mptcp_sched_find(name);
	if (!sched) {
		ret = -ENOENT;
	} else if (!msk->sched) {
		ret = -EINVAL;
	} else if (msk->sched != sched) {
		mpsched_leave(msk);
		mptcp_release_sched(msk);
		ret = mptcp_init_sched(msk, sched);
	}
	rcu_read_unlock();
	release_sock(sk);
	return ret;
}

static int option_get(struct sock *sk, char __user *optval, int __user *optlen)
{
	char name[MPTCP_SCHED_NAME_MAX] = "";
	int len;

	if (get_user(len, optlen))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	lock_sock(sk);
	if (mptcp_sk(sk)->sched)
		strscpy(name, mptcp_sk(sk)->sched->name, sizeof(name));
	release_sock(sk);
	len = min_t(int, len, sizeof(name));
	if (put_user(len, optlen) || copy_to_user(optval, name, len))
		return -EFAULT;
	return 0;
}

static int option_setsockopt(struct sock *sk, int level, int name, sockptr_t optval,
			     unsigned int optlen)
{
	if (level == SOL_MPTCP && name == MPTCP_SCHEDULER)
		return option_set(sk, optval, optlen);
	return option_next_set(sk, level, name, optval, optlen);
}

static int option_getsockopt(struct sock *sk, int level, int name, char __user *optval,
			     int __user *optlen)
{
	if (level == SOL_MPTCP && name == MPTCP_SCHEDULER)
		return option_get(sk, optval, optlen);
	return option_next_get(sk, level, name, optval, optlen);
}

static int __init option_replace(int family)
{
	struct socket *sock;
	struct proto *prot;
	int err = sock_create_kern(&init_net, family, SOCK_STREAM, IPPROTO_MPTCP, &sock);

	if (err)
		return err;
	prot = sock->sk->sk_prot;
	option_next_set = prot->setsockopt;
	option_next_get = prot->getsockopt;
	prot->setsockopt = option_setsockopt;
	prot->getsockopt = option_getsockopt;
	sock_release(sock);
	return 0;
}

static int __init option_init(void)
{
	int err = option_replace(AF_INET);

	if (!err && IS_ENABLED(CONFIG_MPTCP_IPV6))
		err = option_replace(AF_INET6);
	return err;
}
late_initcall(option_init);
