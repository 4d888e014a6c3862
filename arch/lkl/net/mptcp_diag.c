// SPDX-License-Identifier: GPL-2.0
/*
 * mptcp_diag.c - sock_diag tells a subflow of MPTCP from one of a connection that fell back.
 *
 * Theory of operation
 *
 * At its end, a run waits until all data is delivered. It asks MPTCP's connection: data that one
 * subflow has not delivered may have been delivered by another. After a fallback to TCP it asks
 * the subflow: that one's bytes are the data. Once the program has closed its socket, the
 * connection may be gone before its subflow, and the subflow then says the same in both cases.
 *
 * So mptcp_diag_subflow_init() is wrapped by the linker, and the flag
 * MPTCP_SUBFLOW_FLAG_FULLY_ESTABLISHED is taken out of what a subflow says after a fallback.
 *
 * Locking: the subflow's, so that it does not lose its connection meanwhile.
 */
#include <linux/mptcp.h>
#include <net/netlink.h>
#include <net/tcp.h>
#include <net/mptcp/protocol.h>

extern typeof(mptcp_diag_subflow_init) __real_mptcp_diag_subflow_init;
void __wrap_mptcp_diag_subflow_init(struct tcp_ulp_ops *ops);

static typeof(((struct tcp_ulp_ops *)0)->get_info) real_get_info;

static bool diag_fell_back(struct sock *ssk)
{
	const struct mptcp_subflow_context *subflow;
	bool slow = lock_sock_fast(ssk), ret;

	subflow = mptcp_subflow_ctx(ssk);
	ret = subflow && subflow->conn && __mptcp_check_fallback(mptcp_sk(subflow->conn));
	unlock_sock_fast(ssk, slow);
	return ret;
}

static int diag_get_info(struct sock *ssk, struct sk_buff *skb)
{
	const struct nlattr *info = (const struct nlattr *)skb_tail_pointer(skb);
	unsigned int before = skb->len;
	int err = real_get_info(ssk, skb);
	struct nlattr *flags;

	if (err || skb->len == before || !diag_fell_back(ssk))
		return err;
	flags = nla_find_nested(info, MPTCP_SUBFLOW_ATTR_FLAGS);
	if (flags)
		*(u32 *)nla_data(flags) &= ~MPTCP_SUBFLOW_FLAG_FULLY_ESTABLISHED;
	return 0;
}

void __wrap_mptcp_diag_subflow_init(struct tcp_ulp_ops *ops)
{
	__real_mptcp_diag_subflow_init(ops);
	real_get_info = ops->get_info;
	ops->get_info = diag_get_info;
}
