// SPDX-License-Identifier: GPL-2.0-only
/* in_end.c - how connections begin and end: accepting, closing, resets, signals. */
#include "parity.h"

#include <sys/resource.h>

#define SETTLE 20

static int sv[2];
static char big[64];
static volatile int seen;

static void lingering(void)
{
	struct linger l = {1, 1};
	long start;

	tcp_pair(sv);
	setsockopt(sv[0], SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	send(sv[0], "abc", 3, 0);
	start = now_ms();
	SEE(close(sv[0]));
	note("%s", now_ms() - start < 300 ? "at once" : "waited");
	SEE(recv(sv[1], big, 8, 0));
	SEE(recv(sv[1], big, 8, 0));
	close(sv[1]);
}

/* Data that the peer has not read yet is lost by a reset? Not what has arrived. */
static void data_then_reset(void)
{
	struct linger hard = {1, 0};

	tcp_pair(sv);
	send(sv[0], "abc", 3, 0);
	nap(SETTLE);
	setsockopt(sv[0], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(sv[0]);
	nap(SETTLE);
	SEE(recv(sv[1], big, 8, 0));
	SEE(recv(sv[1], big, 8, 0));
	SEE(recv(sv[1], big, 8, 0));
	close(sv[1]);
}

static void close_it(void *fd)
{
	close(*(int *)fd);
}

static void reset_wakes(void)
{
	struct linger hard = {1, 0};
	pthread_t t;

	tcp_pair(sv);
	setsockopt(sv[0], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	t = after(20, close_it, &sv[0]);
	SEE(recv(sv[1], big, 8, 0));
	done(t);
	close(sv[1]);
}

static void *connects(void *arg)
{
	tcp_pair(arg);
	return NULL;
}

/* Who connected, and by which number, does not matter: the reader gets the reset. */
static void reset_elsewhere(long by_thread)
{
	struct linger hard = {1, 0};
	pthread_t t;
	int copy;

	if (!by_thread) {
		tcp_pair(sv);
	} else {
		if (pthread_create(&t, NULL, connects, sv))
			die("pthread_create");
		pthread_join(t, NULL);
	}
	copy = dup(sv[1]);
	close(sv[1]);
	send(sv[0], "abc", 3, 0);
	nap(SETTLE);
	setsockopt(sv[0], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(sv[0]);
	nap(SETTLE);
	SEE(recv(copy, big, 8, 0));
	SEE(recv(copy, big, 8, 0));
	SEE(recv(copy, big, 8, 0));
	close(copy);
}

static void closed_by_another_thread(void)
{
	pthread_t t, s;
	int copy;

	/* The call goes on with its own reference: data still comes. */
	tcp_pair(sv);
	copy = dup(sv[0]);
	t = after(20, close_it, &sv[0]);
	s = after(40, send_byte, &sv[1]);
	SEE(recv(sv[0], big, 1, 0));
	done(t);
	done(s);
	SEE(recv(sv[0], big, 1, 0));
	close(copy);
	close(sv[1]);
}

static void on_io(int sig)
{
	seen++;
}

static void async_signal(void)
{
	struct sigaction act = {.sa_handler = on_io}, old;

	tcp_pair(sv);
	sigaction(SIGIO, &act, &old);
	seen = 0;
	SEE(fcntl(sv[1], F_SETOWN, getpid()));
	SEE(fcntl(sv[1], F_SETFL, O_ASYNC));
	send(sv[0], "x", 1, 0);
	for (int i = 0; i < 50 && !seen; i++)
		nap(10);
	note("SIGIO %d", seen > 0);
	close_both(sv);
	sigaction(SIGIO, &old, NULL);
}

static void sigpipe(long how)
{
	struct sigaction act = {.sa_handler = on_io}, old;
	struct iovec iov = {"x", 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	long ret = 0;

	tcp_pair(sv);
	shutdown(sv[0], SHUT_WR);
	sigaction(SIGPIPE, &act, &old);
	seen = 0;
	errno = 0;
	if (how == 0)
		ret = write(sv[0], "x", 1);
	else if (how == 1)
		ret = sendmsg(sv[0], &m, 0);
	else if (how == 2)
		ret = sendmsg(sv[0], &m, MSG_NOSIGNAL);
	else if (how == 3)
		ret = sendto(sv[0], "x", 1, 0, (void *)&(struct sockaddr_in){0}, 16);
	note("%s SIGPIPE %d", word(ret), seen);
	sigaction(SIGPIPE, &old, NULL);
	close_both(sv);
}

static void inherit_flags(void)
{
	int l = tcp_listener(), c = socket(AF_INET, SOCK_STREAM, 0), val = -1, buf = 12345, a;
	struct sockaddr_in sa = address_of(l);
	struct linger lg = {1, 3};
	socklen_t len = sizeof(val);

	setsockopt(l, SOL_SOCKET, SO_KEEPALIVE, &(int){1}, sizeof(int));
	setsockopt(l, SOL_SOCKET, SO_RCVBUF, &buf, sizeof(buf));
	setsockopt(l, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg));
	connect(c, (void *)&sa, sizeof(sa));
	a = accept(l, NULL, NULL);
	SEE(getsockopt(a, SOL_SOCKET, SO_KEEPALIVE, &val, &len));
	note("SO_KEEPALIVE %d", val);
	SEE(getsockopt(a, SOL_SOCKET, SO_RCVBUF, &val, &len));
	note("SO_RCVBUF %d", val);
	len = sizeof(lg);
	SEE(getsockopt(a, SOL_SOCKET, SO_LINGER, &lg, &len));
	note("SO_LINGER %d %d", lg.l_onoff, lg.l_linger);
	close(a);
	close(c);
	close(l);
}

static void accept_timeout_inherited(void)
{
	int l = tcp_listener(), c = socket(AF_INET, SOCK_STREAM, 0), a;
	struct sockaddr_in sa = address_of(l);
	struct timeval t = {.tv_usec = 20000};

	setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	connect(c, (void *)&sa, sizeof(sa));
	a = accept(l, NULL, NULL);
	SEE(recv(a, big, 1, 0));
	close(a);
	close(c);
	close(l);
}

static void backlog_order(void)
{
	int l = tcp_listener(), c[3], bad = 0, a;
	struct sockaddr_in sa = address_of(l), peer;
	socklen_t len = sizeof(peer);

	for (int i = 0; i < 3; i++) {
		c[i] = socket(AF_INET, SOCK_STREAM, 0);
		connect(c[i], (void *)&sa, sizeof(sa));
	}
	for (int i = 0; i < 3; i++) {
		note("%#x", wait_for(l, POLLIN));
		a = accept(l, (void *)&peer, &len);
		bad += peer.sin_port != address_of(c[i]).sin_port;
		close(a);
	}
	SEE(poll(&(struct pollfd){.fd = l, .events = POLLIN}, 1, 0));
	note("bad %d", bad);
	for (int i = 0; i < 3; i++)
		close(c[i]);
	close(l);
}

/* The data was there before accept(). */
static void data_before_accept(void)
{
	int l = tcp_listener(), c = socket(AF_INET, SOCK_STREAM, 0), a;
	struct sockaddr_in sa = address_of(l);

	connect(c, (void *)&sa, sizeof(sa));
	send(c, "early", 5, 0);
	close(c);
	nap(SETTLE);
	a = accept(l, NULL, NULL);
	SEE(recv(a, big, 16, 0));
	SEE(recv(a, big, 16, 0));
	close(a);
	close(l);
}

/* A connection for which there is no number stays in the queue. */
static void accept_when_full(void)
{
	int l = tcp_listener(), c, a, n = 0, spare[64];
	struct sockaddr_in sa = address_of(l);
	struct rlimit old, low;

	c = socket(AF_INET, SOCK_STREAM, 0);
	SEE(connect(c, (void *)&sa, sizeof(sa)));
	SEE(send(c, "kept", 4, 0));
	nap(SETTLE);
	getrlimit(RLIMIT_NOFILE, &old);
	low = (struct rlimit){(rlim_t)c + 20, old.rlim_max};
	setrlimit(RLIMIT_NOFILE, &low);
	while (n < 64 && (spare[n] = dup(STDIN_FILENO)) >= 0)
		n++;
	SEE(accept(l, NULL, NULL));
	SEE(accept(l, NULL, NULL));
	close(spare[--n]);
	a = SEEFD(accept(l, NULL, NULL));
	SEE(recv(a, big, 8, 0));
	close(a);
	while (n)
		close(spare[--n]);
	setrlimit(RLIMIT_NOFILE, &old);
	close(c);
	close(l);
}

const struct behaviour in_end[] = {
	{"lingering", lingering},
	{"data-then-reset", data_then_reset},
	{"reset-wakes", reset_wakes},
	{"reset-dup", NULL, reset_elsewhere, 0},
	{"reset-thread", NULL, reset_elsewhere, 1},
	{"close-in-thread", closed_by_another_thread},
	{"signal-io", async_signal},
	{"sigpipe-write", NULL, sigpipe, 0},
	{"sigpipe-sendmsg", NULL, sigpipe, 1},
	{"sigpipe-nosignal", NULL, sigpipe, 2},
	{"sigpipe-sendto", NULL, sigpipe, 3},
	{"accept-options", inherit_flags},
	{"accept-timeout", accept_timeout_inherited},
	{"accept-order", backlog_order},
	{"accept-full", accept_when_full},
	{"accept-early-data", data_before_accept},
	{0},
};
