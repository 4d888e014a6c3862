// SPDX-License-Identifier: GPL-2.0-only
/*
 * relay.c - the threads that accept clients' connections and carry them on, see relay.h.
 *
 * Theory of operation
 *
 * Two listeners (IPv4, IPv6) are transparent: the packet filter gives them each connection
 * from the inlet, and getsockname() of what they accept is where the client wanted to go. A thread
 * per vCPU, two at most, sleeps in an epoll of the stack with both listeners and its own
 * flows; a connection is the thread's that accepts it, for all its life, so flows need no lock. An
 * eventfd of the host, watched meanwhile, ends the thread.
 *
 * What comes to the listeners' port from elsewhere (a client that names an address of the stack
 * and this port) has no mark, and is reset: it would be carried on to ourselves.
 *
 * Connections are begun at a pace: some at once, then one a millisecond and thread. Thousands of
 * SYNs at a time overflow the queues of a path, are sent again together, and overflow them again;
 * a client that opens that many has its own accepted meanwhile.
 *
 * A flow that has had its turn waits in a queue behind the others. One that has ended is freed
 * after the events of this round, which may still name it.
 *
 * The buffer between two sockets is the thread's; what is kept of it is at most RELAY_KEPT bytes
 * of all flows together, or 4 KiB each: the more connections, the smaller the pieces.
 *
 * A thread with all the connections that it may have, or a stack without memory or descriptors,
 * takes its listeners out of its epoll until one of its connections ends.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "gateway/call.h"
#include "gateway/relay.h"
#include "gateway/rules.h"
#include "lib/clock.h"
#include "lib/why.h"

#define THREADS	    2
#define EVENTS	    128
#define ACCEPTS	    64 /* of a listener, then others have a turn */
#define BACKLOG	    4096
#define BUFFER	    (256u << 10)
#define PIECE_LEAST (4u << 10)
#define RELAY_KEPT  (64u << 20)
#define BEGIN_BURST 128 /* connections begun at once, then one a millisecond */

enum { FAMILY4, FAMILY6, FAMILIES };

/**
 * struct relay - a thread and its flows
 * @flows:  all, @nflows
 * @unsent: of them, those that flow_sent() is not true of
 * @turn, @last: queue of those with more to do
 * @wait, @lastwait: queue of those that are not begun
 * @tokens: how many may be begun, as of @counted (ms)
 * @over:   ended in this round
 * @paused: the listeners are out of the epoll
 */
struct relay {
	pthread_t thread;
	bool started;
	int epoll;
	struct flow *flows, *turn, **last, *wait, **lastwait, *over;
	uint64_t tokens, counted;
	_Atomic unsigned int nflows;
	bool paused;
	uint8_t *buf;
};

static const struct flow_options *options;
static struct relay relays[THREADS];
static unsigned int nrelays;
static int listeners[FAMILIES] = {-1, -1};
static int end_fd = -1;
static pthread_mutex_t flows_lock = PTHREAD_MUTEX_INITIALIZER; /* the lists, for relay_unsent() */

/* ---- listeners ---- */

static int relay_listen(int family)
{
	const struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(RULES_PORT)};
	const struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(RULES_PORT)};
	bool is6 = family == AF_INET6;
	long fd, err;

	fd = gate_call(SYS_socket, family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return (int)fd;
	if (is6)
		gate_set((int)fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	gate_set((int)fd, is6 ? IPPROTO_IPV6 : IPPROTO_IP, is6 ? IPV6_TRANSPARENT : IP_TRANSPARENT,
		 1);
	err = gate_call(SYS_bind, fd, is6 ? (const void *)&six : (const void *)&four,
			is6 ? sizeof(six) : sizeof(four));
	if (!err)
		err = gate_call(SYS_listen, fd, BACKLOG);
	if (!err)
		return (int)fd;
	gate_call(SYS_close, fd);
	return (int)err;
}

static void relay_watch_listeners(struct relay *r, bool on)
{
	for (unsigned int i = 0; i < FAMILIES; i++) {
		struct epoll_event ev = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.u64 = i};

		if (listeners[i] >= 0)
			gate_call(SYS_epoll_ctl, r->epoll, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL,
				  listeners[i], &ev);
	}
	r->paused = !on;
}

