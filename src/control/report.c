// SPDX-License-Identifier: GPL-2.0-only
/*
 * report.c - the state of a stack, see report.h.
 *
 * Theory of operation: the stack's memory, rtnetlink (links.h), MPTCP's path manager,
 * then the sockets. Each part is one dump, so the parts are some microseconds apart.
 * A subflow is a TCP socket whose token is that of an MPTCP socket; its interface
 * is the one that has its local address.
 *
 * Subflows are sorted by token, so that a report of n connections costs n log n.
 *
 * Limits: UDP sockets count no bytes.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/mptcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include "control/ended.h"
#include "control/links.h"
#include "control/report.h"
#include "control/tunnels.h"
#include "lib/clock.h"
#include "netconf/sock_diag.h"
#include "stack/sender.h"
#include "stack/steering.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

#define STALLED 2 /* timeouts one after the other: the second is no lost tail */

/* "10.1.0.2:80", "[fd01::2]:80"; a wildcard is "*:80" */
static void put_end(struct json *j, const char *key, const struct ip_addr *a, uint16_t port)
{
	static const uint8_t any[16];
	char address[IP_ADDR_TEXT], text[IP_ADDR_TEXT + 10];
	const char *form = a->family == AF_INET6 ? "[%s]:%u" : "%s:%u";

	if (!memcmp(a->bytes, any, ip_len(a)))
		snprintf(text, sizeof(text), "*:%u", port);
	else
		snprintf(text, sizeof(text), form, ip_format(a, false, address), port);
	json_text(j, key, text);
}

/* What Linux has in all, and what of it nothing has taken: no socket, no data, no cache. */
static int report_put_memory(nl_call_fn *call, struct json *j)
{
	struct sysinfo si = {0};
	const long args[6] = {(long)&si};
	long err = call(SYS_sysinfo, args);

	if (err)
		return (int)err;
	json_open(j, "memory", '{');
	json_number(j, "total", (uint64_t)si.totalram * si.mem_unit);
	json_number(j, "free", (uint64_t)si.freeram * si.mem_unit);
	json_close(j, '}');
	return 0;
}

/* ---- MPTCP ---- */

static void report_put_policy(struct json *j)
{
	const struct pathpolicy *p;
	char name[PATHPOLICY_NAME], program[32];

	json_open(j, "policy", '{');
	json_text(j, "name", steering_policy()->name);
	sender_get(SENDER_SCHEDULER, name);
	json_text(j, "scheduler", name);
	sender_get(SENDER_CONGESTION, name);
	json_text(j, "congestion_control", name);
	json_open(j, "programs", '[');
	for (unsigned int i = 0; (p = steering_program(i, program)); i++) {
		json_open(j, NULL, '{');
		json_text(j, "name", program);
		json_text(j, "policy", p->name);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_close(j, '}');
}

static void put_flags(struct json *j, uint32_t flags)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} names[] = {{MPTCP_PM_ADDR_FLAG_SIGNAL, "signal"},
		     {MPTCP_PM_ADDR_FLAG_SUBFLOW, "subflow"},
		     {MPTCP_PM_ADDR_FLAG_BACKUP, "backup"},
		     {MPTCP_PM_ADDR_FLAG_FULLMESH, "fullmesh"}};

	json_open(j, "flags", '[');
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (flags & names[i].bit)
			json_text(j, NULL, names[i].name);
	json_close(j, ']');
}

static int each_endpoint(const struct nlmsghdr *m, void *arg)
{
	const struct nlattr *at[MPTCP_PM_ATTR_MAX + 1], *e[MPTCP_PM_ADDR_ATTR_MAX + 1];
	const struct links *l = arg;
	const uint16_t *family;
	const uint8_t *id;
	struct ip_addr a;

	nl_attrs(m, GENL_HDRLEN, at, MPTCP_PM_ATTR_MAX);
	nl_nested(at[MPTCP_PM_ATTR_ADDR], e, MPTCP_PM_ADDR_ATTR_MAX);
	family = nl_payload(e[MPTCP_PM_ADDR_ATTR_FAMILY], sizeof(*family));
	id = nl_payload(e[MPTCP_PM_ADDR_ATTR_ID], sizeof(*id));
	if (!family)
		return 0;
	links_ip(&a, *family,
		 e[*family == AF_INET ? MPTCP_PM_ADDR_ATTR_ADDR4 : MPTCP_PM_ADDR_ATTR_ADDR6]);
	json_open(l->j, NULL, '{');
	json_number(l->j, "id", id ? *id : 0);
	links_put_ip(l->j, "address", &a, false);
	json_text(l->j, "interface", links_name(l, (int)links_u32(e[MPTCP_PM_ADDR_ATTR_IF_IDX])));
	put_flags(l->j, links_u32(e[MPTCP_PM_ADDR_ATTR_FLAGS]));
	json_close(l->j, '}');
	return 0;
}

