// SPDX-License-Identifier: GPL-2.0-only
/*
 * cancel.c - pthread_cancel() against threads inside the stack.
 *
 * Theory of operation: libc acts on a cancellation inside its own blocking
 * functions, and the engine calls some of them; a thread must not be unwound
 * there. Programs that never cancel pay one load per entry: the
 * first pthread_cancel() sets cancel_used and makes every processor see it
 * (membarrier), after which an entry shuts cancellation for its duration. A
 * thread that was inside before is asked (@cancel_asked), and cancels
 * itself when it comes out. Either way the thread is interrupted by a signal so
 * that a blocked call ends, and edge.c acts before it would block again.
 *
 * Asynchronous cancellation is shut out the same way.
 *
 * The signal is the last real-time one unless the program uses it itself; then
 * a blocked call is not interrupted by cancellation.
 */
#include "inline/real.h"
#include "inline/cancel.h"
#include "inline/thread.h"
#include "engine/engine.h"

#include <linux/membarrier.h>

_Atomic bool cancel_used;

static void cancel_on_wake(int sig)
{
	if (engine_inside())
		engine_interrupt();
}

static bool cancel_wake_ready(void)
{
	static bool tried, ready;
	struct sigaction act = {.sa_handler = cancel_on_wake, .sa_flags = SA_RESTART}, old;

	if (!tried) {
		tried = true;
		if (real(sigaction)(SIGRTMAX, NULL, &old) == 0 && old.sa_handler == SIG_DFL)
			ready = real(sigaction)(SIGRTMAX, &act, NULL) == 0;
	}
	return ready;
}

static void cancel_use(void)
{
	if (cancel_is_used())
		return;
	real(syscall)(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
	atomic_store(&cancel_used, true);
	real(syscall)(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

void cancel_shut(void)
{
	int old;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	self.guarded = old == PTHREAD_CANCEL_ENABLE;
}

void cancel_open(void)
{
	bool guarded = self.guarded, asked = self.cancel_asked;
	int old;

	self.guarded = false;
	if (guarded)
		pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old);
	if (asked && !self.hold) {
		self.cancel_asked = false;
		real(pthread_cancel)(pthread_self());
		pthread_testcancel();
	}
}

HOOK int pthread_cancel(pthread_t thread)
{
	struct thread *t;
	int ret;

	if (pthread_equal(thread, pthread_self()))
		return real(pthread_cancel)(thread);
	thread_list_lock();
	cancel_use();
	t = thread_find(thread);
	if (t && t->inside && !t->guarded) {
		t->cancel_asked = true;
		ret = 0;
	} else {
		ret = real(pthread_cancel)(thread);
	}
	if (t && t->inside && !ret && cancel_wake_ready())
		pthread_kill(thread, SIGRTMAX);
	thread_list_unlock();
	return ret;
}

HOOK int pthread_setcanceltype(int type, int *old)
{
	if (type == PTHREAD_CANCEL_ASYNCHRONOUS)
		cancel_use();
	return real(pthread_setcanceltype)(type, old);
}
