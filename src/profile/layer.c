// SPDX-License-Identifier: GPL-2.0-only
/*
 * layer.c - from functions to rows; see layer.h.
 *
 * A sample's functions are asked from the innermost outwards; the first whose name
 * begins as one of the table's decides. Of several that fit, the longest does.
 * There is no debug information in an image, so names must do: Linux's prefixes are
 * its subsystems'.
 */
#include <string.h>
#include "profile/layer.h"

const struct row_info row_info[ROWS] = {
	[ROW_PROGRAM] = {LAYER_PROGRAM, "itself, and its libraries", "program"},
	[ROW_ENGINE_CALLS] = {LAYER_ENGINE, "calls, vCPUs", "engine_calls"},
	[ROW_ENGINE_FRAMES] = {LAYER_ENGINE, "frames, back ends", "engine_frames"},
	[ROW_ENGINE_PUMP] = {LAYER_ENGINE, "pump of shadow mode", "engine_pump"},
	[ROW_STACK_DRIVER] = {LAYER_STACK, "driver", "stack_driver"},
	[ROW_STACK_DEVICE] = {LAYER_STACK, "devices, queues, GRO", "stack_device"},
	[ROW_STACK_IP] = {LAYER_STACK, "IP, routes, filters", "stack_ip"},
	[ROW_STACK_TCP] = {LAYER_STACK, "TCP, UDP", "stack_tcp"},
	[ROW_STACK_MPTCP] = {LAYER_STACK, "MPTCP", "stack_mptcp"},
	[ROW_STACK_SOCKET] = {LAYER_STACK, "calls, sockets, files", "stack_socket"},
	[ROW_STACK_BUFFER] = {LAYER_STACK, "buffers, memory", "stack_buffer"},
	[ROW_STACK_COPY] = {LAYER_STACK, "copy, checksum", "stack_copy"},
	[ROW_STACK_LOCK] = {LAYER_STACK, "locks, RCU", "stack_lock"},
	[ROW_STACK_SCHED] = {LAYER_STACK, "scheduler, timers, interrupts", "stack_sched"},
	[ROW_STACK_OTHER] = {LAYER_STACK, "other", "stack_other"},
	[ROW_HOST_PROGRAM] = {LAYER_HOST, "of the program", "host_program"},
	[ROW_HOST_ENGINE] = {LAYER_HOST, "of the engine", "host_engine"},
	[ROW_WAIT] = {LAYER_WAIT, "polling, sleeping, waking", "wait"},
};

struct prefix {
	const char *text;
	enum row row;
};

