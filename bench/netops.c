// SPDX-License-Identifier: GPL-2.0-only
/*
 * netops.c - small network operations, timed; for bench/shadow and bench/backends.
 *
 *	netops serve			the other side of all below, until it is killed
 *	netops control CALLS		getsockname() in a loop: us each
 *	netops connect ADDR THREADS S	connect, 64 bytes to and fro, close: us each, and per second
 *	netops udp ADDR WINDOW S	64-byte echoes per second, WINDOW of them outstanding
 *	netops rr ADDR S		one byte to and fro on one connection: us each, median
 *	netops idle ADDR N		open N connections, print a line, keep them until killed
 *
 * A line of JSON is the result. It is an ordinary program and knows nothing of
 * the stack that it runs on.
 *
 * Theory of operation: the server is one thread with epoll. Clients take its
 * ports in turn: else their own in TIME_WAIT run out, and finding one takes ever
 * longer. A lost datagram is given up after LOST_MS and counted.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define PORT	    7100 /* and the next PORTS - 1: TCP; PORT: UDP, too */
#define PORTS	    32
#define MESSAGE	    64
#define LOST_MS	    100
#define MAX_ROUNDS  1000000
#define MAX_THREADS PORTS

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void die(const char *what)
{
	fprintf(stderr, "netops: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int must(int ret, const char *what)
{
	if (ret < 0)
		die(what);
	return ret;
}

static struct sockaddr_in address(const char *text, int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	if (inet_pton(AF_INET, text, &a.sin_addr) != 1) {
		fprintf(stderr, "netops: bad address %s\n", text);
		exit(2);
	}
	return a;
}

static void many_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* ---- the server ---- */

static void watch(int epoll, int fd, uint32_t kind)
{
	struct epoll_event ev = {.events = EPOLLIN,
				 .data.u64 = (uint64_t)kind << 32 | (uint32_t)fd};

	must(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev), "epoll_ctl");
}

enum { LISTENER, STREAM, DATAGRAM };

static void listen_at(int epoll, int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket"), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	must(bind(fd, (struct sockaddr *)&a, sizeof(a)), "bind");
	must(listen(fd, 4096), "listen");
	watch(epoll, fd, LISTENER);
}

static void accept_all(int epoll, int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0)
		watch(epoll, fd, STREAM);
}

static void echo_stream(int fd)
{
	char buf[4096];
	ssize_t n = recv(fd, buf, sizeof(buf), 0);

	if (n > 0)
		n = send(fd, buf, (size_t)n, MSG_NOSIGNAL);
	if (n <= 0 && !(n < 0 && errno == EAGAIN))
		close(fd);
}

static void echo_datagrams(int fd)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	char buf[2048];
	ssize_t n;

	while ((n = recvfrom(fd, buf, sizeof(buf), MSG_DONTWAIT, (struct sockaddr *)&from, &len)) >
	       0)
		sendto(fd, buf, (size_t)n, MSG_DONTWAIT, (struct sockaddr *)&from, len);
}

static _Noreturn void serve(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	int epoll = must(epoll_create1(0), "epoll_create1");
	int udp = must(socket(AF_INET, SOCK_DGRAM, 0), "socket");
	struct epoll_event ev[64];

	many_files();
	for (int i = 0; i < PORTS; i++)
		listen_at(epoll, PORT + i);
	must(bind(udp, (struct sockaddr *)&any, sizeof(any)), "bind");
	watch(epoll, udp, DATAGRAM);
	for (;;) {
		int n = epoll_wait(epoll, ev, 64, -1);

		for (int i = 0; i < n; i++) {
			int fd = (int)(uint32_t)ev[i].data.u64;

			switch (ev[i].data.u64 >> 32) {
			case LISTENER:
				accept_all(epoll, fd);
				break;
			case STREAM:
				echo_stream(fd);
				break;
			default:
				echo_datagrams(fd);
			}
		}
	}
}

/* ---- clients ---- */

static int control(long calls)
{
	struct sockaddr_in a;
	int fd = must(socket(AF_INET, SOCK_STREAM, 0), "socket");
	double start = now();

	for (long i = 0; i < calls; i++) {
		socklen_t len = sizeof(a);

		must(getsockname(fd, (struct sockaddr *)&a, &len), "getsockname");
	}
	printf("{\"us\": %.3f}\n", (now() - start) * 1e6 / (double)calls);
	return 0;
}

/**
 * struct worker - one client thread
 * @port:  the next one
 * @until: monotonic seconds
 * @done, @failed: rounds
 */
struct worker {
	pthread_t thread;
	struct sockaddr_in server;
	int port;
	double until;
	long done, failed;
};

