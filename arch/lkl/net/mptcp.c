// SPDX-License-Identifier: GPL-2.0
/*
 * mptcp.c - what TCP has acknowledged, MPTCP keeps.
 *
 * Theory of operation
 *
 * Six functions of Linux are wrapped by the linker (--wrap, arch/lkl/Makefile), so the source
 * stays as it is. Each mends a case in which MPTCP 6.1 to 6.12 loses or forgets data of a subflow
 * that TCP has acknowledged, so that nobody sends it again, or comes near it:
 *
 * 1. __sk_mem_raise_allocated(): when TCP's memory is used up (net.ipv4.tcp_mem), what
 *    __mptcp_move_skb() takes out of the subflow is dropped (MPTcpExtRcvPruned). After a fallback
 *    to TCP that is a hole; the stream is cut short there. Here the charge of received data never
 *    fails, as with sk_forced_mem_schedule(). The limit is held one step earlier:
 *
 * 2. mptcp_data_ready(): under memory pressure (the middle value of tcp_mem), data stays in its
 *    subflow as long as the reader has something else to do. TCP then sees its own queue grow, and
 *    drops what it has not acknowledged. The reader takes the data when it has emptied its queue
 *    (__mptcp_move_skbs()). What lies above the middle value is for senders: they would wait for
 *    ever if slow readers could have it all. A reader that has nothing is never left alone: what
 *    it waits for may be behind pieces that are out of order.
 *
 *    And the other way round: MPTCP takes nothing while its socket's buffer is full. If data that
 *    came out of order has filled it, the piece that is missing waits in a subflow for ever: the
 *    window counts bytes, the buffer memory, and the ratio between them (scaling_ratio) is sampled
 *    from one frame. So when the reader has nothing, up to OVERDRAFT buffers may be filled.
 *    (Linux 7.3 drops out-of-order data instead, "mptcp: implemented OoO queue pruning"; a sender
 *    before 7.3 then crawls at one fragment in 200 ms.)
 *
 * 3. mptcp_established_options(): since da23be77e129 it lets the window shrink. A sender takes a
 *    smaller window from an ACK of new data only (tcp_may_update_window()), but the DATA_ACK from
 *    any. It then sends beyond the window, where mptcp_data_queue_ofo() drops what TCP
 *    acknowledges. So the window of an ACK of nothing new is left as it was.
 *
 * 4. mptcp_space(): windows are promises, and those of all sockets together are many times the
 *    memory. Beyond the lowest value of tcp_mem a socket is promised its share of the middle one,
 *    so that senders stop in time, instead of finding each segment dropped and waiting longer and
 *    longer to try again. TCP has its own brake (tcp_adjust_rcv_ssthresh()), which looks at the
 *    subflow's queue; MPTCP keeps that empty.
 *
 * 5. mptcp_update_rcv_data_fin(): when the peer closes after a fallback, 6.12 ends the stream at
 *    what MPTCP has taken, though more may wait in the subflow (since the buffer was full, or by
 *    2.). The next piece then loses its first byte, which is taken for the end's. Here the end is
 *    behind what waits. (6.1 asks first whether the queue is empty.)
 *
 * 6. mptcp_subflow_data_available(): since a fallback's map is computed from TCP's sequence numbers
 *    (6.12.y, not 6.1.y), it begins at the first byte of the segment, though the bytes that a
 *    retransmission repeats have been taken: as many behind them are dropped as repeated, too.
 *    After a fallback the next byte of the subflow is the next byte of the stream.
 *
 * Locking: all run with the subflow's socket lock held, as the functions that they wrap.
 *
 * Limits: a socket may use OVERDRAFT times its receive buffer, then it stalls as before.
 */
#include <linux/atomic.h>
#include <linux/skbuff.h>
#include <net/sock.h>
#include <net/tcp.h>
#if __has_include(<net/proto_memory.h>)	/* 6.6; before, in net/sock.h */
#include <net/proto_memory.h>
#endif
#include <net/mptcp/protocol.h>

/* Receive buffers. Twice was not enough for messages of 200 bytes, which cost 1280 of memory. */
#define OVERDRAFT 4

/* Bytes of memory that each socket may have, whatever their number */
#define SHARE_MIN (64 << 10)

extern typeof(__sk_mem_raise_allocated) __real___sk_mem_raise_allocated;
extern typeof(mptcp_data_ready) __real_mptcp_data_ready;
extern typeof(mptcp_subflow_data_available) __real_mptcp_subflow_data_available;
extern typeof(mptcp_established_options) __real_mptcp_established_options;
extern typeof(mptcp_space) __real_mptcp_space;
extern typeof(mptcp_update_rcv_data_fin) __real_mptcp_update_rcv_data_fin;

int __wrap___sk_mem_raise_allocated(struct sock *sk, int size, int amt, int kind);
void __wrap_mptcp_data_ready(struct sock *sk, struct sock *ssk);
bool __wrap_mptcp_subflow_data_available(struct sock *ssk);
bool __wrap_mptcp_established_options(struct sock *sk, struct sk_buff *skb, unsigned int *size,
				      unsigned int remaining, struct mptcp_out_options *opts);
