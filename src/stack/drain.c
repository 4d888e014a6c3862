// SPDX-License-Identifier: GPL-2.0-only
/*
 * drain.c - which connections of a stack still have data to deliver, see drain.h.
 *
 * Theory of operation: sock_diag lists the sockets, and each is judged by what its peer's program
 * still lacks.
 *
 *	TCP	 bytes that are not acknowledged, or the FIN
 *	MPTCP	 the same by the connection's own numbers (DATA_ACK): what the program wrote, and
 *		 what the peer has acknowledged, by whichever path
 *	subflow	 nothing of its own: what it has not delivered, another one has, or the connection
 *		 says so. A path that loses data keeps its subflow busy long after the end
 *	fallback the one subflow is TCP; the connection only has what it has not given to it yet
 *
 * Limits: what the peer still sends to a half-closed connection counts for its FIN alone.
 */
#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/mptcp.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stddef.h>
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

/* What MPTCP's answer must have: the numbers of its data */
#define DRAIN_INFO_SIZE (offsetof(struct mptcp_info, mptcpi_snd_una) + sizeof(uint64_t))

/* What is to be waited for */
enum drain_need {
	DRAIN_NOTHING,
	DRAIN_CLOSING, /* the peer's FIN, or what only the protocol needs */
	DRAIN_DATA,
	DRAIN_CONN,    /* data of an MPTCP connection */
	DRAIN_SUBFLOW, /* data of its one subflow, while it is not MPTCP's yet, or no more */
	DRAIN_NEEDS,
};

struct request {
	struct nlmsghdr nlh;
	struct inet_diag_req_v2 req;
	struct nlattr attr;
	uint32_t protocol;
};

static int drain_ask(nl_call_fn *call, int nl, int family, uint32_t protocol)
{
	struct request r = {
		.nlh = {.nlmsg_len = sizeof(r),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.req = {.sdiag_family = (uint8_t)family,
			.sdiag_protocol = protocol < 256 ? (uint8_t)protocol : 0,
			.idiag_ext = 1 << (INET_DIAG_INFO - 1),
			.idiag_states = STATES_CLOSED | STATES_OPEN},
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

static enum drain_need drain_judge_tcp(const struct inet_diag_msg *m, const struct nlattr *ulp)
{
	const struct nlattr *u[INET_ULP_INFO_MAX + 1], *a[MPTCP_SUBFLOW_ATTR_MAX + 1];
	bool closed = STATE(m->idiag_state) & STATES_CLOSED;

	nl_nested(ulp, u, INET_ULP_INFO_MAX);
	nl_nested(u[INET_ULP_INFO_MPTCP], a, MPTCP_SUBFLOW_ATTR_MAX);
	/* Not so after a fallback: arch/lkl/net/mptcp_diag.c */
	if (nl_get_u32(a[MPTCP_SUBFLOW_ATTR_FLAGS]) & MPTCP_SUBFLOW_FLAG_FULLY_ESTABLISHED)
		return closed ? DRAIN_CLOSING : DRAIN_NOTHING;
	if (m->idiag_state == TCP_FIN_WAIT2)
		return DRAIN_CLOSING;
	if (!closed && !m->idiag_wqueue)
		return DRAIN_NOTHING;
	return u[INET_ULP_INFO_MPTCP] ? DRAIN_SUBFLOW : DRAIN_DATA;
}

static enum drain_need drain_judge_mptcp(const struct inet_diag_msg *m, const struct nlattr *info)
{
	const void *have = nl_payload(info, DRAIN_INFO_SIZE);
	struct mptcp_info i = {0};
	bool data;

	if (have)
		memcpy(&i, have, DRAIN_INFO_SIZE);
	data = i.mptcpi_write_seq != i.mptcpi_snd_una;
	if (i.mptcpi_flags & MPTCP_INFO_FLAG_FALLBACK)
		return data ? DRAIN_CONN : DRAIN_NOTHING;
	if (data || STATE(m->idiag_state) & STATES_LEAVING)
		return DRAIN_CONN;
	return m->idiag_state == TCP_FIN_WAIT2 ? DRAIN_CLOSING : DRAIN_NOTHING;
}

/* Count the sockets of one answer; false at the end of the dump. */
static bool drain_count(const char *buf, size_t len, uint32_t protocol, int count[DRAIN_NEEDS])
{
	const struct nlmsghdr *nlh = (const void *)buf;

	for (; NLMSG_OK(nlh, len); nlh = NLMSG_NEXT(nlh, len)) {
		const struct nlattr *attrs[INET_DIAG_MAX + 1];
		const struct inet_diag_msg *m = NLMSG_DATA(nlh);

		if (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR)
			return false;
		if (nlh->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
		    nlh->nlmsg_len < NLMSG_LENGTH(sizeof(*m)) || drain_is_inside(m))
			continue;
		nl_attrs(nlh, sizeof(*m), attrs, INET_DIAG_MAX);
		count[protocol == IPPROTO_TCP ? drain_judge_tcp(m, attrs[INET_DIAG_ULP_INFO])
					      : drain_judge_mptcp(m, attrs[INET_DIAG_INFO])]++;
	}
	return true;
}

static void drain_ask_for(nl_call_fn *call, int family, uint32_t protocol, int count[DRAIN_NEEDS])
{
	char buf[8192] __attribute__((aligned(8)));
	long len = 1;
	int nl;

	nl = (int)CALL(SYS_socket, AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		       NETLINK_SOCK_DIAG, 0, 0, 0);
	if (nl < 0)
		return;
	if (drain_ask(call, nl, family, protocol) > 0)
		do
			len = CALL(SYS_recvfrom, nl, buf, sizeof(buf), 0, 0, 0);
		while (len > 0 && drain_count(buf, (size_t)len, protocol, count));
	CALL(SYS_close, nl, 0, 0, 0, 0, 0);
}

static void drain_all(nl_call_fn *call, int count[DRAIN_NEEDS])
{
	memset(count, 0, DRAIN_NEEDS * sizeof(*count));
	drain_ask_for(call, AF_INET, IPPROTO_TCP, count);
	drain_ask_for(call, AF_INET6, IPPROTO_TCP, count);
	drain_ask_for(call, AF_INET, IPPROTO_MPTCP, count);
	drain_ask_for(call, AF_INET6, IPPROTO_MPTCP, count);
}

int drain_pending(nl_call_fn *call)
{
	int count[DRAIN_NEEDS];

	drain_all(call, count);
	/* A connection and its subflow are one, but either may be gone or have nothing. */
	return count[DRAIN_DATA] + (count[DRAIN_CONN] > count[DRAIN_SUBFLOW]
					    ? count[DRAIN_CONN]
					    : count[DRAIN_SUBFLOW]);
}

int drain_closing(nl_call_fn *call)
{
	int count[DRAIN_NEEDS];

	drain_all(call, count);
	return count[DRAIN_CLOSING];
}
