// SPDX-License-Identifier: GPL-2.0-only
/*
 * control.c - calls that make sockets and connect them, see control.h.
 *
 * The stack's sockets are always non-blocking; whether the program's call blocks
 * is its own descriptor's flag, read when it matters.
 *
 * A call may be interrupted by a signal while it is served and made again
 * (SA_RESTART): connect() of a socket that is connecting waits for the
 * same connection, and an accepted connection whose caller has gone is kept
 * for the next one, by closing nothing before the answer has arrived.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "shadow/call.h"
#include "shadow/control.h"
#include "shadow/dgram.h"
#include "shadow/listener.h"
#include "shadow/move.h"
#include "shadow/netns.h"
#include "shadow/park.h"
#include "shadow/places.h"
#include "shadow/programs.h"
#include "shadow/pump.h"
#include "shadow/serve.h"
#include "shadow/sniff.h"
#include "shadow/sock.h"
#include "shadow/stream.h"
#include "sockets/event.h"
#include "stack/ports.h"

#define SOON_NS 100000

/*
 * Hand the program's end @fd over as the result. CALL_ANSWERED, and @s is unlocked; or
 * -errno, and it is still ours (-ENOENT: the caller is gone).
 */
static long control_hand_over(struct call *c, struct sock *s, int fd, int flags)
{
	int n;

	if (flags & SOCK_NONBLOCK)
		fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
	s->tid = c->tid;
	n = call_answer_fd(c, fd, flags & SOCK_CLOEXEC);
	close(fd);
	if (n < 0)
		return n;
	s->fd = n;
	sock_put(s);
	return CALL_ANSWERED;
}

/* tcpdump's: a real one of the host, on a copy of the stack's links. CALL_PASS: none can be. */
static long control_sniff(struct call *c, int type, int protocol)
{
	int fd = sniff_socket(type, protocol);
	long ret;

	if (fd < 0)
		return CALL_PASS;
	ret = call_answer_fd(c, fd, type & SOCK_CLOEXEC);
	close(fd);
	return ret >= 0 || ret == -ENOENT ? CALL_ANSWERED : ret;
}

/* A new socket's first events. 0 or -errno. */
static int control_begin(struct sock *s)
{
	int err;

	if (sock_is_stream(s)) {
		pump_fresh(s);
		return 0;
	}
	err = dgram_attach(s);
	if (err)
		return err;
	pump_watch_host(s, EPOLLIN | EPOLLOUT);
	pump_watch_stack(s, EPOLLIN | EPOLLOUT);
	return 0;
}

long control_socket(struct call *c)
{
	int domain = (int)c->args[0], type = (int)c->args[1], protocol = (int)c->args[2];
	enum socket_family whose = socket_family(domain, protocol);
	struct socket_core core;
	struct sock *s;
	int fd, err, stack;
	bool stream;
	long ret;

	if (whose == SOCKET_HOST)
		return CALL_PASS;
	if (whose == SOCKET_NOWHERE)
		return -EAFNOSUPPORT;
	if (!netns_is_home(c->tid))
		return CALL_PASS;
	if (domain == AF_PACKET) {
		ret = control_sniff(c, type, protocol);
		if (ret != CALL_PASS)
			return ret;
	}
	if (sock_full())
		return -ENFILE;
	stack = socket_make(&move_ops, &core, domain, type | SOCK_NONBLOCK, protocol,
			    serve_options.mptcp);
	if (stack < 0)
		return stack;
	if (core.mptcp)
		programs_steer(c->tid, stack);
	ports_born();
	stream = core.type == SOCK_STREAM;
	s = sock_new(&core, stream ? &stream_ops : &dgram_ops, stream, stack, &fd, &err);
	if (!s) {
		stack_call(SYS_close, stack, 0, 0, 0, 0, 0);
		return err;
	}
	ret = control_begin(s);
	if (ret)
		close(fd);
	else
		ret = control_hand_over(c, s, fd, type);
	if (ret != CALL_ANSWERED)
		sock_destroy(s);
	return ret == -ENOENT ? CALL_ANSWERED : ret;
}

