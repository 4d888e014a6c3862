// SPDX-License-Identifier: GPL-2.0-only
/*
 * send.c - sending calls that we are asked about, see send.h.
 *
 * Theory of operation
 *
 * On streams these calls are the host kernel's on the pair, which needs no address: they pass, but
 * for urgent data and for names, which TCP ignores and the pair would refuse. Messages are read
 * from the caller and sent into the stack.
 *
 * Where a message goes is asked of sockets/route.c, for each message of each sending call, of our
 * sockets and of the host's. A vector of a host socket whose messages may not all go is sent by
 * us up to the first that may not, as a kernel ends it at an error. So is every datagram with a
 * name or ancillary data: what is judged is what is sent, whatever other threads write there.
 *
 * Threads: those that answer calls; a socket of ours is locked.
 *
 * Limits: MESSAGE_MANY messages and MESSAGE_CONTROL bytes of ancillary data at a time.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "lib/complain.h"
#include "shadow/call.h"
#include "shadow/dgram.h"
#include "shadow/message.h"
#include "shadow/move.h"
#include "shadow/park.h"
#include "shadow/send.h"
#include "shadow/sock.h"
#include "shadow/stream.h"
#include "sockets/urgent.h"

/* Send what @m describes: bytes or -errno; CALL_PASS: the socket has moved to the host. */
static long send_one(struct call *c, struct sock *s, struct message *m, int flags)
{
	struct sockaddr_storage name;
	struct iovec iov = {message->data, 0};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	long ret = message_fetch_header(c, m, &name, &msg);

	if (!ret)
		ret = move_to(c, s, route_message(&s->core, &msg, flags));
	if (!ret)
		ret = message_fetch_data(c, m, &iov);
	if (ret)
		return ret;
	if (!call_valid(c))
		return CALL_ANSWERED;
	if (s->error) {
		ret = -s->error;
		s->error = 0;
		return ret;
	}
	if (m->at) /* sendmsg() takes no address of no length, sendto() refuses it */
		ret = stack_call(SYS_sendmsg, s->stack, &msg, flags | MESSAGE_QUIET, 0, 0, 0);
	else
		ret = stack_call(SYS_sendto, s->stack, message->data, m->capacity,
				 flags | MESSAGE_QUIET, msg.msg_name, msg.msg_namelen);
	if (ret == -EAGAIN && !call_nonblocking(c, flags))
		return park_wait(c, SO_SNDTIMEO, -EAGAIN);
	return ret;
}

/* May message @i of the vector, or the only one, go? 0, -ENETUNREACH, or what is wrong with it. */
static int send_judge(struct call *c, struct socket_core *core, struct message *m, int flags)
{
	struct sockaddr_storage name;
	struct msghdr msg = {0};
	int err = message_fetch_header(c, m, &name, &msg);

	if (!err)
		err = route_message(core, &msg, flags);
	return err < 0 ? err : 0;
}

/*
 * Send what has been fetched into @m by us in the program's stead: what is judged is what is sent,
 * whatever its threads write there meanwhile. Bytes or -errno.
 */
static long send_host_one(struct call *c, struct message *m, int flags)
{
	struct sockaddr_storage name;
	struct iovec iov = {message->data, 0};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct socket_core core;
	long ret = message_fetch_header(c, m, &name, &msg);

	if (!ret)
		ret = message_fetch_data(c, m, &iov);
	if (ret)
		return ret;
	if (route_host_core(move_host, c->fd, &core) && route_message(&core, &msg, flags) < 0)
		return move_refused();
	if (sendmsg(c->fd, &msg, flags | MESSAGE_QUIET) >= 0)
		return (long)m->capacity;
	/* We cannot wait here: the caller waits itself, or tries again, as senders of datagrams do.
	 */
	if (errno == EAGAIN && !call_nonblocking(c, flags))
		return c->nr == SYS_sendmmsg ? -ENOBUFS : CALL_PASS;
	return -errno;
}

/* The first @n messages, sent by us. How many, or -errno. */
static long send_host_run(struct call *c, unsigned int n, int flags)
{
	unsigned int i;
	long ret = 0;

	for (i = 0; i < n; i++) {
		ret = message_fetch(c, message, message_at(c, i));
		if (!ret)
			ret = send_host_one(c, message, flags);
		if (ret < 0)
			break;
		message_give_len(c, i, ret);
	}
	return i ? (long)i : ret;
}

