// SPDX-License-Identifier: GPL-2.0-only
/*
 * subflows.c - see subflows.h.
 *
 * Theory of operation: the kernel inside multicasts what happens to MPTCP connections (generic
 * netlink, group "mptcp_pm_events"; linux/mptcp.h). A thread sleeps on that inside the stack,
 * with an eventfd of the host's beside it that ends it. It exists only while sockets are traced.
 * A connection is named by its token, as the socket's own events name it.
 *
 * Ownership: the descriptors are the thread's maker's; the host's is raw and high, since inline it
 * lives inside the program.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/mptcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include "engine/engine.h"
#include "lib/highfd.h"
#include "lib/rawsys.h"
#include "lib/trace.h"
#include "netconf/netlink.h"
#include "stack/subflows.h"

static const char *const subflows_words[] = {
	[MPTCP_EVENT_CREATED] = "connection created",
	[MPTCP_EVENT_ESTABLISHED] = "connection established",
	[MPTCP_EVENT_CLOSED] = "connection closed",
	[MPTCP_EVENT_ANNOUNCED] = "peer announced an address",
	[MPTCP_EVENT_REMOVED] = "peer removed an address",
	[MPTCP_EVENT_SUB_ESTABLISHED] = "subflow established",
	[MPTCP_EVENT_SUB_CLOSED] = "subflow closed",
	[MPTCP_EVENT_SUB_PRIORITY] = "subflow has another priority",
};

static struct nl *subflows_nl;
static int subflows_end = -1;
static pthread_t subflows_thread;

/* An end of a subflow as text; "" if the event does not name it. */
static const char *subflows_addr(char buf[TRACE_ADDR], const struct nlattr **a, unsigned int four,
				 unsigned int six, unsigned int port)
{
	const uint8_t *p = nl_payload(a[port], 2), *bytes = nl_payload(a[four], 4);
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	buf[0] = '\0';
	if (bytes) {
		memcpy(&in.sin_addr, bytes, 4);
		if (p)
			memcpy(&in.sin_port, p, 2);
		return trace_addr(buf, (struct sockaddr *)&in, sizeof(in));
	}
	bytes = nl_payload(a[six], 16);
	if (!bytes)
		return buf;
	memcpy(&in6.sin6_addr, bytes, 16);
	if (p)
		memcpy(&in6.sin6_port, p, 2);
	return trace_addr(buf, (struct sockaddr *)&in6, sizeof(in6));
}

static void subflows_event(const struct nlmsghdr *m)
{
	const struct nlattr *a[MPTCP_ATTR_MAX + 1];
	const struct genlmsghdr *g = NLMSG_DATA(m);
	char self[TRACE_ADDR], peer[TRACE_ADDR], error[64] = "";
	const uint8_t *err;

	if (m->nlmsg_len < NLMSG_LENGTH(GENL_HDRLEN) ||
	    g->cmd >= sizeof(subflows_words) / sizeof(subflows_words[0]) || !subflows_words[g->cmd])
		return;
	nl_attrs(m, GENL_HDRLEN, a, MPTCP_ATTR_MAX);
	subflows_addr(self, a, MPTCP_ATTR_SADDR4, MPTCP_ATTR_SADDR6, MPTCP_ATTR_SPORT);
	subflows_addr(peer, a, MPTCP_ATTR_DADDR4, MPTCP_ATTR_DADDR6, MPTCP_ATTR_DPORT);
	err = nl_payload(a[MPTCP_ATTR_ERROR], 1);
	if (err && *err)
		snprintf(error, sizeof(error), " (%s)", strerror(*err));
	trace(TRACE_SOCKETS, "token %08x %s%s%s%s%s%s", nl_get_u32(a[MPTCP_ATTR_TOKEN]),
	      subflows_words[g->cmd], *self ? " " : "", self, *peer ? " -> " : "", peer, error);
}

static void *subflows_run(void *arg)
{
	struct pollfd host = {.fd = subflows_end, .events = POLLIN};
	struct nl *nl = subflows_nl;
	struct timespec now = {0, 0};

	prctl(PR_SET_NAME, "persona-trace");
	while (!host.revents) {
		struct pollfd p = {.fd = nl->fd, .events = POLLIN};
		long args[6] = {(long)&p, 1, 0, 0, 8, 0};
		long n;

		engine_syscall_poll(&host, 1, SYS_ppoll, args);
		RAWSYS(SYS_ppoll, &host, 1, &now, NULL, 8);
		if (!(p.revents & POLLIN))
			continue;
		n = engine_syscall(SYS_recvfrom, (const long[6]){nl->fd, (long)nl->reply.bytes,
								 sizeof(nl->reply), MSG_DONTWAIT});
		for (const struct nlmsghdr *m = &nl->reply.hdr; n > 0 && NLMSG_OK(m, (size_t)n);
		     m = NLMSG_NEXT(m, n))
			subflows_event(m);
	}
	engine_thread_exit();
	return arg;
}

/* Inline, the program may not close what is ours, and give its number to a file of its own. */
static void subflows_protect(bool on)
{
	if (engine_host_fd && subflows_end >= 0)
		engine_host_fd(subflows_end, on);
}

static void subflows_close(void)
{
	subflows_protect(false);
	if (subflows_end >= 0)
		raw_close(subflows_end);
	subflows_end = -1;
	nl_close(subflows_nl);
	subflows_nl = NULL;
}

int subflows_start(void)
{
	int err, group, fd;

	if (!trace_on(TRACE_SOCKETS))
		return 0;
	subflows_nl = nl_open(engine_syscall, NETLINK_GENERIC, &err);
	if (!subflows_nl)
		return 0;
	group = nl_group(subflows_nl, MPTCP_PM_NAME, MPTCP_PM_EV_GRP_NAME);
	fd = (int)RAWSYS(SYS_eventfd2, 0, EFD_CLOEXEC);
	subflows_end = highfd_move(fd, F_DUPFD_CLOEXEC);
	subflows_protect(true);
	if (group < 0 || subflows_end < 0 ||
	    engine_syscall(SYS_setsockopt,
			   (const long[6]){subflows_nl->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
					   (long)&group, sizeof(group)}) ||
	    engine_thread_create(&subflows_thread, 0, 0, subflows_run, NULL)) {
		subflows_close();
		return 0;
	}
	return 1;
}

void subflows_stop(void)
{
	uint64_t one = 1;

	if (!subflows_nl)
		return;
	RAWSYS(SYS_write, subflows_end, &one, sizeof(one));
	pthread_join(subflows_thread, NULL);
	subflows_close();
}
