// SPDX-License-Identifier: GPL-2.0-only
/*
 * event.c - see event.h. Names of calls and how many arguments they have are the call table's.
 */
#include <errno.h>
#include <linux/mptcp.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include "sockets/calls.h"
#include "sockets/event.h"

#ifndef SOL_MPTCP
#define SOL_MPTCP 284
#endif
#ifndef MPTCP_INFO
#define MPTCP_INFO 1
#endif

static atomic_uint event_sockets;

static const char *event_family(int domain)
{
	switch (domain) {
	case AF_INET:
		return "inet";
	case AF_INET6:
		return "inet6";
	case AF_PACKET:
		return "packet";
	case AF_NETLINK:
		return "netlink";
	}
	return "other";
}

static const char *event_type(int type)
{
	switch (type) {
	case SOCK_STREAM:
		return "stream";
	case SOCK_DGRAM:
		return "datagram";
	case SOCK_RAW:
		return "raw";
	}
	return "other";
}

void event_born(struct socket_core *s, const char *how)
{
	s->number = atomic_fetch_add_explicit(&event_sockets, 1, memory_order_relaxed) + 1;
	trace(TRACE_SOCKETS, "#%u %s %s %s%s", s->number, how, event_family(s->domain),
	      event_type(s->type), s->mptcp ? " mptcp" : "");
}

void event_moved(const struct socket_core *s)
{
	trace(TRACE_SOCKETS, "#%u moved to the host's loopback", s->number);
}

void event_connecting(struct socket_core *s, const struct sockaddr *addr, socklen_t len)
{
	char text[TRACE_ADDR];

	if (!trace_on(TRACE_SOCKETS))
		return;
	s->connecting = true;
	trace_line(TRACE_SOCKETS, "#%u connecting to %s", s->number, trace_addr(text, addr, len));
}

static void event_name(const struct socket_ops *ops, int stack, long nr, char buf[TRACE_ADDR])
{
	struct sockaddr_storage at = {0};
	socklen_t len = sizeof(at);

	if (socket_call(ops->stack, nr, stack, &at, &len, 0, 0, 0))
		snprintf(buf, TRACE_ADDR, "?");
	else
		trace_addr(buf, (struct sockaddr *)&at, len);
}

void event_connected(const struct socket_ops *ops, struct socket_core *s, int stack)
{
	char self[TRACE_ADDR], peer[TRACE_ADDR], token[32] = "";
	struct mptcp_info info = {0};
	socklen_t len = sizeof(info);

	s->connecting = false;
	if (!trace_on(TRACE_SOCKETS))
		return;
	event_name(ops, stack, SYS_getsockname, self);
	event_name(ops, stack, SYS_getpeername, peer);
	if (s->mptcp &&
	    !socket_call(ops->stack, SYS_getsockopt, stack, SOL_MPTCP, MPTCP_INFO, &info, &len, 0))
		snprintf(token, sizeof(token), " token %08x", info.mptcpi_token);
	trace_line(TRACE_SOCKETS, "#%u connected %s -> %s%s", s->number, self, peer,
		   *token     ? token
		   : s->mptcp ? " plain TCP (peer without MPTCP)"
			      : "");
}

void event_failed(struct socket_core *s, int err)
{
	s->connecting = false;
	trace(TRACE_SOCKETS, "#%u %s", s->number,
	      err == ECONNRESET	    ? "reset"
	      : err == ECONNREFUSED ? "refused"
	      : err		    ? strerror(err)
				    : "failed");
}

void event_closed(const struct socket_core *s)
{
	trace(TRACE_SOCKETS, "#%u closed", s->number);
}

static const struct event_name {
	long nr;
	const char *name, *proto;
	unsigned int where;
} event_calls[] = {
#define NUMBERED(name, nr, raw, filter, handler, where, proto) {nr, #name, #proto, CALL_TO_##where},
#include "sockets/calls.h"
};

static const struct event_name *event_find(long nr)
{
	for (size_t i = 0; i < sizeof(event_calls) / sizeof(event_calls[0]); i++)
		if (event_calls[i].nr == nr)
			return &event_calls[i];
	return NULL;
}

void event_parked(const struct socket_core *s, long nr, int tid)
{
	const struct event_name *e = event_find(nr);

	trace(TRACE_SOCKETS, "#%u parked %s of thread %d", s->number, e ? e->name : "call", tid);
}

/* As many as the prototype has commas, and one. */
static int event_nargs(const struct event_name *e)
{
	int n = strcmp(e->proto, "(void)") != 0;

	for (const char *p = e->proto; *p; p++)
		n += *p == ',';
	return n < 6 ? n : 6;
}

/* A small number, or a negative one of 32 bits; else it is printed as a pointer. */
static bool event_is_number(long arg)
{
	return (arg >= -4096 && arg <= 0xffffff) ||
	       ((unsigned long)arg <= UINT32_MAX && (int)arg >= -4096 && (int)arg < 0);
}

void event_call(int pid, long nr, const long args[6], const struct sockaddr *addr, socklen_t len,
		long ret, const char *word)
{
	const struct event_name *e = event_find(nr);
	char text[192], name[TRACE_ADDR];
	int n = e ? event_nargs(e) : 0;
	size_t at = 0;

	if (!e || (word && CALL_TO_KIND(e->where) == CALL_WHERE_PATH))
		return; /* most files are the host's, and that is no news */
	for (int i = 0; i < n && at < sizeof(text) - 1; i++) {
		const char *comma = i ? ", " : "";

		if (addr && CALL_TO_KIND(e->where) == CALL_WHERE_ADDRESS &&
		    (int)CALL_TO_ARG(e->where) == i)
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s", comma,
					       trace_addr(name, addr, len));
		else if (event_is_number(args[i]))
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%d", comma,
					       (int)args[i]);
		else
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%#lx", comma,
					       (unsigned long)args[i]);
	}
	text[at < sizeof(text) ? at : sizeof(text) - 1] = '\0';
	if (word)
		trace_line(TRACE_CALLS, "%d %s(%s) = %s", pid, e->name, text, word);
	else if (ret < 0 && ret > -4096)
		trace_line(TRACE_CALLS, "%d %s(%s) = -1 (%s)", pid, e->name, text,
			   strerror((int)-ret));
	else
		trace_line(TRACE_CALLS, "%d %s(%s) = %ld", pid, e->name, text, ret);
}
