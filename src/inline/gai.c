// SPDX-License-Identifier: GPL-2.0-only
/*
 * gai.c - getaddrinfo_a(): name look-ups that go on beside the program.
 *
 * Theory of operation: libc has threads of its own for these, which no hook sees and
 * which would ask name servers by the host's stack. So the queue and its threads are ours,
 * and call the getaddrinfo() hook. A request is the program's struct gaicb, from when it is
 * handed over until its __return says something other than EAI_INPROGRESS: gai_error()
 * reads just that, so it stays libc's.
 *
 * Threads: up to THREADS, made when a request finds none idle; one that has had nothing
 * to do for IDLE_S ends. They take no signals. A waiting thread sleeps on a count of finished
 * requests, and looks at its own list again; it holds nothing then, and may be cancelled.
 *
 * Locking: `lock` guards queue, counters and each __return.
 */
#include "inline/real.h"
#include "inline/gai.h"
#include "inline/thread.h"
#include "engine/engine.h"
#include "lib/clock.h"

#include <linux/futex.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 16
#define IDLE_S	1

/* One getaddrinfo_a(GAI_NOWAIT): whom to tell when the last of its requests is done. */
struct batch {
	unsigned int left;
	struct sigevent event;
};

struct request {
	struct request *next;
	struct gaicb *cb;
	struct batch *batch; /* NULL: nobody is to be told */
};

static struct lock lock;
static struct request *queue, **queue_end = &queue;
static _Atomic uint32_t finished; /* futex */
static unsigned int queued, threads, idle;
static sem_t work; /* a post for each request; one too many wakes a thread for nothing */

static void *gai_notify(void *arg)
{
	struct sigevent event = *(struct sigevent *)arg;

	free(arg);
	event.sigev_notify_function(event.sigev_value);
	return NULL;
}

static void gai_notify_by_thread(const struct sigevent *event)
{
	pthread_attr_t own, *attr = event->sigev_notify_attributes;
	struct sigevent *copy = malloc(sizeof(*copy));
	pthread_t thread;

	if (!copy)
		return;
	*copy = *event;
	if (!attr) {
		pthread_attr_init(&own);
		pthread_attr_setdetachstate(&own, PTHREAD_CREATE_DETACHED);
	}
	if (pthread_create(&thread, attr ? attr : &own, gai_notify, copy))
		free(copy);
	if (!attr)
		pthread_attr_destroy(&own);
}

static void gai_tell(const struct sigevent *event)
{
	if (event->sigev_notify == SIGEV_SIGNAL) {
		siginfo_t info = {.si_signo = event->sigev_signo, .si_code = SI_ASYNCNL};

		info.si_pid = getpid();
		info.si_uid = getuid();
		info.si_value = event->sigev_value;
		real(syscall)(SYS_rt_sigqueueinfo, getpid(), info.si_signo, &info);
	} else if (event->sigev_notify == SIGEV_THREAD) {
		gai_notify_by_thread(event);
	}
}

/* With the lock: @r has its result. Gives a batch of which it was the last, to be told. */
static struct batch *gai_finish(struct request *r, int result)
{
	struct batch *b = r->batch;

	__atomic_store_n(&r->cb->__return, result, __ATOMIC_RELEASE);
	atomic_fetch_add(&finished, 1);
	real(syscall)(SYS_futex, &finished, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
	free(r);
	return b && --b->left == 0 ? b : NULL;
}

static void gai_tell_batch(struct batch *b)
{
	if (b)
		gai_tell(&b->event);
	free(b);
}

static struct request *gai_take(void)
{
	struct request *r = queue;

