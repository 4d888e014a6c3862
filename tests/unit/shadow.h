/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * shadow.h - what the tests of shadow mode share: the pump over a stand-in for the stack, and
 * sockets whose program is the test itself.
 *
 * Peers are plain sockets of the host on 127.0.0.1. Nothing is waited for but by poll() and
 * by a condition, both for at most PATIENCE_MS.
 */
#ifndef PERSONA_UNIT_SHADOW_H
#define PERSONA_UNIT_SHADOW_H

#include "unit.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include "shadow/dgram.h"
#include "shadow/listener.h"
#include "shadow/look.h"
#include "shadow/park.h"
#include "shadow/pump.h"
#include "shadow/sock.h"
#include "shadow/stream.h"
#include "standin.h"

#define PATIENCE_MS 5000

/*
 * accept() makes a socket while it holds the listener's lock: of a slot that nobody else can have,
 * but that was another socket, perhaps a listener, before. The thread sanitizer takes that for a
 * circle of locks.
 */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "detect_deadlocks=0";
}

static inline uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Wait until @condition holds. */
#define UNTIL(condition)                                           \
	do {                                                       \
		uint64_t until_ = now_ms() + PATIENCE_MS;          \
		while (!(condition)) {                             \
			if (now_ms() > until_)                     \
				fail_msg("never: %s", #condition); \
			poll(NULL, 0, 1);                          \
		}                                                  \
	} while (0)

/* Group set-up and end: the stack and the pump. */
static inline int shadow_begin(void **state)
{
	signal(SIGPIPE, SIG_IGN);
	standin_start();
	pump_set_due(park_expire);
	assert_int_equal(look_start(park_interrupt), 0);
	return pump_start();
}

static inline int shadow_end(void **state)
{
	look_stop();
	pump_stop();
	return 0;
}

/* What poll() says of @events within @ms, with POLLERR and POLLHUP as they come. */
static inline short ready_in(int fd, short events, int ms)
{
	struct pollfd p = {.fd = fd, .events = events};

	assert_true(poll(&p, 1, ms) >= 0);
	return p.revents;
}

static inline short ready_now(int fd, short events)
{
	return ready_in(fd, events, 0);
}

static inline short ready(int fd, short events)
{
	return ready_in(fd, events, PATIENCE_MS);
}

/* A socket of the host at a port of 127.0.0.1 that the kernel chose. */
static inline int host_socket(int type, struct sockaddr_in *at)
{
	socklen_t len = sizeof(*at);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	*at = (struct sockaddr_in){.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)at, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)at, &len), 0);
	return fd;
}

static inline int host_listen(struct sockaddr_in *at)
{
	int fd = host_socket(SOCK_STREAM, at);

	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

/* A port that refuses, and that nobody else can take: its socket hears itself only. */
static inline int host_refusing(struct sockaddr_in *at)
{
	int fd = host_socket(SOCK_DGRAM, at);

	assert_int_equal(connect(fd, (struct sockaddr *)at, sizeof(*at)), 0);
	return fd;
}

static inline int host_connect(int type, const struct sockaddr_in *to)
{
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)to, sizeof(*to)), 0);
	return fd;
}

/* Where a socket of the stack is bound. */
static inline struct sockaddr_in stack_name(int stack)
{
	struct sockaddr_in at = {0};
	socklen_t len = sizeof(at);

	assert_int_equal(stack_call(SYS_getsockname, stack, &at, &len, 0, 0, 0), 0);
	return at;
}

static inline void stack_bind(int stack)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	assert_int_equal(stack_call(SYS_bind, stack, &at, sizeof(at), 0, 0, 0), 0);
}

/**
 * struct made - a socket of the stack with its program's end, which is the test's
 * @fd: the program's end
 * @id: for sock_get()
 */
struct made {
	int fd, stack;
	uint64_t id;
};

/* A socket as socket() makes it; locked. */
static inline struct sock *make_socket(struct made *m, int type, bool alone)
{
	struct socket_core core = {.domain = AF_INET, .type = type};
	struct sock *s;
	int err;

	m->stack = (int)stack_call(SYS_socket, AF_INET, type | SOCK_NONBLOCK, 0, 0, 0, 0);
	assert_true(m->stack >= 0);
	s = sock_new(&core, type == SOCK_STREAM ? &stream_ops : &dgram_ops, alone, m->stack, &m->fd,
		     &err);
	assert_non_null(s);
	if (type != SOCK_STREAM)
		assert_int_equal(dgram_attach(s), 0);
	m->id = sock_id(s);
	s->tid = getpid();
	s->fd = m->fd;
	return s;
}

/* The socket has been forgotten, and its descriptor in the stack closed? */
static inline bool is_gone(const struct made *m)
{
	struct sock *s = sock_get(m->id);

	if (s)
		sock_put(s);
	return !s;
}

/* The program closes its end, and the supervisor finds that; sweeps are not waited for. */
static inline void close_made(struct made *m)
{
	close(m->fd);
	UNTIL((pump_sweep(), is_gone(m)));
}

/* @n bytes of a stream, read until they are there. */
static inline void read_all(int fd, void *to, size_t n)
{
	size_t have = 0;

	while (have < n) {
		ssize_t got;

		assert_true(ready(fd, POLLIN) & POLLIN);
		got = read(fd, (char *)to + have, n - have);
		assert_true(got > 0);
		have += (size_t)got;
	}
}

static inline void write_text(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static inline void assert_reads(int fd, const char *text)
{
	char got[256] = "";

	assert_true(strlen(text) < sizeof(got));
	read_all(fd, got, strlen(text));
	assert_string_equal(got, text);
}

static inline void assert_ended(int fd)
{
	char byte;

	assert_true(ready(fd, POLLIN) & POLLIN);
	assert_int_equal(read(fd, &byte, 1), 0);
}

static inline void set_nonblocking(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	assert_int_equal(fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK), 0);
}

#endif /* PERSONA_UNIT_SHADOW_H */
