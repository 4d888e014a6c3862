// SPDX-License-Identifier: GPL-2.0-only
/*
 * select.c - select() and pselect(), as a poll().
 *
 * Theory of operation: sets without a descriptor of the stack and without an epoll go to
 * the host unchanged. Otherwise each descriptor in any set becomes a poll entry, with
 * the same events Linux takes for the three sets; a closed one gives EBADF. As on Linux the
 * time not waited is written back by select(), not by pselect().
 */
#include "inline/real.h"
#include "inline/fdtable.h"
#include "inline/wait.h"

#include <stdlib.h>

#define IN_EVENTS     (POLLRDNORM | POLLRDBAND | POLLIN)
#define OUT_EVENTS    (POLLWRBAND | POLLWRNORM | POLLOUT)
#define EXCEPT_EVENTS POLLPRI
#define SMALL	      256

/*
 * Asked for with the descriptors that were the stack's at the entry. No kernel knows this bit. A
 * descriptor that another thread closes meanwhile is ready in its sets when Linux looks
 * again; one that was closed before is EBADF.
 */
#define OURS_AT_ENTRY 0x4000

#define WORD_BITS (8 * (int)sizeof(unsigned long))

/* Sets may be longer than FD_SETSIZE, so no FD_ISSET(). */
static bool select_in_set(int fd, const fd_set *set)
{
	const unsigned long *w = (const void *)set;

	return readable(set) && w[fd / WORD_BITS] >> (fd % WORD_BITS) & 1;
}

static void select_keep_in_set(int fd, fd_set *set, bool on)
{
	unsigned long *w = (void *)set;

	if (set && !on)
		w[fd / WORD_BITS] &= ~(1UL << (fd % WORD_BITS));
}

static bool select_concerns(int n, const fd_set *in, const fd_set *out, const fd_set *except)
{
	int top = fd_top();

	for (int fd = 0; fd < n && fd < top; fd++)
		if ((select_in_set(fd, in) || select_in_set(fd, out) ||
		     select_in_set(fd, except)) &&
		    wait_concerns(fd))
			return true;
	return false;
}

static unsigned int select_collect(struct pollfd *fds, int n, const fd_set *in, const fd_set *out,
				   const fd_set *except)
{
	unsigned int k = 0;

	for (int fd = 0; fd < n; fd++) {
		short events = (short)((select_in_set(fd, in) ? IN_EVENTS : 0) |
				       (select_in_set(fd, out) ? OUT_EVENTS : 0) |
				       (select_in_set(fd, except) ? EXCEPT_EVENTS : 0));

		if (events && slot_ours(fd_slot(fd)))
			events |= OURS_AT_ENTRY;
		if (events && fds)
			fds[k] = (struct pollfd){.fd = fd, .events = events};
		k += events != 0;
	}
	return k;
}

/* POLLHUP and POLLERR cannot be masked: look again a little later. True: time is up. */
static bool select_nap_after_hangup(const struct edge_deadline *until)
{
	struct timespec left, *t = edge_deadline_left(until, &left);

	if (t && !t->tv_sec && !t->tv_nsec)
		return true;
	real(poll)(NULL, 0, 1);
	return false;
}

/* How many bits select() would leave set; @write: and leave them. */
static int select_spread(const struct pollfd *fds, unsigned int k, fd_set *in, fd_set *out,
			 fd_set *except, bool write)
{
	int bits = 0;

	for (unsigned int i = 0; i < k; i++) {
		int fd = fds[i].fd, re = fds[i].revents;
		bool r = select_in_set(fd, in) && re & (IN_EVENTS | POLLHUP | POLLERR | POLLNVAL);
		bool w = select_in_set(fd, out) && re & (OUT_EVENTS | POLLERR | POLLNVAL);
		bool x = select_in_set(fd, except) && re & (EXCEPT_EVENTS | POLLNVAL);

		if (re & POLLNVAL && !(fds[i].events & OURS_AT_ENTRY))
			return -EBADF;
		bits += r + w + x;
		if (!write)
			continue;
		select_keep_in_set(fd, in, r);
		select_keep_in_set(fd, out, w);
		select_keep_in_set(fd, except, x);
	}
	return bits;
}

static int select_wait_select(int n, fd_set *in, fd_set *out, fd_set *except,
			      const struct edge_deadline *until, const sigset_t *mask)
{
	struct pollfd small[SMALL], *fds = small;
	unsigned int k = select_collect(NULL, n, in, out, except);
	int ready, ret;

	if (k > SMALL) {
		fds = malloc(k * sizeof(*fds));
		if (!fds)
			return -ENOMEM;
	}
	select_collect(fds, n, in, out, except);
	do {
		ready = ret = wait_poll(fds, k, until, mask);
		if (ret >= 0)
			ret = select_spread(fds, k, in, out, except, false);
	} while (ready > 0 && !ret && !select_nap_after_hangup(until));
	if (ret >= 0)
		select_spread(fds, k, in, out, except, true);
	if (fds != small)
		free(fds);
	return ret;
}

HOOK int select(int n, fd_set *in, fd_set *out, fd_set *except, struct timeval *timeout)
{
	struct edge_deadline until;
	struct timespec t, left;
	int ret;

	if (n < 0 || !select_concerns(n, in, out, except))
		return real(select)(n, in, out, except, timeout);
	if (timeout) {
		if (timeout->tv_sec < 0 || timeout->tv_usec < 0)
			return (int)edge_ret(-EINVAL);
		t.tv_sec = timeout->tv_sec + timeout->tv_usec / 1000000;
		t.tv_nsec = timeout->tv_usec % 1000000 * 1000;
	}
	edge_deadline_set(&until, timeout ? &t : NULL);
	ret = select_wait_select(n, in, out, except, &until, NULL);
	if (timeout && edge_deadline_left(&until, &left)) {
		timeout->tv_sec = left.tv_sec;
		timeout->tv_usec = left.tv_nsec / 1000;
	}
	return (int)edge_ret(ret);
}
HOOK_ALIAS(__select, select);

HOOK int pselect(int n, fd_set *in, fd_set *out, fd_set *except, const struct timespec *timeout,
		 const sigset_t *mask)
{
	struct edge_deadline until;
	int err;

	if (n < 0 || !select_concerns(n, in, out, except))
		return real(pselect)(n, in, out, except, timeout, mask);
	err = edge_deadline_set(&until, timeout);
	return (int)edge_ret(err ? err : select_wait_select(n, in, out, except, &until, mask));
}
