// SPDX-License-Identifier: GPL-2.0-only
/*
 * coupled.c - groups of subflows; see coupled.h.
 *
 * Groups are few (one for each connection with a coupled congestion control), and are looked for
 * when a subflow is established only: a list does.
 */
#include <linux/slab.h>
#include "protocol.h"
#include "coupled.h"

static LIST_HEAD(coupled_groups);
static DEFINE_SPINLOCK(coupled_table_lock);

/* The MPTCP socket whose subflow @sk is, or NULL if it is, or has become, plain TCP. */
static const struct sock *coupled_connection(const struct sock *sk)
{
	const struct mptcp_subflow_context *subflow;

	if (!sk_is_mptcp(sk))
		return NULL;
	subflow = mptcp_subflow_ctx(sk);
	if (!subflow || !subflow->conn || __mptcp_check_fallback(mptcp_sk(subflow->conn)))
		return NULL;
	return subflow->conn;
}

/* As dctcp does without ECN: another algorithm takes the socket over, and keeps it. */
static void coupled_swap(struct sock *sk)
{
	const struct tcp_congestion_ops *ops;

	rcu_read_lock();
	ops = tcp_ca_find("cubic");
	rcu_read_unlock();
	if (!ops)
		ops = &tcp_reno;
	memset(inet_csk(sk)->icsk_ca_priv, 0, sizeof(inet_csk(sk)->icsk_ca_priv));
	WRITE_ONCE(inet_csk(sk)->icsk_ca_ops, ops);
	if (ops->init)
		ops->init(sk);
}

static struct coupled_group *coupled_find(const struct sock *msk,
					  const struct tcp_congestion_ops *ops)
{
	struct coupled_group *group;

	list_for_each_entry(group, &coupled_groups, list) {
		if (group->msk == msk && group->ops == ops)
			return group;
	}
	group = kzalloc(sizeof(*group), GFP_ATOMIC);
	if (!group)
		return NULL;
	spin_lock_init(&group->lock);
	INIT_LIST_HEAD(&group->members);
	group->msk = msk;
	group->ops = ops;
	list_add(&group->list, &coupled_groups);
	return group;
}

bool coupled_join(struct sock *sk)
{
	const struct tcp_congestion_ops *ops = inet_csk(sk)->icsk_ca_ops;
	const struct sock *msk = coupled_connection(sk);
	struct coupled *me = coupled_of(sk);
	struct coupled_group *group;

	memset(inet_csk(sk)->icsk_ca_priv, 0, sizeof(inet_csk(sk)->icsk_ca_priv));
	group = NULL;
	if (msk) {
		spin_lock_bh(&coupled_table_lock);
		group = coupled_find(msk, ops);
		if (group) {
			group->n++;
			me->group = group;
			spin_lock(&group->lock);
			list_add_tail(&me->list, &group->members);
			spin_unlock(&group->lock);
		}
		spin_unlock_bh(&coupled_table_lock);
	}
	if (group)
		return true;
	coupled_swap(sk);
	return false;
}

/*
 * The MPTCP socket itself comes here too, at its birth and end (mptcp_ca_reset()): it never has
 * been initialised, and what its private area holds is not ours.
 */
void coupled_leave(struct sock *sk)
{
	struct coupled *me = coupled_of(sk);
	struct coupled_group *group = me->group;
	bool last;

	if (sk->sk_protocol == IPPROTO_MPTCP || !group)
		return;
	me->group = NULL;
	spin_lock_bh(&coupled_table_lock);
	spin_lock(&group->lock);
	list_del(&me->list);
	spin_unlock(&group->lock);
	last = !--group->n;
	if (last)
		list_del(&group->list);
	spin_unlock_bh(&coupled_table_lock);
	if (last)
		kfree(group);
}

void coupled_note(struct sock *sk, u64 extra)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);
	struct coupled *me = coupled_of(sk);
	struct coupled_group *group;
	u32 cwnd, srtt;
	u64 rate, gain;

	if (!tp->srtt_us)
		return;
	cwnd = icsk->icsk_ca_state >= TCP_CA_CWR ? min(tp->snd_ssthresh, tp->prior_cwnd) :
						   tcp_snd_cwnd(tp);
	srtt = max_t(u32, tp->srtt_us, COUPLED_SRTT_MIN);
	rate = div_u64((u64)cwnd << COUPLED_SHIFT, srtt);
	gain = mul_u64_u64_div_u64(rate, 1ULL << COUPLED_SHIFT, srtt);

	group = coupled_lock(sk);
	if (!group)
		return;
	me->cwnd = cwnd;
	me->rate = rate;
	me->gain = gain;
	me->extra = extra;
	me->until = tcp_jiffies32 + icsk->icsk_rto;
	me->noted = true;
	coupled_unlock(group);
}

void coupled_pkts_acked(struct sock *sk, const struct ack_sample *sample)
{
	coupled_note(sk, 0);
}
