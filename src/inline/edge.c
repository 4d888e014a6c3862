// SPDX-License-Identifier: GPL-2.0-only
/*
 * edge.c - the edge between a hook and the stack.
 *
 * Theory of operation: a hook has found that a descriptor is the stack's, and
 * enters with the stack's descriptor and the program's own pointers. While
 * the thread is inside, handlers do not run (signal.c puts the signal back and
 * interrupts the call); they run in signal_release(), after the engine has been
 * left and before the hook returns, on the program's stack. Then, as Linux does:
 *
 *	result				no handler ran	handler ran
 *	a result, another error		as it is	as it is
 *	ERESTARTSYS			repeat		repeat if SA_RESTART, else EINTR
 *	ERESTARTNOINTR			repeat		repeat
 *	ERESTARTNOHAND, _RESTARTBLOCK	repeat		EINTR
 *	EINTR				repeat		EINTR
 *
 * "No handler ran" happens when the interruption was meant for a watched host
 * descriptor, or for a cancellation.
 *
 * A handler may longjmp() away from signal_release(): nothing is held there.
 *
 * Cancellation: libc's cancellation of a thread inside the engine must not
 * unwind it; cancel.c sees to that. Before and after a blocking call it is
 * acted upon here.
 */
#include "inline/real.h"
#include "inline/cancel.h"
#include "inline/edge.h"
#include "inline/fdtable.h"
#include "inline/life.h"
#include "inline/say.h"
#include "inline/thread.h"
#include "engine/engine.h"
#include "lib/clock.h"
#include "sockets/event.h"

#include <sys/signalfd.h>

/* A call for a socket that went with an earlier program; of epoll_ctl() it is the third argument.
 */
static bool edge_dead(const long args[6])
{
	return args[0] == FD_DEAD || args[2] == FD_DEAD;
}

static long edge_refused(const long args[6], long ret)
{
	if (ret == -EBADF && !edge_dead(args))
		return ret;
	if (life_orphan())
		life_tell_orphan();
	else if (!stack_is_up() || edge_dead(args))
		say_once("process %d has a socket of the program that was in its place before, "
			 "which inline mode cannot hand on: " SAY_REMEDY,
			 getpid());
	return -ENETDOWN;
}

struct edge_result edge_once(struct pollfd *host, unsigned int nhost, long nr, const long args[6])
{
	struct thread *t = &self;
	struct edge_result r = {0};

