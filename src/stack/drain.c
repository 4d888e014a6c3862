// SPDX-License-Identifier: GPL-2.0-only
/*
 * drain.c - which connections of a stack still have data to deliver, see drain.h.
 *
 * Limits: what the peer still sends to a half-closed connection counts for its FIN alone.
 */
#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include "stack/drain.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

#define CALL(nr, a, b, c, d, e, f) \
	call((nr),                 \
	     (const long[6]){(long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f)})

#define STATE(s)       (1u << (s))
#define STATES_LEAVING (STATE(TCP_FIN_WAIT1) | STATE(TCP_CLOSING) | STATE(TCP_LAST_ACK))
#define STATES_CLOSED  (STATES_LEAVING | STATE(TCP_FIN_WAIT2)) /* by us */
#define STATES_OPEN    (STATE(TCP_ESTABLISHED) | STATE(TCP_CLOSE_WAIT))

struct request {
	struct nlmsghdr nlh;
	struct inet_diag_req_v2 req;
	struct nlattr attr;
	uint32_t protocol;
};

static int drain_ask(nl_call_fn *call, int nl, int family, uint32_t protocol, uint32_t states)
{
	struct request r = {
		.nlh = {.nlmsg_len = sizeof(r),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.req = {.sdiag_family = (uint8_t)family,
			.sdiag_protocol = protocol < 256 ? (uint8_t)protocol : 0,
			.idiag_states = states},
		.attr = {.nla_len = sizeof(r.attr) + sizeof(r.protocol),
			 .nla_type = INET_DIAG_REQ_PROTOCOL},
		.protocol = protocol,
	};

	return (int)CALL(SYS_sendto, nl, &r, sizeof(r), 0, 0, 0);
}

/* Is the peer in the stack itself? Then nobody outside waits for the data. */
static bool drain_is_inside(const struct inet_diag_msg *m)
{
	static const uint32_t loopback6[4] = {0, 0, 0, 0x01000000};

	if (m->idiag_family == AF_INET)
		return m->id.idiag_src[0] == m->id.idiag_dst[0] ||
		       (ntohl(m->id.idiag_dst[0]) >> 24) == 127;
	return !memcmp(m->id.idiag_src, m->id.idiag_dst, sizeof(m->id.idiag_dst)) ||
	       !memcmp(loopback6, m->id.idiag_dst, sizeof(loopback6));
}

/* How many sockets in one dump are not done; -1 at its end. */
static int drain_count(const char *buf, size_t len)
{
	const struct nlmsghdr *nlh = (const void *)buf;
	int pending = 0;

	for (; NLMSG_OK(nlh, len); nlh = NLMSG_NEXT(nlh, len)) {
		const struct inet_diag_msg *m = NLMSG_DATA(nlh);

		if (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR)
			return pending ? pending : -1;
		if (nlh->nlmsg_type == SOCK_DIAG_BY_FAMILY && !drain_is_inside(m) &&
		    (STATE(m->idiag_state) & STATES_CLOSED || m->idiag_wqueue))
			pending++;
	}
	return pending;
}

static int drain_pending_of(nl_call_fn *call, int family, uint32_t protocol, uint32_t states)
{
	char buf[8192] __attribute__((aligned(8)));
	int nl, n, pending = 0;

	nl = (int)CALL(SYS_socket, AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		       NETLINK_SOCK_DIAG, 0, 0, 0);
	if (nl < 0)
		return 0;
	if (drain_ask(call, nl, family, protocol, states) > 0) {
		long len;

		while ((len = CALL(SYS_recvfrom, nl, buf, sizeof(buf), 0, 0, 0)) > 0) {
			n = drain_count(buf, (size_t)len);
			if (n < 0)
				break;
			pending += n;
		}
	}
	CALL(SYS_close, nl, 0, 0, 0, 0, 0);
	return pending;
}

static int drain_all(nl_call_fn *call, uint32_t states)
{
	return drain_pending_of(call, AF_INET, IPPROTO_TCP, states) +
	       drain_pending_of(call, AF_INET6, IPPROTO_TCP, states) +
	       drain_pending_of(call, AF_INET, IPPROTO_MPTCP, states) +
	       drain_pending_of(call, AF_INET6, IPPROTO_MPTCP, states);
}

int drain_pending(nl_call_fn *call)
{
	return drain_all(call, STATES_LEAVING | STATES_OPEN);
}

int drain_closing(nl_call_fn *call)
{
	return drain_all(call, STATE(TCP_FIN_WAIT2));
}
