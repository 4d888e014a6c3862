// SPDX-License-Identifier: GPL-2.0-only
/*
 * epoll.c - an epoll over both worlds, each half real.
 *
 * Theory of operation: the program's descriptor is the host's epoll. When the
 * first socket of the stack is added, a second epoll is made inside the stack
 * (desc->epoll); from then on the two are one. Registrations go to the half
 * that knows the descriptor; event data is the program's, so edge-triggered,
 * one-shot, exclusive and data.ptr are the kernels' own. epoll_wait() asks both
 * halves without waiting, then sleeps in the stack's half while the engine
 * watches the host's half, one descriptor.
 *
 * An epoll without host descriptors (desc->hosted is 0, an upper bound) needs no
 * system call of the host at all, and one without sockets of the stack nothing of ours. A thread
 * that sleeps on one half is woken when another thread brings the other into use (marker.c).
 *
 * Nesting: adding an epoll to an epoll starts the stack, and joins the halves
 * pairwise; an event of the inner one may then be reported once per half.
 *
 * Threads: any number may wait. The halves are asked in turn first, so that a busy
 * one does not starve the other.
 */
#include "inline/real.h"
#include "inline/cancel.h"
#include "inline/edge.h"
#include "inline/fdtable.h"
#include "inline/life.h"
#include "inline/number.h"
#include "inline/thread.h"
#include "inline/wait.h"
#include "engine/engine.h"

static atomic_uint turn;

static int epoll_remember_epoll(int fd)
{
	struct desc *d;

	if (fd < 0 || self.bypass || engine_inside())
		return number_ours(fd);
	d = desc_new();
	if (d && !fd_set_slot(fd, FD_EPOLL, d, 0))
		desc_put(d);
	return fd;
}

HOOK int epoll_create(int size)
{
	return epoll_remember_epoll(real(epoll_create)(size));
}

HOOK int epoll_create1(int flags)
{
	return epoll_remember_epoll(real(epoll_create1)(flags));
}

/* The stack's half of @ep, made if need be; -errno. */
static int epoll_half_of(int ep)
{
	uint64_t slot = fd_slot(ep);
	struct desc *d;
	int have, err;
	long half;

	if (!slot) {
		/* Perhaps an epoll that came by exec or in a message: ask the host. */
		int saved = errno, pass;

		pass = real(epoll_ctl)(ep, EPOLL_CTL_DEL, ep, NULL) < 0 && errno == ENOENT;
		errno = saved;
		if (pass)
			epoll_remember_epoll(ep);
		slot = fd_slot(ep);
	}
	if (slot_kind(slot) != FD_EPOLL)
		return real(fcntl)(ep, F_GETFD) < 0 ? -EBADF : -EINVAL;
	d = slot_desc(slot);
	have = atomic_load(&d->epoll);
	if (have >= 0)
		return have;
	err = stack_need();
	if (err)
		return err;
	half = edge(SYS_epoll_create1, 0, 0, 0, 0, 0, 0);
	if (half < 0)
		return (int)half;
	if (atomic_compare_exchange_strong(&d->epoll, &have, (int)half)) {
		marker_raise(d->marker, MARKER_HOST, ep);
		return (int)half;
	}
	edge_close((int)half);
	return have;
}

/* Remember where a socket that may still move is registered. */
static void epoll_note(struct desc *d, int ep, int op, int fd, const struct epoll_event *ev)
{
	struct desc_reg *empty = NULL;

	for (int i = 0; i < DESC_REGS; i++) {
		struct desc_reg *r = &d->reg[i];

		if (r->ep == ep && r->fd == fd) {
			if (op == EPOLL_CTL_DEL)
				r->ep = -1;
			else
				r->ev = *ev;
			return;
		}
		if (r->ep < 0)
			empty = r;
	}
	if (op == EPOLL_CTL_ADD && empty)
		*empty = (struct desc_reg){.ep = ep, .fd = fd, .ev = *ev};
}

