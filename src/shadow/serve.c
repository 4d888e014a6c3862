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
 * leave loopback, else the program would use the host's network unawares.
 *
 * A signal may take a call away while it is served; it is made again by the kernel
 * or the program. Its result is kept with the socket until then, so that nothing is
 * bound, connected or sent twice.
 *
 * Limits: a descriptor that cannot be looked at (an undumpable program, and we
 * not root) passes for control of its AF_UNIX sockets, but is refused connect().
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
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
#include "sockets/calls.h"
#include "engine/engine.h"
#include "lib/complain.h"
#include "shadow/call.h"
#include "shadow/dgram.h"
#include "shadow/park.h"
#include "shadow/ports.h"
#include "shadow/pump.h"
#include "shadow/serve.h"
#include "shadow/sock.h"

#define THREADS	  1
#define RECALL_NS 2000000000ull

struct serve_options serve_options;

static pthread_t thread[THREADS];
static int main_listener;
static int nthreads;
static _Atomic bool stop;

static const struct {
	int nr;
	long (*handler)(struct call *c, struct sock *s);
} handlers[] = {
	{SYS_bind, control_bind},	 {SYS_connect, control_connect},
	{SYS_listen, control_listen},	 {SYS_accept, control_accept},
	{SYS_accept4, control_accept},	 {SYS_getsockname, control_name},
	{SYS_getpeername, control_name}, {SYS_shutdown, control_shutdown},
	{SYS_getsockopt, option_get},	 {SYS_setsockopt, option_set},
	{SYS_ioctl, option_ioctl},	 {SYS_sendto, message_send},
	{SYS_sendmsg, message_send},	 {SYS_sendmmsg, message_send},
	{SYS_recvfrom, message_receive}, {SYS_recvmsg, message_receive},
	{SYS_recvmmsg, message_receive},
};

long serve_sock(struct call *c, struct sock *s)
{
	for (unsigned int i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++)
		if (handlers[i].nr == c->nr)
			return handlers[i].handler(c, s);
	return CALL_PASS;
}

bool call_nonblocking(const struct call *c, int flags)
{
	return flags & MSG_DONTWAIT || fcntl(c->fd, F_GETFL) & O_NONBLOCK;
}