static int each_limit(const struct nlmsghdr *m, void *arg)
{
	const struct nlattr *at[MPTCP_PM_ATTR_MAX + 1];
	const struct links *l = arg;

	nl_attrs(m, GENL_HDRLEN, at, MPTCP_PM_ATTR_MAX);
	json_number(l->j, "subflows", links_u32(at[MPTCP_PM_ATTR_SUBFLOWS]));
	json_number(l->j, "accepted", links_u32(at[MPTCP_PM_ATTR_RCV_ADD_ADDRS]));
	return 0;
}

static int report_put_mptcp(nl_call_fn *call, struct links *l)
{
	struct genlmsghdr limits = {.cmd = MPTCP_PM_CMD_GET_LIMITS, .version = MPTCP_PM_VER};
	struct genlmsghdr endpoints = {.cmd = MPTCP_PM_CMD_GET_ADDR, .version = MPTCP_PM_VER};
	int err, family;
	struct nl *nl;

	nl = nl_open(call, NETLINK_GENERIC, &err);
	if (!nl)
		return err;
	family = nl_family(nl, MPTCP_PM_NAME);
	if (family < 0) {
		nl_close(nl);
		return family == -ENOENT ? 0 : family;
	}
	json_open(l->j, "mptcp", '{');
	nl_begin(nl, (uint16_t)family, NLM_F_ACK, &limits, sizeof(limits));
	err = nl_dump(nl, each_limit, l);
	json_open(l->j, "endpoints", '[');
	if (!err) {
		nl_begin(nl, (uint16_t)family, NLM_F_DUMP, &endpoints, sizeof(endpoints));
		err = nl_dump(nl, each_endpoint, l);
	}
	json_close(l->j, ']');
	json_close(l->j, '}');
	nl_close(nl);
	return err;
}

/* ---- sockets ---- */

static int by_token(const void *a, const void *b)
{
	const struct diag_sock *x = a, *y = b;

	return x->token < y->token ? -1 : x->token > y->token;
}

/* Those of a connection together, in an order that stays. */
static int by_flow(const void *a, const void *b)
{
	const struct diag_sock *x = a, *y = b;
	int order = by_token(a, b);

	if (!order)
		order = memcmp(x->local.bytes, y->local.bytes, sizeof(x->local.bytes));
	if (!order)
		order = memcmp(x->remote.bytes, y->remote.bytes, sizeof(x->remote.bytes));
	if (!order)
		order = x->lport - y->lport;
	return order ? order : x->rport - y->rport;
}

/* The subflows of connection @token in the sorted list. */
static const struct diag_sock *report_subflows(const struct diag_list *tcp, uint32_t token,
					       size_t *n)
{
	struct diag_sock key = {.token = token};
	struct diag_sock *s = NULL;
	size_t first;

	*n = 0;
	if (token && tcp->n)
		s = bsearch(&key, tcp->at, tcp->n, sizeof(key), by_token);
	if (!s)
		return NULL;
	first = (size_t)(s - tcp->at);
	while (first && tcp->at[first - 1].token == token)
		first--;
	while (first + *n < tcp->n && tcp->at[first + *n].token == token)
		++*n;
	return &tcp->at[first];
}

/* The interface of a socket, by its local address. */
static const char *report_link_of(const struct links *l, const struct diag_sock *s)
{
	const char *name = links_owner(l, &s->local);

	return *name ? name : links_name(l, (int)s->index);
}

static void report_put_subflow(const struct links *l, const struct diag_sock *s)
{
	struct json *j = l->j;

	json_open(j, NULL, '{');
	json_text(j, "interface", report_link_of(l, s));
	put_end(j, "local", &s->local, s->lport);
	put_end(j, "remote", &s->remote, s->rport);
	json_text(j, "state", diag_state(s->state));
	json_number(j, "sent", s->sent);
	json_number(j, "received", s->received);
	json_number(j, "acked", s->acked);
	json_number(j, "retransmissions", s->retrans);
	json_number(j, "lost", s->lost);
	json_number(j, "unacked", s->unacked);
	json_number(j, "heard_ms", s->heard);
	json_bool(j, "stalled", s->unacked && s->timeouts >= STALLED);
	json_number(j, "rtt_us", s->rtt);
	json_number(j, "rttvar_us", s->rttvar);
	json_number(j, "min_rtt_us", s->min_rtt);
	json_number(j, "cwnd", s->cwnd);
	json_number(j, "mss", s->mss);
	json_number(j, "delivery_rate", s->delivery_rate);
	json_text(j, "congestion_control", s->congestion);
	json_bool(j, "backup", s->backup);
	json_close(j, '}');
}

