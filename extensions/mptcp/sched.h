/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sched.h - what the schedulers of this pack share: paths, pieces, private state.
 *
 * Context: MPTCP asks a scheduler with the connection (msk) owned: by a process, which then may
 * lock subflows, or by a softirq, which holds the msk's spinlock and that of one subflow. Other
 * subflows are only read. Everything here can be called in both, unless it says otherwise.
 */
#ifndef _MPTCP_EXT_SCHED_H
#define _MPTCP_EXT_SCHED_H

#include <linux/skbuff.h>
#include <net/sock.h>
#include <net/tcp.h>
#include <net/mptcp/protocol.h>

/* Subflows that are looked at; the kernel's path manager makes nine at most. */
#define MPSCHED_PATHS 10

/* What the fastest path delivers: mpsched_rate() */
struct mpsched_rate {
	u32 fastest;	/* subflow_id */
	u32 rate;	/* of it, bytes per ms */
	u32 rated;	/* jiffies32 of that */
};

/*
 * Of a connection, in the msk's icsk_ca_priv: an msk has no congestion control, and Linux zeroes
 * the place when the socket is made or disconnected. All zero is the first state.
 */
struct mpsched_state {
	u64 wnd_end;		/* the peer's window, while a piece is bounded by a smaller one */
	u64 bound;		/* that smaller one; 0: none */
	union {
		struct {
			u32 last;	/* subflow_id of the last turn */
		} roundrobin;
		struct {
			struct mpsched_rate fastest;
			u32 held;	/* jiffies32 of when the slower paths' pause began */
			u32 hold;	/* jiffies that it lasts */
			u32 window;	/* bytes, the largest until its begin */
			u32 largest;	/* bytes, until now */
		} blest;
		struct {
			struct mpsched_rate fastest;
			u32 largest;	/* window until now, bytes */
		} guard;
		struct {
			bool waiting;	/* the last answer was to wait for the faster path */
		} ecf;
		struct {
			bool asked;	/* the retransmission's turn is one that we asked for */
		} redundant;
		struct {
			bool asked;	/* as above: to probe */
			u32 probed;	/* jiffies32 of the last probe */
		} handover;
	};
};

static inline struct mpsched_state *mpsched_state(struct mptcp_sock *msk)
{
	static_assert(sizeof(struct mpsched_state) <= ICSK_CA_PRIV_SIZE);
	return (struct mpsched_state *)inet_csk((struct sock *)msk)->icsk_ca_priv;
}

/* A subflow that can send, as it is now */
struct mpsched_path {
	struct mptcp_subflow_context *subflow;
	struct sock *ssk;
	u32 srtt;	/* us, at least 1 */
	u32 var;	/* its mean deviation, us */
	u32 mss;	/* bytes of data in a full segment */
	u32 cwnd;	/* bytes */
	u32 queued;	/* bytes in flight, or waiting in the subflow */
	u32 segs;	/* the same in segments, without those that are lost */
	u32 space;	/* bytes that the congestion window admits now: full segments */
	bool backup;
};

/**
 * mpsched_paths() - the subflows that can send now, and the retransmission timer's next interval.
 * @msk: the connection
 * @paths: MPSCHED_PATHS of them; in the order of the subflows' ages
 * @backups: backups too, behind the others; otherwise only if there is nothing else
 *
 * A bound that the last piece left (mpsched_give()) ends here.
 *
 * Return: how many.
 */
int mpsched_paths(struct mptcp_sock *msk, struct mpsched_path *paths, bool backups);

/**
 * mpsched_give() - let a path send the next piece.
 * @msk: the connection
 * @path: to send
 * @most: bytes
 *
 * MPTCP hands a subflow at least the rest of a fragment, up to 32 KiB. To stop earlier, the
 * window that MPTCP looks at is lowered to the piece's end until the next question.
 *
 * Return: 0, as get_subflow() shall.
 */
int mpsched_give(struct mptcp_sock *msk, const struct mpsched_path *path, u32 most);

/**
 * mpsched_check_bound() - end the bound of a piece if the place is beyond it.
 * @msk: the connection
 *
 * A subflow may send without a question (MPTCP_DELEGATE_SEND), after an acknowledgment has moved
 * the place. MPTCP takes the window's end minus the place for a size that is never negative.
 */
void mpsched_check_bound(struct mptcp_sock *msk);

/**
 * mpsched_alone() - the same if there is nothing to choose: what the subflow's buffer takes.
 * @msk: the connection
 * @path: the only one
 *
 * Return: 0, or -EAGAIN: the buffer is full.
 */
int mpsched_alone(struct mptcp_sock *msk, const struct mpsched_path *path);

/**
 * mpsched_window() - bytes that the peer's window admits now, from where sending stands.
 * @msk: the connection; something waits to be sent
 */
