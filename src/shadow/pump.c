// SPDX-License-Identifier: GPL-2.0-only
/*
 * pump.c - the thread that moves data, see pump.h.
 *
 * Theory of operation
 *
 * The thread sleeps inside the stack, in the stack's epoll, and so drives it; the
 * host's epoll is a descriptor that is watched meanwhile. One thread for both
 * worlds: a request and its reply need one wake-up, not two, and copying is
 * what costs, not waiting.
 *
 * All registrations are edge-triggered and carry the socket's id, so an event that
 * comes late for a socket that is gone finds nothing. The
 * thread's sleep is also the clock for what needs one: sweeps and deadlines.
 *
 * close() of the program's is not a call that we see, but its hang-up is there
 * when it returns. A call that depends on what was closed before (bind() to the
 * same port) takes the waiting events first, see serve.c.
 *
 * Sweep: /proc/self/net/unix lists the sockets of our network namespace by inode.
 * A suspect whose inode is not there has been closed by the program. A
 * suspect is marked, and its inode taken down, before the list is read: so a socket that came
 * after it, or has had a new end meanwhile (sock_renew()), is never taken for gone.
 */
#include <errno.h>
#include <poll.h>
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
#include "lib/clock.h"
#include "engine/engine.h"
#include "shadow/closing.h"
#include "shadow/pump.h"
#include "shadow/sock.h"

#define EVENTS 64
#define SWEEP_MIN                                                                          \
	200000000ull	/* between two sweeps; twice as long after each that found nothing \
			 */
#define RELIEVE	    512 /* suspects that are swept without waiting */
#define SWEEP_FRESH 1000000000ull
#define SWEEP_MAX   10000000000ull
#define LATER	    256
#define NO_SOCK	    UINT64_MAX
#define KICK	    (UINT64_MAX - 1)
#define CLOSED	    (UINT64_MAX - 2)	    /* closing.h has news */
#define FD_ID(i)    (UINT64_MAX - 16 - (i)) /* of pump_watch_fd() */

static int host_epoll = -1, kick_fd = -1;
static int stack_epoll = -1;
static uint64_t (*pump_due)(uint64_t now);

static struct {
	void (*event)(unsigned int arg);
	unsigned int arg;
} watched[PUMP_FDS];
static unsigned int nwatched; /* its callers take turns (sniff.c) */
static pthread_t thread;
static bool started;

/* Events that pump_settle() took and that are the pump's; guarded by the lock. */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static struct epoll_event later[LATER];
static int nlater;
static _Atomic bool stop;

static pthread_mutex_t suspects_lock = PTHREAD_MUTEX_INITIALIZER;
static struct suspect {
	uint64_t id;
	unsigned long ino; /* set while a sweep looks */
} * suspects;
static size_t nsuspects, suspects_room;
static _Atomic uint64_t sweep_every = SWEEP_MIN; /* of the pump's thread; others start it again */
static size_t relieve_at = RELIEVE;
static _Atomic uint64_t deadline = NO_SOCK;

