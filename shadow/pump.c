// SPDX-License-Identifier: GPL-2.0-only
/*
 * pump.c - the two threads that move data, see pump.h.
 *
 * Theory of operation
 *
 * All registrations are edge-triggered and carry the socket's id, so an event that
 * comes late for a socket that is gone finds nothing. The host thread's
 * sleep is also the clock for what needs one: sweeps and deadlines.
 *
 * Sweep: /proc/self/net/unix lists the sockets of our network namespace by inode.
 * A suspect whose inode is not there has been closed by the program. A
 * suspect is marked before the list is read, so a socket that came after it is
 * never taken for gone.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>
#include "shadow/dgram.h"
#include "shadow/park.h"
#include "shadow/pump.h"
#include "shadow/sock.h"
#include "shadow/stream.h"

#define EVENTS	 64
#define SWEEP_NS 200000000ull
#define NO_SOCK	 UINT64_MAX
#define KICK	 (UINT64_MAX - 1)

static int host_epoll = -1, host_kick = -1;
static int stack_epoll = -1, stack_kick = -1;
static pthread_t host_thread, stack_thread;
static _Atomic bool stop;

static pthread_mutex_t suspects_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t *suspects;
static size_t nsuspects, suspects_room;
static _Atomic uint64_t deadline = NO_SOCK;

uint64_t pump_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void kick_host(void)
{
	uint64_t one = 1;

	if (!pthread_equal(pthread_self(), host_thread) && write(host_kick, &one, sizeof(one)) < 0)
		return;
}

void pump_watch_host(struct sock *s, uint32_t events)
{
	struct epoll_event ev = {.events = events | EPOLLRDHUP | EPOLLET, .data.u64 = sock_id(s)};

	if (s->pair < 0)
		return;
	epoll_ctl(host_epoll, s->on_host ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, s->pair, &ev);
	s->on_host = true;
}

void pump_watch_stack(struct sock *s, uint32_t events)
{
	struct epoll_event ev = {.events = events | EPOLLRDHUP | EPOLLET, .data.u64 = sock_id(s)};

	stack_call(SYS_epoll_ctl, stack_epoll, s->on_stack ? EPOLL_CTL_MOD : EPOLL_CTL_ADD,
		   s->stack, &ev, 0, 0);
	s->on_stack = true;
}

void pump_suspect(struct sock *s)
{
	bool first;

	pthread_mutex_lock(&suspects_lock);
	if (nsuspects == suspects_room) {
		size_t room = suspects_room ? suspects_room * 2 : 256;
		uint64_t *more = realloc(suspects, room * sizeof(*more));

		if (!more) {
			pthread_mutex_unlock(&suspects_lock);
			return;
		}
		suspects = more;
		suspects_room = room;
	}
	first = !nsuspects;
	suspects[nsuspects++] = sock_id(s);
	pthread_mutex_unlock(&suspects_lock);
	if (first)
		kick_host();
}

void pump_deadline(uint64_t ns)
{
	uint64_t old = atomic_load(&deadline);

	while (ns < old)
		if (atomic_compare_exchange_weak(&deadline, &old, ns))
			break;
	kick_host();
}

static int by_number(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a, y = *(const unsigned long *)b;

	return x < y ? -1 : x > y;
}

/* Inodes of all AF_UNIX sockets, sorted; NULL if they cannot be read. */
static unsigned long *living(size_t *n)
{
	FILE *f = fopen("/proc/self/net/unix", "re");
	unsigned long *ino = NULL;
	size_t room = 0;
	char line[512];

	*n = 0;
	if (!f)
		return NULL;
	while (fgets(line, sizeof(line), f)) {
		if (*n == room) {
			unsigned long *more;

			room = room ? room * 2 : 1024;
			more = realloc(ino, room * sizeof(*ino));
			if (!more) {
				free(ino);
				ino = NULL;
				break;
			}
			ino = more;
		}
		if (sscanf(line, "%*s %*s %*s %*s %*s %*s %lu", &ino[*n]) == 1)
			++*n;
	}
	fclose(f);
	if (ino)
		qsort(ino, *n, sizeof(*ino), by_number);
	return ino;
}