/* @asked: the address of bind(); NULL: it listens */
static void control_bound(struct sock *s, const struct sockaddr_storage *asked)
{
	struct move m = {NULL, s};
	struct socket_ref ref = move_ref(&m);

	route_bound(&ref, (const struct sockaddr *)asked);
}

/* The port may be that of a socket which the program has closed, and we do not know yet. */
static long control_bind_again(struct sock *s, const struct sockaddr_storage *addr, socklen_t len)
{
	uint64_t id = sock_id(s);

	/* Our caller waits, so the socket stays; only the lock must be let go. */
	sock_put(s);
	pump_sweep();
	if (sock_get(id) != s)
		return -EBADF;
	return stack_call(SYS_bind, s->stack, addr, len, 0, 0, 0);
}

long control_bind(struct call *c, struct sock *s)
{
	struct sockaddr_storage addr;
	socklen_t len = (socklen_t)c->args[2];
	long ret = call_read_addr(c, c->args[1], c->args[2], &addr);

	if (ret)
		return ret;
	ret = move_to(c, s, route_bind(&s->core, (struct sockaddr *)&addr, len));
	if (ret)
		return ret;
	ret = ports_reserve(s->core.type, (struct sockaddr *)&addr, len);
	if (ret)
		return ret;
	ret = stack_call(SYS_bind, s->stack, &addr, len, 0, 0, 0);
	if (ret == -EADDRINUSE)
		ret = control_bind_again(s, &addr, len);
	if (!ret)
		control_bound(s, &addr);
	else
		ports_released();
	return ret;
}

/* connect() of a stream socket that has begun already: the stack knows how far it is. */
static long control_connect_again(struct call *c, struct sock *s,
				  const struct sockaddr_storage *addr, socklen_t len)
{
	long ret;

	if (s->state == SOCK_FAILED && s->was_open)
		return -EISCONN;
	if (s->state == SOCK_FAILED) {
		ret = -s->error;
		s->error = 0;
		return ret;
	}
	ret = stack_call(SYS_connect, s->stack, addr, len, 0, 0, 0);
	if (s->state == SOCK_CONNECTING && ret && ret != -EALREADY && ret != -EINPROGRESS &&
	    ret != -EISCONN) {
		/* Refused, and told by this call. */
		stream_refused(s, (int)-ret);
		s->error = 0;
	}
	if (ret != -EALREADY || s->state != SOCK_CONNECTING || call_nonblocking(c, 0))
		return ret;
	c->connecting = true;
	return park_wait(c, SO_SNDTIMEO, -EALREADY);
}

static long control_connect_message(struct sock *s, const struct sockaddr_storage *addr,
				    socklen_t len)
{
	dgram_drain_up(s);
	return stack_call(SYS_connect, s->stack, addr, len, 0, 0, 0);
}

/* What the program's end @to has from the end @from: time-outs, the low mark. */
static void control_inherit(int from, int to)
{
	static const int names[] = {SO_RCVTIMEO, SO_SNDTIMEO};
	int low = 1;
	socklen_t len = sizeof(low);

	if (!getsockopt(from, SOL_SOCKET, SO_RCVLOWAT, &low, &len) && low != 1)
		setsockopt(to, SOL_SOCKET, SO_RCVLOWAT, &low, sizeof(low));
	for (int i = 0; i < 2; i++) {
		struct timeval t;

		len = sizeof(t);
		if (!getsockopt(from, SOL_SOCKET, names[i], &t, &len) && (t.tv_sec || t.tv_usec))
			setsockopt(to, SOL_SOCKET, names[i], &t, sizeof(t));
	}
}