static int epoll_ctl_stack(int ep, int op, uint64_t slot, int fd, struct epoll_event *ev)
{
	int half = epoll_half_of(ep);
	long ret;

	if (half < 0)
		return half;
	ret = edge(SYS_epoll_ctl, half, op, slot_stack(slot), ev, 0, 0);
	if (!ret && !slot_desc(slot)->core.settled)
		epoll_note(slot_desc(slot), ep, op, fd, ev);
	return (int)ret;
}

void epoll_hosted(struct desc *d)
{
	int half = atomic_load(&d->epoll);

	if (atomic_fetch_add(&d->hosted, 1) == 0 && half >= 0)
		marker_raise(d->marker, MARKER_STACK, half);
}

static int epoll_ctl_host(int ep, int op, int fd, struct epoll_event *ev)
{
	uint64_t slot = fd_slot(ep);
	int ret = real(epoll_ctl)(ep, op, fd, ev);

	if (ret == 0 && slot_kind(slot) == FD_EPOLL) {
		if (op == EPOLL_CTL_ADD)
			epoll_hosted(slot_desc(slot));
		else if (op == EPOLL_CTL_DEL)
			atomic_fetch_sub(&slot_desc(slot)->hosted, 1);
	}
	return ret;
}

HOOK int epoll_ctl(int ep, int op, int fd, struct epoll_event *ev)
{
	uint64_t slot = fd_slot(fd);
	int ret, saved = errno;

	if (slot_ours(fd_slot(ep)))
		return (int)edge_ret(-EINVAL);
	if (slot_ours(slot))
		return (int)edge_ret(epoll_ctl_stack(ep, op, slot, fd, ev));
	ret = epoll_ctl_host(ep, op, fd, ev);
	if (ret == 0 && unlikely(slot_kind(slot) == FD_EPOLL)) {
		int outer = epoll_half_of(ep), inner = epoll_half_of(fd);

		if (outer >= 0 && inner >= 0)
			edge(SYS_epoll_ctl, outer, op, inner, ev, 0, 0);
		errno = saved;
	}
	return ret;
}

/* Both halves without waiting. */
static long epoll_gather(int ep, struct desc *d, struct epoll_event *evs, int n, bool hosted)
{
	int half = atomic_load(&d->epoll);
	long got = 0, more;
	bool host_first = hosted && atomic_fetch_add(&turn, 1) & 1;

	if (host_first) {
		got = real(epoll_wait)(ep, evs, n, 0);
		if (got < 0)
			return -errno;
		hosted = false;
	}
	if (got < n) {
		more = edge(SYS_epoll_pwait, half, evs + got, n - got, 0, NULL, 8);
		if (more < 0)
			return got ? got : more;
		got += more;
	}
	if (hosted && got < n) {
		more = real(epoll_wait)(ep, evs + got, n - (int)got, 0);
		if (more > 0)
			got += more;
	}
	return marker_filter(d->marker, (int[2]){ep, half}, evs, (int)got);
}

static int epoll_sleep_ms(const struct edge_deadline *until)
{
	struct timespec left;
	long long ms;

	if (!edge_deadline_left(until, &left))
		return -1;
	ms = left.tv_sec * 1000LL + (left.tv_nsec + 999999) / 1000000;
	return ms > INT32_MAX ? INT32_MAX : (int)ms;
}

static long epoll_wait_both(int ep, struct desc *d, struct epoll_event *evs, int n,
			    const struct edge_deadline *until, struct edge_mask *mask)
{
	int half = atomic_load(&d->epoll), ms;
	struct edge_result r;
	struct pollfd host[2];
	unsigned int nhost;
	bool hosted;
	long got;

	for (;;) {
		if (unlikely(cancel_is_used()))
			pthread_testcancel();
		hosted = atomic_load(&d->hosted) > 0;
		if (hosted || mask->fd >= 0) {
			got = epoll_gather(ep, d, evs, n, hosted);
			if (got)
				return got;
		}
		ms = epoll_sleep_ms(until);
		nhost = 0;
		if (hosted)
			host[nhost++] = (struct pollfd){.fd = ep, .events = POLLIN};
		if (mask->fd >= 0)
			host[nhost++] = (struct pollfd){.fd = mask->fd, .events = POLLIN};
		if (!hosted) {
			marker_enter(d->marker, MARKER_STACK);
			if (unlikely(atomic_load(&d->hosted) > 0)) {
				marker_leave(d->marker, MARKER_STACK, half);
				continue;
			}
		}
		r = edge_once(host, nhost, SYS_epoll_pwait, EDGE_ARGS(half, evs, n, ms, NULL, 8));
		if (!hosted)
			marker_leave(d->marker, MARKER_STACK, half);
		if (r.ret > 0) {
			got = marker_filter(d->marker, (int[2]){ep, half}, evs, (int)r.ret);
			if (got)
				return got;
		}
		if (mask->fd >= 0 && edge_mask_deliver(mask))
			return -EINTR;
		if (r.handled)
			return -EINTR;
		if (r.ret < 0 && r.ret != -EINTR && r.ret > -ENGINE_ERESTARTSYS)
			return r.ret;
		if (r.ret == 0 && epoll_sleep_ms(until) == 0)
			return hosted ? epoll_gather(ep, d, evs, n, true) : 0;
	}
}

