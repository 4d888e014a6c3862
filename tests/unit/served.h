/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * served.h - puppets whose calls are answered: the supervisor's thread and the pump over a
 * stand-in for the stack.
 *
 * A socket of a puppet bound to the wildcard address is the stack's. A script can be run by a
 * puppet and by the test itself on the host's kernel (actor NULL), and the results compared.
 */
#ifndef PERSONA_UNIT_SERVED_H
#define PERSONA_UNIT_SERVED_H

#include "puppet.h"
#include "shadow/serve.h"

/* Rooms of a thread for its calls live as long as the thread, which is the supervisor's life. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_options(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:call_receive\nleak:message_ready\n";
}

const char *__lsan_default_options(void)
{
	return "print_suppressions=0";
}

static inline int served_begin(bool interruptible, void (*prepare)(void))
{
	const struct serve_options options = {0};

	if (puppets_begin(interruptible, prepare) || shadow_begin(NULL))
		return -1;
	return puppet_listener < 0 ? 0 : serve_start(puppet_listener, &options);
}

static inline int served_end(void **state)
{
	serve_stop();
	shadow_end(state);
	puppets_end();
	return 0;
}

static inline long act_args(struct puppet *p, long nr, const long a[6])
{
	if (!p)
		return rawsys6(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	puppet_start_args(p, nr, a);
	return puppet_result(p);
}

/* A call of @p, or of the test's. */
#define act(p, nr, ...) act_args(p, nr, PUPPET_ARGS(__VA_ARGS__, 0, 0, 0, 0, 0, 0))

/* Room for arguments that both sides can reach, zeroed; @at in bytes. */
static inline void *room_at(size_t at, size_t size)
{
	assert_true(at + size <= sizeof(stage->room));
	return memset(stage->room + at, 0, size);
}

#define ROOM_ADDR   0
#define ROOM_LEN    256
#define ROOM_RESULT 512
#define ROOM_DATA   4096

/* An address in the room. */
static inline struct sockaddr_in *room_addr(const char *ip, in_port_t port)
{
	struct sockaddr_in *sa = room_at(ROOM_ADDR, sizeof(*sa));

	sa->sin_family = AF_INET;
	sa->sin_port = port;
	assert_int_equal(inet_pton(AF_INET, ip, &sa->sin_addr), 1);
	return sa;
}

/* getsockname() or getpeername(): what it gives stands in the room. */
static inline long act_name(struct puppet *p, long nr, long fd, struct sockaddr_in *to)
{
	struct sockaddr_in *sa = room_at(ROOM_RESULT, sizeof(*sa));
	socklen_t *len = room_at(ROOM_LEN, sizeof(*len));
	long ret;

	*len = sizeof(*sa);
	ret = act(p, nr, fd, sa, len);
	*to = *sa;
	return ret;
}

/* A socket of the stack, bound to a port that its kernel chose, which is returned. */
static inline in_port_t act_bind(struct puppet *p, long fd)
{
	struct sockaddr_in sa;

	assert_int_equal(act(p, SYS_bind, fd, room_addr("0.0.0.0", 0), sizeof(sa)), 0);
	assert_int_equal(act_name(p, SYS_getsockname, fd, &sa), 0);
	return sa.sin_port;
}

static inline void act_write(struct puppet *p, long fd, const char *text)
{
	memcpy(room_at(ROOM_DATA, 256), text, strlen(text));
	assert_int_equal(act(p, SYS_write, fd, stage->room + ROOM_DATA, strlen(text)),
			 strlen(text));
}

/* One read that gives exactly @text. */
static inline void act_reads(struct puppet *p, long fd, const char *text)
{
	room_at(ROOM_DATA, 256);
	assert_int_equal(act(p, SYS_read, fd, stage->room + ROOM_DATA, 256), strlen(text));
	assert_memory_equal(stage->room + ROOM_DATA, text, strlen(text));
}

static inline short act_poll(struct puppet *p, long fd, short events, int ms)
{
	struct pollfd *pfd = room_at(ROOM_DATA, sizeof(*pfd));
	struct timespec *t = room_at(ROOM_LEN, sizeof(*t));

	*pfd = (struct pollfd){.fd = (int)fd, .events = events};
	*t = (struct timespec){ms / 1000, ms % 1000 * 1000000};
	assert_true(act(p, SYS_ppoll, pfd, 1, t, NULL, 8) >= 0);
	return pfd->revents;
}

/* An option of the size of an int: the result, and its value in *@value. */
static inline long act_getsockopt(struct puppet *p, long fd, int level, int name, int *value)
{
	int *val = room_at(ROOM_RESULT, sizeof(*val));
	socklen_t *len = room_at(ROOM_LEN, sizeof(*len));
	long ret;

	*len = sizeof(*val);
	ret = act(p, SYS_getsockopt, fd, level, name, val, len);
	*value = *val;
	return ret;
}

static inline long act_setsockopt(struct puppet *p, long fd, int level, int name, int value)
{
	int *val = room_at(ROOM_RESULT, sizeof(*val));

	*val = value;
	return act(p, SYS_setsockopt, fd, level, name, val, sizeof(*val));
}

static inline void act_close(struct puppet *p, long fd)
{
	assert_int_equal(act(p, SYS_close, fd), 0);
}

#endif /* PERSONA_UNIT_SERVED_H */