static const struct prefix image[] = {
	{"lkl_xmit", ROW_STACK_DRIVER},
	{"lkl_poll", ROW_STACK_DRIVER},
	{"lkl_net", ROW_STACK_DRIVER},
	{"lkl_rx", ROW_STACK_DRIVER},
	{"lkl_tx", ROW_STACK_DRIVER},
	{"lkl_select_queue", ROW_STACK_DRIVER},
	{"virtio_net_hdr", ROW_STACK_DRIVER},
	{"lkl_ucopy", ROW_STACK_COPY},
	{"lkl_uclear", ROW_STACK_COPY},
	{"_copy_", ROW_STACK_COPY},
	{"copy_", ROW_STACK_COPY},
	{"memcpy", ROW_STACK_COPY},
	{"memset", ROW_STACK_COPY},
	{"memmove", ROW_STACK_COPY},
	{"csum_", ROW_STACK_COPY},
	{"do_csum", ROW_STACK_COPY},
	{"skb_copy", ROW_STACK_COPY},
	{"skb_do_copy", ROW_STACK_COPY},
	{"__skb_datagram_iter", ROW_STACK_COPY},
	{"simple_copy", ROW_STACK_COPY},
	{"iov_iter", ROW_STACK_COPY},
	{"import_", ROW_STACK_COPY},
	{"cpu_relax", ROW_WAIT},
	{"_raw_", ROW_STACK_LOCK},
	{"__raw_", ROW_STACK_LOCK},
	{"mutex_", ROW_STACK_LOCK},
	{"__mutex_", ROW_STACK_LOCK},
	{"queued_", ROW_STACK_LOCK},
	{"down_", ROW_STACK_LOCK},
	{"up_", ROW_STACK_LOCK},
	{"rcu_", ROW_STACK_LOCK},
	{"__rcu_", ROW_STACK_LOCK},
	{"lock_sock", ROW_STACK_LOCK},
	{"__lock_sock", ROW_STACK_LOCK},
	{"__local_bh", ROW_STACK_LOCK},
	{"local_bh", ROW_STACK_LOCK},
	{"mptcp", ROW_STACK_MPTCP},
	{"__mptcp", ROW_STACK_MPTCP},
	{"subflow_", ROW_STACK_MPTCP},
	{"tcp_", ROW_STACK_TCP},
	{"__tcp_", ROW_STACK_TCP},
	{"tcp4_", ROW_STACK_TCP},
	{"tcp6_", ROW_STACK_TCP},
	{"inet_csk", ROW_STACK_TCP},
	{"__inet_lookup", ROW_STACK_TCP},
	{"__inet6_lookup", ROW_STACK_TCP},
	{"cubictcp_", ROW_STACK_TCP},
	{"bbr_", ROW_STACK_TCP},
	{"udp", ROW_STACK_TCP},
	{"__udp", ROW_STACK_TCP},
	{"ip_", ROW_STACK_IP},
	{"__ip_", ROW_STACK_IP},
	{"ip6", ROW_STACK_IP},
	{"ipv4_", ROW_STACK_IP},
	{"ipv6_", ROW_STACK_IP},
	{"inet_", ROW_STACK_IP},
	{"inet6_", ROW_STACK_IP},
	{"fib", ROW_STACK_IP},
	{"nf_", ROW_STACK_IP},
	{"nft_", ROW_STACK_IP},
	{"dst_", ROW_STACK_IP},
	{"neigh_", ROW_STACK_IP},
	{"arp_", ROW_STACK_IP},
	{"icmp", ROW_STACK_IP},
	{"dev_", ROW_STACK_DEVICE},
	{"__dev_", ROW_STACK_DEVICE},
	{"netif_", ROW_STACK_DEVICE},
	{"__netif_", ROW_STACK_DEVICE},
	{"net_rx", ROW_STACK_DEVICE},
	{"net_tx", ROW_STACK_DEVICE},
	{"napi_", ROW_STACK_DEVICE},
	{"__napi_", ROW_STACK_DEVICE},
	{"gro_", ROW_STACK_DEVICE},
	{"skb_gro", ROW_STACK_DEVICE},
	{"eth_", ROW_STACK_DEVICE},
	{"sch_", ROW_STACK_DEVICE},
	{"fq_", ROW_STACK_DEVICE},
	{"pfifo", ROW_STACK_DEVICE},
	{"qdisc", ROW_STACK_DEVICE},
	{"__qdisc", ROW_STACK_DEVICE},
	{"loopback_", ROW_STACK_DEVICE},
	{"process_backlog", ROW_STACK_DEVICE},
	{"enqueue_to_backlog", ROW_STACK_DEVICE},
	{"skb_", ROW_STACK_BUFFER},
	{"__skb", ROW_STACK_BUFFER},
	{"alloc_skb", ROW_STACK_BUFFER},
	{"__alloc_skb", ROW_STACK_BUFFER},
	{"kfree", ROW_STACK_BUFFER},
	{"__kfree", ROW_STACK_BUFFER},
	{"consume_skb", ROW_STACK_BUFFER},
	{"build_skb", ROW_STACK_BUFFER},
	{"__build_skb", ROW_STACK_BUFFER},
	{"napi_alloc", ROW_STACK_BUFFER},
	{"__napi_alloc", ROW_STACK_BUFFER},
	{"napi_build", ROW_STACK_BUFFER},
	{"__netdev_alloc", ROW_STACK_BUFFER},
	{"napi_consume", ROW_STACK_BUFFER},
	{"kmem_", ROW_STACK_BUFFER},
	{"kmalloc", ROW_STACK_BUFFER},
	{"__kmalloc", ROW_STACK_BUFFER},
	{"__kmem", ROW_STACK_BUFFER},
	{"__slab", ROW_STACK_BUFFER},
	{"___slab", ROW_STACK_BUFFER},
	{"get_page", ROW_STACK_BUFFER},
	{"put_page", ROW_STACK_BUFFER},
	{"__put_page", ROW_STACK_BUFFER},
	{"__folio", ROW_STACK_BUFFER},
	{"folio", ROW_STACK_BUFFER},
	{"page_frag", ROW_STACK_BUFFER},
	{"page_pool", ROW_STACK_BUFFER},
	{"__page_frag", ROW_STACK_BUFFER},
	{"sk_page_frag", ROW_STACK_BUFFER},
	{"alloc_pages", ROW_STACK_BUFFER},
	{"__alloc_", ROW_STACK_BUFFER},
	{"free_", ROW_STACK_BUFFER},
	{"__free_", ROW_STACK_BUFFER},
	{"get_pa", ROW_STACK_BUFFER},
	{"rmqueue", ROW_STACK_BUFFER},
	{"__rmqueue", ROW_STACK_BUFFER},
	{"sk_", ROW_STACK_SOCKET},
	{"__sk_", ROW_STACK_SOCKET},
	{"sock", ROW_STACK_SOCKET},
	{"__sock", ROW_STACK_SOCKET},
	{"__sys_", ROW_STACK_SOCKET},
	{"___sys_", ROW_STACK_SOCKET},
	{"__se_sys_", ROW_STACK_SOCKET},
	{"sys_", ROW_STACK_SOCKET},
	{"ksys_", ROW_STACK_SOCKET},
	{"vfs_", ROW_STACK_SOCKET},
	{"do_", ROW_STACK_SOCKET},
	{"ep_", ROW_STACK_SOCKET},
	{"poll_", ROW_STACK_SOCKET},
	{"fget", ROW_STACK_SOCKET},
	{"__fget", ROW_STACK_SOCKET},
	{"fput", ROW_STACK_SOCKET},
	{"lkl_do_call", ROW_STACK_SOCKET},
	{"run_call", ROW_STACK_SOCKET},
	{"lkl_user_loop", ROW_STACK_SOCKET},
	{"release_sock", ROW_STACK_SOCKET},
	{"schedule", ROW_STACK_SCHED},
	{"__schedule", ROW_STACK_SCHED},
	{"__switch_to", ROW_STACK_SCHED},
	{"lkl_ctx", ROW_STACK_SCHED},
	{"lkl_leave", ROW_STACK_SCHED},
	{"lkl_run", ROW_STACK_SCHED},
	{"lkl_clock", ROW_STACK_SCHED},
	{"lkl_timer", ROW_STACK_SCHED},
	{"sched_", ROW_STACK_SCHED},
	{"finish_task", ROW_STACK_SCHED},
	{"pick_", ROW_STACK_SCHED},
	{"try_to_wake", ROW_STACK_SCHED},
	{"ttwu", ROW_STACK_SCHED},
	{"__wake_up", ROW_STACK_SCHED},
	{"wake_up", ROW_STACK_SCHED},
	{"autoremove_wake", ROW_STACK_SCHED},
	{"update_", ROW_STACK_SCHED},
	{"enqueue_task", ROW_STACK_SCHED},
	{"enqueue_entity", ROW_STACK_SCHED},
	{"dequeue_", ROW_STACK_SCHED},
	{"tick_", ROW_STACK_SCHED},
	{"hrtimer_", ROW_STACK_SCHED},
	{"__hrtimer", ROW_STACK_SCHED},
	{"run_timer", ROW_STACK_SCHED},
	{"__run_timer", ROW_STACK_SCHED},
	{"timer_", ROW_STACK_SCHED},
	{"mod_timer", ROW_STACK_SCHED},
	{"__mod_timer", ROW_STACK_SCHED},
	{"ktime_", ROW_STACK_SCHED},
	{"timekeeping", ROW_STACK_SCHED},
	{"irq_", ROW_STACK_SCHED},
	{"__irq", ROW_STACK_SCHED},
	{"handle_softirqs", ROW_STACK_SCHED},
	{"__do_softirq", ROW_STACK_SCHED},
	{"do_softirq", ROW_STACK_SCHED},
	{"raise_softirq", ROW_STACK_SCHED},
	{"__raise_softirq", ROW_STACK_SCHED},
	{"tasklet", ROW_STACK_SCHED},
	{"run_ksoftirqd", ROW_STACK_SCHED},
	{"worker_thread", ROW_STACK_SCHED},
	{"handle_events", ROW_STACK_SCHED},
	{"take_events", ROW_STACK_SCHED},
	{"do_idle", ROW_STACK_SCHED},
	{"arch_cpu_idle", ROW_STACK_SCHED},
	{"cpuidle", ROW_STACK_SCHED},
	{NULL, ROWS},
};