/* ---- flows ---- */

static void relay_link(struct relay *r, struct flow *f)
{
	pthread_mutex_lock(&flows_lock);
	f->next = r->flows;
	if (f->next)
		f->next->prev = f;
	r->flows = f;
	r->nflows++;
	pthread_mutex_unlock(&flows_lock);
}

static void relay_unlink(struct relay *r, struct flow *f)
{
	pthread_mutex_lock(&flows_lock);
	if (f->prev)
		f->prev->next = f->next;
	else
		r->flows = f->next;
	if (f->next)
		f->next->prev = f->prev;
	r->nflows--;
	pthread_mutex_unlock(&flows_lock);
}

static size_t relay_piece(const struct relay *r)
{
	size_t piece = RELAY_KEPT / THREADS / 2 / (r->nflows + 1);

	if (piece > BUFFER)
		return BUFFER;
	return piece < PIECE_LEAST ? PIECE_LEAST : piece;
}

static void relay_end(struct relay *r, struct flow *f)
{
	f->over = true;
	f->turn = r->over;
	r->over = f;
}

static void relay_step(struct relay *r, struct flow *f, bool error)
{
	if (f->over || (f->queued && !error))
		return;
	switch (flow_step(f, options, r->buf, relay_piece(r), error)) {
	case FLOW_WAITS:
		break;
	case FLOW_MORE:
		if (f->queued)
			break;
		f->queued = true;
		f->turn = NULL;
		*r->last = f;
		r->last = &f->turn;
		break;
	case FLOW_ENDED:
		f->over = true;
		if (!f->queued) /* else its turn does */
			relay_end(r, f);
		break;
	}
}

static bool relay_add(struct relay *r, struct flow *f, int fd)
{
	struct epoll_event ev = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.ptr = f,
	};

	return !gate_call(SYS_epoll_ctl, r->epoll, EPOLL_CTL_ADD, fd, &ev);
}

/* Is it the inlet's? Else it named an address of ours, and this port. */
static bool relay_is_client(int fd)
{
	uint32_t mark = 0;
	socklen_t len = sizeof(mark);

	gate_call(SYS_getsockopt, fd, SOL_SOCKET, SO_MARK, &mark, &len);
	return mark == RULES_TCP;
}

static void relay_take(struct relay *r, int in)
{
	struct sockaddr_storage to = {0};
	socklen_t len = sizeof(to);
	struct flow *f;

	if (!relay_is_client(in) || gate_call(SYS_getsockname, in, &to, &len)) {
		gate_call(SYS_close, in);
		return;
	}
	f = flow_new(in, &to, len);
	if (!f)
		return;
	if (!relay_add(r, f, in)) {
		flow_free(f);
		return;
	}
	relay_link(r, f);
	f->queued = true;
	*r->lastwait = f;
	r->lastwait = &f->turn;
}

static void relay_begin(struct relay *r)
{
	uint64_t now = clock_mono_ms();
	struct flow *f;

	r->tokens += now - r->counted;
	r->counted = now;
	if (r->tokens > BEGIN_BURST)
		r->tokens = BEGIN_BURST;
	while ((f = r->wait) && r->tokens) {
		r->wait = f->turn;
		f->turn = NULL;
		f->queued = false;
		if (f->over || flow_begin(f, options) || !relay_add(r, f, f->out))
			relay_end(r, f);
		else
			r->tokens--;
	}
	if (!r->wait)
		r->lastwait = &r->wait;
}

static void relay_accept(struct relay *r, int listener)
{
	for (unsigned int i = 0; i < ACCEPTS; i++) {
		long fd = r->nflows < RELAY_MAX / nrelays ? gate_call(SYS_accept4, listener, 0, 0,
								      SOCK_NONBLOCK | SOCK_CLOEXEC)
							  : -EMFILE;

		if (fd >= 0)
			relay_take(r, (int)fd);
		else if (fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM || fd == -ENOBUFS)
			return relay_watch_listeners(r, false);
		else if (fd == -EAGAIN)
			return;
	}
}

