// SPDX-License-Identifier: GPL-2.0-only
/*
 * serve.c - the threads that answer calls, see serve.h.
 *
 * Theory of operation
 *
 * A thread waits in the kernel for calls and answers each at once; one that
 * would block is parked (park.h). So it never waits for anything but locks and a near
 * peer, and one is enough: the kernel hands calls to waiting threads in turn, so
 * that with more of them each is cold. Programs that joined later (join.h) have a filter,
 * and so a listener and a thread, of their own.
 *
 * The first argument of all calls here is a descriptor. It is duplicated out of the
 * caller, and its inode says whether it is a socket of ours; all others are
 * the host kernel's business, with one exception: a socket of the host may not
 * leave loopback, else the program would use the host's network unawares. The destination rule
 * of each call (sockets/calls.h) says where its address is, sockets/route.c whether it may go.
 *
 * Limits: a descriptor that cannot be looked at (an undumpable program, and we
 * not root) passes for control of its AF_UNIX sockets, but is refused connect().
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>
#include "lib/clock.h"
#include "engine/engine.h"
#include "lib/complain.h"
#include "lib/rawsys.h"
#include "shadow/answer.h"
#include "shadow/call.h"
#include "shadow/control.h"
#include "shadow/dgram.h"
#include "shadow/files.h"
#include "shadow/move.h"
#include "shadow/look.h"
#include "shadow/netns.h"
#include "shadow/park.h"
#include "shadow/pump.h"
#include "shadow/receive.h"
#include "shadow/send.h"
#include "shadow/serve.h"
#include "shadow/sock.h"
#include "shadow/sockopt.h"
#include "sockets/calls.h"
#include "sockets/route.h"

#define THREADS 1

struct serve_options serve_options;

static pthread_t thread[THREADS];
static int main_listener;
static int nthreads;
static _Atomic bool stop;

/* What the column "handler" of the call table means here. */
#define BY_CALL(f) .of_call = f
#define BY_SOCK(f) .of_sock = f
#define BY_NONE	   .of_call = NULL

#define SERVE_NUMBERS 512 /* more than any processor has that we run on */

