// SPDX-License-Identifier: GPL-2.0-only
/*
 * peek.c - MSG_PEEK with MSG_WAITALL on MPTCP, see peek.h.
 *
 * Theory of operation: TCP waits until as many bytes can be seen as are asked for. MPTCP looks at
 * the same bytes again and counts them twice, or spins. So the wait is ours: SIOCINQ says how
 * much there is, and has the kernel put it where MSG_PEEK looks; an edge-triggered epoll of the
 * stack's, made for this one wait, says that there may be more. SIOCINQ is an event to it, too, so
 * we sleep on until what has arrived since the connection began has grown. Then the call is made
 * without MSG_WAITALL, and does not wait.
 *
 * As with TCP, the wait ends early with the peer's FIN, an error, a signal, or SO_RCVTIMEO; bytes
 * that are there are given then. More than the receive buffer holds never comes.
 */
#include "inline/real.h"
#include "inline/edge.h"
#include "inline/fdtable.h"
#include "inline/peek.h"

#include <linux/mptcp.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <sys/time.h>

#define PEEK_ENDED (EPOLLRDHUP | EPOLLHUP | EPOLLERR)

static size_t peek_waiting(int stack)
{
	int n = 0;

	return edge(SYS_ioctl, stack, SIOCINQ, &n, 0, 0, 0) ? 0 : (size_t)n;
}

/* A number that grows with what arrives; after a fallback, TCP's. */
static uint64_t peek_arrived(int stack)
{
	struct mptcp_info m = {0};
	struct tcp_info t = {0};
	socklen_t mlen = sizeof(m), tlen = sizeof(t);

	if (!edge(SYS_getsockopt, stack, SOL_MPTCP, MPTCP_INFO, &m, &mlen, 0))
		return m.mptcpi_rcv_nxt;
	edge(SYS_getsockopt, stack, IPPROTO_TCP, TCP_INFO, &t, &tlen, 0);
	return t.tcpi_bytes_received;
}

/* Does the program's end not block? Else until when. */
static bool peek_deadline(int stack, struct edge_deadline *until)
{
	long flags = edge(SYS_fcntl, stack, F_GETFL, 0, 0, 0, 0);
	struct timeval t = {0};
	struct timespec limit;
	socklen_t len = sizeof(t);

	edge(SYS_getsockopt, stack, SOL_SOCKET, SO_RCVTIMEO, &t, &len, 0);
	limit = (struct timespec){t.tv_sec, t.tv_usec * 1000};
	edge_deadline_set(until, t.tv_sec || t.tv_usec ? &limit : NULL);
	return flags >= 0 && flags & O_NONBLOCK;
}

/* Until more than @arrived has come, or all that will: 1: the latter, 0 or -errno. */
static int peek_sleep(int stack, int ep, uint64_t arrived, const struct edge_deadline *until)
{
	struct epoll_event ev;
	struct timespec left;
	long ret;

	do {
		ret = edge_block(SYS_epoll_pwait2, ep, &ev, 1, edge_deadline_left(until, &left),
				 NULL, 8);
		if (!ret)
			return -EAGAIN;
		if (ret > 0 && ev.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
			return 1;
	} while (ret > 0 && peek_arrived(stack) == arrived);
	return ret < 0 ? (int)ret : 0;
}

/* Until @n bytes wait, or there will not be more for now: 0, -EINTR, or -EAGAIN: time is over. */
static int peek_until(int stack, int ep, size_t n, const struct edge_deadline *until)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET};
	int ret = (int)edge(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, stack, &ev, 0, 0);

	/* The end is an event, if it was there before, too. */
	while (!ret) {
		uint64_t arrived = peek_arrived(stack);

		if (peek_waiting(stack) >= n)
			return 0;
		ret = peek_sleep(stack, ep, arrived, until);
	}
	return ret < 0 ? ret : 0;
}

int peek_wait(uint64_t slot, size_t n, int *flags)
{
	const struct socket_core *core = &slot_desc(slot)->core;
	int stack = slot_stack(slot), err = 0;
	struct edge_deadline until;
	long ep;

	if (likely((*flags & (MSG_PEEK | MSG_WAITALL)) != (MSG_PEEK | MSG_WAITALL)) ||
	    !(core->mptcp || core->protocol == IPPROTO_MPTCP))
		return 0;
	*flags &= ~MSG_WAITALL;
	if (peek_waiting(stack) >= n || peek_deadline(stack, &until) || *flags & MSG_DONTWAIT)
		return 0;
	ep = edge(SYS_epoll_create1, 0, 0, 0, 0, 0, 0);
	if (ep < 0)
		return (int)ep;
	err = peek_until(stack, (int)ep, n, &until);
	edge_close((int)ep);
	if (!err || peek_waiting(stack)) { /* what is there is given, as TCP gives it */
		*flags |= MSG_DONTWAIT;
		return 0;
	}
	return err;
}
