// SPDX-License-Identifier: GPL-2.0-only
/*
 * look.c - signals of threads whose calls are parked, see look.h.
 *
 * Theory of operation
 *
 * Once we have received a call, the kernel does not interrupt it (filter.c), and tells nobody that
 * a signal waits for its thread. So a thread of ours looks at /proc, often while the call is young,
 * and twice a second later: what waits for minutes must not keep a machine awake. (park.c has
 * the intervals.) It is a thread of its own since a look then costs one wake-up; the pump's sleep
 * is inside the stack and would cost four.
 *
 * Signals that a program of the run sends, or has asked a timer to send, are known beforehand: the
 * filter stops kill() and its like, alarm(), setitimer() and timer_settime(). Then all calls are
 * looked at every 2 ms for a while. What is left for the slow look comes from outside the run.
 *
 * Limits: HINTS timers are remembered; of a periodic one the first expiry (a call that it
 * interrupts is young again). A timer's absolute time is taken for the clock that fits.
 */
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include "engine/engine.h"
#include "lib/clock.h"
#include "lib/rawsys.h"
#include "shadow/call.h"
#include "shadow/look.h"
#include "shadow/park.h"

#define NEVER	   UINT64_MAX
#define SECOND	   1000000000ull
#define SOON	   1000000ull /* ns after the call that sends: it has gone on then */
#define HINTS	   16
#define OFTEN_FOR  30000000ull /* ns of frequent looks after a hint */
#define REALTIME_S 1000000000u /* absolute seconds from here on are CLOCK_REALTIME's */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic uint32_t news; /* a futex: counts */
static pthread_t thread;
static bool started, stop;
static uint64_t next = NEVER;	     /* when to look */
static uint64_t hint[HINTS];	     /* a signal may come then; 0: unused */
static _Atomic uint64_t often_until; /* monotonic ns */
static uint64_t (*look)(uint64_t now);

static void look_wake(void)
{
	news++;
	RAWSYS(SYS_futex, &news, FUTEX_WAKE_PRIVATE, 1);
}

/* Until look_wake(), or @until (absolute; NEVER). The lock is held, and let go meanwhile. */
static void look_sleep(uint64_t until)
{
	struct timespec t = {.tv_sec = (time_t)(until / SECOND), .tv_nsec = (long)(until % SECOND)};
	uint32_t seen = news;

	pthread_mutex_unlock(&lock);
	RAWSYS(SYS_futex, &news, FUTEX_WAIT_BITSET_PRIVATE, seen, until == NEVER ? NULL : &t, NULL,
	       FUTEX_BITSET_MATCH_ANY);
	pthread_mutex_lock(&lock);
}

/* The lock is held. */
static void look_sooner(uint64_t ns)
{
	if (ns >= next)
		return;
	next = ns;
	look_wake();
}

void look_at(uint64_t ns)
{
	pthread_mutex_lock(&lock);
	if (started)
		look_sooner(ns);
	pthread_mutex_unlock(&lock);
}

bool look_often(uint64_t now)
{
	return now < often_until;
}

/* A signal may come at @ns. */
static void look_hint(uint64_t ns)
{
	unsigned int i, last = 0;

	pthread_mutex_lock(&lock);
	for (i = 0; i < HINTS && hint[i]; i++)
		if (hint[i] > hint[last])
			last = i;
	if (i == HINTS && hint[last] > ns)
		i = last; /* full: the last one is forgotten */
	if (i < HINTS) {
		hint[i] = ns;
		look_sooner(ns);
	}
	pthread_mutex_unlock(&lock);
}

/* Hints that are due begin a while of frequent looks; gives when the next is due. Lock held. */
static uint64_t look_hints(uint64_t now)
{
	uint64_t first = NEVER;

	for (unsigned int i = 0; i < HINTS; i++) {
		if (hint[i] && hint[i] <= now) {
			often_until = hint[i] + OFTEN_FOR;
			hint[i] = 0;
		} else if (hint[i] && hint[i] < first) {
			first = hint[i];
		}
	}
	return first;
}

static void *look_run(void *arg)
{
	uint64_t now, again;

	prctl(PR_SET_NAME, "persona-look");
	pthread_mutex_lock(&lock);
	while (!stop) {
		now = clock_mono_ns();
		if (now < next) {
			look_sleep(next);
			continue;
		}
		next = look_hints(now);
		pthread_mutex_unlock(&lock);
		again = look(now);
		pthread_mutex_lock(&lock);
		if (again < next)
			next = again;
	}
	pthread_mutex_unlock(&lock);
	return arg;
}

int look_start(uint64_t (*at)(uint64_t now))
{
	int err;

	look = at;
	if (started)
		return 0;
	stop = false;
	err = engine_thread_create(&thread, 256 << 10, 0, look_run, NULL);
	started = !err;
	return err;
}

void look_stop(void)
{
	if (!started)
		return;
	pthread_mutex_lock(&lock);
	stop = true;
	started = false;
	look_wake();
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
}

long look_kill(struct call *c)
{
	if (park_any())
		look_hint(clock_mono_ns() + SOON);
	return CALL_PASS;
}

/* ns from now until the timer that call @c sets expires, 0: it is switched off, or not to be told.
 */
static uint64_t look_expiry(const struct call *c)
{
	struct itimerval v;
	struct itimerspec s;
	struct timespec now;
	uint64_t at, is;

	switch (c->nr) {
#ifdef SYS_alarm
	case SYS_alarm:
		return (unsigned int)c->args[0] * SECOND;
#endif
	case SYS_setitimer:
		if (c->args[0] != ITIMER_REAL || call_read(c, c->args[1], &v, sizeof(v)))
			return 0;
		return (uint64_t)v.it_value.tv_sec * SECOND + (uint64_t)v.it_value.tv_usec * 1000;
	default:
		if (call_read(c, c->args[2], &s, sizeof(s)))
			return 0;
		at = (uint64_t)s.it_value.tv_sec * SECOND + (uint64_t)s.it_value.tv_nsec;
		if (!(c->args[1] & TIMER_ABSTIME) || !at)
			return at;
		clock_read(s.it_value.tv_sec > REALTIME_S ? CLOCK_REALTIME : CLOCK_MONOTONIC, &now);
		is = (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
		return at > is ? at - is : 1;
	}
}

long look_alarm(struct call *c)
{
	uint64_t ns = look_expiry(c);

	if (ns && ns < NEVER / 2)
		look_hint(clock_mono_ns() + ns + SOON / 10);
	return CALL_PASS;
}