	if (unlikely(!t->known))
		thread_known();
	atomic_store_explicit(&t->inside, true, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	if (unlikely(cancel_is_used()))
		cancel_shut();
	if (nhost)
		r.ret = engine_syscall_poll(host, nhost, nr, args);
	else
		r.ret = engine_syscall(nr, args);
	atomic_signal_fence(memory_order_seq_cst);
	atomic_store_explicit(&t->inside, false, memory_order_relaxed);
	if (unlikely(cancel_is_used()))
		cancel_open();
	if (unlikely(life_exiting()) && !t->ends && !t->hold && !t->bypass)
		life_park();
	if (unlikely(t->deferred) && !t->hold) {
		r.handled = true;
		r.norestart = t->norestart;
		signal_release();
	}
	if (unlikely((r.ret == -ENETDOWN && !stack_is_up()) || r.ret == -EBADF))
		r.ret = edge_refused(args, r.ret);
	return r;
}

/* What Linux would do with an interrupted call: true to enter again. */
static bool edge_again(struct edge_result *r)
{
	switch (r->ret) {
	case -ENGINE_ERESTARTSYS:
		if (!r->handled || !r->norestart)
			return true;
		break;
	case -ENGINE_ERESTARTNOINTR:
		return true;
	case -ENGINE_ERESTARTNOHAND:
	case -ENGINE_ERESTART_RESTARTBLOCK:
	case -EINTR:
		if (!r->handled)
			return true;
		break;
	default:
		return false;
	}
	r->ret = -EINTR;
	return false;
}

/* The address of connect(), bind() and sendto() stands in memory of ours. */
static void edge_trace(long nr, const long args[6], long ret)
{
	int at = nr == SYS_sendto ? 4 : 1;
	bool named = (nr == SYS_connect || nr == SYS_bind || nr == SYS_sendto) && ret != -EFAULT;
	const struct sockaddr *addr = named && readable(args[at]) ? (void *)args[at] : NULL;

	if (trace_on(TRACE_CALLS))
		event_call(getpid(), nr, args, addr, (socklen_t)args[at + 1], ret, NULL);
}

long edge_args(long nr, const long args[6])
{
	struct edge_result r;

	do {
		r = edge_once(NULL, 0, nr, args);
	} while (unlikely(r.ret < 0) && edge_again(&r));
	if (unlikely(trace_mask))
		edge_trace(nr, args, r.ret);
	return r.ret;
}

long edge_wait(long nr, const long args[6])
{
	struct edge_result r;

	do {
		if (unlikely(cancel_is_used()))
			pthread_testcancel();
		r = edge_once(NULL, 0, nr, args);
	} while (unlikely(r.ret < 0) && edge_again(&r));
	if (unlikely(trace_mask))
		edge_trace(nr, args, r.ret);
	return r.ret;
}

int edge_close(int fd)
{
	long ret = edge_once(NULL, 0, SYS_close, EDGE_ARGS(fd, 0, 0, 0, 0, 0)).ret;

	return ret <= -ENGINE_ERESTARTSYS ? -EINTR : (int)ret;
}

/* Waiting under another signal mask. */

static bool edge_sigset_minus(sigset_t *out, const sigset_t *a, const sigset_t *b)
{
	bool any = false;

	sigemptyset(out);
	for (int sig = 1; sig < NSIG; sig++)
		if (sigismember(a, sig) == 1 && sigismember(b, sig) != 1) {
			sigaddset(out, sig);
			any = true;
		}
	return any;
}

void edge_mask_begin(struct edge_mask *m, const sigset_t *mask)
{
	sigset_t diff;
	int fd;

	m->mask = mask;
	m->fd = -1;
	m->blocked = false;
	if (!mask)
		return;
	pthread_sigmask(SIG_BLOCK, NULL, &m->old);
	if (edge_sigset_minus(&diff, mask, &m->old)) {
		pthread_sigmask(SIG_BLOCK, &diff, NULL);
		m->blocked = true;
	}
	if (!edge_sigset_minus(&diff, &m->old, mask))
		return;
	fd = signalfd(self.sigfd - 1, &diff, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		return;
	if (!self.sigfd) {
		self.sigfd = fd + 1;
		fd_internal(fd, true);
	}
	m->fd = fd;
}

bool edge_mask_deliver(struct edge_mask *m)
{
	static const struct timespec zero;
	int saved = errno;
	bool ran;

	/* Unblocks what is pending for just this moment. */
	ran = real(ppoll)(NULL, 0, &zero, m->mask) < 0 && errno == EINTR;
	errno = saved;
	return ran;
}

void edge_mask_end(struct edge_mask *m)
{
	if (m->blocked)
		pthread_sigmask(SIG_SETMASK, &m->old, NULL);
}

int edge_deadline_set(struct edge_deadline *d, const struct timespec *timeout)
{
	d->forever = !timeout;
	if (d->forever)
		return 0;
	if (timeout->tv_sec < 0 || timeout->tv_nsec < 0 || timeout->tv_nsec >= 1000000000)
		return -EINVAL;
	if (!timeout->tv_sec && !timeout->tv_nsec) {
		d->at = (struct timespec){0};
		return 0;
	}
	clock_read(CLOCK_MONOTONIC, &d->at);
	if (__builtin_add_overflow(d->at.tv_sec, timeout->tv_sec, &d->at.tv_sec)) {
		d->forever = true;
		return 0;
	}
	d->at.tv_nsec += timeout->tv_nsec;
	if (d->at.tv_nsec >= 1000000000) {
		d->at.tv_nsec -= 1000000000;
		d->at.tv_sec++;
	}
	return 0;
}

struct timespec *edge_deadline_left(const struct edge_deadline *d, struct timespec *left)
{
	struct timespec now;

	if (d->forever)
		return NULL;
	*left = (struct timespec){0};
	if (!d->at.tv_sec && !d->at.tv_nsec)
		return left;
	clock_read(CLOCK_MONOTONIC, &now);
	left->tv_sec = d->at.tv_sec - now.tv_sec;
	left->tv_nsec = d->at.tv_nsec - now.tv_nsec;
	if (left->tv_nsec < 0) {
		left->tv_nsec += 1000000000;
		left->tv_sec--;
	}
	if (left->tv_sec < 0)
		*left = (struct timespec){0};
	return left;
}
