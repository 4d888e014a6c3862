// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro.c - what a call costs: the stack in the process against the host kernel.
 *
 * The same code runs on both sides: each operation is a system call through a
 * function pointer, which is the engine's or the host's. Rounds alternate
 * between the sides; the figure is the median of ROUNDS, the ratio is ours to
 * the host's in this run. Host traffic stays on loopback.
 *
 *   null	a call that does nothing (getppid)
 *   pingpong	64 bytes to and fro over TCP on loopback, two threads
 *   bulk	one TCP (MPTCP) stream on loopback, 64 KiB writes
 *   threads	two threads, each with a UDP socket pair of its own, against one
 *   start	engine_start() to the first socket; anonymous memory then
 *
 * Options: --json; --image FILE; --only NAME, a part of an operation's name. Exits 0; goals are
 * marked, not enforced.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "engine/engine.h"
#include "lib/rawsys.h"

#define ROUNDS	  5
#define NULLS	  1000000
#define PINGS	  20000
#define BULK_S	  0.4
#define BLOCK	  65536
#define UDP_CALLS 150000

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

typedef long (*syscall_fn)(long nr, const long a[6]);

static long host_call(long nr, const long a[6])
{
	return rawsys6(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static const struct side {
	const char *name;
	syscall_fn call;
} sides[2] = {{"persona", engine_syscall}, {"host", host_call}};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

#define CALL(s, nr, ...) ((s)->call((nr), (long[6]){__VA_ARGS__}))

static long must(long ret, const char *what)
{
	if (ret < 0) {
		fprintf(stderr, "micro: %s: %s\n", what, strerror((int)-ret));
		exit(1);
	}
	return ret;
}

/* A connected TCP pair on loopback: fd[0] dialled, fd[1] accepted. */
static void tcp_pair(const struct side *s, int proto, int fd[2])
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	long l = must(CALL(s, SYS_socket, AF_INET, SOCK_STREAM, proto), "socket");
	int one = 1;

	must(CALL(s, SYS_bind, l, (long)&a, sizeof(a)), "bind");
	must(CALL(s, SYS_listen, l, 1), "listen");
	must(CALL(s, SYS_getsockname, l, (long)&a, (long)&len), "getsockname");
	fd[0] = (int)must(CALL(s, SYS_socket, AF_INET, SOCK_STREAM, proto), "socket");
	must(CALL(s, SYS_connect, fd[0], (long)&a, sizeof(a)), "connect");
	fd[1] = (int)must(CALL(s, SYS_accept, l, 0, 0), "accept");
	CALL(s, SYS_setsockopt, fd[0], IPPROTO_TCP, TCP_NODELAY, (long)&one, sizeof(one));
	CALL(s, SYS_setsockopt, fd[1], IPPROTO_TCP, TCP_NODELAY, (long)&one, sizeof(one));
	CALL(s, SYS_close, l);
}

struct job {
	const struct side *side;
	int fd;
	double seconds;
	unsigned long bytes;
	pthread_barrier_t *gate;
};

static void *echo(void *arg)
{
	struct job *j = arg;
	char buf[64];
	long n;

	while ((n = CALL(j->side, SYS_read, j->fd, (long)buf, sizeof(buf))) > 0)
		CALL(j->side, SYS_write, j->fd, (long)buf, n);
	engine_thread_exit();
	return NULL;
}

/* Microseconds for a round trip. */
static double pingpong(const struct side *s)
{
	char buf[64] = "ping";
	struct job j = {.side = s};
	pthread_t th;
	double t;
	int fd[2];

	tcp_pair(s, 0, fd);
	j.fd = fd[1];
	pthread_create(&th, NULL, echo, &j);
	t = now();
	for (int i = 0; i < PINGS; i++) {
		must(CALL(s, SYS_write, fd[0], (long)buf, sizeof(buf)), "write");
		must(CALL(s, SYS_read, fd[0], (long)buf, sizeof(buf)), "read");
	}
	t = now() - t;
	CALL(s, SYS_close, fd[0]);
	pthread_join(th, NULL);
	CALL(s, SYS_close, fd[1]);
	return t / PINGS * 1e6;
}

static void *sink(void *arg)
{
	struct job *j = arg;
	char *buf = malloc(BLOCK);
	long n;

	while ((n = CALL(j->side, SYS_read, j->fd, (long)buf, BLOCK)) > 0)
		j->bytes += (unsigned long)n;
	free(buf);
	engine_thread_exit();
	return NULL;
}

/* Gbit/s of one stream. */
static double bulk(const struct side *s, int proto)
{
	char *buf = calloc(1, BLOCK);
	struct job j = {.side = s};
	pthread_t th;
	double t, end;
	int fd[2];

	tcp_pair(s, proto, fd);
	j.fd = fd[1];
	pthread_create(&th, NULL, sink, &j);
	t = now();
	end = t + BULK_S;
	while (now() < end)
		must(CALL(s, SYS_write, fd[0], (long)buf, BLOCK), "write");
	CALL(s, SYS_close, fd[0]);
	pthread_join(th, NULL);
	t = now() - t;
	CALL(s, SYS_close, fd[1]);
	free(buf);
	return (double)j.bytes * 8 / t / 1e9;
}

static double bulk_tcp(const struct side *s)
{
	return bulk(s, 0);
}

static double bulk_mptcp(const struct side *s)
{
	return bulk(s, IPPROTO_MPTCP);
}

static double null_call(const struct side *s)
{
	double t = now();

	for (int i = 0; i < NULLS; i++)
		CALL(s, SYS_getppid, 0);
	return (now() - t) / NULLS * 1e9;
}

/* Sends datagrams to itself and reads them back. */
static void *udp_self(void *arg)
{
	struct job *j = arg;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	char buf[64] = "";
	double t;
	long fd;

	fd = must(CALL(j->side, SYS_socket, AF_INET, SOCK_DGRAM, 0), "socket");
	must(CALL(j->side, SYS_bind, fd, (long)&a, sizeof(a)), "bind");
	must(CALL(j->side, SYS_getsockname, fd, (long)&a, (long)&len), "getsockname");
	must(CALL(j->side, SYS_connect, fd, (long)&a, sizeof(a)), "connect");
	pthread_barrier_wait(j->gate);
	t = now();
	for (int i = 0; i < UDP_CALLS; i++) {
		must(CALL(j->side, SYS_write, fd, (long)buf, sizeof(buf)), "write");
		must(CALL(j->side, SYS_read, fd, (long)buf, sizeof(buf)), "read");
	}
	j->seconds = now() - t;
	CALL(j->side, SYS_close, fd);
	engine_thread_exit();
	return NULL;
}

static double udp_rate(const struct side *s, int threads)
{
	pthread_barrier_t gate;
	struct job j[2] = {{.side = s, .gate = &gate}, {.side = s, .gate = &gate}};
	pthread_t th[2];
	double slowest = 0;

	pthread_barrier_init(&gate, NULL, (unsigned int)threads);
	for (int i = 0; i < threads; i++)
		pthread_create(&th[i], NULL, udp_self, &j[i]);
	for (int i = 0; i < threads; i++) {
		pthread_join(th[i], NULL);
		if (j[i].seconds > slowest)
			slowest = j[i].seconds;
	}
	pthread_barrier_destroy(&gate);
	return threads * UDP_CALLS / slowest;
}

/* Throughput of two busy threads over that of one. */
static double two_threads(const struct side *s)
{
	double one = udp_rate(s, 1);

	return udp_rate(s, 2) / one;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *v)
{
	qsort(v, ROUNDS, sizeof(*v), by_value);
	return v[ROUNDS / 2];
}

/* goal > 0: at least; < 0: at most; of the ratio, or of our figure if @absolute */
static const struct test {
	const char *name, *unit;
	double (*run)(const struct side *s);
	double goal;
	bool absolute;
} tests[] = {
	{"null call", "ns", null_call, -70, true},
	{"ping-pong", "us", pingpong, -0.8, false},
	{"bulk TCP", "Gbit/s", bulk_tcp, 1.0, false},
	{"bulk MPTCP", "Gbit/s", bulk_mptcp, 3.0, false},
	{"two threads / one", "x", two_threads, 1.5, true},
};

static bool json;
static bool first = true;

static void report(const char *name, const char *unit, double ours, double host, double goal,
		   bool absolute)
{
	double ratio = host > 0 ? ours / host : 0;
	double judged = absolute ? ours : ratio;
	bool ok = goal > 0 ? judged >= goal : judged <= -goal;

	if (json) {
		printf("%s  {\"name\": \"%s\", \"unit\": \"%s\", \"persona\": %.3f, \"host\": "
		       "%.3f, "
		       "\"ratio\": %.3f, \"goal\": \"%s%g%s\", \"reached\": %s}",
		       first ? "[\n" : ",\n", name, unit, ours, host, ratio,
		       goal > 0 ? ">=" : "<=", goal > 0 ? goal : -goal, absolute ? "" : "x",
		       ok ? "true" : "false");
		first = false;
		return;
	}
	printf("%-22s %10.2f %-7s", name, ours, unit);
	if (host > 0)
		printf(" %10.2f %-7s %6.2fx", host, unit, ratio);
	else
		printf(" %10s %-7s %7s", "-", "", "");
	printf("   %s %g%s  %s\n", goal > 0 ? ">=" : "<=", goal > 0 ? goal : -goal,
	       absolute ? "" : "x", ok ? "reached" : "MISSED");
	fflush(stdout);
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

static void start(const char *image)
{
	struct engine_options opt = {.image = image};
	const char *why = "";
	int err = engine_start(&opt, &why);

	if (err) {
		fprintf(stderr, "micro: %s\n", why);
		exit(1);
	}
}

static void loopback_up(void)
{
	struct ifreq ifr = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	const struct side *s = &sides[0];
	long fd = must(CALL(s, SYS_socket, AF_INET, SOCK_DGRAM, 0), "socket");

	must(CALL(s, SYS_ioctl, fd, SIOCSIFFLAGS, (long)&ifr), "lo up");
	CALL(s, SYS_close, fd);
}

int main(int argc, char **argv)
{
	const char *image = "build/personalities/linux-6.12.so", *only = "";
	double v[2][ROUNDS], rss[ROUNDS];

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			json = true;
		else if (!strcmp(argv[i], "--image") && i + 1 < argc)
			image = argv[++i];
		else if (!strcmp(argv[i], "--only") && i + 1 < argc)
			only = argv[++i];
		else {
			fprintf(stderr, "usage: micro [--json] [--image FILE] [--only NAME]\n");
			return 2;
		}
	}
	for (int i = 0; i < ROUNDS; i++) {
		long before = anonymous_kb();
		double t = now();

		start(image);
		CALL(&sides[0], SYS_close,
		     must(CALL(&sides[0], SYS_socket, AF_INET, SOCK_STREAM, 0), "socket"));
		v[0][i] = (now() - t) * 1e3;
		rss[i] = (double)(anonymous_kb() - before) / 1024;
		if (i < ROUNDS - 1)
			engine_stop();
	}
	if (!json)
		printf("%-22s %10s %-7s %10s %-7s %7s   %s\n", "", "persona", "", "host", "",
		       "ratio", "goal");
	report("start to first socket", "ms", median(v[0]), 0, -6, true);
	report("memory after start", "MiB", median(rss), 0, -8, true);
	loopback_up();
	for (size_t t = 0; t < sizeof(tests) / sizeof(tests[0]); t++) {
		if (!strstr(tests[t].name, only))
			continue;
		for (int i = 0; i < ROUNDS; i++)
			for (int k = 0; k < 2; k++)
				v[(i + k) % 2][i] = tests[t].run(&sides[(i + k) % 2]);
		report(tests[t].name, tests[t].unit, median(v[0]), median(v[1]), tests[t].goal,
		       tests[t].absolute);
	}
	engine_stop();
	if (json)
		printf("\n]\n");
	return 0;
}
