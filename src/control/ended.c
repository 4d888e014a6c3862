// SPDX-License-Identifier: GPL-2.0-only
/*
 * ended.c - what subflows carried that have ended, see ended.h.
 *
 * Theory of operation: a subflow's counters go with it. So subflows are remembered from report to
 * report, and when one is missing, its last counters are its connection's from then on. Since Linux
 * 6.5 the connection has counters of its own (struct mptcp_info): what they have more than the
 * living subflows, those that ended had. (It counts as sent what it gave to a subflow, which may
 * not have sent it yet; and as received what has come in order, so that this, too, is sometimes too
 * little.) All of these are lower bounds, and what has ended never gets less: the highest that
 * there ever was is the figure, and more if the connection's total would fall otherwise.
 *
 * Ownership: static lists, of the thread that reports.
 *
 * Limits: on an older kernel, what a subflow carried after the last report before its end is not
 * counted, nor what ended before the first report. Bytes sent twice by a subflow that has ended
 * are counted if it was seen alive.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include "control/ended.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

/**
 * struct ended - a connection
 * @seen_sent, @seen_received: last counters of subflows that are missing since
 * @sent, @received: as reported last
 * @all_sent, @all_received: the same, with the living subflows
 */
struct ended {
	uint32_t token;
	uint64_t seen_sent, seen_received;
	uint64_t sent, received;
	uint64_t all_sent, all_received;
};

static struct ended *list; /* of connections that live */
static size_t nlist, capacity;
static struct diag_list before; /* subflows of the last report */

static struct ended *ended_find(uint32_t token)
{
	for (size_t i = 0; i < nlist; i++)
		if (list[i].token == token)
			return &list[i];
	return NULL;
}

/* The entry of @token, made if need be; NULL: no memory. */
static struct ended *ended_entry(uint32_t token)
{
	struct ended *e = ended_find(token), *more;

	if (e)
		return e;
	if (nlist == capacity) {
		more = realloc(list, (capacity * 2 + 8) * sizeof(*list));
		if (!more)
			return NULL;
		list = more;
		capacity = capacity * 2 + 8;
	}
	list[nlist] = (struct ended){.token = token};
	return &list[nlist++];
}

static bool ended_lives(const struct diag_list *mptcp, uint32_t token)
{
	for (size_t i = 0; i < mptcp->n; i++)
		if (mptcp->at[i].token == token)
			return true;
	return false;
}

void ended_look(const struct diag_list *mptcp, const struct diag_list *tcp,
		int (*order)(const void *a, const void *b))
{
	struct diag_sock *copy = NULL;
	struct ended *e;
	size_t n = 0;

	for (size_t i = 0; i < before.n; i++) {
		const struct diag_sock *s = &before.at[i];

		if (tcp->n && bsearch(s, tcp->at, tcp->n, sizeof(*s), order))
			continue;
		e = ended_entry(s->token);
		if (e) {
			e->seen_sent += s->sent;
			e->seen_received += s->received;
		}
	}
	for (size_t i = 0; i < nlist;) {
		if (ended_lives(mptcp, list[i].token))
			i++;
		else
			list[i] = list[--nlist];
	}
	if (tcp->n)
		copy = malloc(tcp->n * sizeof(*copy));
	for (size_t i = 0; copy && i < tcp->n; i++)
		if (tcp->at[i].token && tcp->at[i].state != DIAG_LISTEN)
			copy[n++] = tcp->at[i];
	free(before.at);
	before = (struct diag_list){.at = copy, .n = n, .capacity = tcp->n};
}

/* Raise @at to @least. */
static void ended_raise(uint64_t *at, uint64_t least)
{
	if (*at < least)
		*at = least;
}

/* ... to what @all is beyond @living. */
static void ended_raise_beyond(uint64_t *at, uint64_t all, uint64_t living)
{
	if (all > living)
		ended_raise(at, all - living);
}

void ended_bytes(const struct diag_sock *s, const struct diag_sock *flow, size_t n, uint64_t *sent,
		 uint64_t *received)
{
	struct ended *e = s->protocol == IPPROTO_MPTCP ? ended_entry(s->token) : NULL;
	uint64_t out = 0, in = 0, given = 0;

	*sent = *received = 0;
	if (!e)
		return;
	for (size_t i = 0; i < n; i++) {
		out += flow[i].sent;
		given += flow[i].acked + flow[i].wqueue;
		in += flow[i].received;
	}
	ended_raise(&e->sent, e->seen_sent);
	ended_raise(&e->received, e->seen_received);
	if (s->counts) {
		ended_raise_beyond(&e->sent, s->sent, given);
		ended_raise_beyond(&e->received, s->received, in);
	}
	ended_raise_beyond(&e->sent, e->all_sent, out);
	ended_raise_beyond(&e->received, e->all_received, in);
	e->all_sent = out + e->sent;
	e->all_received = in + e->received;
	*sent = e->sent;
	*received = e->received;
}