/* Give every suspect whose end is gone to its handler, keep the others. */
static void sweep(void)
{
	uint64_t *list;
	size_t n, nino;
	unsigned long *ino;

	pthread_mutex_lock(&suspects_lock);
	list = suspects;
	n = nsuspects;
	suspects = NULL;
	nsuspects = suspects_room = 0;
	pthread_mutex_unlock(&suspects_lock);

	ino = living(&nino);
	for (size_t i = 0; i < n; i++) {
		struct sock *s = sock_get(list[i]);
		unsigned long key;

		if (!s)
			continue;
		key = s->ino;
		if (!ino || bsearch(&key, ino, nino, sizeof(key), by_number)) {
			pump_suspect(s);
			sock_put(s);
		} else if (sock_is_stream(s)) {
			stream_swept(s);
		} else {
			sock_destroy(s);
		}
	}
	free(ino);
	free(list);
}

/* Milliseconds until there is something to do without an event; -1: never. */
static int host_timeout(uint64_t *last_sweep)
{
	uint64_t now = pump_now(), until = atomic_load(&deadline);
	bool any;

	if (now >= until) {
		atomic_store(&deadline, NO_SOCK);
		until = park_expire(now);
		if (until != NO_SOCK)
			pump_deadline(until);
		until = atomic_load(&deadline);
	}
	pthread_mutex_lock(&suspects_lock);
	any = nsuspects;
	pthread_mutex_unlock(&suspects_lock);
	if (any && now - *last_sweep >= SWEEP_NS) {
		sweep();
		*last_sweep = pump_now();
	}
	pthread_mutex_lock(&suspects_lock);
	any = nsuspects;
	pthread_mutex_unlock(&suspects_lock);
	if (any && *last_sweep + SWEEP_NS < until)
		until = *last_sweep + SWEEP_NS;
	if (until == NO_SOCK)
		return -1;
	return until > now ? (int)((until - now) / 1000000) + 1 : 0;
}

static void *host_loop(void *arg)
{
	struct epoll_event ev[EVENTS];
	uint64_t last_sweep = 0;

	prctl(PR_SET_NAME, "persona-host");
	while (!atomic_load(&stop)) {
		int n = epoll_wait(host_epoll, ev, EVENTS, host_timeout(&last_sweep));

		for (int i = 0; i < n; i++) {
			struct sock *s;
			uint64_t junk;

			if (ev[i].data.u64 == KICK) {
				if (read(host_kick, &junk, sizeof(junk)) < 0)
					continue;
				continue;
			}
			s = sock_get(ev[i].data.u64);
			if (!s)
				continue;
			if (sock_is_stream(s))
				stream_host_event(s, ev[i].events);
			else
				dgram_host_event(s, ev[i].events);
		}
	}
	engine_thread_exit();
	return arg;
}

static void *stack_loop(void *arg)
{
	struct epoll_event ev[EVENTS];

	prctl(PR_SET_NAME, "persona-stack");
	while (!atomic_load(&stop)) {
		long n = stack_call(SYS_epoll_pwait, stack_epoll, ev, EVENTS, -1, NULL, 8);

		for (long i = 0; i < n; i++) {
			struct sock *s = sock_get(ev[i].data.u64);

			if (!s)
				continue;
			if (sock_is_stream(s))
				stream_stack_event(s, ev[i].events);
			else
				dgram_stack_event(s, ev[i].events);
		}
	}
	engine_thread_exit();
	return arg;
}

int pump_start(void)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = KICK};
	sigset_t all, old;
	int err;

	host_epoll = epoll_create1(EPOLL_CLOEXEC);
	host_kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (host_epoll < 0 || host_kick < 0 || epoll_ctl(host_epoll, EPOLL_CTL_ADD, host_kick, &ev))
		return -errno;
	stack_epoll = (int)stack_call(SYS_epoll_create1, 0, 0, 0, 0, 0, 0);
	if (stack_epoll < 0)
		return stack_epoll;
	stack_kick = (int)stack_call(SYS_eventfd2, 0, EFD_NONBLOCK, 0, 0, 0, 0);
	if (stack_kick < 0)
		return stack_kick;
	ev.data.u64 = KICK;
	err = (int)stack_call(SYS_epoll_ctl, stack_epoll, EPOLL_CTL_ADD, stack_kick, &ev, 0, 0);
	if (err)
		return err;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&host_thread, NULL, host_loop, NULL);
	if (!err)
		err = pthread_create(&stack_thread, NULL, stack_loop, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -err;
}

void pump_stop(void)
{
	uint64_t one = 1;

	atomic_store(&stop, true);
	if (write(host_kick, &one, sizeof(one)) < 0)
		return;
	stack_call(SYS_write, stack_kick, &one, sizeof(one), 0, 0, 0);
	pthread_join(host_thread, NULL);
	pthread_join(stack_thread, NULL);
}
