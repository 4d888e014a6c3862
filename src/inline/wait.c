// SPDX-License-Identifier: GPL-2.0-only
/*
 * wait.c - poll() over descriptors of the stack and of the host.
 *
 * Theory of operation: the entries are sorted into two arrays. The stack is
 * entered with ppoll() on its own; the host's are handed to the engine, which
 * watches them whenever it would sleep, and cuts the call short when one becomes
 * ready. Afterwards the host's are asked once more without waiting, so that both
 * kinds are reported together, as one kernel would. An epoll with both halves
 * stands in both arrays. One without a half in the stack may get it from another thread while we
 * wait for the host's: its marker wakes us (marker.h), and the wait begins again.
 *
 * No thread, no pipe; the arrays are on the stack up to SMALL entries.
 *
 * ppoll()'s signal mask: see struct edge_mask.
 *
 * Limits: the array is read here before any kernel sees it, so a wild pointer is
 * a fault, where the host's kernel says EFAULT. Several threads may wait for the same. Of epolls
 * without a half in the stack the first HALFLESS of a wait are looked after.
 */
#include "inline/real.h"
#include "inline/cancel.h"
#include "inline/fdtable.h"
#include "inline/marker.h"
#include "inline/wait.h"
#include "engine/engine.h"

#include <stdlib.h>

/* glibc 2.36 declares that poll() only writes to its array. */
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

#define SMALL	  256
#define HALFLESS  16
#define OTHERS_MS 10 /* one that was cancelled never leaves */

struct split {
	struct pollfd *fds; /* the program's */
	nfds_t n;
	struct pollfd *stack, *host;
	unsigned int *stack_of, *host_of; /* index into fds */
	unsigned int nstack, nhost;
};

int wait_stack_half(int fd)
{
	uint64_t slot = fd_slot(fd);

	return slot_kind(slot) == FD_EPOLL ? atomic_load(&slot_desc(slot)->epoll) : -1;
}

bool wait_concerns(int fd)
{
	uint64_t slot = fd_slot(fd);

	return slot_ours(slot) || slot_kind(slot) == FD_EPOLL;
}

/* Does any of these concern us? */
static bool concerns(const struct pollfd *fds, nfds_t n)
{
	if (!fd_top() || !readable(fds))
		return false;
	for (nfds_t i = 0; i < n; i++)
		if (wait_concerns(fds[i].fd))
			return true;
	return false;
}

/* Epolls of one wait that had no half in the stack when it began. */
struct halfless {
	struct desc *d[HALFLESS];
	int fd[HALFLESS];
	unsigned int n;
};

/* Be woken for them from now on. Does any entry need the stack? */
static bool wait_halfless_enter(struct halfless *h, const struct pollfd *fds, nfds_t n)
{
	bool mixed = false;

	h->n = 0;
	for (nfds_t i = 0; i < n; i++) {
		uint64_t slot = fd_slot(fds[i].fd);
		struct desc *d = slot_desc(slot);

		if (likely(slot_kind(slot) != FD_EPOLL)) {
			mixed |= slot_ours(slot);
			continue;
		}
		if (atomic_load(&d->epoll) < 0 && h->n < HALFLESS && desc_get(d)) {
			marker_enter(d->marker, MARKER_HOST);
			h->d[h->n] = d;
			h->fd[h->n++] = fds[i].fd;
		}
		/* Not before: a thread that makes a half looks at the marker afterwards. */
		mixed |= atomic_load(&d->epoll) >= 0;
	}
	return mixed;
}

/* Has any of them got one? */
static bool wait_halfless_leave(struct halfless *h)
{
	bool got = false;

	for (unsigned int i = 0; i < h->n; i++) {
		struct marker *m = h->d[i]->marker;

		marker_leave(m, MARKER_HOST, h->fd[i]);
		got |= atomic_load(&h->d[i]->epoll) >= 0;
		/* While others have not left, their marker would look like an event to us. */
		for (int ms = 0; ms < OTHERS_MS && atomic_load(&m[MARKER_HOST].fd); ms++)
			real(poll)(NULL, 0, 1);
		desc_put(h->d[i]);
	}
	return got;
}

static void wait_split_add(struct pollfd *to, unsigned int *of, unsigned int *n, int fd,
			   short events, nfds_t i)
{
	to[*n] = (struct pollfd){.fd = fd, .events = events};
	of[(*n)++] = (unsigned int)i;
}

static void split(struct split *s)
{
	for (nfds_t i = 0; i < s->n; i++) {
		struct pollfd *p = &s->fds[i];
		uint64_t slot = fd_slot(p->fd);
		int half;

		if (p->fd < 0)
			continue;
		if (slot_ours(slot)) {
			wait_split_add(s->stack, s->stack_of, &s->nstack, slot_stack(slot),
				       p->events, i);
			continue;
		}
		wait_split_add(s->host, s->host_of, &s->nhost, p->fd, p->events, i);
		half = wait_stack_half(p->fd);
		if (half >= 0)
			wait_split_add(s->stack, s->stack_of, &s->nstack, half, p->events, i);
	}
}