/* Refused before, and now again: the program's end has had its error, it needs a new one. */
static int control_renew(struct call *c, struct sock *s)
{
	int flags = fcntl(c->fd, F_GETFL), fd, err = sock_renew(s, &fd);

	if (err)
		return err;
	fcntl(fd, F_SETFL, flags);
	control_inherit(c->fd, fd);
	err = places_replace(c, fd);
	close(c->fd);
	c->fd = fd;
	s->error = 0;
	pump_fresh(s);
	return err;
}

/* The stack's socket may be connected again. */
static void control_disconnect(const struct sock *s)
{
	struct sockaddr none = {.sa_family = AF_UNSPEC};

	stack_call(SYS_connect, s->stack, &none, sizeof(none), 0, 0, 0);
}

/* A near peer answers before other threads could be told to wait for it. */
static bool control_soon_connected(const struct sock *s)
{
	struct pollfd p = {.fd = s->stack, .events = POLLOUT};
	struct timespec t = {0, SOON_NS};

	return stack_call(SYS_ppoll, &p, 1, &t, NULL, 8, 0) == 1;
}

long control_connect(struct call *c, struct sock *s)
{
	struct sockaddr_storage addr;
	socklen_t len = (socklen_t)c->args[2];
	long ret = call_read_addr(c, c->args[1], c->args[2], &addr);

	if (ret)
		return ret;
	if (c->connecting) {
		/* Parked: this very call began it. */
		if (s->state == SOCK_CONNECTING)
			return CALL_PARK;
		ret = control_connect_again(c, s, &addr, len);
		return s->state == SOCK_OPEN ? 0 : ret;
	}
	if (s->state == SOCK_FAILED && !s->was_open && !s->error) {
		ret = control_renew(c, s);
		if (ret)
			return ret;
	}
	if (s->state != SOCK_FRESH)
		return control_connect_again(c, s, &addr, len);
	ret = move_to(c, s, route_connect(&s->core, (struct sockaddr *)&addr, len));
	if (ret)
		return ret;
	if (!sock_is_stream(s))
		return control_connect_message(s, &addr, len);
	ret = stack_call(SYS_connect, s->stack, &addr, len, 0, 0, 0);
	if (addr.ss_family != AF_UNSPEC && (!ret || ret == -EINPROGRESS))
		event_connecting(&s->core, (struct sockaddr *)&addr, len);
	if (!ret && addr.ss_family != AF_UNSPEC)
		return stream_join(s, c->fd, STREAM_OPEN);
	if (ret != -EINPROGRESS)
		return ret;
	if (call_nonblocking(c, 0)) {
		int err = stream_join(s, c->fd, STREAM_CONNECTING);

		return err ? err : ret;
	}
	if (control_soon_connected(s)) {
		int err = sock_stack_error(s);

		if (err) {
			event_failed(&s->core, err);
			control_disconnect(s);
			return -err;
		}
		/* Now it is EISCONN to connect once more. */
		stack_call(SYS_connect, s->stack, &addr, len, 0, 0, 0);
		return stream_join(s, c->fd, STREAM_OPEN);
	}
	ret = stream_join(s, c->fd, STREAM_CONNECTING);
	if (ret)
		return ret;
	c->connecting = true;
	return park_wait(c, SO_SNDTIMEO, -EINPROGRESS);
}

long control_listen(struct call *c, struct sock *s)
{
	long ret;

	if (s->state == SOCK_FAILED)
		return -EINVAL;
	if (s->state == SOCK_FRESH && s->rd_shut) { /* it listened before */
		ret = control_renew(c, s);
		if (ret)
			return ret;
		s->rd_shut = false;
	}
	ret = stack_call(SYS_listen, s->stack, (int)c->args[1], 0, 0, 0, 0);

	if (ret)
		return ret;
	if (s->state != SOCK_FRESH)
		return 0;
	control_bound(s, NULL);
	return listener_start(s, c->fd);
}

