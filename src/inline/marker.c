// SPDX-License-Identifier: GPL-2.0-only
/*
 * marker.c - wake the threads that sleep on one half of an epoll when the other comes into use.
 *
 * Theory of operation: as long as an epoll has descriptors of one world only, a thread
 * that waits for it sleeps in that half alone, which is what makes it cheap. Then
 * another thread adds the first descriptor of the other world, and the sleeper must learn of
 * it. So a thread that sleeps on one half counts itself first and looks again at the other
 * half; the thread that brings the other half into use does so and then looks at the count. If
 * anybody is counted, a descriptor that is ready at once, the marker, joins the half that they
 * sleep on: a host's eventfd, or a datagram socket of the stack, which can be written to. Level
 * triggered, it wakes one after the other. The last to leave takes it away.
 *
 * A thread may never leave: it was cancelled, or jumped out of a handler. The marker would
 * stay and be met at each wait. So whoever meets it without being counted counts that, naps so
 * that the counted ones run, and after BUDGET times takes it away.
 *
 * Threads: any. The event of a marker is known by its data, an address in this library.
 */
#include "inline/real.h"
#include "inline/edge.h"
#include "inline/marker.h"
#include "engine/engine.h"
#include "lib/rawsys.h"

#define BUDGET 1000
#define NAP_NS 1000000

static const char tag[2];

static long marker_control(enum marker_side side, int ep, int op, int fd, struct epoll_event *ev)
{
	if (side == MARKER_STACK)
		return edge(SYS_epoll_ctl, ep, op, fd, ev, 0, 0);
	return real(epoll_ctl)(ep, op, fd, ev);
}

static void marker_lower(struct marker *m, enum marker_side side, int ep)
{
	int fd = atomic_exchange(&m->fd, 0) - 1, saved = errno;

	if (fd < 0)
		return;
	marker_control(side, ep, EPOLL_CTL_DEL, fd, NULL);
	if (side == MARKER_STACK)
		edge_close(fd);
	else
		host_fd_close(&fd);
	errno = saved;
}

void marker_leave(struct marker m[2], enum marker_side side, int ep)
{
	if (atomic_fetch_sub(&m[side].waiters, 1) == 1 && atomic_load(&m[side].fd))
		marker_lower(&m[side], side, ep);
}

void marker_raise(struct marker m[2], enum marker_side side, int ep)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT, .data.ptr = (void *)&tag[side]};
	int fd, none = 0, saved = errno;

	/* Counted itself, so that nobody takes it away before it is there. */
	if (atomic_fetch_add(&m[side].waiters, 1) > 0 &&
	    atomic_compare_exchange_strong(&m[side].fd, &none, -1)) {
		fd = side == MARKER_STACK
			     ? (int)edge(SYS_socket, AF_INET, SOCK_DGRAM, 0, 0, 0, 0)
			     : host_fd_keep(real(eventfd)(1, EFD_CLOEXEC | EFD_NONBLOCK));
		atomic_store(&m[side].budget, BUDGET);
		if (fd >= 0)
			marker_control(side, ep, EPOLL_CTL_ADD, fd, &ev);
		atomic_store(&m[side].fd, fd < 0 ? 0 : fd + 1);
	}
	marker_leave(m, side, ep);
	errno = saved;
}

int marker_filter(struct marker m[2], const int ep[2], struct epoll_event *evs, int n)
{
	int kept = 0;

	for (int i = 0; i < n; i++) {
		const char *data = evs[i].data.ptr;

		if (likely(data != &tag[MARKER_HOST] && data != &tag[MARKER_STACK])) {
			evs[kept++] = evs[i];
			continue;
		}
		/* A counted thread may not have run yet: it must, before the budget is spent. */
		RAWSYS(SYS_ppoll, NULL, 0, &(struct timespec){.tv_nsec = NAP_NS}, NULL, 8);
		if (atomic_fetch_sub(&m[data - tag].budget, 1) <= 1)
			marker_lower(&m[data - tag], (enum marker_side)(data - tag),
				     ep[data - tag]);
	}
	return kept;
}
