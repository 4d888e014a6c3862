// SPDX-License-Identifier: GPL-2.0-only
/*
 * stream.c - TCP and MPTCP: a connection between a pair and the stack.
 *
 * Theory of operation
 *
 * Up: what the program writes is read from the pair and sent into the stack. Down:
 * the other way. Both run until one side has no more or takes no more
 * (EAGAIN); what has been read and not taken stays in s->up or s->down, and the
 * other side's event continues. The amounts in flight are bounded by the
 * buffers on both sides, so back-pressure is the kernels' own.
 *
 * What poll() tells the program is the host kernel's word on its end of the pair,
 * so each state of TCP is put into the pair:
 *
 *	no peer		the program's end is alone: POLLOUT | POLLHUP
 *	connecting	its sending direction is filled: not writable
 *	connected	emptied again: the POLLOUT edge
 *	refused, reset	our end is closed with a byte unread: POLLERR, ECONNRESET
 *	peer's FIN	our end is shut for writing: end of file behind the data
 *	listening	filled; a byte is there while a connection waits (listener.c)
 *	urgent data	AF_UNIX's own: the byte is sent with MSG_OOB
 *
 * The program's FIN arrives as the pair's end of file, behind its data; closing,
 * as a hang-up. A hang-up is ambiguous when we or the program had shut
 * the other direction already: then a sweep looks whether the program's end
 * still exists (pump.h).
 *
 * Threads: the one that holds the socket's lock; a turn of a pump is bounded, so that a
 * call on the same socket is not held up for long.
 *
 * Limits: bytes "sent" may still be in the pair, as they may be in a kernel's send
 * buffer. Without a peer, read() says EINVAL and write() ENOTCONN, where TCP says
 * ENOTCONN and EPIPE.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "shadow/chunk.h"
#include "shadow/move.h"
#include "shadow/pair.h"
#include "shadow/park.h"
#include "shadow/pump.h"
#include "shadow/sock.h"
#include "shadow/stream.h"
#include "sockets/event.h"

#define TURNS  16	   /* chunks per turn of a pump */
#define SNDBUF (512 << 10) /* of the program's end, once connected */
#define FILL   2304	   /* bytes that make an end with the least buffer not writable */

