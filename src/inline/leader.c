// SPDX-License-Identifier: GPL-2.0-only
/*
 * leader.c - a process whose main thread has ended before the others.
 *
 * Theory of operation: after pthread_exit() in main() a process lives until its last
 * thread ends, which libc then lets do exit(0). libc counts threads, and some
 * are Persona's (engine, follower, control): they never end, so neither would
 * the process. So when the main thread ends while the stack is up, or the
 * stack comes up in a process without one, a last thread is started here. It asks
 * the kernel how many threads there are, and when all but the main one, which the kernel
 * keeps as a zombie, are Persona's, it does what libc would have done.
 *
 * The number of threads is the link count of /proc/self/task less two
 * (tests/assumptions/thread_count.c): one call, no descriptor. It is asked for at growing
 * intervals, NAP_MAX_MS at last, which is how much later than on the host the
 * process may end. No thread of the program needs to be known, so those that libc
 * itself starts (SIGEV_THREAD) keep the process alive as they do on the host.
 *
 * When a thread ends the process (life_end()), Persona's threads end as well and the
 * count says nothing more.
 *
 * Who has the main thread's end: the destructor of thread.c's key, which the constructor
 * arms for it. Functions of atexit() run in our thread, with the signal mask that
 * the main thread had at its end.
 *
 * Limits: without /proc the process does not end by itself.
 */
#include "inline/real.h"
#include "inline/leader.h"
#include "inline/life.h"
#include "inline/say.h"
#include "inline/thread.h"
#include "engine/engine.h"
#include "lib/rawsys.h"

#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#define NAP_MIN_MS 2
#define NAP_MAX_MS 50

static struct lock lock;
static bool gone;	  /* the main thread has ended */
static int own;		  /* threads of Persona's, 0: no stack */
static atomic_bool ended; /* the process ends already */
static sigset_t mask;	  /* the main thread's, at its end */

/* Threads of this process, the ended main one included; 0: not to be known. */
static int leader_threads(void)
{
	struct stat st;

	return stat("/proc/self/task", &st) == 0 && st.st_nlink > 2 ? (int)st.st_nlink - 2 : 0;
}

static void *leader_outlive(void *unused)
{
	long nap = NAP_MIN_MS;
	int n;

	prctl(PR_SET_NAME, "persona-last");
	/* The main one, Persona's, and this. */
	while ((n = leader_threads()) > own + 2) {
		struct timespec t = {.tv_nsec = nap * 1000000};

		RAWSYS(SYS_nanosleep, &t, NULL);
		nap = nap * 2 < NAP_MAX_MS ? nap * 2 : NAP_MAX_MS;
	}
	if (atomic_load(&ended))
		return NULL;
	if (!n) {
		say("no /proc: the process will not end with its last thread");
		return NULL;
	}
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	exit(0);
}

/* Once both are so. The lock is held. */
static void leader_outlive_if_needed(void)
{
	pthread_t thread;
	int err;

	if (!gone || !own)
		return;
	err = engine_thread_create(&thread, 0, 0, leader_outlive, NULL);
	if (err)
		say("the process will not end with its last thread: %s", strerror(-err));
	else
		pthread_detach(thread);
}

void leader_gone(void)
{
	lock_take(&lock);
	if (!gone) {
		pthread_sigmask(SIG_SETMASK, NULL, &mask);
		gone = true;
		leader_outlive_if_needed();
	}
	lock_give(&lock);
}

void leader_stack_up(int n)
{
	lock_take(&lock);
	own = n;
	leader_outlive_if_needed();
	lock_give(&lock);
}

void leader_end(void)
{
	atomic_store(&ended, true);
}

void leader_fork(int phase)
{
	if (phase == 0) {
		lock_take(&lock);
		return;
	}
	if (phase == 2) {
		gone = false;
		own = 0;
	}
	lock_give(&lock);
}
