// SPDX-License-Identifier: GPL-2.0-only
/*
 * listener.c - a stream that listens, see listener.h.
 *
 * Theory of operation: poll() must say "readable" while a connection waits. So the program's
 * end is joined to ours and filled (never writable), and one byte, the token, is in it exactly
 * while the stack has a connection for us. accept() takes connections from the stack; one whose
 * caller was gone by then (a signal) is kept in s->accepted for the next call.
 *
 * A socket begins as a stream (stream.c) and becomes a listener by listen(); shutdown() makes it
 * a stream without a peer again.
 *
 * Threads: the one that holds the socket's lock.
 */
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "shadow/listener.h"
#include "shadow/park.h"
#include "shadow/pump.h"
#include "shadow/sock.h"
#include "shadow/stream.h"

int listener_start(struct sock *s, int fd)
{
	int err = stream_attach(s, fd);

	if (err)
		return err;
	s->core.settled = true;
	stream_fill(fd);
	s->state = SOCK_LISTENING;
	s->ops = &listener_ops;
	pump_watch_host(s, 0);
	pump_watch_stack(s, EPOLLIN);
	return 0;
}

void listener_stop(struct sock *s, int fd)
{
	s->state = SOCK_FRESH;
	s->ops = &stream_ops;
	s->rd_shut = true;
	shutdown(fd, SHUT_RDWR);
	park_retry(s);
}

static bool listener_has_one(const struct sock *s)
{
	struct {
		int fd;
		short events, revents;
	} p = {.fd = s->stack, .events = EPOLLIN};
	struct timespec zero = {0, 0};

	return s->accepted || stack_call(SYS_ppoll, &p, 1, &zero, NULL, 8, 0) > 0;
}

void listener_token(struct sock *s, int fd)
{
	bool looked = fd < 0, waits = listener_has_one(s);
	char byte;

	if (waits == s->token)
		return;
	if (waits) {
		s->token = send(s->pair, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1;
		return;
	}
	if (looked)
		fd = sock_peek(s);
	if (fd < 0)
		return;
	if (recv(fd, &byte, 1, MSG_DONTWAIT) == 1)
		s->token = false;
	if (looked)
		close(fd);
}

long listener_take(struct sock *s, struct sockaddr_storage *peer, socklen_t *len)
{
	struct sock_accepted *a = s->accepted;
	long stack;

	if (!a)
		return stack_call(SYS_accept4, s->stack, peer, len, SOCK_NONBLOCK, 0, 0);
	s->accepted = a->next;
	*peer = a->peer;
	*len = a->len;
	stack = a->stack;
	free(a);
	return stack;
}

void listener_return(struct sock *s, int stack, const struct sockaddr_storage *peer, socklen_t len)
{
	struct sock_accepted *a = malloc(sizeof(*a));

	if (!a) {
		stack_call(SYS_close, stack, 0, 0, 0, 0, 0);
		return;
	}
	*a = (struct sock_accepted){s->accepted, stack, len, *peer};
	s->accepted = a; /* it was taken before those that still wait */
}

static void listener_host_event(struct sock *s, uint32_t events)
{
	if (events & EPOLLHUP)
		stream_hung_up(s);
	stream_finish(s);
}

static void listener_stack_event(struct sock *s, uint32_t events)
{
	listener_token(s, -1);
	park_retry(s);
	stream_finish(s);
}

static void listener_swept(struct sock *s)
{
	s->closed = true;
	stream_finish(s);
}

static void listener_destroy(struct sock *s)
{
	stream_destroy(s);
	while (s->accepted) {
		struct sock_accepted *a = s->accepted;

		s->accepted = a->next;
		stack_call(SYS_close, a->stack, 0, 0, 0, 0, 0);
		free(a);
	}
}

const struct sock_ops listener_ops = {
	.host_event = listener_host_event,
	.stack_event = listener_stack_event,
	.swept = listener_swept,
	.destroy = listener_destroy,
};
