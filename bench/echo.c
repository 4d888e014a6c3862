// SPDX-License-Identifier: GPL-2.0-only
/*
 * echo.c - an epoll server that echoes, and the load for it; for bench/netperf.
 *
 *	echo serve PORT THREADS		until it is killed; prints a line when it listens
 *	echo load ADDR PORT CONNECTIONS SECONDS
 *	echo null CALLS			getsockname() in a loop
 *
 * load and null print a line of JSON: {"per_second": ..., "median_us": ...}.
 *
 * Theory of operation. The server: the main thread accepts and deals connections out to
 * THREADS threads, each of which has an epoll (level triggered) and sends back what it
 * receives. The load: one thread with an epoll, MESSAGE bytes outstanding on each connection,
 * so that what is measured is a round trip with CONNECTIONS of them at a time. It counts from
 * when each connection has had one answer. It is an ordinary program and knows nothing of the stack
 * that it runs on.
 *
 * Limits: IPv4; messages are so small that a send is never partial; latencies of the first
 * MAX_SAMPLES exchanges.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE	     64
#define EVENTS	     64
#define MAX_THREADS  64
#define MAX_CONNS    10000
#define MAX_SAMPLES  1000000
#define ANSWER_SLACK 5000 /* ms without any answer: something is broken */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int must(int ret, const char *what)
{
	if (ret < 0) {
		fprintf(stderr, "echo: %s: %s\n", what, strerror(errno));
		exit(1);
	}
	return ret;
}

static long number(const char *text, long least, long most)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*end || n < least || n > most) {
		fprintf(stderr, "echo: %s is no number from %ld to %ld\n", text, least, most);
		exit(2);
	}
	return n;
}

static void watch(int epoll, int fd, void *data)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = data};
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	must(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev), "epoll_ctl");
}

static void print_result(double per_second, double median)
{
	printf("{\"per_second\": %.1f, \"median_us\": %.2f}\n", per_second, median * 1e6);
}

/* ---- the server ---- */

static void *serve_some(void *arg)
{
	int epoll = (int)(intptr_t)arg;
	struct epoll_event ev[EVENTS];
	char buf[4096];

	for (;;) {
		int n = epoll_wait(epoll, ev, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			int fd = (int)(intptr_t)ev[i].data.ptr;
			ssize_t got = recv(fd, buf, sizeof(buf), 0);

			if (got <= 0 || send(fd, buf, (size_t)got, MSG_NOSIGNAL) != got)
				close(fd);
		}
	}
	return NULL;
}

static void serve(int port, int threads)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = must(socket(AF_INET, SOCK_STREAM, 0), "socket");
	int epoll[MAX_THREADS], one = 1;
	pthread_t id;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	must(bind(fd, (struct sockaddr *)&any, sizeof(any)), "bind");
	must(listen(fd, 4096), "listen");
	for (int i = 0; i < threads; i++) {
		epoll[i] = must(epoll_create1(0), "epoll_create1");
		errno = pthread_create(&id, NULL, serve_some, (void *)(intptr_t)epoll[i]);
		must(errno ? -1 : 0, "pthread_create");
	}
	puts("listening");
	fflush(stdout);
	for (unsigned int n = 0;; n++) {
		int conn = must(accept(fd, NULL, NULL), "accept");

		watch(epoll[n % (unsigned int)threads], conn, (void *)(intptr_t)conn);
	}
}

/* ---- the load ---- */

struct connection {
	int fd;
	size_t missing; /* bytes of the answer */
	double sent;
};

static void ask(struct connection *c)
{
	static const char message[MESSAGE] = "echo";

	c->missing = MESSAGE;
	c->sent = now();
	if (send(c->fd, message, MESSAGE, MSG_NOSIGNAL) != MESSAGE) {
		fprintf(stderr, "echo: send: %s\n", strerror(errno));
		exit(1);
	}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Answers until @until, or @count of them; their times into @sample. Gives how many. */
static long exchange(int epoll, double until, long count, double *sample)
{
	struct epoll_event ev[EVENTS];
	char buf[MESSAGE];
	long done = 0;

	while (done < count && now() < until) {
		int n = must(epoll_wait(epoll, ev, EVENTS, ANSWER_SLACK), "epoll_wait");

		if (!n) {
			fprintf(stderr, "echo: no answer for %d ms\n", ANSWER_SLACK);
			exit(1);
		}
		for (int i = 0; i < n; i++) {
			struct connection *c = ev[i].data.ptr;
			ssize_t got = recv(c->fd, buf, c->missing, 0);

			if (got <= 0) {
				fprintf(stderr, "echo: recv: %s\n",
					got ? strerror(errno) : "connection ended");
				exit(1);
			}
			c->missing -= (size_t)got;
			if (c->missing)
				continue;
			if (sample && done < MAX_SAMPLES)
				sample[done] = now() - c->sent;
			done++;
			ask(c);
		}
	}
	return done;
}

static void load(const char *addr, int port, int conns, int seconds)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct connection *c = calloc((size_t)conns, sizeof(*c));
	double *sample = calloc(MAX_SAMPLES, sizeof(*sample)), start;
	int epoll = must(epoll_create1(0), "epoll_create1");
	long done;

	if (!c || !sample || inet_pton(AF_INET, addr, &to.sin_addr) != 1) {
		fprintf(stderr, "echo: bad address %s\n", addr);
		exit(2);
	}
	for (int i = 0; i < conns; i++) {
		c[i].fd = must(socket(AF_INET, SOCK_STREAM, 0), "socket");
		must(connect(c[i].fd, (struct sockaddr *)&to, sizeof(to)), "connect");
		watch(epoll, c[i].fd, &c[i]);
	}
	for (int i = 0; i < conns; i++)
		ask(&c[i]);
	exchange(epoll, now() + 10, conns, NULL);
	start = now();
	done = exchange(epoll, start + seconds, INT64_MAX, sample);
	start = now() - start;
	if (!done) {
		fprintf(stderr, "echo: no answer in %d s\n", seconds);
		exit(1);
	}
	qsort(sample, (size_t)(done < MAX_SAMPLES ? done : MAX_SAMPLES), sizeof(*sample), by_value);
	print_result((double)done / start, sample[(done < MAX_SAMPLES ? done : MAX_SAMPLES) / 2]);
	free(sample);
	free(c);
}

static void null(long calls)
{
	int fd = must(socket(AF_INET, SOCK_DGRAM, 0), "socket");
	struct sockaddr_storage a;
	double start = now();

	for (long i = 0; i < calls; i++) {
		socklen_t len = sizeof(a);

		must(getsockname(fd, (struct sockaddr *)&a, &len), "getsockname");
	}
	start = now() - start;
	print_result((double)calls / start, start / (double)calls);
}

int main(int argc, char **argv)
{
	struct rlimit files;

	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	if (argc == 4 && !strcmp(argv[1], "serve"))
		serve((int)number(argv[2], 1, 65535), (int)number(argv[3], 1, MAX_THREADS));
	else if (argc == 6 && !strcmp(argv[1], "load"))
		load(argv[2], (int)number(argv[3], 1, 65535), (int)number(argv[4], 1, MAX_CONNS),
		     (int)number(argv[5], 1, 3600));
	else if (argc == 3 && !strcmp(argv[1], "null"))
		null(number(argv[2], 1, INT32_MAX));
	else {
		fprintf(stderr,
			"usage: echo serve PORT THREADS | load ADDR PORT CONNECTIONS SECONDS"
			" | null CALLS\n");
		return 2;
	}
	return 0;
}