long call_wait(struct call *c, struct sock *s, int timeo, long ret)
{
	struct timeval t = {0};
	socklen_t len = sizeof(t);

	if (!c->deadline && !getsockopt(c->fd, SOL_SOCKET, timeo, &t, &len) &&
	    (t.tv_sec || t.tv_usec)) {
		c->deadline =
			pump_now() + (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_usec * 1000u;
		c->timeout = ret;
	}
	return CALL_PARK;
}

/* A descriptor that is not ours. */
static long foreign(struct call *c)
{
	struct sockaddr_storage addr;
	uint64_t at, len;

	if (c->nr == SYS_ioctl)
		return option_ioctl_host(c);
	if (c->nr == SYS_connect || c->nr == SYS_bind) {
		at = c->args[1];
		len = c->args[2];
	} else if (c->nr == SYS_sendto) {
		at = c->args[4];
		len = c->args[5];
	} else {
		return CALL_PASS;
	}
	if (serve_options.isolate && c->nr == SYS_bind)
		return CALL_PASS;
	if (!at || call_read_addr(c, at, len, &addr) ||
	    !ports_leaves((struct sockaddr *)&addr, (socklen_t)len))
		return CALL_PASS;
	return -ENETUNREACH;
}

void serve_answer(struct call *c, struct sock *s, long ret)
{
	if (call_answer(c, ret) != -ENOENT || !s || ret == CALL_PASS)
		return;
	s->lost.tid = c->tid;
	s->lost.nr = c->nr;
	s->lost.ret = ret;
	memcpy(s->lost.args, c->args, sizeof(c->args));
	s->lost.when = pump_now();
}

/* Was this very call done, and its result lost? */
static bool recall(const struct call *c, struct sock *s, long *ret)
{
	if (s->lost.tid != c->tid)
		return false;
	s->lost.tid = 0;
	*ret = s->lost.ret;
	return s->lost.nr == c->nr && !memcmp(s->lost.args, c->args, sizeof(c->args)) &&
	       pump_now() - s->lost.when < RECALL_NS;
}

static void answer(struct call *c, struct sock *s, long ret)
{
	if (ret == CALL_PARK)
		ret = s && !park(c, s) ? CALL_ANSWERED : -ENOMEM;
	if (ret != CALL_ANSWERED)
		serve_answer(c, s, ret);
}

/* What the program closed before is closed, what it wrote to a sysctl is so. */
static void settle(void)
{
	files_settle();
	pump_settle();
}

static void serve(struct call *c)
{
	struct sock *s = NULL;
	struct stat st;
	bool is_socket;
	long ret;

	switch (c->nr) {
	case SYS_socket:
		settle();
		pump_relieve();
		answer(c, NULL, control_socket(c));
		return;
#ifdef SYS_open
	case SYS_open:
#endif
	case SYS_openat:
		answer(c, NULL, files_open(c));
		return;
	}
	c->fd = call_peek_fd(c->tid, (int)c->args[0]);
	if (c->fd < 0) {
		ret = c->fd == -EPERM && c->nr == SYS_connect ? -EPERM : CALL_PASS;
		answer(c, NULL, ret);
		return;
	}
	is_socket = !fstat(c->fd, &st) && S_ISSOCK(st.st_mode);
	if (c->nr == SYS_bind || c->nr == SYS_connect || c->nr == SYS_listen)
		settle();
	if (is_socket)
		s = sock_find(st.st_ino);
	if (!s) {
		ret = is_socket ? foreign(c) : CALL_PASS;
		call_done(c);
		answer(c, NULL, ret);
		return;
	}
	s->tid = c->tid;
	s->fd = (int)c->args[0];
	if (!recall(c, s, &ret)) {
		ret = s->pair < 0 && !sock_is_stream(s) ? dgram_mend(c, s) : 0;
		if (!ret)
			ret = serve_sock(c, s);
	}
	/* Before the answer: our copy must not be the last one when the program closes its own. */
	call_done(c);
	answer(c, s, ret);
	sock_put(s);
}

/*
 * Be scheduled before the programs: a signal interrupts a call until we have received it, and
 * even getsockname() gives EINTR then. Needs root or RLIMIT_NICE; without, the load of the
 * machine decides how long that is.
 */
static void hurry(void)
{
	setpriority(PRIO_PROCESS, 0, -20); /* of this thread alone: sched(7) */
}

static void *loop(void *arg)
{
	struct call c;
	int err;

	prctl(PR_SET_NAME, "persona-call");
	hurry();
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

	hurry();
	while (poll(&p, 1, -1) >= 0 || errno == EINTR) {
		err = p.revents & POLLIN ? call_receive(&c, listener) : -ENOENT;
		if (!err)
			serve(&c);
		else if (p.revents & ~POLLIN || (err != -ENOENT && err != -EINTR))
			break;
	}
	/* Before @listener is closed: forget the parked calls of those who were killed. */
	park_interrupt(pump_now());
	call_forget();
}

static void nothing(int sig)
{
}

int serve_start(int listener, const struct serve_options *options)
{
	struct sigaction sa = {.sa_handler = nothing};
	int err = 0;

	serve_options = *options;
	ports_isolate(options->isolate);
	main_listener = listener;
	err = call_listen(listener);
	if (err)
		return err;
	sigaction(SIGRTMIN, &sa, NULL);
	for (nthreads = 0; nthreads < THREADS && !err; nthreads++)
		err = engine_thread_create(&thread[nthreads], 0, SIGRTMIN, loop, NULL);
	return err;
}

void serve_stop(void)
{
	struct timespec t;

	atomic_store(&stop, true);
	for (int i = 0; i < nthreads; i++) {
		/* One signal may come just before the thread sleeps. */
		for (;;) {
			pthread_kill(thread[i], SIGRTMIN);
			clock_gettime(CLOCK_REALTIME, &t);
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