/* The connection is there; make it a socket of the program. */
static long control_take(struct call *c, struct sock *s, int stack,
			 const struct sockaddr_storage *peer, socklen_t len)
{
	int flags = c->nr == SYS_accept4 ? (int)c->args[3] : 0;
	struct socket_core core;
	struct sock *child;
	int fd, err;
	long ret;

	if (c->args[1]) {
		err = call_write_addr(c, c->args[1], c->args[2], peer, len);
		if (err) {
			stack_call(SYS_close, stack, 0, 0, 0, 0, 0);
			return err;
		}
	}
	socket_accepted(&move_ops, &core, &s->core, stack);
	child = sock_new(&core, &stream_ops, false, stack, &fd, &err);
	if (!child) {
		listener_return(s, stack, peer, len);
		listener_token(s, c->fd);
		return err;
	}
	control_inherit(c->fd, fd); /* beside what the stack gives it */
	child->linger = s->linger;
	call_done(c);
	stream_open(child, fd);
	ret = control_hand_over(c, child, fd, flags);
	if (ret == CALL_ANSWERED)
		return ret;
	/* The caller has gone, or has no number for it: it stays in the queue. Nothing has been
	 * read from it: its lock was ours. */
	listener_return(s, stack, peer, len);
	pump_unwatch_stack(child);
	child->stack = -1;
	sock_destroy(child);
	listener_token(s, -1);
	return ret == -ENOENT ? CALL_ANSWERED : ret;
}

long control_accept(struct call *c, struct sock *s)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	long stack;

	if (c->nr == SYS_accept4 && (int)c->args[3] & ~SOCKET_TYPE_FLAGS)
		return -EINVAL;
	if (!sock_is_stream(s))
		return -EOPNOTSUPP;
	if (s->state != SOCK_LISTENING)
		return -EINVAL;
	if (!call_valid(c))
		return CALL_ANSWERED;
	if (sock_full())
		return -ENFILE;
	stack = listener_take(s, &peer, &len);
	if (stack == -EAGAIN) {
		listener_token(s, c->fd);
		if (call_nonblocking(c, 0))
			return -EAGAIN;
		return park_wait(c, SO_RCVTIMEO, -EAGAIN);
	}
	if (stack < 0)
		return stack;
	listener_token(s, c->fd);
	return control_take(c, s, (int)stack, &peer, len);
}

long control_name(struct call *c, struct sock *s)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);
	long ret = stack_call(c->nr, s->stack, &addr, &len, 0, 0, 0);

	return ret ? ret : call_write_addr(c, c->args[1], c->args[2], &addr, len);
}

/* Have both directions ended? */
static bool control_is_over(const struct sock *s)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	return s->up_eof && s->down_eof &&
	       !stack_call(SYS_getsockopt, s->stack, IPPROTO_TCP, TCP_INFO, &info, &len, 0) &&
	       info.tcpi_state == TCP_CLOSE;
}

long control_shutdown(struct call *c, struct sock *s)
{
	int how = (int)c->args[1];
	long ret;

	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;
	if (!sock_is_stream(s)) {
		dgram_drain_up(s);
		ret = stack_call(SYS_shutdown, s->stack, how, 0, 0, 0, 0);
		if (!ret) {
			s->rd_shut |= how != SHUT_WR;
			shutdown(c->fd, how);
		}
		return ret;
	}
	if (s->state == SOCK_LISTENING) {
		ret = stack_call(SYS_shutdown, s->stack, how, 0, 0, 0, 0);
		if (!ret && how != SHUT_WR)
			listener_stop(s, c->fd);
		return ret;
	}
	if (s->state == SOCK_CONNECTING)
		return stack_call(SYS_shutdown, s->stack, how, 0, 0, 0, 0);
	if (s->state != SOCK_OPEN || control_is_over(s))
		return -ENOTCONN;
	/* Ours follows from the pair: end of file behind the data. */
	if (how != SHUT_WR)
		s->rd_shut = true;
	shutdown(c->fd, how);
	stream_drain_up(s);
	return 0;
}