	if (r) {
		queue = r->next;
		queued--;
		if (!queue)
			queue_end = &queue;
	}
	return r;
}

static void gai_look_up(struct request *r)
{
	struct gaicb *cb = r->cb;
	struct batch *told;
	int result;

	result = getaddrinfo(cb->ar_name, cb->ar_service, cb->ar_request, &cb->ar_result);
	lock_take(&lock);
	told = gai_finish(r, result);
	lock_give(&lock);
	gai_tell_batch(told);
}

static void *gai_serve(void *arg)
{
	struct timespec until;
	struct request *r;
	bool late = false;

	pthread_detach(pthread_self());
	for (;;) {
		lock_take(&lock);
		r = gai_take();
		if (!r && late)
			break;
		idle += !r;
		lock_give(&lock);
		if (r) {
			gai_look_up(r);
			late = false;
			continue;
		}
		clock_gettime(CLOCK_REALTIME, &until); /* libc's, as is sem_timedwait() */
		until.tv_sec += IDLE_S;
		late = sem_timedwait(&work, &until) < 0;
		lock_take(&lock);
		idle--;
		lock_give(&lock);
	}
	threads--;
	lock_give(&lock);
	return arg;
}

/* With the lock. Is there a thread that will come to the queue? */
static bool gai_serve_one_more(void)
{
	pthread_t thread;

	if (queued >= idle && threads < THREADS &&
	    !engine_thread_create(&thread, 0, 0, gai_serve, NULL))
		threads++;
	return threads > 0;
}

/* With the lock. 0, or an EAI_ code. */
static int gai_enqueue(struct gaicb *cb, struct batch *b)
{
	struct request *r = calloc(1, sizeof(*r));

	if (!r || !gai_serve_one_more()) {
		free(r);
		cb->__return = EAI_AGAIN;
		return EAI_AGAIN;
	}
	r->cb = cb;
	r->batch = b;
	if (b)
		b->left++;
	cb->__return = EAI_INPROGRESS;
	*queue_end = r;
	queue_end = &r->next;
	queued++;
	sem_post(&work);
	return 0;
}

static bool gai_in_progress(const struct gaicb *cb)
{
	return cb && __atomic_load_n(&cb->__return, __ATOMIC_ACQUIRE) == EAI_INPROGRESS;
}

/* Until @done(list) or @until (CLOCK_MONOTONIC); 0, ETIMEDOUT or EINTR. A cancellation point. */
static int gai_wait_for(bool (*done)(const struct gaicb *const list[], int n),
			const struct gaicb *const list[], int n, const struct timespec *until)
{
	for (;;) {
		uint32_t seen = atomic_load(&finished);
		int err = 0, type;

		if (done(list, n))
			return 0;
		real(pthread_setcanceltype)(PTHREAD_CANCEL_ASYNCHRONOUS, &type);
		if (real(syscall)(SYS_futex, &finished, FUTEX_WAIT_BITSET_PRIVATE, seen, until,
				  NULL, FUTEX_BITSET_MATCH_ANY) < 0)
			err = errno;
		real(pthread_setcanceltype)(type, &type);
		if (err && err != EAGAIN)
			return err;
	}
}

static bool gai_all_done(const struct gaicb *const list[], int n)
{
	for (int i = 0; i < n; i++)
		if (gai_in_progress(list[i]))
			return false;
	return true;
}

static bool gai_any_done(const struct gaicb *const list[], int n)
{
	for (int i = 0; i < n; i++)
		if (list[i] && !gai_in_progress(list[i]))
			return true;
	return false;
}

HOOK int getaddrinfo_a(int mode, struct gaicb *list[], int n, struct sigevent *event)
{
	struct batch *b = NULL;
	int result = 0, old;

	if (mode != GAI_WAIT && mode != GAI_NOWAIT) {
		errno = EINVAL;
		return EAI_SYSTEM;
	}
	if (mode == GAI_NOWAIT && event && event->sigev_notify != SIGEV_NONE) {
		b = malloc(sizeof(*b));
		if (!b)
			return EAI_MEMORY;
		/* One more, for as long as we add to it. */
		*b = (struct batch){.left = 1, .event = *event};
	}
	lock_take(&lock);
	for (int i = 0; i < n; i++) {
		if (list[i] && gai_enqueue(list[i], b))
			result = EAI_AGAIN;
	}
	if (b && --b->left)
		b = NULL;
	lock_give(&lock);
	gai_tell_batch(b);
	if (mode == GAI_WAIT) {
		const struct gaicb *const *seen = (const struct gaicb *const *)list;

		/* It is no cancellation point. */
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
		while (gai_wait_for(gai_all_done, seen, n, NULL))
			;
		pthread_setcancelstate(old, &old);
	}
	return result;
}

HOOK int gai_suspend(const struct gaicb *const list[], int n, const struct timespec *timeout)
{
	struct timespec until;

	if (gai_all_done(list, n))
		return EAI_ALLDONE;
	if (timeout) {
		if (timeout->tv_nsec < 0 || timeout->tv_nsec >= 1000000000) {
			errno = EINVAL;
			return EAI_SYSTEM;
		}
		clock_read(CLOCK_MONOTONIC, &until);
		until.tv_sec += timeout->tv_sec;
		until.tv_nsec += timeout->tv_nsec;
		if (until.tv_nsec >= 1000000000) {
			until.tv_nsec -= 1000000000;
			until.tv_sec++;
		}
	}
	switch (gai_wait_for(gai_any_done, list, n, timeout ? &until : NULL)) {
	case 0:
		return 0;
	case ETIMEDOUT:
		return EAI_AGAIN;
	case EINTR:
		return EAI_INTR;
	default:
		return EAI_SYSTEM;
	}
}

HOOK int gai_cancel(struct gaicb *cb)
{
	struct batch *told = NULL;
	int result = EAI_ALLDONE;

	lock_take(&lock);
	if (gai_in_progress(cb)) {
		result = EAI_NOTCANCELED;
		for (struct request **at = &queue; *at; at = &(*at)->next) {
			struct request *r = *at;

			if (r->cb != cb)
				continue;
			*at = r->next;
			queued--;
			if (!*at)
				queue_end = at;
			told = gai_finish(r, EAI_CANCELED);
			result = EAI_CANCELED;
			break;
		}
	}
	lock_give(&lock);
	gai_tell_batch(told);
	return result;
}

void gai_fork(int phase)
{
	if (phase == 0) {
		lock_take(&lock);
		return;
	}
	if (phase == 2) {
		/* The threads did not come along: what they had to do stays in progress. */
		queue = NULL;
		queue_end = &queue;
		queued = threads = idle = 0;
		sem_init(&work, 0, 0);
	}
	lock_give(&lock);
}