u64 mpsched_window(const struct mptcp_sock *msk);

/**
 * mpsched_unsent() - bytes that wait to be sent and that the window admits.
 * @msk: the connection; something waits to be sent
 */
u64 mpsched_unsent(const struct mptcp_sock *msk);

/**
 * mpsched_data_end() - where the data ends that the program has written (not a DATA_FIN).
 * @msk: the connection
 */
static inline u64 mpsched_data_end(const struct mptcp_sock *msk)
{
	return msk->write_seq - !!msk->snd_data_fin_enable;
}

/**
 * mpsched_full() - the answer when the window is full: one segment as a probe if nothing is in
 * flight, otherwise none.
 * @msk: the connection
 * @path: for the probe
 */
int mpsched_full(struct mptcp_sock *msk, const struct mpsched_path *path);

/**
 * mpsched_fastest() - the path with the least round-trip time.
 * @paths: of them
 * @n: how many
 * @space: only of those that have space
 *
 * Return: NULL if there is none.
 */
const struct mpsched_path *mpsched_fastest(const struct mpsched_path *paths, int n, bool space);

/**
 * mpsched_choice() - the subflows that can send now, if there is something to choose.
 * @msk: the connection
 * @paths: as of mpsched_paths(), without backups
 * @answer: otherwise, what get_subflow() shall return: none can send, one alone, a full window
 *
 * Return: how many, at least two; or 0.
 */
int mpsched_choice(struct mptcp_sock *msk, struct mpsched_path *paths, int *answer);

/**
 * mpsched_rate() - take note of what the fastest path delivers.
 * @r: the last figure; all zero at first
 * @f: the fastest path now
 *
 * It is what the path has delivered in a round trip, and for the next seconds not less: it falls
 * by an eighth in a second, since a path that was blocked delivers less.
 */
void mpsched_rate(struct mpsched_rate *r, const struct mpsched_path *f);

/**
 * mpsched_retrans() - what the default scheduler does with data whose acknowledgment is overdue.
 * @msk: the connection
 */
int mpsched_retrans(struct mptcp_sock *msk);

/**
 * mpsched_ask_retrans() - make MPTCP ask soon, in process context, where to retransmit.
 * @msk: the connection
 */
void mpsched_ask_retrans(struct mptcp_sock *msk);

/**
 * mpsched_lock() - the msk's spinlock, if the caller does not hold it already.
 * @msk: the connection, owned as get_subflow() has it
 *
 * Return: for mpsched_unlock().
 */
bool mpsched_lock(struct mptcp_sock *msk);

/**
 * mpsched_unlock() - the other half.
 * @msk: the connection
 * @locked: what mpsched_lock() returned
 */
void mpsched_unlock(struct mptcp_sock *msk, bool locked);

/**
 * mpsched_init() - the first state: .init of all schedulers here.
 * @msk: the connection
 */
void mpsched_init(struct mptcp_sock *msk);

/**
 * mpsched_leave() - before another scheduler takes over: sending goes on where nobody has sent yet.
 * @msk: the connection, locked by a process
 */
void mpsched_leave(struct mptcp_sock *msk);

/**
 * mpsched_seek() - sending goes on at a byte.
 * @msk: the connection
 * @seq: a byte of the queue; its end: nothing waits
 */
void mpsched_seek(struct mptcp_sock *msk, u64 seq);

/*
 * SCHEDULER(name): name_send(msk) and name_retrans(msk) as an MPTCP scheduler. Before 6.16 both
 * are one function.
 */
#ifdef CONFIG_LKL_MPTCP_SCHED_SPLIT
#define SCHEDULER(_name)								\
static struct mptcp_sched_ops _name##_ops = {						\
	.get_send	= _name##_send,							\
	.get_retrans	= _name##_retrans,						\
	.init		= mpsched_init,							\
	.name		= #_name,							\
	.owner		= THIS_MODULE,							\
};											\
SCHEDULER_INIT(_name)
#else
#define SCHEDULER(_name)								\
static int _name##_get(struct mptcp_sock *msk, struct mptcp_sched_data *data)		\
{											\
	return data->reinject ? _name##_retrans(msk) : _name##_send(msk);		\
}											\
static struct mptcp_sched_ops _name##_ops = {						\
	.get_subflow	= _name##_get,							\
	.init		= mpsched_init,							\
	.name		= #_name,							\
	.owner		= THIS_MODULE,							\
};											\
SCHEDULER_INIT(_name)
#endif

#define SCHEDULER_INIT(_name)								\
static int __init _name##_init(void)							\
{											\
	return mptcp_register_scheduler(&_name##_ops);					\
}											\
device_initcall(_name##_init)

#endif