static const struct serve_entry {
	long (*of_call)(struct call *c);
	long (*of_sock)(struct call *c, struct sock *s);
	unsigned int where; /* destination rule */
} serve_table[SERVE_NUMBERS] = {
#define NUMBERED(name, nr, raw, filter, handler, dest, proto) \
	[nr] = {handler, .where = CALL_TO_##dest},
#include "sockets/calls.h"
};

/* May this call be made on a socket of the host that is none of ours? CALL_PASS or -errno. */
static long serve_host_address(struct call *c, unsigned int where)
{
	struct sockaddr_storage addr;
	struct socket_core core;
	uint64_t len = c->args[CALL_TO_ARG2(where)];
	int err;

	if (!route_host_core(move_host, c->fd, &core))
		return CALL_PASS;
	if (c->nr == SYS_sendto)
		return send_host(c, &core);
	if (call_read_addr(c, c->args[CALL_TO_ARG(where)], len, &addr))
		return CALL_PASS; /* the kernel says what is wrong */
	err = c->nr == SYS_bind ? route_bind(&core, (struct sockaddr *)&addr, (socklen_t)len)
				: route_connect(&core, (struct sockaddr *)&addr, (socklen_t)len);
	if (err < 0)
		return move_refused();
	if (c->nr == SYS_bind || core.type != SOCK_DGRAM)
		return CALL_PASS; /* others' connect() may wait, which we must not */
	return route_connect_host(move_host, c->fd, (struct sockaddr *)&addr, (socklen_t)len);
}

static long serve_host_option(struct call *c)
{
	struct socket_core core;

	if (!route_host_core(move_host, c->fd, &core))
		return CALL_PASS;
	return route_option(&core, (int)c->args[1], (int)c->args[2]) ?: CALL_PASS;
}

/*
 * A socket that is not ours: the host kernel's business, as long as it stays within loopback, or
 * is of a namespace that the program has made itself.
 */
static long serve_host(struct call *c, unsigned int where)
{
	struct socket_core core;

	if (netns_is_private(c))
		return CALL_PASS;
	if (c->nr == SYS_ioctl)
		return sockopt_ioctl_host(c);
	switch (CALL_TO_KIND(where)) {
	case CALL_WHERE_ADDRESS:
		return serve_host_address(c, where);
	case CALL_WHERE_MESSAGE:
	case CALL_WHERE_MESSAGES:
		return route_host_core(move_host, c->fd, &core) ? send_host(c, &core) : CALL_PASS;
	case CALL_WHERE_OPTION:
		return serve_host_option(c);
	case CALL_WHERE_NOWHERE:
	case CALL_WHERE_PATH:
	case CALL_WHERE_DENIED:
		break;
	}
	return CALL_PASS;
}

static void serve_answer(struct call *c, struct sock *s, long ret)
{
	if (ret == CALL_PARK)
		ret = s && !park(c, s) ? CALL_ANSWERED : -ENOMEM;
	if (ret != CALL_ANSWERED)
		answer_give(c, s, ret);
}

/*
 * What the program closed before is closed, what it wrote to a sysctl is so. The former takes the
 * pump's events out of its hands: not for socket(), to which it matters only at the limit.
 */
static void serve_settle(void)
{
	files_settle();
	pump_settle();
}

/* A call that is about no descriptor yet. */
static void serve_call(struct call *c, const struct serve_entry *e)
{
	if (c->nr == SYS_socket) {
		files_settle();
		if (sock_at_limit())
			pump_settle();
		pump_relieve();
	}
	serve_answer(c, NULL, e->of_call(c));
}

/* A call on socket @s of ours, also when it was parked: it is told the error that is shown. */
static long serve_once(struct call *c, struct sock *s)
{
	bool untold = !sock_is_stream(s) && dgram_unmark(s, c->fd);
	long ret = serve_table[(unsigned int)c->nr % SERVE_NUMBERS].of_sock(c, s);

	if (untold && !s->core.moved)
		dgram_mark_again(s);
	return ret;
}

/* A call on socket @s of ours, locked. */
static void serve_sock(struct call *c, struct sock *s, const struct serve_entry *e)
{
	long ret;

	s->tid = c->tid;
	s->fd = (int)c->args[0];
	c->again = serve_once;
	if (!answer_recall(c, s, &ret))
		ret = serve_once(c, s);
	/* Before the answer: our copy must not be the last one when the program closes its own. */
	call_done(c);
	serve_answer(c, s, ret);
	sock_put(s);
}

static void serve(struct call *c)
{
	const struct serve_entry *e = &serve_table[(unsigned int)c->nr % SERVE_NUMBERS];
	struct sock *s = NULL;
	struct stat st;
	bool is_socket;
	long ret;

	if (e->of_call) {
		serve_call(c, e);
		return;
	}
	if (!e->of_sock) {
		serve_answer(c, NULL, CALL_PASS);
		return;
	}
	c->fd = call_peek_fd(c->tid, (int)c->args[0]);
	if (c->fd < 0) {
		ret = c->fd == -EPERM && c->nr == SYS_connect ? -EPERM : CALL_PASS;
		serve_answer(c, NULL, ret);
		return;
	}
	is_socket = !fstat(c->fd, &st) && S_ISSOCK(st.st_mode);
	if (c->nr == SYS_bind || c->nr == SYS_connect || c->nr == SYS_listen)
		serve_settle();
	if (is_socket)
		s = sock_find(st.st_ino);
	if (s && !s->core.moved) {
		serve_sock(c, s, e);
		return;
	}
	ret = s ? move_follow(c, s) : 0;
	if (s)
		sock_put(s);
	if (!ret)
		ret = is_socket ? serve_host(c, e->where) : CALL_PASS;
	call_done(c);
	serve_answer(c, NULL, ret);
}

/*
 * Be scheduled before the programs: a signal interrupts a call until we have received it, and
 * even getsockname() gives EINTR then. As a real-time thread, else by the nice value, which weighs
 * only: on a busy machine that is too late for some calls. Needs root, RLIMIT_RTPRIO or
 * RLIMIT_NICE; without, the load decides how long that is. It is for this thread alone (sched(7)).
 * What polls for a lock of others gives way by raw_yield().
 */
static void serve_hurry(void)
{
	struct sched_param p = {.sched_priority = 1};
	struct rlimit l;

	/* With a limit of time, a busy real-time thread is killed. Not by libc: musl's has no such
	 * call. */
	if (getrlimit(RLIMIT_RTTIME, &l) || l.rlim_cur != RLIM_INFINITY ||
	    RAWSYS(SYS_sched_setscheduler, 0, SCHED_RR | SCHED_RESET_ON_FORK, &p))
		setpriority(PRIO_PROCESS, 0, -20);
}

static void *serve_loop(void *arg)
{
	struct call c;
	int err;

	prctl(PR_SET_NAME, "persona-call");
	serve_hurry();
	while (!atomic_load(&stop)) {
		err = call_receive(&c, main_listener);
		if (!err)
			serve(&c);
		else if (err == -ENOENT ? call_over(main_listener) : err != -EINTR)
			break;
	}
	engine_thread_exit();
	return arg;
}

/* poll() first: before Linux 6.11 nobody would wake the receiving thread at the end. */
void serve_joined(int listener)
{
	struct pollfd p = {.fd = listener, .events = POLLIN};
	struct call c;
	int err;

	serve_hurry();
	while (poll(&p, 1, -1) >= 0 || errno == EINTR) {
		err = p.revents & POLLIN ? call_receive(&c, listener) : -ENOENT;
		if (!err)
			serve(&c);
		else if (p.revents & ~POLLIN || (err != -ENOENT && err != -EINTR))
			break;
	}
	/* Before @listener is closed: forget the parked calls of programs that were killed. */
	park_interrupt(clock_mono_ns());
	call_forget();
}

static void serve_wake(int sig)
{
}

int serve_start(int listener, const struct serve_options *options)
{
	struct sigaction sa = {.sa_handler = serve_wake};
	int err = 0;

	serve_options = *options;
	route_isolate(options->isolate);
	netns_start();
	pump_set_due(park_expire);
	main_listener = listener;
	err = call_listen(listener);
	if (!err)
		err = look_start(park_interrupt);
	if (err)
		return err;
	sigaction(SIGRTMIN, &sa, NULL);
	for (nthreads = 0; nthreads < THREADS; nthreads++) {
		err = engine_thread_create(&thread[nthreads], 0, SIGRTMIN, serve_loop, NULL);
		if (err)
			break;
	}
	return err;
}

void serve_stop(void)
{
	struct timespec t;

	atomic_store(&stop, true);
	look_stop();
	for (int i = 0; i < nthreads; i++) {
		/* One signal may come just before the thread sleeps. */
		for (;;) {
			pthread_kill(thread[i], SIGRTMIN);
			clock_read(CLOCK_REALTIME, &t);
			t.tv_nsec += 5000000;
			if (t.tv_nsec >= 1000000000) {
				t.tv_sec++;
				t.tv_nsec -= 1000000000;
			}
			if (pthread_timedjoin_np(thread[i], NULL, &t) != ETIMEDOUT)
				break;
		}
	}
}