static void stream_set_sndbuf(int fd, int bytes)
{
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

static int stream_least(int a, int b)
{
	return a < b ? a : b;
}

/* How much to take at a time, where the program has bounded a buffer to @bytes. */
static size_t stream_piece(int bytes)
{
	return bytes ? (size_t)stream_least(bytes, CHUNK_SIZE) : CHUNK_SIZE;
}

/* Fill the program's end's sending direction. */
void stream_fill(int fd)
{
	static const char filler[FILL];

	stream_set_sndbuf(fd, 1); /* the kernel makes it its least */
	while (send(fd, filler, sizeof(filler), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		;
}

/* Exactly that: it is all there is while the end is full; then the program may write. */
static void stream_discard_filler(struct sock *s)
{
	char buf[FILL];
	int left = 0;
	ssize_t n;

	ioctl(s->pair, FIONREAD, &left);
	for (; left > 0; left -= (int)n) {
		n = recv(s->pair, buf, (size_t)stream_least(left, FILL), MSG_DONTWAIT);
		if (n <= 0)
			return;
	}
}

/* The connection is dead: the program's end gets an error. */
static void stream_fail(struct sock *s)
{
	int fd, waiting = 0;

	if (s->state == SOCK_FAILED)
		return;
	s->was_open = s->state == SOCK_OPEN;
	s->state = SOCK_FAILED;
	event_failed(&s->core, s->error ? s->error : ECONNRESET);
	if (s->pair < 0)
		return;
	/* Unread bytes in our end make the other end see a reset. */
	if (!s->closed && (ioctl(s->pair, FIONREAD, &waiting) || !waiting)) {
		fd = sock_peek(s);
		if (fd >= 0) {
			waiting = send(fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1;
			close(fd);
		}
	}
	s->marked = waiting > 0;
	sock_close_pair(s);
	chunk_put(s->up);
	s->up = NULL;
	pump_suspect(s);
}

void stream_open(struct sock *s, int fd)
{
	bool looked = fd < 0;
	int one = 1;

	if (!s->core.mptcp) /* see stream_pull_down() */
		stack_call(SYS_setsockopt, s->stack, SOL_SOCKET, SO_OOBINLINE, &one, sizeof(one),
			   0);
	if (s->state == SOCK_CONNECTING)
		stream_discard_filler(s);
	if (looked)
		fd = sock_peek(s);
	if (fd >= 0)
		stream_set_sndbuf(fd, s->sndbuf ? stream_least(s->sndbuf, SNDBUF) : SNDBUF);
	if (looked && fd >= 0)
		close(fd);
	s->state = SOCK_OPEN;
	s->core.settled = true;
	if (trace_on(TRACE_SOCKETS) && s->core.connecting)
		event_connected(&move_ops, &s->core, s->stack);
	pump_watch_host(s, EPOLLIN | EPOLLOUT);
	pump_watch_stack(s, EPOLLIN | EPOLLOUT);
}

void stream_refused(struct sock *s, int err)
{
	struct sockaddr none = {.sa_family = AF_UNSPEC};

	s->error = err;
	stream_fail(s);
	/* It may be connected again. */
	stack_call(SYS_connect, s->stack, &none, sizeof(none), 0, 0, 0);
}

int stream_attach(struct sock *s, int fd)
{
	int pair;

	if (s->pair >= 0)
		return 0;
	pair = pair_join(fd);
	if (pair < 0)
		return pair;
	s->pair = pair;
	if (s->rcvbuf)
		stream_set_sndbuf(pair, stream_least(s->rcvbuf, SNDBUF));
	return 0;
}

int stream_join(struct sock *s, int fd, enum stream_start as)
{
	int err = stream_attach(s, fd);

	if (err)
		return err;
	s->core.settled = true;
	if (as == STREAM_OPEN) {
		stream_open(s, fd);
		return 0;
	}
	stream_fill(fd);
	s->state = SOCK_CONNECTING;
	pump_watch_host(s, 0);
	pump_watch_stack(s, EPOLLIN | EPOLLOUT);
	return 0;
}

/* Send @c into the stack. 1: all; 0: no more for now; or -errno. */
static int stream_push_up(struct sock *s, struct chunk *c)
{
	while (c->len) {
		long n = stack_call(SYS_sendto, s->stack, c->data + c->at, c->len,
				    MSG_DONTWAIT | MSG_NOSIGNAL, NULL, 0);

		if (n == -EAGAIN || n == -EINTR)
			return 0;
		if (n < 0)
			return (int)n;
		c->at += (size_t)n;
		c->len -= (size_t)n;
	}
	return 1;
}

/* Read from the pair: bytes, 0: end, or -errno. */
static long stream_pull_up(struct sock *s, struct chunk *c)
{
	ssize_t n = recv(s->pair, c->data, stream_piece(s->sndbuf), MSG_DONTWAIT);

	if (n < 0)
		return -errno;
	c->at = 0;
	c->len = (size_t)n;
	return n;
}

/* Has the program closed its end, beyond doubt? */
static bool stream_is_hung_up(const struct sock *s)
{
	struct pollfd p = {.fd = s->pair};

	return !s->down_eof && !s->rd_shut && poll(&p, 1, 0) == 1 && p.revents & POLLHUP;
}

/* The program will write no more. @unread: it closed, and did not read all. */
static void stream_end_up(struct sock *s, bool unread)
{
	s->up_eof = true;
	s->closed |= stream_is_hung_up(s);
	/* As TCP: closing with unread data, or with a linger of zero, is a reset. */
	s->abort |= unread || (s->closed && (s->linger == 0 || s->down));
	if (!s->abort)
		stack_call(SYS_shutdown, s->stack, SHUT_WR, 0, 0, 0, 0);
}

/* One turn; true if there may be more to do at once. */
static bool stream_pump_up(struct sock *s)
{
	struct chunk *c = s->up;
	int turn, err;
	long n;

	if (s->state != SOCK_OPEN || s->up_eof || s->pair < 0)
		return false;
	if (!c)
		c = chunk_get();
	s->up = NULL;
	for (turn = 0; c && turn < TURNS; turn++) {
		err = stream_push_up(s, c);
		if (err <= 0) {
			if (!err) {
				s->up = c;
				return false;
			}
			chunk_put(c);
			stream_fail(s);
			return false;
		}
		n = stream_pull_up(s, c);
		if (n > 0)
			continue;
		if (n != -EAGAIN && n != -EINTR)
			stream_end_up(s, n == -ECONNRESET);
		break;
	}
	if (c && c->len)
		s->up = c;
	else
		chunk_put(c);
	return turn == TURNS;
}

/* Write @c into the pair. 1: all; 0: no more for now; -EPIPE: nobody reads; or another -errno. */
static int stream_push_down(struct sock *s, struct chunk *c)
{
	while (c->len) {
		ssize_t n = send(s->pair, c->data + c->at, c->len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (n < 0)
			return errno == ECONNRESET ? -EPIPE : -errno;
		c->at += (size_t)n;
		c->len -= (size_t)n;
	}
	return 1;
}

/*
 * Read from the stack, at most @len bytes, into @to. The result is that of recv().
 *
 * At the urgent mark, the next byte goes into the pair as the urgent byte of that. A read stops
 * before the mark, unless it begins there: so the mark is looked for before each read, and no more
 * is read than had come by then. What comes in between may begin with an urgent byte.
 * MPTCP has none.
 */
static long stream_pull_down(struct sock *s, void *to, size_t len)
{
	int waiting, at;
	char byte;
	long n;

	while (!s->core.mptcp) {
		waiting = at = 0;
		stack_call(SYS_ioctl, s->stack, SIOCINQ, &waiting, 0, 0, 0);
		if (!waiting) {
			/* Mostly nothing, else the end or an error; or it has come just now. */
			n = stack_call(SYS_recvfrom, s->stack, &byte, 1, MSG_PEEK | MSG_DONTWAIT,
				       NULL, NULL);
			if (n <= 0)
				return n;
			waiting = 1;
		}
		if (stack_call(SYS_ioctl, s->stack, SIOCATMARK, &at, 0, 0, 0) || !at) {
			len = (size_t)stream_least((int)len, waiting);
			break;
		}
		n = stack_call(SYS_recvfrom, s->stack, &byte, 1, MSG_DONTWAIT, NULL, NULL);
		if (n <= 0)
			return n;
		send(s->pair, &byte, 1, MSG_OOB | MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	return stack_call(SYS_recvfrom, s->stack, to, len, MSG_DONTWAIT, NULL, NULL);
}

static bool stream_pump_down(struct sock *s)
{
	struct chunk *c = s->down;
	long n = 1;
	int turn;

	if (s->state != SOCK_OPEN || s->down_eof || s->pair < 0)
		return false;
	if (!c)
		c = chunk_get();
	s->down = NULL;
	for (turn = 0; c && turn < TURNS; turn++) {
		int done = stream_push_down(s, c);

		if (!done) {
			s->down = c;
			return false;
		}
		if (done < 0 && done != -EPIPE) { /* the host has no memory: a hole must not be */
			n = done;
			c->len = 0;
			break;
		}
		n = stream_pull_down(s, c->data, stream_piece(s->rcvbuf));
		if (n <= 0)
			break;
		c->at = 0;
		c->len = done < 0 ? 0 : (size_t)n; /* nobody reads: as after SHUT_RD */
	}
	if (c && c->len)
		s->down = c;
	else
		chunk_put(c);
	if (n == 0) {
		s->down_eof = true;
		shutdown(s->pair, SHUT_WR);
	} else if (n < 0 && n != -EAGAIN && n != -EINTR) {
		s->error = (int)-n;
		stream_fail(s);
	}
	return turn == TURNS;
}

void stream_buffers(struct sock *s, int fd, int name, int bytes)
{
	if (bytes <= 0)
		return;
	if (name == SO_SNDBUF) {
		s->sndbuf = bytes;
		if (s->state == SOCK_OPEN)
			stream_set_sndbuf(fd, stream_least(bytes, SNDBUF));
	} else {
		s->rcvbuf = bytes;
		if (s->pair >= 0)
			stream_set_sndbuf(s->pair, stream_least(bytes, SNDBUF));
	}
}

void stream_drain_up(struct sock *s)
{
	while (stream_pump_up(s))
		;
}

/* Closed by the program, and all it wrote is in the stack? Unlocks. */
void stream_finish(struct sock *s)
{
	if (s->closed && (s->state != SOCK_OPEN || s->up_eof) && !s->up)
		sock_destroy(s);
	else
		sock_put(s);
}

/* A turn of both directions. Others come first if there is more: the event comes again. */
static void stream_run(struct sock *s)
{
	bool more = stream_pump_up(s);

	more |= stream_pump_down(s);
	if (s->parked)
		park_retry(s);
	if (more && s->state == SOCK_OPEN) {
		pump_watch_host(s, EPOLLIN | EPOLLOUT);
		pump_watch_stack(s, EPOLLIN | EPOLLOUT);
	}
	stream_finish(s);
}

static void stream_swept(struct sock *s)
{
	s->closed = true;
	if (s->state == SOCK_OPEN)
		stream_run(s);
	else
		stream_finish(s);
}

void stream_hung_up(struct sock *s)
{
	if (s->closed)
		return;
	if (s->down_eof || s->rd_shut)
		pump_suspect(s);
	else
		s->closed = true;
}

static void stream_host_event(struct sock *s, uint32_t events)
{
	if (events & EPOLLHUP)
		stream_hung_up(s);
	if (s->state == SOCK_OPEN)
		stream_run(s);
	else
		stream_finish(s);
}

/* Neither connected nor refused: the event was of an earlier attempt. */
static bool stream_still_connecting(const struct sock *s)
{
	struct pollfd p = {.fd = s->stack, .events = POLLOUT};
	struct timespec zero = {0, 0};

	return stack_call(SYS_ppoll, &p, 1, &zero, NULL, 8, 0) == 0;
}

static void stream_connect_done(struct sock *s)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	int err;

	if (stream_still_connecting(s))
		return;
	err = sock_stack_error(s);
	/* Without a peer, the error has been told by another call. */
	if (!err && !stack_call(SYS_getpeername, s->stack, &peer, &len, 0, 0, 0))
		stream_open(s, -1);
	else
		stream_refused(s, err);
}

/* Reset after the peer's FIN: no read of ours will tell. */
static void stream_after_end(struct sock *s)
{
	int err;

	if (!s->down_eof)
		return; /* the data first, then recv() says it */
	err = sock_stack_error(s);
	if (!err)
		return;
	s->error = err;
	stream_fail(s);
}

static void stream_stack_event(struct sock *s, uint32_t events)
{
	if (s->state == SOCK_CONNECTING && events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
		stream_connect_done(s);
	else if (s->state == SOCK_OPEN && events & (EPOLLERR | EPOLLHUP))
		stream_after_end(s);
	park_retry(s);
	if (s->state == SOCK_OPEN)
		stream_run(s);
	else
		stream_finish(s);
}

void stream_destroy(struct sock *s)
{
	park_drop_all(s);
	chunk_put(s->up);
	chunk_put(s->down);
	s->up = s->down = NULL;
}

const struct sock_ops stream_ops = {
	.host_event = stream_host_event,
	.stack_event = stream_stack_event,
	.swept = stream_swept,
	.destroy = stream_destroy,
};
