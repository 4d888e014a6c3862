// SPDX-License-Identifier: GPL-2.0-only
/*
 * pattern.c - transfers whose every byte is checked and whose every stall is logged.
 *
 *   pattern serve PORT			serve, until killed; says what it has received
 *   pattern MODE ADDRESS PORT SECONDS	MODE: get, put or both (at the same time)
 *
 * Theory of operation. The sender writes 64-bit words, word number n being a
 * function of n, for SECONDS; then the complement of their count, and closes its
 * direction. So the receiver knows for every byte what it must be, and that none
 * is missing at the end. After a `put` the server answers with the count.
 *
 * The receiver is where a stall shows. One longer than GAP_MS becomes a line
 * "gap DIRECTION START LENGTH" in seconds of the real-time clock; at the end
 * comes "done DIRECTION BYTES", or "FAILED DIRECTION: WHY". The server prints for put,
 * the client for get.
 *
 * MPTCP where the kernel has it. A thread per transfer. A silence of LIMIT_S is a
 * failure.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

#define GAP_MS	100
#define LIMIT_S 60
#define WORDS	2048 /* per read or write: 16 KiB */

static const char *address, *port;
static int seconds;
static int failures;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static uint64_t word(uint64_t n)
{
	return (n + 1) * 0x9e3779b97f4a7c15u;
}

static int failed(const char *direction, const char *why)
{
	printf("FAILED %s: %s\n", direction, why);
	__atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED);
	return -1;
}

static int write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t r = send(fd, at, len, MSG_NOSIGNAL);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return -1;
		at += r;
		len -= (size_t)r;
	}
	return 0;
}

/* The words, for @s seconds, their count, the end. */
static int send_pattern(int fd, int s, const char *direction, uint64_t *count)
{
	uint64_t buf[WORDS], n = 0, last;
	double end = now() + s;

	while (now() < end) {
		for (int i = 0; i < WORDS; i++)
			buf[i] = word(n++);
		if (write_all(fd, buf, sizeof(buf)))
			return failed(direction, strerror(errno));
	}
	last = ~n;
	if (write_all(fd, &last, sizeof(last)) || shutdown(fd, SHUT_WR))
		return failed(direction, strerror(errno));
	*count = n;
	return 0;
}

/* Read to the end, checking; the number of words goes to @count. */
static int take_pattern(int fd, const char *direction, uint64_t *count)
{
	uint64_t buf[WORDS], n = 0, last = 0;
	double before = now(), t;
	size_t have = 0;
	bool ended = false;

	for (;;) {
		ssize_t r = recv(fd, (char *)buf + have, sizeof(buf) - have, 0);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return failed(direction, strerror(errno));
		t = now();
		if (t - before > GAP_MS / 1e3)
			printf("gap %s %.3f %.3f\n", direction, before, t - before);
		before = t;
		if (!r)
			break;
		have += (size_t)r;
		for (size_t i = 0; i < have / 8; i++) {
			if (ended)
				return failed(direction, "bytes after the end");
			ended = buf[i] != word(n);
			last = buf[i];
			n += !ended;
		}
		memmove(buf, (char *)buf + have / 8 * 8, have % 8);
		have %= 8;
		if (ended && last != ~n)
			return failed(direction, "a byte is wrong");
	}
	if (!ended || have)
		return failed(direction, "bytes are missing at the end");
	printf("done %s %llu\n", direction, (unsigned long long)n * 8);
	*count = n;
	return 0;
}

static int stream_socket(int family)
{
	struct timeval limit = {LIMIT_S, 0};
	int fd = socket(family, SOCK_STREAM, IPPROTO_MPTCP);

	if (fd < 0)
		fd = socket(family, SOCK_STREAM, 0);
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	}
	return fd;
}

/* The first two bytes: what the client wants, and for how many seconds. */
static void *serve_one(void *arg)
{
	int fd = (int)(intptr_t)arg;
	struct timeval limit = {LIMIT_S, 0};
	uint8_t want[2];
	uint64_t n;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (recv(fd, want, sizeof(want), MSG_WAITALL) == sizeof(want)) {
		if (want[0] == 'g')
			send_pattern(fd, want[1], "get", &n);
		else if (!take_pattern(fd, "put", &n))
			write_all(fd, &n, sizeof(n));
	}
	close(fd);
	return NULL;
}

static int serve(void)
{
	struct sockaddr_in6 self = {.sin6_family = AF_INET6,
				    .sin6_port = htons((uint16_t)atoi(port))};
	int fd = stream_socket(AF_INET6), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (struct sockaddr *)&self, sizeof(self)) || listen(fd, 16)) {
		perror("pattern: listen");
		return 1;
	}
	for (;;) {
		int peer = accept(fd, NULL, NULL);
		pthread_t t;

		if (peer >= 0 && !pthread_create(&t, NULL, serve_one, (void *)(intptr_t)peer))
			pthread_detach(t);
	}
}

static int open_connection(void)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST}, *ai;
	int fd;

	if (getaddrinfo(address, port, &hints, &ai))
		return -1;
	fd = stream_socket(ai->ai_family);
	if (fd >= 0 && connect(fd, ai->ai_addr, ai->ai_addrlen)) {
		close(fd);
		fd = -1;
	}
	freeaddrinfo(ai);
	return fd;
}

static void *transfer(void *arg)
{
	const char *direction = arg;
	uint8_t want[2] = {(uint8_t)*direction, (uint8_t)seconds};
	uint64_t n = 0, theirs = 0;
	int fd = open_connection();

	if (fd < 0 || write_all(fd, want, sizeof(want))) {
		failed(direction, strerror(errno));
		return NULL;
	}
	if (*direction == 'g')
		take_pattern(fd, direction, &n);
	else if (!send_pattern(fd, seconds, direction, &n) &&
		 (recv(fd, &theirs, sizeof(theirs), MSG_WAITALL) != sizeof(theirs) || theirs != n))
		failed(direction, "the server has counted something else");
	close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t get, put;
	bool both;

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	if (argc == 3 && !strcmp(argv[1], "serve")) {
		port = argv[2];
		return serve();
	}
	if (argc != 5 ||
	    (strcmp(argv[1], "get") && strcmp(argv[1], "put") && strcmp(argv[1], "both"))) {
		fprintf(stderr, "usage: pattern serve PORT | get|put|both ADDRESS PORT SECONDS\n");
		return 2;
	}
	address = argv[2];
	port = argv[3];
	seconds = atoi(argv[4]);
	both = !strcmp(argv[1], "both");
	if (both || *argv[1] == 'g')
		pthread_create(&get, NULL, transfer, "get");
	if (both || *argv[1] == 'p')
		pthread_create(&put, NULL, transfer, "put");
	if (both || *argv[1] == 'g')
		pthread_join(get, NULL);
	if (both || *argv[1] == 'p')
		pthread_join(put, NULL);
	return failures != 0;
}
