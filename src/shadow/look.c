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
 * looked at every 2 ms for a while.
 *
 * What is left comes from outside the run. The command's own process tells us of those, too: before
 * it executes the command, it adds a signalfd of its own to our epoll instance (look_in_child()).
 * Linux then has our epoll in the process's queue of those that wait for signals, through exec and
 * for all its threads, and wakes it for each signal, whichever it is. Whether the signalfd is
 * readable is judged by what waits for the reader's own thread: so the thread that looks has a
 * blocked signal waiting for ever, and each wake-up is an event (EPOLLET). Documented nowhere:
 * tests/assumptions/signal_epoll.c. Processes that the command starts cannot be had that way: for
 * them there is the slow look.
 *
 * Limits: after an event, the next look because of one is EVENTS_MS later at the earliest. HINTS
 * timers are remembered; of a periodic one the first expiry (a call that it interrupts is young
 * again). A timer's absolute time is taken for the clock that fits.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
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
#define EVENTS_MS  10
#define WAITING	   SIGRTMAX /* for the thread that looks */

enum { EVENT_NEWS, EVENT_SIGNAL };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int events = -1;	   /* epoll */
static int news = -1;	   /* eventfd: @next or @stop has changed */
static int signalled = -1; /* the command's signalfd: ours to hold, so that it stays in @events */
static pthread_t thread;
static bool started, stop;
static uint64_t next = NEVER;	     /* when to look */
static uint64_t hint[HINTS];	     /* a signal may come then; 0: unused */
static _Atomic uint64_t often_until; /* monotonic ns */
static uint64_t (*look)(uint64_t now);

/* The lock is held. */
static void look_sooner(uint64_t ns)
{
	if (ns >= next)
		return;
	next = ns;
	eventfd_write(news, 1);
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

/* A signal may come at @ns. The lock is held. */
static void look_hint_locked(uint64_t ns)
{
	unsigned int i, last = 0;

	for (i = 0; i < HINTS && hint[i]; i++)
		if (hint[i] > hint[last])
			last = i;
	if (i == HINTS && hint[last] > ns)
		i = last; /* full: the last one is forgotten */
	if (i < HINTS) {
		hint[i] = ns;
		look_sooner(ns);
	}
}

static void look_hint(uint64_t ns)
{
	pthread_mutex_lock(&lock);
	look_hint_locked(ns);
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

/* The command's process has got a signal. The lock is held. */
static void look_event(uint64_t now)
{
	static uint64_t last;

	if (!park_any())
		return;
	if (now - last < EVENTS_MS * 1000000ull)
		now = last + EVENTS_MS * 1000000ull;
	last = now;
	look_hint_locked(now);
}

/* Until @next, or an event: without the lock, which is held before and after. */
static void look_sleep(uint64_t now)
{
	int ms = next == NEVER ? -1 : next <= now ? 0 : (int)((next - now) / 1000000) + 1;
	struct epoll_event e[2];
	eventfd_t count;
	int n;

	pthread_mutex_unlock(&lock);
	n = (int)RAWSYS(SYS_epoll_pwait, events, e, 2, ms, NULL, 0);
	pthread_mutex_lock(&lock);
	for (int i = 0; i < n; i++)
		if (e[i].data.u32 == EVENT_SIGNAL)
			look_event(clock_mono_ns());
		else
			eventfd_read(news, &count);
}

static void *look_run(void *arg)
{
	uint64_t now, again;
	sigset_t set;

	prctl(PR_SET_NAME, "persona-look");
	sigemptyset(&set);
	sigaddset(&set, WAITING);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	pthread_kill(pthread_self(), WAITING);
	pthread_mutex_lock(&lock);
	while (!stop) {
		now = clock_mono_ns();
		if (now < next) {
			look_sleep(now);
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

static void look_close(void)
{
	int *fds[] = {&events, &news, &signalled};

	for (unsigned int i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

int look_prepare(void)
{
	struct epoll_event e = {.events = EPOLLIN, .data.u32 = EVENT_NEWS};
	int err;

	if (events >= 0)
		return 0;
	events = epoll_create1(EPOLL_CLOEXEC);
	news = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (events >= 0 && news >= 0 && !epoll_ctl(events, EPOLL_CTL_ADD, news, &e))
		return 0;
	err = -errno;
	look_close();
	return err;
}

int look_in_child(void)
{
	struct epoll_event e = {.events = EPOLLIN | EPOLLET, .data.u32 = EVENT_SIGNAL};
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, WAITING);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd >= 0)
		epoll_ctl(events, EPOLL_CTL_ADD, fd, &e);
	return fd;
}

void look_hold(int fd)
{
	signalled = fd;
}

int look_start(uint64_t (*at)(uint64_t now))
{
	int err;

	look = at;
	if (started)
		return 0;
	stop = false;
	err = look_prepare();
	if (err)
		return err;
	err = engine_thread_create(&thread, 256 << 10, 0, look_run, NULL);
	started = !err;
	return err;
}

void look_quit(void)
{
	if (!started)
		return;
	pthread_mutex_lock(&lock);
	stop = true;
	eventfd_write(news, 1);
	pthread_mutex_unlock(&lock);
}

void look_stop(void)
{
	if (!started)
		return;
	look_quit();
	started = false;
	pthread_join(thread, NULL);
	look_close();
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