static void pump_kick(void)
{
	uint64_t one = 1;

	if (!pthread_equal(pthread_self(), thread) && write(kick_fd, &one, sizeof(one)) < 0)
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

int pump_watch_fd(int fd, void (*event)(unsigned int arg), unsigned int arg)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET};
	unsigned int i = 0;

	/* The same one again, after its descriptor was closed, has its place. */
	while (i < nwatched && (watched[i].event != event || watched[i].arg != arg))
		i++;
	if (i == PUMP_FDS)
		return -ENOSPC;
	if (i == nwatched)
		nwatched++;
	watched[i].arg = arg;
	watched[i].event = event;
	ev.data.u64 = FD_ID(i);
	return epoll_ctl(host_epoll, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

void pump_set_due(uint64_t (*due)(uint64_t now))
{
	pump_due = due;
}

void pump_watch_stack(struct sock *s, uint32_t events)
{
	struct epoll_event ev = {.events = events | EPOLLRDHUP | EPOLLET, .data.u64 = sock_id(s)};

	stack_call(SYS_epoll_ctl, stack_epoll, s->on_stack ? EPOLL_CTL_MOD : EPOLL_CTL_ADD,
		   s->stack, &ev, 0, 0);
	s->on_stack = true;
}

void pump_unwatch_stack(struct sock *s)
{
	if (s->on_stack)
		stack_call(SYS_epoll_ctl, stack_epoll, EPOLL_CTL_DEL, s->stack, NULL, 0, 0);
	s->on_stack = false;
}

/* The suspects' lock is held. */
static void pump_add_suspect(const struct sock *s)
{
	if (nsuspects == suspects_room) {
		size_t room = suspects_room ? suspects_room * 2 : 256;
		struct suspect *more = realloc(suspects, room * sizeof(*more));

		if (!more)
			return;
		suspects = more;
		suspects_room = room;
	}
	suspects[nsuspects++].id = sock_id(s);
}

void pump_fresh(struct sock *s)
{
	pthread_mutex_lock(&suspects_lock);
	if (!nsuspects)
		sweep_every = SWEEP_FRESH;
	pump_add_suspect(s);
	pthread_mutex_unlock(&suspects_lock);
}

void pump_relieve(void)
{
	bool many;

	pthread_mutex_lock(&suspects_lock);
	many = nsuspects >= relieve_at;
	pthread_mutex_unlock(&suspects_lock);
	if (!many)
		return;
	pump_sweep();
	pthread_mutex_lock(&suspects_lock);
	relieve_at = nsuspects * 2 > RELIEVE ? nsuspects * 2 : RELIEVE;
	pthread_mutex_unlock(&suspects_lock);
}

/* Is it still in doubt? */
static bool pump_doubtful(const struct sock *s)
{
	return s->suspect || (sock_is_stream(s) && s->state == SOCK_FRESH && s->pair < 0);
}

/* Take the list; drop those that are gone or beyond doubt. */
static size_t pump_take_suspects(struct suspect **list)
{
	size_t n, left = 0;

	pthread_mutex_lock(&suspects_lock);
	*list = suspects;
	n = nsuspects;
	suspects = NULL;
	nsuspects = suspects_room = 0;
	pthread_mutex_unlock(&suspects_lock);
	for (size_t i = 0; i < n; i++) {
		struct sock *s = sock_get((*list)[i].id);

		if (!s)
			continue;
		if (pump_doubtful(s))
			(*list)[left++] = (struct suspect){(*list)[i].id, s->ino};
		sock_put(s);
	}
	return left;
}

void pump_suspect(struct sock *s)
{
	if (s->suspect)
		return;
	s->suspect = true;
	pthread_mutex_lock(&suspects_lock);
	pump_add_suspect(s);
	sweep_every = SWEEP_MIN;
	pthread_mutex_unlock(&suspects_lock);
	pump_kick();
}

void pump_deadline(uint64_t ns)
{
	uint64_t old = atomic_load(&deadline);

	while (ns < old)
		if (atomic_compare_exchange_weak(&deadline, &old, ns))
			break;
	pump_kick();
}

static int pump_by_number(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a, y = *(const unsigned long *)b;

	return x < y ? -1 : x > y;
}

/* Inodes of all AF_UNIX sockets, sorted; NULL if they cannot be read. */
static unsigned long *pump_living(size_t *n)
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
		qsort(ino, *n, sizeof(*ino), pump_by_number);
	return ino;
}

void pump_sweep(void)
{
	bool any = false;
	struct suspect *list;
	size_t n, nino;
	unsigned long *ino;

	n = pump_take_suspects(&list);
	ino = n ? pump_living(&nino) : NULL;
	for (size_t i = 0; i < n; i++) {
		struct sock *s = sock_get(list[i].id);
		unsigned long key = list[i].ino;

		if (!s)
			continue;
		if (!ino || key != s->ino ||
		    bsearch(&key, ino, nino, sizeof(key), pump_by_number)) {
			pthread_mutex_lock(&suspects_lock);
			pump_add_suspect(s);
			pthread_mutex_unlock(&suspects_lock);
			sock_put(s);
			continue;
		}
		any = true;
		s->ops->swept(s);
	}
	if (!any && sweep_every < SWEEP_MAX)
		sweep_every *= 2;
	free(ino);
	free(list);
}

/* Milliseconds until there is something to do without an event; -1: never. */
static int pump_timeout(uint64_t *last_sweep)
{
	uint64_t now = clock_mono_ns(), until = atomic_load(&deadline);
	bool any;

	if (now >= until) {
		atomic_store(&deadline, NO_SOCK);
		until = pump_due ? pump_due(now) : NO_SOCK;
		if (until != NO_SOCK)
			pump_deadline(until);
		until = atomic_load(&deadline);
	}
	pthread_mutex_lock(&suspects_lock);
	any = nsuspects;
	pthread_mutex_unlock(&suspects_lock);
	if (any && now - *last_sweep >= sweep_every) {
		pump_sweep();
		*last_sweep = clock_mono_ns();
	}
	pthread_mutex_lock(&suspects_lock);
	any = nsuspects;
	pthread_mutex_unlock(&suspects_lock);
	if (any && *last_sweep + sweep_every < until)
		until = *last_sweep + sweep_every;
	if (until == NO_SOCK)
		return -1;
	return until > now ? (int)((until - now) / 1000000) + 1 : 0;
}

