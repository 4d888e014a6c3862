// SPDX-License-Identifier: GPL-2.0-only
/*
 * drain.c - what the program wrote reaches its peers, though the program ends.
 *
 * Theory of operation: a host's kernel goes on sending after a process has
 * exited; a stack inside the process cannot. So the last thread waits: all
 * sockets are closed, and then the stack is asked by sock_diag, as `ss` would,
 * for TCP sockets that still have bytes or a FIN unacknowledged and for MPTCP
 * connections in the same states. Sleeping is a poll() inside the stack, so the
 * waiting thread drives the timers and the retransmissions itself.
 *
 * Only the owner's last thread comes here; nothing is shared.
 *
 * Limits: after @ms the rest is lost. What the peer still sends to a
 * half-closed connection is not waited for.
 */
#include "inline/real.h"
#include "inline/edge.h"
#include "inline/fdtable.h"
#include "inline/life.h"
#include "inline/say.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <string.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

#define TELL_AFTER_MS 3000

#define STATE(s)       (1u << (s))
#define STATES_LEAVING (STATE(TCP_FIN_WAIT1) | STATE(TCP_CLOSING) | STATE(TCP_LAST_ACK))
#define STATES_OPEN    (STATE(TCP_ESTABLISHED) | STATE(TCP_CLOSE_WAIT))

struct request {
	struct nlmsghdr nlh;
	struct inet_diag_req_v2 req;
	struct nlattr attr;
	uint32_t protocol;
};

static int ask(int nl, int family, uint32_t protocol)
{
	struct request r = {
		.nlh = {.nlmsg_len = sizeof(r),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.req = {.sdiag_family = (uint8_t)family,
			.sdiag_protocol = protocol < 256 ? (uint8_t)protocol : 0,
			.idiag_states = STATES_LEAVING | STATES_OPEN},
		.attr = {.nla_len = sizeof(r.attr) + sizeof(r.protocol),
			 .nla_type = INET_DIAG_REQ_PROTOCOL},
		.protocol = protocol,
	};

	return (int)edge(SYS_sendto, nl, &r, sizeof(r), 0, NULL, 0);
}

/* How many sockets in one dump are not done; -1 at its end. */
static int count(const char *buf, size_t len)
{
	const struct nlmsghdr *nlh = (const void *)buf;
	int pending = 0;

	for (; NLMSG_OK(nlh, len); nlh = NLMSG_NEXT(nlh, len)) {
		const struct inet_diag_msg *m = NLMSG_DATA(nlh);

		if (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR)
			return pending ? pending : -1;
		if (nlh->nlmsg_type == SOCK_DIAG_BY_FAMILY &&
		    (STATE(m->idiag_state) & STATES_LEAVING || m->idiag_wqueue))
			pending++;
	}
	return pending;
}

static int pending_of(int family, uint32_t protocol)
{
	char buf[8192] __attribute__((aligned(8)));
	int nl, n, pending = 0;

	nl = (int)edge(SYS_socket, AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		       NETLINK_SOCK_DIAG, 0, 0, 0);
	if (nl < 0)
		return 0;
	if (ask(nl, family, protocol) > 0) {
		long len;

		while ((len = edge(SYS_recvfrom, nl, buf, sizeof(buf), 0, NULL, NULL)) > 0) {
			n = count(buf, (size_t)len);
			if (n < 0)
				break;
			pending += n;
		}
	}
	edge(SYS_close, nl, 0, 0, 0, 0, 0);
	return pending;
}

static int pending_all(void)
{
	return pending_of(AF_INET, IPPROTO_TCP) + pending_of(AF_INET6, IPPROTO_TCP) +
	       pending_of(AF_INET, IPPROTO_MPTCP) + pending_of(AF_INET6, IPPROTO_MPTCP);
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void drain(int ms, bool close_all)
{
	long start = now_ms(), nap = 1;
	bool told = false;
	int pending;

	for (int fd = 0; close_all && fd < fd_top(); fd++)
		if (slot_ours(fd_slot(fd)))
			fd_drop(fd_take(fd));
	while ((pending = pending_all()) > 0) {
		struct timespec t = {.tv_nsec = nap * 1000000};
		long waited = now_ms() - start;

		if (waited >= ms) {
			say("gave up on %d connection%s with undelivered data", pending,
			    pending == 1 ? "" : "s");
			return;
		}
		if (waited >= TELL_AFTER_MS && !told) {
			say("waiting for the peers of %d connection%s to take the last data",
			    pending, pending == 1 ? "" : "s");
			told = true;
		}
		edge(SYS_ppoll, NULL, 0, &t, NULL, 8, 0);
		nap = nap < 20 ? nap * 2 : 20;
	}
}
