// SPDX-License-Identifier: GPL-2.0-only
/*
 * mptcp.c - does MPTCP pass, or is its option stripped on the way?
 *
 * Theory of operation
 *
 * Per interface a child process (visit.h) opens it as a run does, starts the stack with it alone,
 * connects to the host by MPTCP and asks the socket what became of it. The outcome is its exit
 * status. When all have come back they are compared: if one
 * interface gets through to MPTCP, it is not the server that lacks it elsewhere.
 *
 * Limits: the handshake is judged; a path that strips the option from data alone
 * is not found. One address of the host is tried, the first of a family that the
 * interface has.
 */
#include <errno.h>
#include <linux/mptcp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "cli/cli.h"
#include "cli/doctor/doctor.h"
#include "cli/doctor/visit.h"
#include "engine/engine.h"
#include "launch/interfaces.h"
#include "stack/up.h"

#ifndef SOL_MPTCP
#define SOL_MPTCP 284
#endif
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

#define CONNECT_S 6 /* more than the retransmissions after which a SYN goes without the option */

/* A child's exit status; others mean that it could not try. */
enum outcome { PASSES = 10, FALLS_BACK, REFUSED };

static long mptcp_sys(long nr, long a, long b, long c, long d, long e)
{
	const long args[6] = {a, b, c, d, e, 0};

	return engine_syscall(nr, args);
}

/* ---- in the child ---- */

static const struct addrinfo *fit_address(const struct addrinfo *list, const struct iface_spec *s)
{
	for (; list; list = list->ai_next) {
		for (uint32_t i = 0; i < s->naddrs; i++) {
			if (s->addr[i].family == list->ai_family)
				return list;
		}
	}
	return NULL;
}

static long connect_by(long fd, const struct addrinfo *to)
{
	struct pollfd p = {.fd = (int)fd, .events = POLLOUT};
	struct timespec patience = {.tv_sec = CONNECT_S};
	int err = 0;
	socklen_t len = sizeof(err);
	long r = mptcp_sys(SYS_connect, fd, (long)to->ai_addr, (long)to->ai_addrlen, 0, 0);

	if (r != -EINPROGRESS)
		return r;
	r = mptcp_sys(SYS_ppoll, (long)&p, 1, (long)&patience, 0, 0);
	if (r <= 0)
		return r ? r : -ETIMEDOUT;
	r = mptcp_sys(SYS_getsockopt, fd, SOL_SOCKET, SO_ERROR, (long)&err, (long)&len);
	return r ? r : -err;
}

/* A socket that has fallen back knows this option no more, or says so in it. */
static enum outcome mptcp_judge(long fd)
{
	struct mptcp_info info = {0};
	socklen_t len = sizeof(info);

	if (mptcp_sys(SYS_getsockopt, fd, SOL_MPTCP, MPTCP_INFO, (long)&info, (long)&len) ||
	    info.mptcpi_flags & MPTCP_INFO_FLAG_FALLBACK)
		return FALLS_BACK;
	return PASSES;
}

static int mptcp_try(struct config *c, const void *list)
{
	const struct addrinfo *to;
	int outcome = EXIT_PERSONA;
	const char *why;
	long fd, r;

	if (interfaces_open(c, false))
		return EXIT_PERSONA;
	to = fit_address(list, &c->iface[0].spec);
	if (!to)
		return complain(EXIT_PERSONA, "no address of the same IP version");
	if (stack_up(c, &why))
		return complain(EXIT_PERSONA, "%s", why);
	fd = mptcp_sys(SYS_socket, to->ai_family, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_MPTCP, 0, 0);
	if (fd < 0) {
		complain(0, "no MPTCP in the stack: %s", strerror((int)-fd));
	} else {
		r = connect_by(fd, to);
		outcome = r ? REFUSED : (int)mptcp_judge(fd);
		if (r)
			complain(0, "%s", r == -ETIMEDOUT ? "no answer" : strerror((int)-r));
		mptcp_sys(SYS_close, fd, 0, 0, 0, 0);
	}
	engine_stop();
	if (c->opener)
		close(c->opener);
	interfaces_end();
	return outcome;
}

/* ---- in the parent ---- */

static void mptcp_tell(const struct doctor *d, const struct iface_spec *s, const struct visit *v,
		       bool server_has)
{
	char thing[IF_NAMESIZE + 16];

	snprintf(thing, sizeof(thing), "%s MPTCP", s->name);
	switch (v->status) {
	case PASSES:
		doctor_say(DOCTOR_OK, thing, NULL, "MPTCP reaches %s:%s by %s", d->mptcp, d->port,
			   s->name);
		break;
	case FALLS_BACK:
		doctor_say(DOCTOR_WARN, thing, NULL, "falls back to TCP: %s %s",
			   server_has ? "the option is stripped on the way by"
				      : "the server has no MPTCP, or the option is stripped on "
					"the way by",
			   s->name);
		break;
	case REFUSED:
		doctor_say(DOCTOR_FAIL, thing, "does something serve that port?",
			   "refused: %s:%s by %s: %s", d->mptcp, d->port, s->name, v->words);
		break;
	default:
		doctor_say(DOCTOR_FAIL, thing, NULL, "could not be tried: %s",
			   v->words[0] ? v->words : "the process died");
	}
}

void doctor_mptcp(const struct doctor *d)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
	static struct visit visits[DOCTOR_IFACES];
	struct config *c;
	bool server_has = false;
	int err;

	if (!d->mptcp[0])
		return;
	err = getaddrinfo(d->mptcp, d->port, &hints, &list);
	if (err) {
		doctor_say(DOCTOR_FAIL, "MPTCP", "give its address", "%s: %s", d->mptcp,
			   gai_strerror(err));
		return;
	}
	c = malloc(sizeof(*c));
	for (unsigned int i = 0; c && i < d->n; i++) {
		if (visit_configure(c, &d->spec[i]))
			break; /* was said before */
		visit(&visits[i], mptcp_try, c, list);
		server_has |= visits[i].status == PASSES;
	}
	for (unsigned int i = 0; c && i < d->n; i++)
		mptcp_tell(d, &d->spec[i], &visits[i], server_has);
	free(c);
	freeaddrinfo(list);
}
