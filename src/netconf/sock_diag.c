// SPDX-License-Identifier: GPL-2.0-only
/*
 * sock_diag.c - the sockets of a Linux, see sock_diag.h.
 *
 * Theory of operation: one dump for each protocol and IP version. A TCP socket's
 * message has struct tcp_info, its congestion control, and, if it is a subflow, the
 * token of its connection among what the upper layer protocol says (INET_DIAG_ULP_INFO).
 * An MPTCP socket's message has struct mptcp_info with the same token. Both structures
 * grow with the kernel's version: what is missing at the end is taken for 0.
 */
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/mptcp.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "netconf/sock_diag.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

#define ALL_STATES 0xffffffffu

const char *diag_state(uint8_t state)
{
	static const char *const names[] = {"unknown",	   "established", "syn-sent",  "syn-recv",
					    "fin-wait-1",  "fin-wait-2",  "time-wait", "closed",
					    "close-wait",  "last-ack",	  "listening", "closing",
					    "new-syn-recv"};

	return state < sizeof(names) / sizeof(names[0]) ? names[state] : names[0];
}

static void diag_put_address(struct ip_addr *a, int family, const void *bytes)
{
	*a = (struct ip_addr){.family = (uint16_t)family};
	memcpy(a->bytes, bytes, family == AF_INET ? 4 : 16);
	a->prefix = family == AF_INET ? 32 : 128;
}

/* As much of a structure as the attribute has; the rest is 0. */
static void diag_get(void *to, size_t size, const struct nlattr *a)
{
	size_t have = a ? (size_t)a->nla_len - NLA_HDRLEN : 0;

	memset(to, 0, size);
	if (have)
		memcpy(to, (const uint8_t *)a + NLA_HDRLEN, have < size ? have : size);
}

static void put_tcp(struct diag_sock *s, const struct nlattr *info)
{
	struct tcp_info t;

	diag_get(&t, sizeof(t), info);
	s->sent = t.tcpi_bytes_sent;
	s->received = t.tcpi_bytes_received;
	s->acked = t.tcpi_bytes_acked;
	s->retrans = t.tcpi_total_retrans;
	s->lost = t.tcpi_lost;
	s->unacked = t.tcpi_unacked;
	s->heard = t.tcpi_last_data_recv < t.tcpi_last_ack_recv ? t.tcpi_last_data_recv
								: t.tcpi_last_ack_recv;
	s->timeouts = t.tcpi_retransmits;
	s->rtt = t.tcpi_rtt;
	s->rttvar = t.tcpi_rttvar;
	s->min_rtt = t.tcpi_min_rtt == UINT32_MAX ? 0 : t.tcpi_min_rtt;
	s->cwnd = t.tcpi_snd_cwnd;
	s->mss = t.tcpi_snd_mss;
	s->delivery_rate = t.tcpi_delivery_rate;
}

/* The beginning of the kernel's struct mptcp_info as of Linux 6.5; headers may be older. */
struct diag_mptcp_counters {
	uint8_t before[48];
	uint64_t bytes_retrans;
	uint64_t bytes_sent;
	uint64_t bytes_received;
};

static void diag_put_mptcp(struct diag_sock *s, const struct nlattr *info)
{
	struct diag_mptcp_counters counters;
	struct mptcp_info m;

	diag_get(&m, sizeof(m), info);
	s->token = m.mptcpi_token;
	s->fallback = m.mptcpi_flags & MPTCP_INFO_FLAG_FALLBACK;
	s->counts = nl_payload(info, sizeof(counters)) != NULL;
	if (!s->counts)
		return;
	diag_get(&counters, sizeof(counters), info);
	s->sent = counters.bytes_sent;
	s->received = counters.bytes_received;
}

