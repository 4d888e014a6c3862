// SPDX-License-Identifier: GPL-2.0-only
/*
 * flow.c - one connection of a client, and the one that carries it on, see flow.h.
 *
 * Theory of operation
 *
 *	client ---- in	 up: in -> out	  out ---- far end
 *			 down: out -> in
 *
 * A lane receives into its thread's buffer and sends at once. What the other socket does not
 * take is kept, and nothing more is received until it has gone: so a slow reader fills the
 * socket's buffer, its sender's window closes, and memory stays bounded. An end of data goes on
 * as an end of data, by shutdown(), when all before it has gone; a reset goes on as a reset, at
 * once, and so does a connection that cannot be made. The client's was accepted before ours
 * could be tried, so to it a port that nobody serves looks like one that is served and resets.
 *
 * Both sockets are edge-triggered: a step goes on until each lane waits for a socket. A lane that
 * could go on for ever gives way after TURN bytes.
 *
 * A socket is reset by disconnecting it (connect() to AF_UNSPEC), which MPTCP has, too.
 *
 * Ownership: a flow owns its two sockets and the bytes that it keeps. Threads: one thread runs a
 * flow for all its life.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include "gateway/call.h"
#include "gateway/flow.h"
#include "stack/ports.h"

#define TURN (1 << 20) /* bytes of a lane, then others have a turn */

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static void flow_reset(int fd)
{
	const struct sockaddr none = {.sa_family = AF_UNSPEC};

	gate_call(SYS_connect, fd, &none, sizeof(none));
}

static void flow_close(int fd)
{
	gate_call(SYS_close, fd);
}

/* ---- lanes ---- */

/* Send what is kept. 1: all has gone, 0: the socket is full, or -errno. */
static int lane_flush(struct lane *l)
{
	while (l->len) {
		long n = gate_call(SYS_sendto, l->to, l->kept + l->at, l->len,
				   MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0);

		if (n < 0)
			return n == -EAGAIN ? 0 : (int)n;
		l->at += (uint32_t)n;
		l->len -= (uint32_t)n;
	}
	free(l->kept);
	l->kept = NULL;
	return 1;
}

static int lane_keep(struct lane *l, const uint8_t *bytes, size_t len)
{
	l->kept = malloc(len);
	if (!l->kept)
		return -ENOMEM;
	memcpy(l->kept, bytes, len);
	l->at = 0;
	l->len = (uint32_t)len;
	return 0;
}

/* One buffer full. 1: go on, 0: nothing there, or -errno. */
static int lane_move(struct lane *l, uint8_t *buf, size_t size, size_t *moved)
{
	long got = gate_call(SYS_recvfrom, l->from, buf, size, MSG_DONTWAIT, 0, 0), sent;

	if (got < 0)
		return got == -EAGAIN ? 0 : (int)got;
	*moved += (size_t)got;
	l->end = !got;
	if (!got)
		return 1;
	sent = gate_call(SYS_sendto, l->to, buf, got, MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0);
	if (sent < 0 && sent != -EAGAIN)
		return (int)sent;
	if (sent < 0)
		sent = 0;
	return sent < got ? lane_keep(l, buf + sent, (size_t)(got - sent)) ?: 1 : 1;
}

/* 1: there is more to do, 0: waits, or -errno. */
static int lane_step(struct lane *l, uint8_t *buf, size_t size)
{
	size_t moved = 0;
	int r;

	for (;;) {
		r = l->kept ? lane_flush(l) : 1;
		if (r <= 0)
			return r;
		if (l->end) {
			if (!l->told)
				gate_call(SYS_shutdown, l->to, SHUT_WR);
			__atomic_store_n(&l->told, true, __ATOMIC_RELAXED);
			return 0;
		}
		if (moved >= TURN)
			return 1;
		r = lane_move(l, buf, size, &moved);
		if (r <= 0)
			return r;
	}
}

/* ---- flows ---- */

static int flow_error(int fd)
{
	socklen_t len = sizeof(int);
	int err = 0;

	gate_call(SYS_getsockopt, fd, SOL_SOCKET, SO_ERROR, &err, &len);
	return -err;
}

/* A socket towards the far end; a personality without MPTCP has TCP. */
static int flow_socket(const struct flow_options *o, int family)
{
	const int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
	long fd = -EPROTONOSUPPORT;

	if (o->mptcp)
		fd = gate_call(SYS_socket, family, type, IPPROTO_MPTCP);
	if (fd == -EPROTONOSUPPORT || fd == -ENOPROTOOPT)
		fd = gate_call(SYS_socket, family, type, 0);
	return (int)fd;
}

static void flow_tune(int fd)
{
	gate_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	gate_set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
}

