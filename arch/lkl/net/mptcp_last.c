// SPDX-License-Identifier: GPL-2.0
/*
 * mptcp_last.c - a connection's last subflow stays, whatever becomes of its endpoint.
 *
 * Theory of operation
 *
 * When a path is lost, its endpoints are removed (src/netconf), and Linux closes the subflows that
 * begin there. If no other subflow is up, the connection then depends on a join after the path's
 * return. A peer whose program has closed refuses joins (mptcp_can_accept_new_subflow()), though
 * it still has data to send or to acknowledge: the stream stands still, and ends with an error
 * after net.mptcp.close_timeout. TCP alone would have gone on when the path came back.
 *
 * So the path manager's functions are wrapped by the linker (--wrap, arch/lkl/Makefile): the
 * only subflow that can carry data is neither shut down nor closed, and the peer is not told that
 * its address has gone (it would close the subflow). If the path does not return, TCP's time-outs
 * end the subflow. After the return, the endpoint's new subflow may be a second one by this path.
 *
 * mptcp_subflow_shutdown() and mptcp_close_ssk() are wrapped for other files' calls alone, which
 * are those of the path managers; protocol.c calls its own.
 *
 * Locking: all run with the MPTCP socket's lock held, as the functions that they wrap.
 */
#include <net/mptcp/protocol.h>
#include "mptcp_mesh.h"

extern typeof(mptcp_subflow_shutdown) __real_mptcp_subflow_shutdown;
extern typeof(mptcp_close_ssk) __real_mptcp_close_ssk;
extern typeof(mptcp_pm_remove_addr) __real_mptcp_pm_remove_addr;

void __wrap_mptcp_subflow_shutdown(struct sock *sk, struct sock *ssk, int how);
void __wrap_mptcp_close_ssk(struct sock *sk, struct sock *ssk,
			    struct mptcp_subflow_context *subflow);
int __wrap_mptcp_pm_remove_addr(struct mptcp_sock *msk, const struct mptcp_rm_list *rm_list);

/* The only subflow that can carry data, now; NULL: there is none, or another one. */
static struct mptcp_subflow_context *mptcp_only_subflow(struct mptcp_sock *msk)
{
	struct mptcp_subflow_context *subflow, *only = NULL;

	mptcp_for_each_subflow(msk, subflow) {
		if (!((1 << inet_sk_state_load(mptcp_subflow_tcp_sock(subflow))) &
		      (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT | TCPF_FIN_WAIT1 | TCPF_FIN_WAIT2)))
			continue;
		if (subflow->request_join && !subflow->fully_established)
			continue;
		if (only)
			return NULL;
		only = subflow;
	}
	return only;
}

void __wrap_mptcp_subflow_shutdown(struct sock *sk, struct sock *ssk, int how)
{
	if (mptcp_only_subflow(mptcp_sk(sk)) != mptcp_subflow_ctx(ssk))
		__real_mptcp_subflow_shutdown(sk, ssk, how);
}

void __wrap_mptcp_close_ssk(struct sock *sk, struct sock *ssk,
			    struct mptcp_subflow_context *subflow)
{
	struct mptcp_sock *msk = mptcp_sk(sk);
	bool first = ssk == msk->first;

	if (mptcp_only_subflow(msk) == subflow)
		return;
	__real_mptcp_close_ssk(sk, ssk, subflow);
	if (first)
		mptcp_mesh_forget(msk, true);
}

int __wrap_mptcp_pm_remove_addr(struct mptcp_sock *msk, const struct mptcp_rm_list *rm_list)
{
	const struct mptcp_subflow_context *only = mptcp_only_subflow(msk);
	struct mptcp_rm_list others = {.nr = 0};

	mptcp_mesh_forget(msk, false);
	if (!only)
		return __real_mptcp_pm_remove_addr(msk, rm_list);
	for (u8 i = 0; i < rm_list->nr; i++)
		if (rm_list->ids[i] != only->local_id)
			others.ids[others.nr++] = rm_list->ids[i];
	return others.nr ? __real_mptcp_pm_remove_addr(msk, &others) : 0;
}