/* A connection of its @n subflows; of plain TCP it is its own one. */
static void report_put_connection(const struct links *l, const struct diag_sock *s,
				  const struct diag_sock *flow, size_t n)
{
	uint64_t ended_sent, ended_received, sent, received;
	struct json *j = l->j;

	ended_bytes(s, flow, n, &ended_sent, &ended_received);
	sent = ended_sent;
	received = ended_received;
	for (size_t i = 0; i < n; i++) {
		sent += flow[i].sent;
		received += flow[i].received;
	}
	json_open(j, NULL, '{');
	json_text(j, "protocol", s->protocol == IPPROTO_MPTCP ? "mptcp" : "tcp");
	put_end(j, "local", &s->local, s->lport);
	put_end(j, "remote", &s->remote, s->rport);
	json_text(j, "state", diag_state(s->state));
	if (s->protocol == IPPROTO_MPTCP)
		json_bool(j, "fallback", s->fallback);
	json_number(j, "sent", sent);
	json_number(j, "received", received);
	if (s->protocol == IPPROTO_MPTCP) {
		json_open(j, "ended", '{');
		json_number(j, "sent", ended_sent);
		json_number(j, "received", ended_received);
		json_close(j, '}');
	}
	json_open(j, "subflows", '[');
	for (size_t i = 0; i < n; i++)
		report_put_subflow(l, &flow[i]);
	json_close(j, ']');
	json_close(j, '}');
}

static int has_token(const struct diag_list *mptcp, uint32_t token)
{
	struct diag_sock key = {.token = token};

	return mptcp->n && bsearch(&key, mptcp->at, mptcp->n, sizeof(key), by_token);
}

static void put_sockets(const struct links *l, const struct diag_list *tcp,
			const struct diag_list *mptcp, const struct diag_list *udp)
{
	const struct diag_sock *flow, *s;
	size_t n;

	ended_look(mptcp, tcp, by_flow);
	json_open(l->j, "connections", '[');
	for (s = mptcp->at; s < mptcp->at + mptcp->n; s++) {
		if (s->state == DIAG_LISTEN)
			continue;
		flow = report_subflows(tcp, s->token, &n);
		report_put_connection(l, s, flow, n);
	}
	for (s = tcp->at; s < tcp->at + tcp->n; s++)
		if (s->state != DIAG_LISTEN && !(s->token && has_token(mptcp, s->token)))
			report_put_connection(l, s, s, 1);
	json_close(l->j, ']');

	json_open(l->j, "listening", '[');
	for (s = tcp->at; s < tcp->at + tcp->n; s++) {
		if (s->state != DIAG_LISTEN)
			continue;
		json_open(l->j, NULL, '{');
		json_text(l->j, "protocol", s->mptcp ? "mptcp" : "tcp");
		put_end(l->j, "local", &s->local, s->lport);
		json_close(l->j, '}');
	}
	json_close(l->j, ']');

	json_open(l->j, "udp", '[');
	for (s = udp->at; s < udp->at + udp->n; s++) {
		if (tunnels_listens(&s->local, s->lport))
			continue;
		json_open(l->j, NULL, '{');
		put_end(l->j, "local", &s->local, s->lport);
		put_end(l->j, "remote", &s->remote, s->rport);
		json_text(l->j, "state", s->state == 1 ? "connected" : "open");
		json_number(l->j, "receive_queue", s->rqueue);
		json_number(l->j, "send_queue", s->wqueue);
		json_close(l->j, '}');
	}
	json_close(l->j, ']');
}

/* A protocol that this Linux does not have has no sockets. */
static int report_dump(struct nl *nl, int protocol, struct diag_list *list)
{
	int err = diag_dump(nl, protocol, list);

	if (list->n)
		qsort(list->at, list->n, sizeof(*list->at), by_flow);
	return err == -ENOENT ? 0 : err;
}

static int gather_sockets(nl_call_fn *call, const struct links *l)
{
	struct diag_list tcp = {0}, mptcp = {0}, udp = {0};
	struct nl *nl;
	int err;

	nl = nl_open(call, NETLINK_SOCK_DIAG, &err);
	if (!nl)
		return err;
	err = report_dump(nl, IPPROTO_MPTCP, &mptcp);
	if (!err)
		err = report_dump(nl, IPPROTO_TCP, &tcp);
	if (!err)
		err = report_dump(nl, IPPROTO_UDP, &udp);
	nl_close(nl);
	if (!err)
		put_sockets(l, &tcp, &mptcp, &udp);
	free(tcp.at);
	free(mptcp.at);
	free(udp.at);
	return err;
}

int report(nl_call_fn *call, struct json *j)
{
	struct links l = {.j = j};
	int err;

	json_number(j, "time_ns", clock_mono_ns());
	err = report_put_memory(call, j);
	if (!err)
		report_put_policy(j);
	if (!err)
		err = links_put(call, &l);
	if (!err)
		err = report_put_mptcp(call, &l);
	if (!err)
		err = gather_sockets(call, &l);
	return err;
}