static long send_host_many(struct call *c, struct socket_core *core)
{
	unsigned int n = message_count(c), i;
	int flags = (int)c->args[3], err = 0;
	bool judged = false;

	for (i = 0; i < n; i++) {
		err = message_fetch(c, message, message_at(c, i));
		if (!err)
			err = send_judge(c, core, message, flags);
		if (err)
			break;
		judged |= message->hdr.msg_name || message->hdr.msg_controllen;
	}
	if (err == -ENETUNREACH) {
		move_refused();
		return i ? send_host_run(c, i, flags) : -ENETUNREACH;
	}
	/* Another error is the kernel's to find: at message @i, after those before it. */
	if (err)
		return i ? send_host_run(c, i, flags) : err;
	/* What has been judged is sent as it was then. */
	return judged && core->type != SOCK_STREAM ? send_host_run(c, n, flags) : CALL_PASS;
}

long send_host(struct call *c, struct socket_core *core)
{
	int flags = (int)(c->nr == SYS_sendmsg ? c->args[2] : c->args[3]), err;

	if (!message_ready())
		return -ENOMEM;
	if (c->nr == SYS_sendmmsg)
		return send_host_many(c, core);
	err = c->nr == SYS_sendto ? message_fetch_plain(c, message)
				  : message_fetch(c, message, c->args[1]);
	if (!err)
		err = send_judge(c, core, message, flags);
	if (err == -ENETUNREACH)
		return move_refused();
	if (!err && core->type != SOCK_STREAM &&
	    (message->hdr.msg_name || message->hdr.msg_controllen))
		return send_host_one(c, message, flags);
	return err ? err : CALL_PASS;
}

/* It moved at its first message: the host's kernel may do the call, if all may go. */
static long send_moved_many(struct call *c, struct sock *s)
{
	int fd = call_peek_fd(c->tid, (int)c->args[0]);

	if (fd < 0)
		return fd;
	call_done(c);
	c->fd = fd;
	return send_host_many(c, &s->core);
}

static long send_many(struct call *c, struct sock *s)
{
	unsigned int n = message_count(c), done;
	int flags = (int)c->args[3];
	long ret;

	for (done = 0; done < n; done++) {
		ret = message_fetch(c, message, message_at(c, done));
		if (!ret)
			ret = send_one(c, s, message, flags);
		if (ret == CALL_PASS && !done)
			return send_moved_many(c, s);
		if (ret < 0)
			return done ? (long)done : ret;
		if (message_give_len(c, done, ret))
			return done ? (long)done : -EFAULT;
	}
	return done;
}

/* EPIPE with its signal, which waits until the call has returned, or ends the program. */
static long send_broken_pipe(const struct call *c, int flags)
{
	if (!(flags & MSG_NOSIGNAL))
		syscall(SYS_tkill, c->tid, SIGPIPE);
	return -EPIPE;
}

/* As a plain write: so poll() and back-pressure are the pair's. */
static long send_into_pair(struct call *c, struct sock *s, int flags)
{
	size_t len = message->capacity < DGRAM_MAX ? message->capacity : DGRAM_MAX;
	ssize_t n = call_readv(c, message->iov, message->hdr.msg_iovlen, message->data, len);

	if (n < 0 || (size_t)n < len)
		return -EFAULT;
	n = send(c->fd, message->data, len, MESSAGE_QUIET);
	if (n >= 0)
		return n;
	if (errno == EPIPE)
		return send_broken_pipe(c, flags);
	if (errno == EAGAIN && !call_nonblocking(c, flags))
		return park_wait(c, SO_SNDTIMEO, -EAGAIN);
	return -errno;
}