void __wrap_mptcp_space(const struct sock *ssk, int *space, int *full_space);
bool __wrap_mptcp_update_rcv_data_fin(struct mptcp_sock *msk, u64 data_fin_seq, bool use_64bit);

int __wrap___sk_mem_raise_allocated(struct sock *sk, int size, int amt, int kind)
{
	if (__real___sk_mem_raise_allocated(sk, size, amt, kind))
		return 1;
	if (kind != SK_MEM_RECV || sk->sk_protocol != IPPROTO_MPTCP)
		return 0;
	sk_memory_allocated_add(sk, amt);
	return 1;
}

/* Has all of TCP together more memory than value @i of net.ipv4.tcp_mem? */
static bool mptcp_memory_over(const struct sock *sk, int i)
{
	return sk_memory_allocated(sk) > sk_prot_mem_limits(sk, i);
}

/* Does the reader have data, now or as soon as it looks? */
static bool mptcp_reader_busy(const struct sock *sk)
{
	return !skb_queue_empty_lockless(&mptcp_sk(sk)->receive_queue) ||
	       !skb_queue_empty_lockless(&sk->sk_receive_queue);
}

/* Each map of a fallback is made in mptcp_subflow_data_available(); then this follows. */
static void mptcp_fit_map(struct sock *ssk)
{
	struct mptcp_subflow_context *subflow = mptcp_subflow_ctx(ssk);
	const struct mptcp_sock *msk = mptcp_sk(subflow->conn);

	if (subflow->map_valid && __mptcp_check_fallback(msk))
		subflow->map_seq = READ_ONCE(msk->ack_seq) - mptcp_subflow_get_map_offset(subflow);
}

/* As __mptcp_move_skbs_from_subflow() asks; subflow_data_ready() does too, but past the wrapper. */
bool __wrap_mptcp_subflow_data_available(struct sock *ssk)
{
	bool ret = __real_mptcp_subflow_data_available(ssk);

	mptcp_fit_map(ssk);
	return ret;
}

void __wrap_mptcp_data_ready(struct sock *sk, struct sock *ssk)
{
	bool busy = mptcp_reader_busy(sk);
	int full, used, loan = 0;

	mptcp_fit_map(ssk);
	if (busy && mptcp_memory_over(sk, 1))
		return;
	full = max(READ_ONCE(sk->sk_rcvbuf), READ_ONCE(ssk->sk_rcvbuf));
	used = __mptcp_rmem(sk);
	if (!busy && used > full && used / OVERDRAFT < full)
		loan = used;
	/* Other subflows' ACKs meanwhile announce a whole buffer at most. */
	if (loan)
		atomic_sub(loan, &sk->sk_rmem_alloc);
	__real_mptcp_data_ready(sk, ssk);
	if (loan)
		atomic_add(loan, &sk->sk_rmem_alloc);
}

bool __wrap_mptcp_established_options(struct sock *sk, struct sk_buff *skb, unsigned int *size,
				      unsigned int remaining, struct mptcp_out_options *opts)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 window = tp->rcv_wnd;
	bool ret = __real_mptcp_established_options(sk, skb, size, remaining, opts);

	if (skb && tp->rcv_nxt == tp->rcv_wup)
		tp->rcv_wnd = window;
	return ret;
}

/* Bytes of memory for each connection; it has two sockets, its own and a subflow's. */
static long mptcp_share(const struct sock *sk)
{
	long connections = percpu_counter_read_positive(sk->sk_prot->sockets_allocated) / 2;
	long all = sk_prot_mem_limits(sk, 1) << PAGE_SHIFT;

	return max(all / max(connections, 1L), (long)SHARE_MIN);
}

void __wrap_mptcp_space(const struct sock *ssk, int *space, int *full_space)
{
	const struct sock *sk = mptcp_subflow_ctx(ssk)->conn;
	long share;

	__real_mptcp_space(ssk, space, full_space);
	if (!mptcp_memory_over(sk, 0))
		return;
	/* A byte of data takes two of memory at most: netdev.c */
	share = mptcp_share(sk);
	*full_space = min_t(long, *full_space, share / 2);
	*space = min_t(long, *space, max(share - __mptcp_rmem(sk), 0L) / 2);
}

/* Bytes of the stream that TCP has and MPTCP has not taken: all but the FIN's */
static u32 mptcp_untaken(const struct sock *ssk)
{
	const struct sk_buff *last = skb_peek_tail(&ssk->sk_receive_queue);

	if (!last)
		return 0;
	return tcp_sk(ssk)->rcv_nxt - tcp_sk(ssk)->copied_seq -
	       !!(TCP_SKB_CB(last)->tcp_flags & TCPHDR_FIN);
}

bool __wrap_mptcp_update_rcv_data_fin(struct mptcp_sock *msk, u64 data_fin_seq, bool use_64bit)
{
	if (__mptcp_check_fallback(msk) && msk->first)
		data_fin_seq += mptcp_untaken(msk->first);
	return __real_mptcp_update_rcv_data_fin(msk, data_fin_seq, use_64bit);
}