static const struct prefix engine[] = {
	{"netif_", ROW_ENGINE_FRAMES},
	{"afpacket_", ROW_ENGINE_FRAMES},
	{"afsocket_", ROW_ENGINE_FRAMES},
	{"tapfd_", ROW_ENGINE_FRAMES},
	{"pairfd_", ROW_ENGINE_FRAMES},
	{"tun", ROW_ENGINE_FRAMES},
	{"tap_", ROW_ENGINE_FRAMES},
	{"rawip_", ROW_ENGINE_FRAMES},
	{"macvtap_", ROW_ENGINE_FRAMES},
	{"xdp", ROW_ENGINE_FRAMES},
	{"xring_", ROW_ENGINE_FRAMES},
	{"passt_", ROW_ENGINE_FRAMES},
	{"mirror_", ROW_ENGINE_FRAMES},
	{"pcap_", ROW_ENGINE_FRAMES},
	{"flowfilter_", ROW_ENGINE_FRAMES},
	{"refusal_", ROW_ENGINE_FRAMES},
	{"listener_", ROW_ENGINE_PUMP},
	{"pump_", ROW_ENGINE_PUMP},
	{"pair_", ROW_ENGINE_PUMP},
	{"stream_", ROW_ENGINE_PUMP},
	{"dgram_", ROW_ENGINE_PUMP},
	{"batch_", ROW_ENGINE_PUMP},
	{"chunk_", ROW_ENGINE_PUMP},
	{"sock_", ROW_ENGINE_PUMP},
	{"spin", ROW_WAIT},
	{"wait_vcpu", ROW_WAIT},
	{"wait_done", ROW_WAIT},
	{"sleep_with_host", ROW_WAIT},
	{"mutex_lock_slow", ROW_WAIT},
	{"mutex_wake", ROW_WAIT},
	{"idle_thread", ROW_WAIT},
	{"vcpu_", ROW_ENGINE_CALLS},
	{"engine_syscall", ROW_ENGINE_CALLS},
	{NULL, ROWS},
};