/* Straight into the stack, after what is in the pair. */
static long send_behind(struct call *c, struct sock *s, int flags)
{
	long ret;

	if (!(flags & MSG_OOB))
		return send_into_pair(c, s, flags);
	stream_drain_up(s);
	if (s->up) {
		if (call_nonblocking(c, flags))
			return -EAGAIN;
		return park_wait(c, SO_SNDTIMEO, -EAGAIN);
	}
	if (message->capacity > DGRAM_MAX) {
		message->capacity = DGRAM_MAX;
		message->iov[0].iov_len = DGRAM_MAX;
		message->hdr.msg_iovlen = 1;
	}
	ret = send_one(c, s, message, flags);
	return ret == -EPIPE ? send_broken_pipe(c, flags) : ret;
}

/* Urgent data that the protocol does not have: 0, or -EOPNOTSUPP with its line. */
static int send_urgent(const struct sock *s, int flags)
{
	static atomic_flag told = ATOMIC_FLAG_INIT;
	int err = urgent_may_send(&s->core, flags);

	if (err && !atomic_flag_test_and_set(&told))
		complain(0, URGENT_REFUSAL);
	return err;
}

/* Plain data is the pair's; urgent data and what carries an address (ignored by TCP) are ours. */
static long send_stream(struct call *c, struct sock *s, int flags)
{
	struct caller_msghdr hdr = {.msg_name = (void *)(uintptr_t)c->args[4]};
	struct sockaddr_storage name;
	long ret;

	if (c->nr == SYS_sendmsg && call_read(c, c->args[1], &hdr, sizeof(hdr)))
		return -EFAULT;
	if (!hdr.msg_name && !(flags & MSG_OOB))
		return flags & MSG_FASTOPEN ? -EOPNOTSUPP : CALL_PASS;
	if (s->state != SOCK_OPEN)
		return flags & MSG_FASTOPEN ? -EOPNOTSUPP : send_broken_pipe(c, flags);
	ret = send_urgent(s, flags);
	if (!ret)
		ret = c->nr == SYS_sendto ? message_fetch_plain(c, message)
					  : message_fetch(c, message, c->args[1]);
	if (!ret && message->hdr.msg_name)
		ret = call_read_addr(c, (uintptr_t)message->hdr.msg_name, message->hdr.msg_namelen,
				     &name);
	message->hdr.msg_name = NULL;
	return ret ? ret : send_behind(c, s, flags);
}

/* Does any message of the vector have a name, which the pair would refuse and TCP ignores? */
static bool send_any_named(struct call *c, unsigned int n)
{
	struct caller_msghdr hdr;

	for (unsigned int i = 0; i < n; i++)
		if (call_read(c, message_at(c, i), &hdr, sizeof(hdr)) || hdr.msg_name)
			return true;
	return false;
}

/* The vector of a stream is the pair's, but for urgent data and messages with a name. */
static long send_many_stream(struct call *c, struct sock *s, int flags)
{
	unsigned int n = message_count(c), done;
	long ret;

	if (flags & MSG_FASTOPEN)
		return -EOPNOTSUPP;
	if (!(flags & MSG_OOB) && !send_any_named(c, n))
		return CALL_PASS;
	if (s->state != SOCK_OPEN)
		return send_broken_pipe(c, flags);
	ret = send_urgent(s, flags);
	for (done = 0; !ret && done < n; done++) {
		ret = message_fetch(c, message, message_at(c, done));
		message->hdr.msg_name = NULL;
		if (!ret)
			ret = send_behind(c, s, flags);
		if (ret >= 0)
			ret = message_give_len(c, done, ret);
		if (ret)
			break;
	}
	return done ? (long)done : ret;
}

long send_call(struct call *c, struct sock *s)
{
	int flags = (int)(c->nr == SYS_sendmsg ? c->args[2] : c->args[3]);
	long ret;

	if (!message_ready())
		return -ENOMEM;
	if (sock_is_stream(s))
		return c->nr == SYS_sendmmsg ? send_many_stream(c, s, flags)
					     : send_stream(c, s, flags);
	dgram_drain_up(s);
	if (c->nr == SYS_sendmmsg) {
		ret = send_many(c, s);
	} else {
		ret = c->nr == SYS_sendto ? message_fetch_plain(c, message)
					  : message_fetch(c, message, c->args[1]);
		if (!ret)
			ret = send_one(c, s, message, flags);
	}
	/* A reply may be there at once (netlink). */
	if (ret >= 0)
		dgram_pull(s);
	return ret;
}
