/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * inline.h - what the tests of inline mode share: the test is the program and has the library in
 * itself, over a stand-in for the stack.
 *
 * socket(), poll(), close() and their like are the hooks. A socket bound to the wildcard address
 * is the stack's; its peers are sockets of the host, made and used by raw system calls on
 * 127.0.0.1, and so are pipes. Wherever a thread must be asleep in a call before the test goes on,
 * the kernel is asked whether it is.
 */
#ifndef PERSONA_UNIT_INLINE_H
#define PERSONA_UNIT_INLINE_H

#include "inline/real.h"
#include "unit.h"
#include <arpa/inet.h>
#include <pthread.h>
#include "engine/engine.h"
#include "inline/fdtable.h"
#include "inline/life.h"
#include "lib/rawsys.h"
#include "stack/config.h"
#include "standin.h"

#define PATIENCE_MS 5000
#define FOREVER	    (-1)

static inline uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/*
 * First in main(): the library reads its configuration before main(), so the program is executed
 * once more with one. @before runs ahead of that.
 */
static inline void inline_begin(char *argv[], void (*before)(void))
{
	static struct config config;
	char number[16];
	int fd;

	if (getenv(CONFIG_ENV))
		return;
	if (before)
		before();
	fd = config_to_fd(&config);
	snprintf(number, sizeof(number), "%d", fd);
	setenv(CONFIG_ENV, number, 1);
	RAWSYS(SYS_execve, "/proc/self/exe", argv, environ);
	perror("cannot execute itself");
	_exit(1);
}

/* Nothing ready, for as long as a poll() of the host's may say so. */
static inline void nap(void)
{
	struct timespec t = {.tv_nsec = 1000000};

	RAWSYS(SYS_nanosleep, &t, NULL);
}

#define UNTIL(condition)                                           \
	do {                                                       \
		uint64_t until_ = now_ms() + PATIENCE_MS;          \
		while (!(condition)) {                             \
			if (now_ms() > until_)                     \
				fail_msg("never: %s", #condition); \
			nap();                                     \
		}                                                  \
	} while (0)

/* ---- the two worlds ---- */

/* A UDP socket of the stack, and where its peers reach it. */
static inline int stack_socket(struct sockaddr_in *at)
{
	socklen_t len = sizeof(*at);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	*at = (struct sockaddr_in){.sin_family = AF_INET};
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)at, sizeof(*at)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)at, &len), 0);
	at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(slot_kind(fd_slot(fd)), FD_SOCKET);
	return fd;
}

/* Something for it to read: @text from a socket of the host. It is there on return. */
static inline void feed_stack(const struct sockaddr_in *at, const char *text)
{
	int fd = raw_socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(RAWSYS(SYS_sendto, fd, text, strlen(text), 0, at, sizeof(*at)),
			 strlen(text));
	raw_close(fd);
}

static inline void empty_stack(int fd)
{
	char buf[64];

	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) >= 0)
		;
	assert_int_equal(errno, EAGAIN);
}

/* A pipe of the host, non-blocking: to[0] is read. */
static inline void host_pipe(int to[2])
{
	assert_int_equal(RAWSYS(SYS_pipe2, to, O_CLOEXEC | O_NONBLOCK), 0);
}

static inline void feed_host(const int to[2])
{
	assert_int_equal(RAWSYS(SYS_write, to[1], "x", 1), 1);
}

static inline void empty_host(const int to[2])
{
	char buf[64];

	while (RAWSYS(SYS_read, to[0], buf, sizeof(buf)) > 0)
		;
}

static inline void close_pipe(const int to[2])
{
	close(to[0]);
	close(to[1]);
}

/* ---- a thread that waits ---- */

/**
 * struct waiter - a call in another thread
 * @fn: the call; its result is in @ret, its errno in @err
 */
struct waiter {
	long (*fn)(void *arg);
	void *arg;
	long ret;
	int err;
	pthread_t thread;
	_Atomic pid_t tid;
	atomic_bool done;
};

static inline void *waiter_run(void *arg)
{
	struct waiter *w = arg;

	w->tid = (pid_t)RAWSYS(SYS_gettid);
	w->ret = w->fn(w->arg);
	w->err = errno;
	w->done = true;
	return NULL;
}

/* Does the kernel say that it sleeps, and in a call that waits for descriptors? */
static inline bool waiter_sleeps(struct waiter *w)
{
	static const int calls[] = {
		SYS_ppoll, SYS_epoll_pwait, SYS_epoll_pwait2,
#ifdef SYS_poll
		SYS_poll,  SYS_epoll_wait,
#endif
	};
	char path[64], text[256] = "running";
	int fd, nr = -1;

	if (!w->tid)
		return false;
	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", w->tid);
	fd = raw_open(path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return false;
	RAWSYS(SYS_read, fd, text, sizeof(text) - 1);
	raw_close(fd);
	if (sscanf(text, "%d", &nr) != 1)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (nr == calls[i])
			return true;
	return false;
}

/* Begin, and come back when it is asleep in the call. */
static inline void waiter_start(struct waiter *w, long (*fn)(void *arg), void *arg)
{
	*w = (struct waiter){.fn = fn, .arg = arg};
	assert_int_equal(pthread_create(&w->thread, NULL, waiter_run, w), 0);
	UNTIL(waiter_sleeps(w));
}

static inline long waiter_end(struct waiter *w)
{
	UNTIL(w->done);
	pthread_join(w->thread, NULL);
	return w->ret;
}

#endif /* PERSONA_UNIT_INLINE_H */