static int epoll_wait_epoll(int ep, struct epoll_event *evs, int n, const struct timespec *timeout,
			    const sigset_t *mask)
{
	struct desc *d = slot_desc(fd_slot(ep));
	struct edge_deadline until;
	struct edge_mask m;
	int saved = errno;
	long ret;

	if (n <= 0)
		return -EINVAL;
	ret = edge_deadline_set(&until, timeout);
	if (ret)
		return (int)ret;
	edge_mask_begin(&m, mask);
	ret = epoll_wait_both(ep, d, evs, n, &until, &m);
	edge_mask_end(&m);
	errno = saved;
	return (int)ret;
}

/* A wait by any of the three names: @t is the time-out, @ms the same for those that have it so. */
struct wait {
	int ep;
	struct epoll_event *evs;
	int n;
	const struct timespec *t;
	const sigset_t *mask;
	bool by_ms;
	int ms;
};

static int epoll_host_wait(const struct wait *w)
{
	return w->by_ms ? real(epoll_pwait)(w->ep, w->evs, w->n, w->ms, w->mask)
			: real(epoll_pwait2)(w->ep, w->evs, w->n, w->t, w->mask);
}

/* No half in the stack so far: the host's call, unless another thread makes one meanwhile. */
static int epoll_wait_alone(const struct wait *w)
{
	uint64_t slot = fd_slot(w->ep);
	struct desc *d = slot_desc(slot);
	struct edge_deadline until;
	struct timespec left;
	int ret = 0, half;

	if (slot_kind(slot) != FD_EPOLL || (w->t && !w->t->tv_sec && !w->t->tv_nsec) ||
	    edge_deadline_set(&until, w->t))
		return epoll_host_wait(w);
	marker_enter(d->marker, MARKER_HOST);
	half = atomic_load(&d->epoll);
	if (half < 0)
		ret = epoll_host_wait(w);
	marker_leave(d->marker, MARKER_HOST, w->ep);
	if (ret > 0)
		ret = marker_filter(d->marker, (int[2]){w->ep, half}, w->evs, ret);
	if (ret || atomic_load(&d->epoll) < 0)
		return ret;
	return (int)edge_ret(
		epoll_wait_epoll(w->ep, w->evs, w->n, edge_deadline_left(&until, &left), w->mask));
}

static int epoll_wait_any(const struct wait *w)
{
	if (likely(wait_stack_half(w->ep) < 0))
		return epoll_wait_alone(w);
	return (int)edge_ret(epoll_wait_epoll(w->ep, w->evs, w->n, w->t, w->mask));
}

HOOK int epoll_pwait(int ep, struct epoll_event *evs, int n, int ms, const sigset_t *mask)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000L};

	return epoll_wait_any(&(struct wait){ep, evs, n, ms < 0 ? NULL : &t, mask, true, ms});
}

HOOK int epoll_wait(int ep, struct epoll_event *evs, int n, int ms)
{
	return epoll_pwait(ep, evs, n, ms, NULL);
}

HOOK int epoll_pwait2(int ep, struct epoll_event *evs, int n, const struct timespec *t,
		      const sigset_t *mask)
{
	return epoll_wait_any(&(struct wait){ep, evs, n, t, mask, false, 0});
}
