// SPDX-License-Identifier: GPL-2.0-only
/*
 * park.c - calls that wait for their socket, see park.h.
 *
 * A parked call holds no duplicate of the program's descriptor: it would keep
 * the program's end open after the program has gone. The duplicate is made
 * again for each try.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "shadow/call.h"
#include "shadow/park.h"
#include "shadow/pump.h"
#include "shadow/serve.h"
#include "shadow/sock.h"

static void append(struct call *c, struct sock *s)
{
	struct call **p = &s->parked;

	while (*p)
		p = &(*p)->next;
	c->next = NULL;
	*p = c;
}

/* A thread has one call at a time: an older one was interrupted. */
static void forget_thread(struct sock *s, pid_t tid)
{
	struct call **p = &s->parked;

	while (*p) {
		struct call *c = *p;

		if (c->tid != tid) {
			p = &c->next;
			continue;
		}
		*p = c->next;
		free(c);
	}
}

int park(struct call *c, struct sock *s)
{
	struct call *copy = malloc(sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	call_done(c);
	*copy = *c;
	forget_thread(s, c->tid);
	append(copy, s);
	if (copy->deadline)
		pump_deadline(copy->deadline);
	return 0;
}

/* The duplicate, if the number still means this socket. */
static void look_again(struct call *c, const struct sock *s)
{
	struct stat st;

	c->fd = call_peek_fd(c->tid, (int)c->args[0]);
	if (c->fd >= 0 && (fstat(c->fd, &st) || st.st_ino != s->ino))
		call_done(c);
}

void park_retry(struct sock *s)
{
	struct call *list = s->parked, *c;
	long ret;

	s->parked = NULL;
	while ((c = list)) {
		list = c->next;
		ret = -EBADF;
		if (!call_valid(c)) {
			free(c);
			continue;
		}
		look_again(c, s);
		if (c->fd >= 0)
			ret = serve_sock(c, s);
		call_done(c);
		if (ret == CALL_PARK) {
			append(c, s);
			continue;
		}
		if (ret != CALL_ANSWERED)
			serve_answer(c, s, ret);
		free(c);
	}
}

void park_drop_all(struct sock *s)
{
	struct call *c;

	while ((c = s->parked)) {
		s->parked = c->next;
		call_answer(c, -EBADF);
		free(c);
	}
}

uint64_t park_expire(uint64_t now)
{
	uint64_t next = UINT64_MAX;
	struct sock *s;

	for (uint32_t i = 0; (s = sock_first(i)); sock_put(s)) {
		struct call **p = &s->parked;

		i = s->index + 1;
		while (*p) {
			struct call *c = *p;

			if (!c->deadline || c->deadline > now) {
				if (c->deadline && c->deadline < next)
					next = c->deadline;
				p = &c->next;
				continue;
			}
			*p = c->next;
			call_answer(c, c->timeout);
			free(c);
		}
	}
	return next;
}