/* Which connection a subflow belongs to. */
static void diag_put_subflow(struct diag_sock *s, const struct nlattr *ulp)
{
	const struct nlattr *u[INET_ULP_INFO_MAX + 1], *a[MPTCP_SUBFLOW_ATTR_MAX + 1];
	const char *name;
	const uint32_t *word;

	nl_nested(ulp, u, INET_ULP_INFO_MAX);
	name = nl_payload(u[INET_ULP_INFO_NAME], sizeof("mptcp"));
	s->mptcp = name && !memcmp(name, "mptcp", sizeof("mptcp"));
	nl_nested(u[INET_ULP_INFO_MPTCP], a, MPTCP_SUBFLOW_ATTR_MAX);
	word = nl_payload(a[MPTCP_SUBFLOW_ATTR_TOKEN_LOC], sizeof(*word));
	s->token = word ? *word : 0;
	word = nl_payload(a[MPTCP_SUBFLOW_ATTR_FLAGS], sizeof(*word));
	s->backup = word && *word & (MPTCP_SUBFLOW_FLAG_BKUP_REM | MPTCP_SUBFLOW_FLAG_BKUP_LOC);
	s->spare = word && *word & MPTCP_SUBFLOW_FLAG_BKUP_LOC;
}

int diag_parse(const struct nlmsghdr *m, int protocol, struct diag_sock *s)
{
	const struct nlattr *attrs[INET_DIAG_MAX + 1];
	const struct inet_diag_msg *d = NLMSG_DATA(m);

	if (m->nlmsg_type != SOCK_DIAG_BY_FAMILY || m->nlmsg_len < NLMSG_LENGTH(sizeof(*d)) ||
	    (d->idiag_family != AF_INET && d->idiag_family != AF_INET6))
		return -EPROTO;
	*s = (struct diag_sock){
		.protocol = protocol,
		.state = d->idiag_state,
		.index = d->id.idiag_if,
		.lport = ntohs(d->id.idiag_sport),
		.rport = ntohs(d->id.idiag_dport),
		.rqueue = d->idiag_rqueue,
		.wqueue = d->idiag_wqueue,
	};
	diag_put_address(&s->local, d->idiag_family, d->id.idiag_src);
	diag_put_address(&s->remote, d->idiag_family, d->id.idiag_dst);
	nl_attrs(m, sizeof(*d), attrs, INET_DIAG_MAX);
	if (protocol == IPPROTO_TCP) {
		put_tcp(s, attrs[INET_DIAG_INFO]);
		diag_put_subflow(s, attrs[INET_DIAG_ULP_INFO]);
		diag_get(s->congestion, sizeof(s->congestion) - 1, attrs[INET_DIAG_CONG]);
	} else if (protocol == IPPROTO_MPTCP) {
		diag_put_mptcp(s, attrs[INET_DIAG_INFO]);
	}
	return 0;
}

struct dump {
	int protocol;
	struct diag_list *list;
};

static int diag_each(const struct nlmsghdr *m, void *arg)
{
	const struct dump *d = arg;
	struct diag_list *l = d->list;

	if (l->n == l->capacity) {
		size_t capacity = l->capacity ? l->capacity * 2 : 64;
		struct diag_sock *more = realloc(l->at, capacity * sizeof(*more));

		if (!more)
			return -ENOMEM;
		l->at = more;
		l->capacity = capacity;
	}
	if (!diag_parse(m, d->protocol, &l->at[l->n]))
		l->n++;
	return 0;
}

int diag_dump(struct nl *nl, int protocol, struct diag_list *list)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};
	struct dump d = {protocol, list};
	int err = 0;

	for (size_t i = 0; i < sizeof(families) && !err; i++) {
		struct inet_diag_req_v2 req = {
			.sdiag_family = families[i],
			.sdiag_protocol = protocol < 256 ? (uint8_t)protocol : 0,
			.idiag_ext = 1 << (INET_DIAG_INFO - 1) | 1 << (INET_DIAG_CONG - 1),
			.idiag_states = ALL_STATES,
		};

		nl_begin(nl, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &req, sizeof(req));
		if (protocol > 255)
			nl_put_u32(nl, INET_DIAG_REQ_PROTOCOL, (uint32_t)protocol);
		err = nl_dump(nl, diag_each, &d);
	}
	return err;
}

bool diag_is_from(const struct diag_sock *s, const struct ip_addr *a)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	const struct ip_addr *l = &s->local;

	if (l->family == AF_INET6 && a->family == AF_INET)
		return !memcmp(l->bytes, mapped, sizeof(mapped)) &&
		       !memcmp(l->bytes + sizeof(mapped), a->bytes, 4);
	return ip_equal(l, a);
}