/* Sockets without a connection that the program has closed. True if @ev was that. */
static bool pump_closed_early(const struct epoll_event *ev)
{
	struct sock *s;

	if (!(ev->events & EPOLLHUP))
		return false;
	s = sock_get(ev->data.u64);
	if (!s)
		return true;
	if (s->state == SOCK_OPEN) {
		sock_put(s);
		return false;
	}
	s->ops->host_event(s, ev->events);
	return true;
}

/* The program has closed its end of socket @id. */
static void pump_end_closed(uint64_t id)
{
	struct sock *s = sock_get(id);

	if (!s)
		return;
	s->watch = -1;
	s->closed = true;
	s->ops->host_event(s, EPOLLHUP);
}

static void pump_ends_closed(void)
{
	struct sock *s;

	if (closing_take(pump_end_closed))
		return;
	for (uint32_t i = 0; (s = sock_first(i)); sock_put(s)) {
		i = s->index + 1;
		if (s->watch >= 0)
			pump_suspect(s);
	}
}

/*
 * Take the waiting events: closed sockets without a connection are closed at once,
 * under the lock, so that the next thread that gets it finds them closed. The rest goes to @ev,
 * gives how many.
 */
static int pump_take_events(struct epoll_event *ev, int max)
{
	int n, left = 0;

	n = epoll_wait(host_epoll, ev, max, 0);
	for (int i = 0; i < n; i++) {
		uint64_t junk;

		if (ev[i].data.u64 == CLOSED) {
			pump_ends_closed();
		} else if (ev[i].data.u64 != KICK) {
			if (!pump_closed_early(&ev[i]))
				ev[left++] = ev[i];
		} else if (read(kick_fd, &junk, sizeof(junk)) < 0) {
			continue;
		}
	}
	return left;
}

void pump_settle(void)
{
	pthread_mutex_lock(&turn);
	if (nlater + EVENTS <= LATER) {
		int n = pump_take_events(later + nlater, EVENTS);

		nlater += n;
		if (n)
			pump_kick();
	}
	pthread_mutex_unlock(&turn);
}

static void pump_host_events(void)
{
	struct epoll_event ev[LATER + EVENTS];
	int n;

	pthread_mutex_lock(&turn);
	memcpy(ev, later, (size_t)nlater * sizeof(*ev));
	n = nlater;
	nlater = 0;
	n += pump_take_events(ev + n, EVENTS);
	pthread_mutex_unlock(&turn);
	for (int i = 0; i < n; i++) {
		struct sock *s;

		if (ev[i].data.u64 >= FD_ID(PUMP_FDS - 1)) {
			unsigned int w = (unsigned int)(FD_ID(0) - ev[i].data.u64);

			watched[w].event(watched[w].arg);
			continue;
		}
		s = sock_get(ev[i].data.u64);
		if (!s)
			continue;
		s->ops->host_event(s, ev[i].events);
	}
}

static void *pump_loop(void *arg)
{
	struct pollfd host = {.fd = host_epoll, .events = POLLIN};
	struct epoll_event ev[EVENTS];
	uint64_t last_sweep = 0;

	prctl(PR_SET_NAME, "persona-pump");
	while (!atomic_load(&stop)) {
		long args[6] = {stack_epoll, (long)ev, EVENTS, pump_timeout(&last_sweep), 0, 8};
		long n = engine_syscall_poll(&host, 1, SYS_epoll_pwait, args);

		for (long i = 0; i < n; i++) {
			struct sock *s = sock_get(ev[i].data.u64);

			if (!s)
				continue;
			s->ops->stack_event(s, ev[i].events);
		}
		pump_host_events();
	}
	engine_thread_exit();
	return arg;
}

int pump_start(void)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = KICK};
	int err, closing = closing_start();

	host_epoll = epoll_create1(EPOLL_CLOEXEC);
	kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (host_epoll < 0 || kick_fd < 0 || epoll_ctl(host_epoll, EPOLL_CTL_ADD, kick_fd, &ev))
		return -errno;
	ev.data.u64 = CLOSED;
	if (closing >= 0) /* else pairs of another type are made, which hang up */
		epoll_ctl(host_epoll, EPOLL_CTL_ADD, closing, &ev);
	stack_epoll = (int)stack_call(SYS_epoll_create1, 0, 0, 0, 0, 0, 0);
	if (stack_epoll < 0)
		return stack_epoll;
	err = engine_thread_create(&thread, 0, 0, pump_loop, NULL);
	started = !err;
	return err;
}

void pump_quit(void)
{
	if (!started)
		return;
	atomic_store(&stop, true);
	pump_kick();
}

void pump_stop(void)
{
	if (!started)
		return;
	pump_quit();
	pthread_join(thread, NULL);
}