/* ---- the thread ---- */

static void relay_take_turns(struct relay *r)
{
	struct flow *f = r->turn, *next;

	r->turn = NULL;
	r->last = &r->turn;
	for (; f; f = next) {
		next = f->turn;
		f->queued = false;
		if (f->over)
			relay_end(r, f);
		else
			relay_step(r, f, false);
	}
}

static void relay_bury(struct relay *r)
{
	struct flow *f;

	if (r->over && r->paused)
		relay_watch_listeners(r, true);
	while ((f = r->over)) {
		r->over = f->turn;
		relay_unlink(r, f);
		flow_free(f);
	}
}

static void *relay_run(void *arg)
{
	struct pollfd host = {.fd = end_fd, .events = POLLIN};
	struct epoll_event ev[EVENTS];
	struct relay *r = arg;

	prctl(PR_SET_NAME, "persona-relay");
	while (!host.revents) {
		const int patience = r->turn ? 0 : r->wait ? 1 : -1;
		const long args[6] = {r->epoll, (long)ev, EVENTS, patience, 0, 8};
		long n = engine_syscall_poll(&host, 1, SYS_epoll_pwait, args);

		for (long i = 0; i < n; i++) {
			if (ev[i].data.u64 < FAMILIES)
				relay_accept(r, listeners[ev[i].data.u64]);
			else
				relay_step(r, ev[i].data.ptr, ev[i].events & EPOLLERR);
		}
		relay_take_turns(r);
		if (r->wait)
			relay_begin(r);
		relay_bury(r);
	}
	while (r->flows) {
		struct flow *f = r->flows;

		relay_unlink(r, f);
		flow_free(f);
	}
	engine_thread_exit();
	return NULL;
}

static int relay_start_one(struct relay *r)
{
	int err;

	*r = (struct relay){.last = &r->turn, .lastwait = &r->wait, .epoll = -1};
	r->buf = malloc(BUFFER);
	if (!r->buf)
		return -ENOMEM;
	r->epoll = (int)gate_call(SYS_epoll_create1, EPOLL_CLOEXEC);
	if (r->epoll < 0)
		return r->epoll;
	relay_watch_listeners(r, true);
	err = engine_thread_create(&r->thread, 0, 0, relay_run, r);
	r->started = !err;
	return err;
}

int relay_start(const struct flow_options *o, const char **why)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int err = 0;

	options = o;
	nrelays = cpus > 1 ? THREADS : 1;
	end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (end_fd < 0)
		return why_set(why, errno, "cannot make an event descriptor: %s", strerror(errno));
	listeners[FAMILY4] = relay_listen(AF_INET);
	listeners[FAMILY6] = relay_listen(AF_INET6); /* or none: a personality without IPv6 */
	if (listeners[FAMILY4] < 0)
		err = listeners[FAMILY4];
	for (unsigned int i = 0; !err && i < nrelays; i++)
		err = relay_start_one(&relays[i]);
	if (!err)
		return 0;
	relay_stop();
	return why_set(why, -err, "cannot relay connections: %s", strerror(-err));
}

unsigned int relay_unsent(void)
{
	unsigned int n = 0;

	pthread_mutex_lock(&flows_lock);
	for (unsigned int i = 0; i < nrelays; i++)
		for (const struct flow *f = relays[i].flows; f; f = f->next)
			n += !flow_sent(f);
	pthread_mutex_unlock(&flows_lock);
	return n;
}

void relay_stop(void)
{
	uint64_t one = 1;

	if (end_fd < 0)
		return;
	if (write(end_fd, &one, sizeof(one)) < 0)
		return;
	for (unsigned int i = 0; i < nrelays; i++) {
		if (relays[i].started)
			pthread_join(relays[i].thread, NULL);
		free(relays[i].buf);
		relays[i] = (struct relay){0};
	}
	close(end_fd);
	end_fd = -1;
}