static enum row layer_longest(const struct prefix *p, const char *name)
{
	enum row row = ROWS;
	size_t best = 0;

	for (; p->text; p++) {
		size_t len = strlen(p->text);

		if (len > best && !strncmp(name, p->text, len)) {
			best = len;
			row = p->row;
		}
	}
	return row;
}

enum row row_of_function(enum object_role role, const char *name)
{
	if (role == OBJECT_IMAGE)
		return layer_longest(image, name);
	if (role == OBJECT_ENGINE)
		return layer_longest(engine, name);
	return role == OBJECT_PROGRAM ? ROW_PROGRAM : ROWS;
}

enum row row_default(enum object_role role)
{
	static const enum row rows[] = {
		[OBJECT_PROGRAM] = ROW_PROGRAM,
		[OBJECT_LIBC] = ROW_PROGRAM,
		[OBJECT_ENGINE] = ROW_ENGINE_CALLS,
		[OBJECT_IMAGE] = ROW_STACK_OTHER,
	};

	return rows[role];
}

const char *layer_name(enum layer l)
{
	static const char *const names[] = {
		[LAYER_PROGRAM] = "program",   [LAYER_ENGINE] = "engine",
		[LAYER_STACK] = "Linux stack", [LAYER_HOST] = "host calls",
		[LAYER_WAIT] = "wait",	       [LAYER_ROOT] = "thread",
	};

	return names[l];
}

enum layer layer_of(enum object_role role)
{
	return row_info[row_default(role)].layer;
}

bool host_call_waits(const char *name)
{
	static const char *const waits[] = {
		"epoll_",      "futex",		  "poll",      "ppoll",
		"select",      "pselect",	  "nanosleep", "clock_nanosleep",
		"sched_yield", "rt_sigtimedwait", "wait4",     "waitid",
		"pause"};

	for (unsigned int i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		if (!strncmp(name, waits[i], strlen(waits[i])))
			return strncmp(name, "epoll_c", 7) != 0;
	}
	return false;
}
