// SPDX-License-Identifier: GPL-2.0-only
/* in_wait.c - poll() and select(), stack and host descriptors together. */
#include "parity.h"

static int peeked(int fd)
{
	struct pollfd p = {.fd = fd,
			   .events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP | POLLRDNORM |
				     POLLWRNORM};

	return poll(&p, 1, 0) < 0 ? -1 : p.revents;
}

static void states(void)
{
	int fresh = socket(AF_INET, SOCK_STREAM, 0), u = socket(AF_INET, SOCK_DGRAM, 0);
	int l = tcp_listener(), c = socket(AF_INET, SOCK_STREAM, 0), a;
	struct sockaddr_in sa = address_of(l);

	note("fresh %#x udp %#x listener %#x", peeked(fresh), peeked(u), peeked(l));
	connect(c, (void *)&sa, sizeof(sa));
	wait_for(l, POLLIN);
	note("pending %#x connected %#x", peeked(l), peeked(c));
	a = accept(l, NULL, NULL);
	send(c, "x", 1, 0);
	wait_for(a, POLLIN);
	note("data %#x", peeked(a));
	shutdown(c, SHUT_WR);
	wait_for(a, POLLRDHUP);
	note("half closed %#x", peeked(a));
	shutdown(a, SHUT_WR);
	wait_for(c, POLLHUP);
	note("ended %#x %#x", peeked(a), peeked(c));
	close(fresh);
	close(u);
	close(l);
	close(c);
	close(a);
}

static void mixed(void)
{
	struct pollfd p[5];
	int sv[2], fds[2], gone = dup(0);

	tcp_pair(sv);
	if (pipe(fds))
		die("pipe");
	close(gone);
	p[0] = (struct pollfd){.fd = fds[0], .events = POLLIN};
	p[1] = (struct pollfd){.fd = sv[0], .events = POLLIN};
	p[2] = (struct pollfd){.fd = -1, .events = POLLIN, .revents = 7};
	p[3] = (struct pollfd){.fd = sv[1], .events = 0};
	p[4] = (struct pollfd){.fd = fds[1], .events = POLLOUT};
	SEE(poll(p, 4, 0));
	SEE(poll(p, 5, 1000));
	send_byte(&fds[1]);
	SEE(poll(p, 4, 1000));
	note("%#x %#x %#x %#x", p[0].revents, p[1].revents, p[2].revents, p[3].revents);
	send_byte(&sv[1]);
	wait_for(sv[0], POLLIN);
	SEE(poll(p, 5, 1000));
	note("%#x %#x %#x %#x %#x", p[0].revents, p[1].revents, p[2].revents, p[3].revents,
	     p[4].revents);
	p[2].fd = gone;
	SEE(poll(p, 5, 1000));
	note("%#x", p[2].revents);
	close(fds[0]);
	close(fds[1]);
	close_both(sv);
}

static void timeout(void)
{
	struct pollfd p[2] = {{.events = POLLIN}, {.events = POLLIN}};
	int sv[2], fds[2];
	long start;

	tcp_pair(sv);
	if (pipe(fds))
		die("pipe");
	p[0].fd = sv[0];
	p[1].fd = fds[0];
	for (int n = 1; n <= 2; n++) {
		start = now_ms();
		SEE(poll(p, (nfds_t)n, 60));
		start = now_ms() - start;
		note("waited %s", start >= 59 && start < 250 ? "about that" : "otherwise");
	}
	close(fds[0]);
	close(fds[1]);
	close_both(sv);
}

/* Woken by a descriptor of either kind while the other is in the set too. */
static void woken(void)
{
	struct pollfd p[2] = {{.events = POLLIN}, {.events = POLLIN}};
	int sv[2], fds[2];
	pthread_t t;
	long start;
	char c;

	tcp_pair(sv);
	if (pipe(fds))
		die("pipe");
	p[0].fd = sv[0];
	p[1].fd = fds[0];
	for (int i = 0; i < 4; i++) {
		start = now_ms();
		t = after(30, send_byte, i & 1 ? &sv[1] : &fds[1]);
		SEE(poll(p, 2, 2000));
		start = now_ms() - start;
		note("%#x %#x %s", p[0].revents, p[1].revents, start < 500 ? "soon" : "late");
		done(t);
		if (read(i & 1 ? sv[0] : fds[0], &c, 1) != 1)
			note("nothing to read");
	}
	close(fds[0]);
	close(fds[1]);
	close_both(sv);
}