static bool round_trip(const struct sockaddr_in *server)
{
	char buf[MESSAGE] = {0};
	int fd = must(socket(AF_INET, SOCK_STREAM, 0), "socket");
	ssize_t got = 0, n = 1;

	if (connect(fd, (const struct sockaddr *)server, sizeof(*server)) ||
	    send(fd, buf, sizeof(buf), MSG_NOSIGNAL) != MESSAGE)
		n = -1;
	while (n > 0 && got < MESSAGE) {
		n = recv(fd, buf, sizeof(buf), 0);
		got += n;
	}
	if (n <= 0)
		perror("netops: round");
	close(fd);
	return n > 0;
}

static void *connect_loop(void *arg)
{
	struct worker *w = arg;

	while (now() < w->until) {
		w->server.sin_port = htons((uint16_t)(PORT + w->port++ % PORTS));
		if (round_trip(&w->server))
			w->done++;
		else
			w->failed++;
	}
	return NULL;
}

static int connects(const char *addr, int threads, double seconds)
{
	struct worker w[MAX_THREADS] = {0};
	double start = now(), took;
	long done = 0, failed = 0;

	if (threads < 1 || threads > MAX_THREADS)
		return 2;
	for (int i = 0; i < threads; i++) {
		w[i].server = address(addr, PORT);
		w[i].port = i * PORTS / threads;
		w[i].until = start + seconds;
		if (pthread_create(&w[i].thread, NULL, connect_loop, &w[i]))
			die("pthread_create");
	}
	for (int i = 0; i < threads; i++) {
		pthread_join(w[i].thread, NULL);
		done += w[i].done;
		failed += w[i].failed;
	}
	took = now() - start;
	printf("{\"us\": %.2f, \"per_s\": %.1f, \"failed\": %ld}\n",
	       took * 1e6 * threads / (double)(done ? done : 1), (double)done / took, failed);
	return 0;
}

static int udp(const char *addr, int window, double seconds)
{
	struct sockaddr_in server = address(addr, PORT);
	struct timeval patience = {.tv_usec = LOST_MS * 1000};
	int fd = must(socket(AF_INET, SOCK_DGRAM, 0), "socket"), outstanding = 0;
	char buf[MESSAGE] = {0};
	double start = now(), took;
	long done = 0, lost = 0;

	must(connect(fd, (struct sockaddr *)&server, sizeof(server)), "connect");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	while ((took = now() - start) < seconds) {
		for (; outstanding < window; outstanding++)
			must((int)send(fd, buf, sizeof(buf), 0), "send");
		if (recv(fd, buf, sizeof(buf), 0) == MESSAGE) {
			done++;
			outstanding--;
		} else if (errno == EAGAIN) {
			lost += outstanding;
			outstanding = 0;
		} else {
			die("recv");
		}
	}
	printf("{\"per_s\": %.1f, \"lost\": %ld}\n", (double)done / took, lost);
	return 0;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The median, since what a busy machine adds is seldom and long. */
static int request_response(const char *addr, double seconds)
{
	struct sockaddr_in server = address(addr, PORT);
	int fd = must(socket(AF_INET, SOCK_STREAM, 0), "socket"), one = 1;
	double *took = calloc(MAX_ROUNDS, sizeof(*took)), end = now() + seconds;
	int n = 0;
	char c = 0;

	if (!took)
		die("calloc");
	must(connect(fd, (struct sockaddr *)&server, sizeof(server)), "connect");
	must(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)), "TCP_NODELAY");
	for (double at = now(), t; at < end && n < MAX_ROUNDS; at = t) {
		if (send(fd, &c, 1, MSG_NOSIGNAL) != 1 || recv(fd, &c, 1, 0) != 1)
			die("round");
		t = now();
		took[n++] = t - at;
	}
	qsort(took, (size_t)n, sizeof(*took), by_size);
	printf("{\"us\": %.2f, \"rounds\": %d}\n", took[n / 2] * 1e6, n);
	free(took);
	close(fd);
	return 0;
}

static _Noreturn void idle(const char *addr, int n)
{
	many_files();
	for (int i = 0; i < n; i++) {
		struct sockaddr_in server = address(addr, PORT + i % PORTS);
		int fd = must(socket(AF_INET, SOCK_STREAM, 0), "socket");

		must(connect(fd, (struct sockaddr *)&server, sizeof(server)), "connect");
	}
	printf("{\"open\": %d}\n", n);
	fflush(stdout);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "serve") && argc == 2)
		serve();
	if (!strcmp(what, "control") && argc == 3)
		return control(atol(argv[2]));
	if (!strcmp(what, "connect") && argc == 5)
		return connects(argv[2], atoi(argv[3]), atof(argv[4]));
	if (!strcmp(what, "udp") && argc == 5)
		return udp(argv[2], atoi(argv[3]), atof(argv[4]));
	if (!strcmp(what, "rr") && argc == 4)
		return request_response(argv[2], atof(argv[3]));
	if (!strcmp(what, "idle") && argc == 4)
		idle(argv[2], atoi(argv[3]));
	fprintf(stderr, "usage: netops serve | control CALLS | connect ADDR THREADS SECONDS |\n"
			"       udp ADDR WINDOW SECONDS | rr ADDR SECONDS | idle ADDR N\n");
	return 2;
}