int flow_begin(struct flow *f, const struct flow_options *o)
{
	const struct sockaddr *to = (const void *)&f->to;
	socklen_t len = f->tolen;
	long r;

	if (o->socks) {
		f->socks = calloc(1, sizeof(*f->socks));
		if (!f->socks)
			return -ENOMEM;
		to = (const void *)&o->socks->addr;
		len = o->socks->len;
	}
	f->out = flow_socket(o, to->sa_family);
	if (f->out < 0)
		return f->out;
	ports_born();
	flow_tune(f->out);
	f->up = (struct lane){.from = f->in, .to = f->out};
	f->down = (struct lane){.from = f->out, .to = f->in};
	f->state = FLOW_CONNECTING;
	r = gate_call(SYS_connect, f->out, to, len);
	return r == -EINPROGRESS ? 0 : (int)r;
}

struct flow *flow_new(int in, const struct sockaddr_storage *to, socklen_t len)
{
	struct flow *f = calloc(1, sizeof(*f));

	if (!f) {
		flow_reset(in);
		flow_close(in);
		return NULL;
	}
	f->in = in;
	f->out = -1;
	f->to = *to;
	f->tolen = len;
	flow_tune(in);
	return f;
}

/* The far end's socket: 1: connected, 0: not yet, or -errno. */
static int flow_connected(struct flow *f, const struct flow_options *o)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	int err = flow_error(f->out);

	if (err)
		return err;
	if (gate_call(SYS_getpeername, f->out, &peer, &len))
		return 0;
	f->state = f->socks ? FLOW_ASKING : FLOW_OPEN;
	if (f->socks)
		socks_begin(f->socks, o->socks);
	return 1;
}

/* Ask the server: 1: it has agreed, 0: it has not answered yet, or -errno. */
static int flow_ask(struct flow *f, const struct flow_options *o)
{
	struct socks *s = f->socks;
	int err;
	long n;

	while (s->stage != SOCKS_DONE) {
		if (s->sent < s->filled) {
			n = gate_call(SYS_sendto, f->out, s->out + s->sent, s->filled - s->sent,
				      MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0);
			if (n < 0)
				return n == -EAGAIN ? 0 : (int)n;
			s->sent = (uint16_t)(s->sent + n);
			continue;
		}
		n = gate_call(SYS_recvfrom, f->out, s->in + s->got, socks_wants(s), MSG_DONTWAIT, 0,
			      0);
		if (n < 0)
			return n == -EAGAIN ? 0 : (int)n;
		if (!n)
			return -ECONNRESET;
		s->got = (uint16_t)(s->got + n);
		err = socks_take(s, o->socks, (const void *)&f->to);
		if (err)
			return err;
	}
	free(s);
	f->socks = NULL;
	f->state = FLOW_OPEN;
	return 1;
}

static int flow_relay(struct flow *f, uint8_t *buf, size_t size)
{
	int up = lane_step(&f->up, buf, size), down;

	if (up < 0)
		return up;
	down = lane_step(&f->down, buf, size);
	return down < 0 ? down : up | down;
}

/* It waits for the far end: has its client gone, and left nothing? */
static void flow_look(struct flow *f)
{
	char byte;
	bool empty = !gate_call(SYS_recvfrom, f->in, &byte, 1, MSG_PEEK | MSG_DONTWAIT, 0, 0);

	__atomic_store_n(&f->empty, empty, __ATOMIC_RELAXED);
}

enum flow_news flow_step(struct flow *f, const struct flow_options *o, uint8_t *buf, size_t size,
			 bool error)
{
	int r = 1;

	if (error && (flow_error(f->in) || (f->out >= 0 && flow_error(f->out))))
		return FLOW_ENDED;
	if (f->state != FLOW_OPEN)
		flow_look(f);
	if (f->state == FLOW_NEW)
		return FLOW_WAITS;
	if (f->state == FLOW_CONNECTING)
		r = flow_connected(f, o);
	if (r > 0 && f->state == FLOW_ASKING)
		r = flow_ask(f, o);
	if (r > 0)
		r = flow_relay(f, buf, size);
	if (r < 0 || (f->up.told && f->down.told))
		return FLOW_ENDED;
	return r ? FLOW_MORE : FLOW_WAITS;
}

bool flow_sent(const struct flow *f)
{
	return __atomic_load_n(&f->up.told, __ATOMIC_RELAXED) ||
	       __atomic_load_n(&f->empty, __ATOMIC_RELAXED);
}

void flow_free(struct flow *f)
{
	bool whole = f->up.told && f->down.told;

	if (!whole)
		flow_reset(f->in);
	flow_close(f->in);
	if (f->out >= 0) {
		if (!whole)
			flow_reset(f->out);
		flow_close(f->out);
		ports_released();
	}
	free(f->up.kept);
	free(f->down.kept);
	free(f->socks);
	free(f);
}
