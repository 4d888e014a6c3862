// SPDX-License-Identifier: GPL-2.0-only
/*
 * in_thread.c - threads that come and go, and what ends a blocked call from outside.
 *
 * The second part is a table: each way to wait (ways[]) is ended by a close of the
 * descriptor by another thread (which ends nothing: the call goes on with what it has), by
 * pthread_cancel(), by a handler that calls pthread_exit(), and by one that jumps away.
 * Afterwards the connection must be as it was.
 */
#include "parity.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <sys/time.h>

/* ---- threads that come and go ---- */

enum { THREADS = 300, ROUNDS = 10, WARM = 3, GROWTH_KB = 4096 };

static struct sockaddr_in server_address;
static pthread_barrier_t all_connected;
static atomic_int echoes;

static int entries(const char *path)
{
	DIR *d = opendir(path);
	int n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

static long anonymous_kb(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[128];
	long kb = 0;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "RssAnon: %ld", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb;
}

static void *client(void *unused)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char c = 'x';
	bool ok;

	ok = fd >= 0 && connect(fd, (void *)&server_address, sizeof(server_address)) == 0;
	pthread_barrier_wait(&all_connected);
	if (ok && send(fd, &c, 1, 0) == 1 && recv(fd, &c, 1, 0) == 1 && c == 'y')
		atomic_fetch_add(&echoes, 1);
	close(fd);
	return NULL;
}

static void *server(void *listener)
{
	int fd[THREADS];
	char c;

	for (int i = 0; i < THREADS; i++)
		fd[i] = accept(*(int *)listener, NULL, NULL);
	for (int i = 0; i < THREADS; i++) {
		if (recv(fd[i], &c, 1, 0) == 1 && c == 'x')
			send(fd[i], "y", 1, 0);
		close(fd[i]);
	}
	return NULL;
}

/*
 * A round more: as many descriptors and threads as before the first that this process ran
 * (on a slow machine one may end it, and another goes on with the next), no more memory.
 */
static void round_of_threads(long round)
{
	static int descriptors, threads;
	static long memory;
	pthread_t t[THREADS], s;
	pthread_attr_t small;
	int l;

	if (!threads) {
		int sv[2];

		/* What a first socket brings along is not counted. */
		tcp_pair(sv);
		close_both(sv);
		descriptors = entries("/proc/self/fd");
		threads = entries("/proc/self/task");
	}
	l = tcp_listener();
	listen(l, THREADS);
	server_address = address_of(l);
	atomic_store(&echoes, 0);
	pthread_barrier_init(&all_connected, NULL, THREADS);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 128 << 10);
	if (pthread_create(&s, NULL, server, &l))
		die("server");
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&t[i], &small, client, NULL))
			die("client");
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	pthread_join(s, NULL);
	pthread_attr_destroy(&small);
	pthread_barrier_destroy(&all_connected);
	close(l);
	note("%d echoes", atomic_load(&echoes));
	/* One that was joined may still be listed for a moment. */
	for (int i = 0; i < 100 && entries("/proc/self/task") > threads; i++)
		nap(1);
	note("%+d descriptors", entries("/proc/self/fd") - descriptors);
	note("%+d threads", entries("/proc/self/task") - threads);
	if (round >= WARM && !memory)
		memory = anonymous_kb();
	if (round == ROUNDS) {
		long grown = anonymous_kb() - memory;

		note("%s", grown < GROWTH_KB ? "flat" : "grows");
		if (grown >= GROWTH_KB)
			fprintf(stderr, "in_thread: %ld KiB more than after round %d\n", grown,
				WARM);
	}
}

/* ---- what ends a blocked call ---- */

static int fd, peer;   /* waited for; what it hears from */
static bool listening; /* fd is a listener */
static sigjmp_buf away;

static long wait_read(void)
{
	char c;

	return read(fd, &c, 1);
}

static long wait_recv(void)
{
	char c;

	return recv(fd, &c, 1, 0);
}

static long wait_recvmsg(void)
{
	char c;
	struct iovec iov = {&c, 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	return recvmsg(fd, &msg, 0);
}

static long wait_accept(void)
{
	int got = accept(fd, NULL, NULL);

	if (got < 0)
		return got;
	close(got);
	return 1;
}

static long wait_poll(void)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, -1);
}

static long wait_select(void)
{
	fd_set in;

	FD_ZERO(&in);
	FD_SET(fd, &in);
	return select(fd + 1, &in, NULL, NULL, NULL);
}

static int epoll;

static long wait_epoll(void)
{
	struct epoll_event ev;

	/* Closing takes it out of the set: nothing comes then. */
	return epoll_wait(epoll, &ev, 1, 300);
}