static void selecting(void)
{
	struct timeval t = {.tv_usec = 50000};
	fd_set in, out, ex;
	int sv[2], fds[2], n;

	tcp_pair(sv);
	if (pipe(fds))
		die("pipe");
	n = 1 + (sv[0] > fds[0] ? sv[0] : fds[0]);
	n = n > sv[1] ? n : sv[1] + 1;
#define SETS                         \
	do {                         \
		FD_ZERO(&in);        \
		FD_ZERO(&out);       \
		FD_ZERO(&ex);        \
		FD_SET(sv[0], &in);  \
		FD_SET(fds[0], &in); \
	} while (0)
	SETS;
	SEE(select(n, &in, &out, &ex, &t));
	note("in %d %d left %ld", FD_ISSET(sv[0], &in), FD_ISSET(fds[0], &in),
	     t.tv_sec * 1000000 + t.tv_usec);
	send_byte(&fds[1]);
	SETS;
	FD_SET(sv[1], &out);
	t.tv_sec = 5;
	SEE(select(n, &in, &out, &ex, &t));
	note("in %d %d out %d left %d", FD_ISSET(sv[0], &in), FD_ISSET(fds[0], &in),
	     FD_ISSET(sv[1], &out), t.tv_sec >= 4);
	send_byte(&sv[1]);
	wait_for(sv[0], POLLIN);
	SETS;
	SEE(select(n, &in, NULL, NULL, NULL));
	note("in %d %d", FD_ISSET(sv[0], &in), FD_ISSET(fds[0], &in));
	t.tv_sec = -1;
	SETS;
	SEE(select(n, &in, NULL, NULL, &t));
	SEE(select(-1, &in, NULL, NULL, NULL));
	close(fds[1]);
	close(fds[0]);
	SETS;
	SEE(select(n, &in, NULL, NULL, NULL));
	close_both(sv);
}

static void select_urgent(void)
{
	struct timeval t = {.tv_sec = 1};
	fd_set ex;
	int sv[2];

	tcp_pair(sv);
	send(sv[1], "!", 1, MSG_OOB);
	FD_ZERO(&ex);
	FD_SET(sv[0], &ex);
	SEE(select(sv[0] + 1, NULL, NULL, &ex, &t));
	note("except %d", FD_ISSET(sv[0], &ex));
	close_both(sv);
}

static volatile int seen;

static void on_usr1(int sig)
{
	seen++;
}

/* A blocked, pending signal that the call's mask lets through. */
static void masks(void)
{
	struct sigaction act = {.sa_handler = on_usr1, .sa_flags = SA_RESTART}, old;
	struct timespec t = {.tv_sec = 1};
	struct pollfd p = {.events = POLLIN};
	sigset_t usr1, before;
	pthread_t me = pthread_self(), th;
	fd_set in;
	int sv[2];

	tcp_pair(sv);
	p.fd = sv[0];
	sigaction(SIGUSR1, &act, &old);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &usr1, &before);
	seen = 0;
	raise(SIGUSR1);
	SEE(poll(&p, 1, 50));
	note("seen %d", seen);
	SEE(ppoll(&p, 1, &t, &before));
	note("seen %d", seen);
	th = after(50, kill_thread_usr1, &me);
	SEE(ppoll(&p, 1, &t, &before));
	note("seen %d", seen);
	done(th);
	raise(SIGUSR1);
	FD_ZERO(&in);
	FD_SET(sv[0], &in);
	SEE(pselect(sv[0] + 1, &in, NULL, NULL, &t, &before));
	note("seen %d", seen);
	raise(SIGUSR1);
	send_byte(&sv[1]);
	wait_for(sv[0], POLLIN);
	SEE(ppoll(&p, 1, &t, NULL));
	note("seen %d", seen);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	note("seen %d", seen);
	sigaction(SIGUSR1, &old, NULL);
	close_both(sv);
}

static void many_threads(void)
{
	enum { N = 24 };
	int sv[N][2];
	pthread_t t[N];
	char c;
	int got = 0;

	for (int i = 0; i < N; i++) {
		tcp_pair(sv[i]);
		t[i] = after(20 + i % 5, send_byte, &sv[i][1]);
	}
	for (int i = 0; i < N; i++)
		got += recv(sv[i][0], &c, 1, 0) == 1;
	for (int i = 0; i < N; i++) {
		done(t[i]);
		close_both(sv[i]);
	}
	note("got %d", got);
}

const struct behaviour in_wait[] = {
	{"poll-states", states}, {"poll-mixed", mixed},		 {"poll-timeout", timeout},
	{"poll-woken", woken},	 {"select", selecting},		 {"select-urgent", select_urgent},
	{"wait-masks", masks},	 {"many-threads", many_threads}, {NULL, NULL},
};