static int wait_join(struct split *s)
{
	int ready = 0;

	for (nfds_t i = 0; i < s->n; i++)
		s->fds[i].revents = 0;
	for (unsigned int j = 0; j < s->nstack; j++)
		s->fds[s->stack_of[j]].revents |= s->stack[j].revents;
	for (unsigned int j = 0; j < s->nhost; j++)
		s->fds[s->host_of[j]].revents |= s->host[j].revents;
	for (nfds_t i = 0; i < s->n; i++)
		ready += s->fds[i].revents != 0;
	return ready;
}

static bool wait_interrupted(long ret)
{
	return ret == -EINTR ||
	       (ret <= -ENGINE_ERESTARTSYS && ret >= -ENGINE_ERESTART_RESTARTBLOCK);
}

static int wait_split(struct split *s, const struct edge_deadline *until, struct edge_mask *mask)
{
	struct timespec left, *timeout;
	struct edge_result r;
	unsigned int nhost;
	bool ran;
	int ready;

	for (;;) {
		if (unlikely(cancel_is_used()))
			pthread_testcancel();
		timeout = edge_deadline_left(until, &left);
		nhost = s->nhost;
		if (mask->fd >= 0)
			s->host[nhost++] = (struct pollfd){.fd = mask->fd, .events = POLLIN};
		for (unsigned int j = 0; j < s->nstack; j++)
			s->stack[j].revents = 0;
		r = edge_once(s->host, nhost, SYS_ppoll,
			      EDGE_ARGS(s->stack, s->nstack, timeout, NULL, 8, 0));
		if (r.ret < 0 && !wait_interrupted(r.ret))
			return (int)r.ret;
		if (nhost && real(poll)(s->host, nhost, 0) < 0)
			return -errno;
		ready = wait_join(s);
		ran = mask->fd >= 0 && s->host[s->nhost].revents && edge_mask_deliver(mask);
		if (ready)
			return ready;
		if (ran || r.handled)
			return -EINTR;
		if (r.ret >= 0 && timeout) {
			edge_deadline_left(until, &left);
			if (!left.tv_sec && !left.tv_nsec)
				return 0;
		}
	}
}

static int wait_both(struct pollfd *fds, nfds_t n, const struct edge_deadline *until,
		     const sigset_t *mask)
{
	struct pollfd small_fds[2 * SMALL + 1];
	unsigned int small_of[2 * SMALL];
	struct split s = {.fds = fds, .n = n};
	struct edge_mask m;
	void *large = NULL;
	int ret;

	s.stack = small_fds;
	s.host = small_fds + SMALL;
	s.stack_of = small_of;
	s.host_of = small_of + SMALL;
	if (n > SMALL) {
		large = malloc((2 * n + 1) * sizeof(*fds) + 2 * n * sizeof(*s.host_of));
		if (!large)
			return -ENOMEM;
		s.stack = large;
		s.host = s.stack + n;
		s.stack_of = (unsigned int *)(s.host + n + 1);
		s.host_of = s.stack_of + n;
	}
	split(&s);
	edge_mask_begin(&m, mask);
	ret = wait_split(&s, until, &m);
	edge_mask_end(&m);
	free(large);
	return ret;
}

static int wait_host(struct pollfd *fds, nfds_t n, const struct edge_deadline *until,
		     const sigset_t *mask)
{
	struct timespec left;
	int ret = real(ppoll)(fds, n, edge_deadline_left(until, &left), mask);

	return ret < 0 ? -errno : ret;
}

int wait_poll(struct pollfd *fds, nfds_t n, const struct edge_deadline *until, const sigset_t *mask)
{
	struct halfless h;
	int saved = errno, ret;

	do {
		ret = wait_halfless_enter(&h, fds, n) ? wait_both(fds, n, until, mask)
						      : wait_host(fds, n, until, mask);
	} while (wait_halfless_leave(&h) && ret >= 0);
	errno = saved;
	return ret;
}

HOOK int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	struct timespec t = {timeout / 1000, timeout % 1000 * 1000000L};
	struct edge_deadline until;

	if (!concerns(fds, n))
		return real(poll)(fds, n, timeout);
	edge_deadline_set(&until, timeout < 0 ? NULL : &t);
	return (int)edge_ret(wait_poll(fds, n, &until, NULL));
}
HOOK_ALIAS(__poll, poll);

HOOK int __poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t room)
{
	if (room / sizeof(*fds) < n)
		return real(__poll_chk)(fds, n, timeout, room);
	return poll(fds, n, timeout);
}

HOOK int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
	struct edge_deadline until;
	int err;

	if (!concerns(fds, n))
		return real(ppoll)(fds, n, timeout, mask);
	err = edge_deadline_set(&until, timeout);
	return (int)edge_ret(err ? err : wait_poll(fds, n, &until, mask));
}

HOOK int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
		     const sigset_t *mask, size_t room)
{
	if (room / sizeof(*fds) < n)
		return real(__ppoll_chk)(fds, n, timeout, mask, room);
	return ppoll(fds, n, timeout, mask);
}