static const struct {
	long (*wait)(void);
	bool listening; /* on a listener */
} ways[] = {
	{wait_read, false}, {wait_recv, false},	  {wait_recvmsg, false}, {wait_accept, true},
	{wait_poll, false}, {wait_select, false}, {wait_epoll, false},
};

static void prepare(long way)
{
	struct epoll_event ev = {.events = EPOLLIN};
	int sv[2];

	listening = ways[way].listening;
	if (listening) {
		fd = tcp_listener();
		server_address = address_of(fd);
		peer = -1;
	} else {
		tcp_pair(sv);
		fd = sv[0];
		peer = sv[1];
	}
	epoll = epoll_create1(0);
	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev);
}

/* What it waits for comes: a byte, or a connection. */
static void come(void *unused)
{
	if (!listening) {
		send(peer, "x", 1, MSG_NOSIGNAL);
		return;
	}
	peer = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(peer, (void *)&server_address, sizeof(server_address)) < 0)
		note("connect %s", strerrorname_np(errno));
}

/* The socket is as good as before. */
static void finish(long way)
{
	come(NULL);
	note("then %s", word(ways[way].wait()));
	close(fd);
	close(peer);
	close(epoll);
}

static void *waiter(void *way)
{
	return (void *)ways[(long)way].wait();
}

static pthread_t start(long way)
{
	pthread_t t;

	if (pthread_create(&t, NULL, waiter, (void *)way))
		die("thread");
	nap(40);
	return t;
}

static void closed_meanwhile(long way)
{
	pthread_t t;
	void *ret;

	prepare(way);
	t = start(way);
	note("close %s", word(close(fd)));
	nap(20);
	come(NULL);
	pthread_join(t, &ret);
	note("waiter %ld", (long)ret);
	close(peer);
	close(epoll);
}

static void cancelled_meanwhile(long way)
{
	pthread_t t;
	void *ret;

	prepare(way);
	t = start(way);
	note("cancel %d", pthread_cancel(t));
	pthread_join(t, &ret);
	note("%s", ret == PTHREAD_CANCELED ? "cancelled" : "not cancelled");
	finish(way);
}

static void leave_thread(int sig)
{
	pthread_exit((void *)99);
}

static void exits_meanwhile(long way)
{
	struct sigaction act = {.sa_handler = leave_thread}, old;
	pthread_t t;
	void *ret;

	prepare(way);
	sigaction(SIGUSR1, &act, &old);
	t = start(way);
	pthread_kill(t, SIGUSR1);
	pthread_join(t, &ret);
	note("waiter %ld", (long)ret);
	sigaction(SIGUSR1, &old, NULL);
	finish(way);
}

static void jump_away(int sig)
{
	siglongjmp(away, 1);
}

/* Time-outs as programs before poll() had them: SIGALRM, and a jump out of the handler. */
static void jumps_meanwhile(long way)
{
	struct sigaction act = {.sa_handler = jump_away}, old;
	struct itimerval soon = {.it_value.tv_usec = 5000};
	volatile int jumped = 0;

	prepare(way);
	sigaction(SIGALRM, &act, &old);
	for (volatile int i = 0; i < 20; i++) {
		if (sigsetjmp(away, 1)) {
			jumped++;
			continue;
		}
		setitimer(ITIMER_REAL, &soon, NULL);
		note("waited %s", word(ways[way].wait()));
	}
	note("jumped %d", jumped);
	sigaction(SIGALRM, &old, NULL);
	finish(way);
}

#define ROUND(n)                                               \
	{                                                      \
		"threads-round-" #n, NULL, round_of_threads, n \
	}
#define ENDED(how, fn)                                                                         \
	{"read-" how, NULL, fn, 0}, {"recv-" how, NULL, fn, 1}, {"recvmsg-" how, NULL, fn, 2}, \
		{"accept-" how, NULL, fn, 3}, {"poll-" how, NULL, fn, 4},                      \
		{"select-" how, NULL, fn, 5},                                                  \
	{                                                                                      \
		"epoll-" how, NULL, fn, 6                                                      \
	}

const struct behaviour in_thread[] = {
	ROUND(1),
	ROUND(2),
	ROUND(3),
	ROUND(4),
	ROUND(5),
	ROUND(6),
	ROUND(7),
	ROUND(8),
	ROUND(9),
	ROUND(10),
	ENDED("closed", closed_meanwhile),
	ENDED("cancelled", cancelled_meanwhile),
	ENDED("thread-exits", exits_meanwhile),
	ENDED("jumped", jumps_meanwhile),
	{NULL},
};
