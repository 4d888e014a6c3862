// SPDX-License-Identifier: GPL-2.0-only
/*
 * lia.bpf.c - LIA (RFC 6356) for the host's kernel, by BPF: congestion control "bpf_lia".
 *
 * Linux has no coupled congestion control, so a comparison of stacks with LIA at both has to bring
 * the host's. Only bench/mptcp loads it (bench/lia.c), for as long as it measures.
 *
 * Theory of operation. In congestion avoidance RFC 6356 lets subflow i grow for each
 * acknowledged segment by min(alpha / total, 1 / cwnd_i), with
 *
 *	alpha = total * max(cwnd_j / rtt_j^2) / (sum cwnd_j / rtt_j)^2
 *
 * so it grows as Reno with a window of max(cwnd_i, (sum cwnd_j / rtt_j)^2 / max(cwnd_j / rtt_j^2)).
 * Slow start and what follows a loss are Reno's.
 *
 * The subflows of a connection find each other in a table: a bucket is chosen by the address of
 * their MPTCP socket, a slot is one subflow, with what it had at its last acknowledgement. A slot
 * that nobody has written for STALE_NS counts no more and is taken by the next subflow, so
 * nothing has to be cleared. A bucket's lock covers its slots.
 *
 * Limits: more than SLOTS subflows in one bucket: those without a slot are Reno. A TCP connection
 * without MPTCP is Reno.
 */
#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define BUCKETS	       256
#define SLOTS	       8
#define SHIFT	       24
#define STALE_NS       1000000000ULL
#define RTT_LEAST_US   1000U
#define NON_RESTRICTED 1 /* TCP_CONG_NON_RESTRICTED: namespaces may choose it */

/* What is read of the kernel's, by name (CO-RE). */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct sock {
};

struct inet_connection_sock {
	void *icsk_ulp_data;
};

struct tcp_sock {
	struct inet_connection_sock inet_conn;
	__u32 srtt_us;
	__u32 snd_cwnd;
	__u32 snd_ssthresh;
	__u32 max_packets_out;
	__u8 is_cwnd_limited : 1;
	bool is_mptcp;
};

struct mptcp_subflow_context {
	struct sock *conn;
};
#pragma clang attribute pop

struct tcp_congestion_ops {
	__u32 (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, __u32 ack, __u32 acked);
	__u32 (*undo_cwnd)(struct sock *sk);
	__u32 flags;
	char name[16];
};

extern __u32 tcp_reno_ssthresh(struct sock *sk) __ksym;
extern __u32 tcp_reno_undo_cwnd(struct sock *sk) __ksym;
extern __u32 tcp_slow_start(struct tcp_sock *tp, __u32 acked) __ksym;
extern void tcp_cong_avoid_ai(struct tcp_sock *tp, __u32 w, __u32 acked) __ksym;

struct slot {
	__u64 connection;
	__u64 subflow;
	__u64 seen_ns;
	__u32 cwnd;
	__u32 rtt_us;
};

struct bucket {
	struct bpf_spin_lock lock;
	struct slot slot[SLOTS];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BUCKETS);
	__type(key, __u32);
	__type(value, struct bucket);
} buckets SEC(".maps");

/* Address of the MPTCP socket, 0 without one. */
static __u64 connection_of(struct tcp_sock *tp)
{
	const struct mptcp_subflow_context *subflow;
	struct sock *conn = NULL;

	subflow = tp->inet_conn.icsk_ulp_data;
	if (!tp->is_mptcp || !subflow)
		return 0;
	bpf_core_read(&conn, sizeof(conn), &subflow->conn);
	return (__u64)conn;
}

/* The window as which Reno grows like LIA; notes this subflow. */
static __u32 window(struct tcp_sock *tp, __u64 connection)
{
	__u32 key = (__u32)(connection >> 6 ^ connection >> 14) % BUCKETS;
	struct bucket *b = bpf_map_lookup_elem(&buckets, &key);
	__u64 now = bpf_ktime_get_ns(), sum = 0, best = 0, coupled;
	__u32 cwnd = tp->snd_cwnd, rtt = tp->srtt_us >> 3;
	int mine = -1, empty = -1;

	if (!b)
		return cwnd;
	if (rtt < RTT_LEAST_US)
		rtt = RTT_LEAST_US;
	bpf_spin_lock(&b->lock);
	for (int i = 0; i < SLOTS; i++) {
		struct slot *s = &b->slot[i];
		__u64 rate;

		if (s->subflow == (__u64)tp && s->connection == connection) {
			mine = i;
			continue;
		}
		if (now - s->seen_ns > STALE_NS) {
			empty = i;
			continue;
		}
		if (s->connection != connection || !s->rtt_us)
			continue;
		rate = ((__u64)s->cwnd << SHIFT) / s->rtt_us;
		sum += rate;
		if ((rate << SHIFT) / s->rtt_us > best)
			best = (rate << SHIFT) / s->rtt_us;
	}
	if (mine < 0)
		mine = empty;
	if (mine >= 0 && mine < SLOTS) {
		b->slot[mine].connection = connection;
		b->slot[mine].subflow = (__u64)tp;
		b->slot[mine].seen_ns = now;
		b->slot[mine].cwnd = cwnd;
		b->slot[mine].rtt_us = rtt;
	}
	bpf_spin_unlock(&b->lock);
	if (!sum)
		return cwnd;
	coupled = ((__u64)cwnd << SHIFT) / rtt;
	sum += coupled;
	if ((coupled << SHIFT) / rtt > best)
		best = (coupled << SHIFT) / rtt;
	coupled = best ? sum * sum / best : 0;
	return coupled > cwnd ? (__u32)coupled : cwnd;
}

/* As tcp_is_cwnd_limited(). */
static bool limited(struct tcp_sock *tp)
{
	if (BPF_CORE_READ_BITFIELD(tp, is_cwnd_limited))
		return true;
	return tp->snd_cwnd < tp->snd_ssthresh && tp->snd_cwnd < 2 * tp->max_packets_out;
}

SEC("struct_ops")
__u32 BPF_PROG(lia_ssthresh, struct sock *sk)
{
	return tcp_reno_ssthresh(sk);
}

SEC("struct_ops")
__u32 BPF_PROG(lia_undo_cwnd, struct sock *sk)
{
	return tcp_reno_undo_cwnd(sk);
}

SEC("struct_ops")
void BPF_PROG(lia_cong_avoid, struct sock *sk, __u32 ack, __u32 acked)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;
	__u64 connection = connection_of(tp);
	__u32 w = connection ? window(tp, connection) : tp->snd_cwnd;

	if (!limited(tp))
		return;
	if (tp->snd_cwnd < tp->snd_ssthresh) {
		acked = tcp_slow_start(tp, acked);
		if (!acked)
			return;
	}
	tcp_cong_avoid_ai(tp, w, acked);
}

SEC(".struct_ops")
struct tcp_congestion_ops lia = {
	.ssthresh = (void *)lia_ssthresh,
	.cong_avoid = (void *)lia_cong_avoid,
	.undo_cwnd = (void *)lia_undo_cwnd,
	.flags = NON_RESTRICTED,
	.name = "bpf_lia",
};

char _license[] SEC("license") = "GPL";
