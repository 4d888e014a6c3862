// SPDX-License-Identifier: GPL-2.0-only
/*
 * hostcalls.c - what calls on the host's own descriptors cost.
 *
 *	hostcalls [socket] [thread]
 *
 * An ordinary program: bench/quick runs it as it is and with inline mode's library, and the
 * difference is what Persona adds to a program's file I/O. "socket": it opens one first, so that
 * the stack runs and the library has something to tell apart. "thread": it has a second one, which
 * sleeps. The kernel then counts references of each descriptor that a call uses, which it need not
 * for a process of one thread.
 *
 * Each figure is the least of BATCHES: what the machine does beside only adds. Output: one JSON
 * object, nanoseconds by name.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCHES 200
#define CALLS	1000

static int file, zero, null, pipes[2], pair[2];
static char buf[64];

static void bad(const char *what)
{
	fprintf(stderr, "hostcalls: %s: %s\n", what, strerror(errno));
	exit(1);
}

static long do_pread(void)
{
	return pread(file, buf, sizeof(buf), 0);
}

static long do_read(void)
{
	return read(zero, buf, sizeof(buf));
}

static long do_write(void)
{
	return write(null, buf, sizeof(buf));
}

static long do_poll(void)
{
	struct pollfd p[2] = {{.fd = pipes[0], .events = POLLIN}, {.fd = null, .events = POLLIN}};

	return poll(p, 2, 0);
}

static long do_select(void)
{
	struct timeval now = {0};
	fd_set in;

	FD_ZERO(&in);
	FD_SET(pipes[0], &in);
	return select(pipes[0] + 1, &in, NULL, NULL, &now);
}

static long do_unix(void)
{
	long n = send(pair[0], buf, sizeof(buf), 0);

	return n < 0 ? n : recv(pair[1], buf, sizeof(buf), 0);
}

static long do_dup(void)
{
	return close(dup(null));
}

static const struct {
	const char *name;
	long (*run)(void);
} tests[] = {
	{"pread", do_pread},   {"read", do_read},	{"write", do_write},	{"poll", do_poll},
	{"select", do_select}, {"send, recv", do_unix}, {"dup, close", do_dup},
};

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double least(long (*run)(void))
{
	double best = 1e9;

	for (int b = 0; b < BATCHES; b++) {
		double start = now_ns(), ns;

		for (int i = 0; i < CALLS; i++)
			if (run() < 0)
				bad("call");
		ns = (now_ns() - start) / CALLS;
		if (ns < best)
			best = ns;
	}
	return best;
}

static void *sleeper(void *unused)
{
	for (;;)
		pause();
	return unused;
}

int main(int argc, char **argv)
{
	char path[] = "/tmp/hostcalls-XXXXXX";

	for (int i = 1; i < argc; i++) {
		pthread_t t;

		if (!strcmp(argv[i], "socket") && socket(AF_INET, SOCK_STREAM, 0) < 0)
			bad("socket");
		if (!strcmp(argv[i], "thread") && pthread_create(&t, NULL, sleeper, NULL))
			bad("thread");
	}
	file = mkstemp(path);
	unlink(path);
	zero = open("/dev/zero", O_RDONLY);
	null = open("/dev/null", O_RDWR);
	if (file < 0 || zero < 0 || null < 0 || pipe(pipes) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		bad("open");
	if (write(file, buf, sizeof(buf)) < 0 || write(pipes[1], buf, 1) < 0)
		bad("write");
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		printf("%s\"%s\": %.2f", i ? ", " : "{", tests[i].name, least(tests[i].run));
	printf("}\n");
	return 0;
}
