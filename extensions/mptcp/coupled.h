/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * coupled.h - what the subflows of one MPTCP connection know of each other, for coupled
 * congestion control.
 *
 * Theory of operation
 *
 * Linux's congestion controls see one TCP socket each. A coupled one needs the windows and round
 * trip times of all subflows of a connection, at each ACK. The connection's own list of subflows
 * (conn_list) cannot be walked then: it is no RCU list, and changes under the MPTCP socket's lock,
 * while an ACK holds the subflow's only. So each subflow that runs a coupled congestion control is
 * member of a group, keyed by the MPTCP socket and the algorithm: two algorithms within one
 * connection, as after a change of the sysctl, do not mix.
 *
 *	.init		coupled_join()		subflow enters the group; the first one makes it
 *	.pkts_acked	coupled_note()		publishes its window, RTT and what follows from them
 *	.cong_avoid	coupled_lock(), coupled_for_each(), coupled_unlock()
 *	.release	coupled_leave()		the last one frees it
 *
 * A member counts while ACKs come. One without an ACK for its retransmission timeout is idle or
 * dead: its window says nothing about a share of any link, so it leaves the sums until the next
 * ACK.
 *
 * A plain TCP socket, or one whose peer has no MPTCP, has nothing to be coupled with: the formulas
 * become Reno's. coupled_join() gives it cubic instead. A connection that falls back later keeps
 * its algorithm, as a group of one.
 *
 * Locking: fields of a member are written by its own socket, under the group's lock, which is a
 * leaf: nothing is called under it. .cong_avoid may run with bottom halves enabled (backlog), so
 * the lock disables them. A table's lock, taken outside of it, guards the groups' list; it is taken
 * when subflows come and go. A subflow holds a reference to its MPTCP socket until after .release
 * (subflow_ulp_release()), so the address in the key is not another connection's.
 *
 * Limits: sums are of one algorithm within one connection; a group has no order of its members.
 */
#ifndef LKL_EXT_MPTCP_COUPLED_H
#define LKL_EXT_MPTCP_COUPLED_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <net/tcp.h>

struct coupled_group {
	spinlock_t lock;		/* members, and what they publish */
	struct list_head members;	/* struct coupled, by list */
	struct list_head list;		/* coupled_groups; coupled_table_lock */
	const struct sock *msk;		/* the key: never followed */
	const struct tcp_congestion_ops *ops;
	unsigned int n;			/* members; coupled_table_lock */
};

/**
 * struct coupled - a subflow in its group; first member of an algorithm's private area
 * @rate:  window / RTT, see COUPLED_SHIFT
 * @gain:  window / RTT^2
 * @extra: what the algorithm publishes beside them
 * @cwnd:  window in packets; while it is reduced after a loss, what it will be
 * @until: when it stops to count without another ACK, by tcp_jiffies32
 * @noted: it has published at least once
 */
struct coupled {
	struct list_head list;
	struct coupled_group *group;	/* NULL: not in one; the socket's lock */
	u64 rate;
	u64 gain;
	u64 extra;
	u32 cwnd;
	u32 until;
	bool noted;
};

/*
 * Fixed point: rate = cwnd << 28 / srtt, gain = rate << 28 / srtt, with srtt in the socket's unit,
 * an eighth of a microsecond. An RTT below 100 us is taken for that. So with windows up to a
 * million packets nothing exceeds 64 bits, and at 1 s and two packets a rate still has six.
 */
#define COUPLED_SHIFT	 28
#define COUPLED_SRTT_MIN (100 << 3)

static inline struct coupled *coupled_of(struct sock *sk)
{
	return inet_csk_ca(sk);
}

/**
 * coupled_join() - .init's part: enter the group of the connection
 *
 * All of the private area is cleared. Return: false if the socket is not, or no longer, MPTCP's:
 * its congestion control is another one now, and has been initialised.
 */
bool coupled_join(struct sock *sk);

/** coupled_leave() - .release; also called for sockets that never joined. */
void coupled_leave(struct sock *sk);

/** coupled_note() - publish the window and RTT of @sk, and @extra. */
void coupled_note(struct sock *sk, u64 extra);

/** coupled_pkts_acked() - .pkts_acked of an algorithm that has nothing to add. */
void coupled_pkts_acked(struct sock *sk, const struct ack_sample *sample);

/** coupled_lock() - the group of @sk, locked; NULL if it has none. */
static inline struct coupled_group *coupled_lock(struct sock *sk)
{
	struct coupled_group *group = coupled_of(sk)->group;

	if (group)
		spin_lock_bh(&group->lock);
	return group;
}

static inline void coupled_unlock(struct coupled_group *group)
{
	spin_unlock_bh(&group->lock);
}

/* The first member that counts, from @at on in the list of the locked group; NULL at its end. */
static inline struct coupled *coupled_from(struct coupled_group *group, struct list_head *at)
{
	for (; at != &group->members; at = at->next) {
		struct coupled *m = list_entry(at, struct coupled, list);

		if (m->noted && !after(tcp_jiffies32, m->until))
			return m;
	}
	return NULL;
}

/** coupled_for_each() - members that count; the group is locked. */
#define coupled_for_each(m, group)					\
	for (m = coupled_from(group, (group)->members.next); m;		\
	     m = coupled_from(group, m->list.next))

/**
 * coupled_ratio() - (sum of rates)^2 / @gain, in packets
 *
 * The window by which a coupled increase divides. 0 if @gain is 0.
 */
static inline u64 coupled_ratio(u64 sum, u64 gain)
{
	return gain ? mul_u64_u64_div_u64(sum, sum, gain) : 0;
}

/**
 * coupled_in_avoidance() - slow start, which no algorithm here couples
 * @acked: packets; those that are left when slow start ends
 *
 * Return: true if congestion avoidance has something to do.
 */
static inline bool coupled_in_avoidance(struct sock *sk, u32 *acked)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (!tcp_is_cwnd_limited(sk))
		return false;
	if (tcp_in_slow_start(tp))
		*acked = tcp_slow_start(tp, *acked);
	return *acked;
}

#endif /* LKL_EXT_MPTCP_COUPLED_H */
