// SPDX-License-Identifier: GPL-2.0-only
/*
 * message.c - sends and receives that we are asked about, see message.h.
 *
 * On streams these calls are the host kernel's on the pair, which needs no
 * address: they pass, but for urgent data and the error queue. For messages
 * they are served here: read from the caller and sent, or taken from the pair
 * with what is known of them (dgram.h).
 *
 * Where a message goes is asked of sockets/route.c, for each message of each sending call, of our
 * sockets and of the host's. A vector of a host socket whose messages may not all go is sent by
 * us up to the first that may not, as a kernel ends it at an error.
 *
 * A received message whose caller has gone meanwhile (a signal) is kept for the
 * next one: so an interrupted call loses nothing.
 *
 * Limits: recvmmsg() gives what is there, as with MSG_WAITFORONE, and sends or
 * receives at most MMSG_MAX messages at a time.
 */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "lib/complain.h"
#include "shadow/call.h"
#include "shadow/dgram.h"
#include "shadow/message.h"
#include "shadow/move.h"
#include "shadow/park.h"
#include "shadow/sock.h"
#include "shadow/stream.h"
#include "sockets/urgent.h"

#define QUIET	  (MSG_DONTWAIT | MSG_NOSIGNAL)
#define IOV_LIMIT 1024
#define MMSG_MAX  1024

/* The kernel's struct msghdr: some libcs have narrower lengths and padding. */
struct caller_msghdr {
	void *msg_name;
	socklen_t msg_namelen;
	struct iovec *msg_iov;
	size_t msg_iovlen;
	void *msg_control;
	size_t msg_controllen;
	unsigned int msg_flags;
};

/**
 * struct message - a message of the caller, brought here
 * @hdr: as the caller has it; pointers are the caller's
 * @iov: its pieces in the caller
 * @at:	 where @hdr stands in the caller, 0: nowhere (sendto, recvfrom)
 */
struct message {
	struct caller_msghdr hdr;
	struct iovec iov[IOV_LIMIT];
	uint64_t at;
	size_t capacity; /* bytes of all pieces */
};

static __thread struct message *message;
static __thread unsigned char *buffer;
static __thread unsigned char control[4096] __attribute__((aligned(8)));
static __thread unsigned char fitted[4096] __attribute__((aligned(8)));

static bool message_ready(void)
{
	if (!message)
		message = malloc(sizeof(*message));
	if (!buffer)
		buffer = malloc(DGRAM_MAX);
	return message && buffer;
}

static int message_sum(struct message *m)
{
	m->capacity = 0;
	for (size_t i = 0; i < m->hdr.msg_iovlen; i++) {
		if ((ssize_t)m->iov[i].iov_len < 0)
			return -EINVAL;
		m->capacity += m->iov[i].iov_len;
	}
	return 0;
}

/* The struct msghdr at @at of the caller. */
static int message_fetch(struct call *c, struct message *m, uint64_t at)
{
	m->at = at;
	if (call_read(c, at, &m->hdr, sizeof(m->hdr)))
		return -EFAULT;
	if (m->hdr.msg_iovlen > IOV_LIMIT)
		return -EMSGSIZE;
	if (call_read(c, (uintptr_t)m->hdr.msg_iov, m->iov,
		      m->hdr.msg_iovlen * sizeof(struct iovec)))
		return -EFAULT;
	return message_sum(m);
}

/* sendto() and recvfrom() in the same form. */
static int message_fetch_plain(struct call *c, struct message *m)
{
	memset(&m->hdr, 0, sizeof(m->hdr));
	m->at = 0;
	m->hdr.msg_iovlen = 1;
	m->iov[0].iov_base = (void *)(uintptr_t)c->args[1];
	m->iov[0].iov_len = c->args[2];
	m->hdr.msg_name = (void *)(uintptr_t)c->args[4];
	m->hdr.msg_namelen = (socklen_t)c->args[5]; /* recvfrom(): a pointer, not looked at */
	return message_sum(m);
}

/* ---- sending ---- */

/* The name and the ancillary data of @m, brought here into @msg. */
static int message_fetch_header(struct call *c, struct message *m, struct sockaddr_storage *name,
				struct msghdr *msg)
{
	int err;

	if (m->hdr.msg_name) {
		err = call_read_addr(c, (uintptr_t)m->hdr.msg_name, m->hdr.msg_namelen, name);
		if (err)
			return err;
		msg->msg_name = name;
		msg->msg_namelen = m->hdr.msg_namelen;
	}
	if (m->hdr.msg_controllen) {
		if (m->hdr.msg_controllen > sizeof(control))
			return -ENOBUFS;
		if (call_read(c, (uintptr_t)m->hdr.msg_control, control, m->hdr.msg_controllen))
			return -EFAULT;
		msg->msg_control = control;
		msg->msg_controllen = m->hdr.msg_controllen;
	}
	return 0;
}

/* The bytes of @m, brought here into buffer. */
static int message_fetch_data(struct call *c, struct message *m, struct iovec *iov)
{
	ssize_t n;

	if (m->capacity > DGRAM_MAX)
		return -EMSGSIZE;
	n = call_readv(c, m->iov, m->hdr.msg_iovlen, buffer, m->capacity);
	if (n < 0 || (size_t)n < m->capacity)
		return -EFAULT;
	iov->iov_len = m->capacity;
	return 0;
}

/* Send what @m describes: bytes or -errno; CALL_PASS: the socket has moved to the host. */
static long message_send_one(struct call *c, struct sock *s, struct message *m, int flags)
{
	struct sockaddr_storage name;
	struct iovec iov = {buffer, 0};
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
		ret = stack_call(SYS_sendmsg, s->stack, &msg, flags | QUIET, 0, 0, 0);
	else
		ret = stack_call(SYS_sendto, s->stack, buffer, m->capacity, flags | QUIET,
				 msg.msg_name, msg.msg_namelen);
	if (ret == -EAGAIN && !call_nonblocking(c, flags))
		return park_wait(c, SO_SNDTIMEO, -EAGAIN);
	return ret;
}

static uint64_t message_at(const struct call *c, unsigned int i)
{
	return c->args[1] + i * sizeof(struct mmsghdr);
}

/* The length of message @i of the vector, as the kernel leaves it there. */
static int message_give_len(struct call *c, unsigned int i, long len)
{
	unsigned int n = (unsigned int)len;

	return call_write(c, message_at(c, i) + offsetof(struct mmsghdr, msg_len), &n, sizeof(n));
}

static unsigned int message_count(const struct call *c)
{
	unsigned int n = (unsigned int)c->args[2];

	return n < MMSG_MAX ? n : MMSG_MAX;
}

/* ---- sending by a socket of the host ---- */

/* May message @i of the vector, or the only one, go? 0, -ENETUNREACH, or what is wrong with it. */
static int message_judge(struct call *c, const struct socket_core *core, struct message *m,
			 int flags)
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
static long message_host_one(struct call *c, struct message *m, int flags)
{
	struct sockaddr_storage name;
	struct iovec iov = {buffer, 0};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct socket_core core;
	long ret = message_fetch_header(c, m, &name, &msg);

	if (!ret)
		ret = message_fetch_data(c, m, &iov);
	if (ret)
		return ret;
	if (route_host_core(move_host, c->fd, &core) && route_message(&core, &msg, flags) < 0)
		return move_refused();
	if (sendmsg(c->fd, &msg, flags | QUIET) >= 0)
		return (long)m->capacity;
	/* We cannot wait here; ENOBUFS is what senders of datagrams try again. */
	return errno == EAGAIN && !call_nonblocking(c, flags) ? -ENOBUFS : -errno;
}

/* The first @n messages, sent by us. How many, or -errno. */
static long message_host_run(struct call *c, unsigned int n, int flags)
{
	unsigned int i;
	long ret = 0;

	for (i = 0; i < n; i++) {
		ret = message_fetch(c, message, message_at(c, i));
		if (!ret)
			ret = message_host_one(c, message, flags);
		if (ret < 0)
			break;
		message_give_len(c, i, ret);
	}
	return i ? (long)i : ret;
}

static long message_host_many(struct call *c, const struct socket_core *core)
{
	unsigned int n = message_count(c), i;
	int flags = (int)c->args[3], err = 0;
	bool control_seen = false;

	for (i = 0; i < n; i++) {
		err = message_fetch(c, message, message_at(c, i));
		if (!err)
			err = message_judge(c, core, message, flags);
		if (err)
			break;
		control_seen |= message->hdr.msg_controllen;
	}
	if (err == -ENETUNREACH) {
		move_refused();
		return i ? message_host_run(c, i, flags) : -ENETUNREACH;
	}
	/* Another error is the kernel's to find: at message @i, after those before it. */
	if (err)
		return i ? message_host_run(c, i, flags) : err;
	/* Ancillary data is sent as it was judged; what follows the most has not been looked at. */
	if (control_seen || (unsigned int)c->args[2] > MMSG_MAX)
		return message_host_run(c, n, flags);
	return CALL_PASS;
}

long message_send_host(struct call *c, const struct socket_core *core)
{
	int flags = (int)(c->nr == SYS_sendmsg ? c->args[2] : c->args[3]), err;

	if (!message_ready())
		return -ENOMEM;
	if (c->nr == SYS_sendmmsg)
		return message_host_many(c, core);
	err = c->nr == SYS_sendto ? message_fetch_plain(c, message)
				  : message_fetch(c, message, c->args[1]);
	if (!err)
		err = message_judge(c, core, message, flags);
	if (err == -ENETUNREACH)
		return move_refused();
	if (!err && message->hdr.msg_controllen && core->type != SOCK_STREAM)
		return message_host_one(c, message, flags);
	return err ? err : CALL_PASS;
}

/* ---- sending by ours ---- */

/* It moved at its first message: the host's kernel may do the call, if all may go. */
static long message_moved_many(struct call *c, struct sock *s)
{
	int fd = call_peek_fd(c->tid, (int)c->args[0]);

	if (fd < 0)
		return fd;
	call_done(c);
	c->fd = fd;
	return message_host_many(c, &s->core);
}

static long message_send_many(struct call *c, struct sock *s)
{
	unsigned int n = message_count(c), done;
	int flags = (int)c->args[3];
	long ret;

	for (done = 0; done < n; done++) {
		ret = message_fetch(c, message, message_at(c, done));
		if (!ret)
			ret = message_send_one(c, s, message, flags);
		if (ret == CALL_PASS && !done)
			return message_moved_many(c, s);
		if (ret < 0)
			return done ? (long)done : ret;
		if (message_give_len(c, done, ret))
			return done ? (long)done : -EFAULT;
	}
	return done;
}

/* EPIPE with its signal, which waits until the call has returned, or ends the program. */
static long message_broken_pipe(const struct call *c, int flags)
{
	if (!(flags & MSG_NOSIGNAL))
		syscall(SYS_tkill, c->tid, SIGPIPE);
	return -EPIPE;
}

/* As a plain write: so poll() and back-pressure are the pair's. */
static long message_send_into_pair(struct call *c, struct sock *s, int flags)
{
	size_t len = message->capacity < DGRAM_MAX ? message->capacity : DGRAM_MAX;
	ssize_t n = call_readv(c, message->iov, message->hdr.msg_iovlen, buffer, len);

	if (n < 0 || (size_t)n < len)
		return -EFAULT;
	n = send(c->fd, buffer, len, QUIET);
	if (n >= 0)
		return n;
	if (errno == EPIPE)
		return message_broken_pipe(c, flags);
	if (errno == EAGAIN && !call_nonblocking(c, flags))
		return park_wait(c, SO_SNDTIMEO, -EAGAIN);
	return -errno;
}

/* Straight into the stack, after what is in the pair. */
static long message_send_behind(struct call *c, struct sock *s, int flags)
{
	long ret;

	if (!(flags & MSG_OOB))
		return message_send_into_pair(c, s, flags);
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
	ret = message_send_one(c, s, message, flags);
	return ret == -EPIPE ? message_broken_pipe(c, flags) : ret;
}

/* Urgent data that the protocol does not have: 0, or -EOPNOTSUPP with its line. */
static int message_urgent(const struct sock *s, int flags)
{
	static atomic_flag told = ATOMIC_FLAG_INIT;
	int err = urgent_may_send(&s->core, flags);

	if (err && !atomic_flag_test_and_set(&told))
		complain(0, URGENT_REFUSAL);
	return err;
}

/* Plain data is the pair's; urgent data and what carries an address (ignored by TCP) are ours. */
static long message_send_stream(struct call *c, struct sock *s, int flags)
{
	struct caller_msghdr hdr = {.msg_name = (void *)(uintptr_t)c->args[4]};
	struct sockaddr_storage name;
	long ret;

	if (c->nr == SYS_sendmsg && call_read(c, c->args[1], &hdr, sizeof(hdr)))
		return -EFAULT;
	if (!hdr.msg_name && !(flags & MSG_OOB))
		return flags & MSG_FASTOPEN ? -EOPNOTSUPP : CALL_PASS;
	if (s->state != SOCK_OPEN)
		return flags & MSG_FASTOPEN ? -EOPNOTSUPP : message_broken_pipe(c, flags);
	ret = message_urgent(s, flags);
	if (!ret)
		ret = c->nr == SYS_sendto ? message_fetch_plain(c, message)
					  : message_fetch(c, message, c->args[1]);
	if (!ret && message->hdr.msg_name)
		ret = call_read_addr(c, (uintptr_t)message->hdr.msg_name, message->hdr.msg_namelen,
				     &name);
	message->hdr.msg_name = NULL;
	return ret ? ret : message_send_behind(c, s, flags);
}

/* Does any message of the vector have a name, which the pair would refuse and TCP ignores? */
static bool message_any_named(struct call *c, unsigned int n)
{
	struct caller_msghdr hdr;

	for (unsigned int i = 0; i < n; i++)
		if (call_read(c, message_at(c, i), &hdr, sizeof(hdr)) || hdr.msg_name)
			return true;
	return false;
}

/* The vector of a stream is the pair's, but for urgent data and messages with a name. */
static long message_send_many_stream(struct call *c, struct sock *s, int flags)
{
	unsigned int n = message_count(c), done;
	long ret;

	if (flags & MSG_FASTOPEN)
		return -EOPNOTSUPP;
	if (!(flags & MSG_OOB) && !message_any_named(c, n))
		return CALL_PASS;
	if (s->state != SOCK_OPEN)
		return message_broken_pipe(c, flags);
	ret = message_urgent(s, flags);
	for (done = 0; !ret && done < n; done++) {
		ret = message_fetch(c, message, message_at(c, done));
		message->hdr.msg_name = NULL;
		if (!ret)
			ret = message_send_behind(c, s, flags);
		if (ret >= 0)
			ret = message_give_len(c, done, ret);
		if (ret)
			break;
	}
	return done ? (long)done : ret;
}

long message_send(struct call *c, struct sock *s)
{
	int flags = (int)(c->nr == SYS_sendmsg ? c->args[2] : c->args[3]);
	long ret;

	if (!message_ready())
		return -ENOMEM;
	if (sock_is_stream(s))
		return c->nr == SYS_sendmmsg ? message_send_many_stream(c, s, flags)
					     : message_send_stream(c, s, flags);
	dgram_drain_up(s);
	if (c->nr == SYS_sendmmsg) {
		ret = message_send_many(c, s);
	} else {
		ret = c->nr == SYS_sendto ? message_fetch_plain(c, message)
					  : message_fetch(c, message, c->args[1]);
		if (!ret)
			ret = message_send_one(c, s, message, flags);
	}
	/* A reply may be there at once (netlink). */
	if (ret >= 0)
		dgram_pull(s);
	return ret;
}

/* ---- receiving ---- */

/*
 * Fit ancillary data into @capacity bytes, in fitted[]: whole messages, the last one cut,
 * as the kernel's put_cmsg() does. Gives the bytes used.
 */
static size_t message_cut_control(const void *ctl, size_t ctllen, size_t capacity, int *flags)
{
	struct msghdr in = {.msg_control = (void *)(uintptr_t)ctl, .msg_controllen = ctllen};
	size_t used = 0;

	if (capacity > sizeof(fitted))
		capacity = sizeof(fitted);
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&in); h; h = CMSG_NXTHDR(&in, h)) {
		size_t len = h->cmsg_len, space = CMSG_ALIGN(len);
		struct cmsghdr *put = (struct cmsghdr *)(fitted + used);

		if (capacity - used < sizeof(*h)) {
			*flags |= MSG_CTRUNC;
			break;
		}
		if (len > capacity - used) {
			*flags |= MSG_CTRUNC;
			len = capacity - used;
		}
		memcpy(put, h, len);
		put->cmsg_len = len;
		used += space < capacity - used ? space : capacity - used;
	}
	return used;
}

/* Give the caller's msghdr what belongs to it. */
static int message_give_header(struct call *c, struct message *m, const void *name,
			       socklen_t namelen, const void *ctl, size_t ctllen, int flags)
{
	struct caller_msghdr out = m->hdr;

	if (!m->at) { /* recvfrom() */
		if (!c->args[4])
			return 0;
		return call_write_addr(c, c->args[4], c->args[5], name, namelen);
	}
	if (out.msg_name) {
		socklen_t n = out.msg_namelen < namelen ? out.msg_namelen : namelen;

		if (call_write(c, (uintptr_t)out.msg_name, name, n))
			return -EFAULT;
		out.msg_namelen = namelen;
	}
	ctllen = message_cut_control(ctl, ctllen, out.msg_control ? out.msg_controllen : 0, &flags);
	if (call_write(c, (uintptr_t)out.msg_control, fitted, ctllen))
		return -EFAULT;
	out.msg_controllen = ctllen;
	out.msg_flags = (unsigned int)flags;
	return call_write(c, m->at, &out, sizeof(out));
}

/* Of the error queue: straight from the stack. */
static long message_receive_errors(struct call *c, struct sock *s, struct message *m, int flags)
{
	struct sockaddr_storage name;
	struct iovec iov = {buffer, DGRAM_MAX};
	struct msghdr msg = {.msg_name = &name,
			     .msg_namelen = sizeof(name),
			     .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	long n = stack_call(SYS_recvmsg, s->stack, &msg, flags | MSG_DONTWAIT, 0, 0, 0);
	size_t len = (size_t)n < m->capacity ? (size_t)n : m->capacity;
	int err;

	if (n < 0)
		return n;
	if (call_writev(c, m->iov, m->hdr.msg_iovlen, buffer, len) < 0)
		return -EFAULT;
	err = message_give_header(c, m, &name, msg.msg_namelen, control, msg.msg_controllen,
				  msg.msg_flags);
	return err ? err : (long)len;
}

/*
 * Show the caller the first message: its result, the message stays where it is.
 * -EAGAIN: none.
 */
static long message_show(struct call *c, struct sock *s, struct message *m, int flags)
{
	const struct meta *meta;
	size_t len;
	long n = dgram_peek(s, c->fd, buffer, &meta);
	int out, err;

	if (n == -EAGAIN) {
		dgram_pull(s);
		n = dgram_peek(s, c->fd, buffer, &meta);
	}
	while (n >= 0 && meta && meta->error) {
		/* An empty message that stands for an error. */
		err = s->error;
		s->error = 0;
		dgram_drop(s, c->fd);
		if (err)
			return -err;
		n = dgram_peek(s, c->fd, buffer, &meta);
	}
	if ((n == -EAGAIN || n == -ECONNRESET) && s->error) {
		n = -s->error;
		s->error = 0;
	}
	if (n < 0)
		return n;
	len = (size_t)n < m->capacity ? (size_t)n : m->capacity;
	if (call_writev(c, m->iov, m->hdr.msg_iovlen, buffer, len) < 0)
		return -EFAULT;
	out = (meta ? meta->flags & (MSG_TRUNC | MSG_CTRUNC) : 0) |
	      ((size_t)n > m->capacity ? MSG_TRUNC : 0);
	if (meta)
		err = message_give_header(c, m, &meta->name, meta->namelen, meta->control,
					  meta->controllen, out);
	else
		err = message_give_header(c, m, NULL, 0, NULL, 0, out);
	if (err)
		return err;
	return flags & MSG_TRUNC ? n : (long)len;
}

static long message_receive_one(struct call *c, struct sock *s, int flags)
{
	long ret = c->nr == SYS_recvfrom ? message_fetch_plain(c, message)
					 : message_fetch(c, message, c->args[1]);

	if (ret)
		return ret;
	if (flags & MSG_ERRQUEUE)
		return message_receive_errors(c, s, message, flags);
	ret = message_show(c, s, message, flags);
	if (ret == -EAGAIN && s->rd_shut)
		return 0;
	if (ret == -EAGAIN && !call_nonblocking(c, flags))
		return park_wait(c, SO_RCVTIMEO, -EAGAIN);
	if (ret < 0)
		return ret;
	if (flags & MSG_PEEK)
		return ret;
	/* Out of the pair first: the program may read on as soon as it is answered. */
	dgram_drop(s, c->fd);
	call_done(c);
	if (call_answer(c, ret))
		dgram_return(s, buffer);
	return CALL_ANSWERED;
}

static long message_receive_many(struct call *c, struct sock *s)
{
	unsigned int n = (unsigned int)c->args[2], done = 0;
	int flags = (int)c->args[3];
	struct timespec t;
	long ret = 0;

	if (c->args[4] && call_read(c, c->args[4], &t, sizeof(t)))
		return -EFAULT;
	if (c->args[4] && (t.tv_sec < 0 || (unsigned long)t.tv_nsec >= 1000000000))
		return -EINVAL;
	if (n > MMSG_MAX)
		n = MMSG_MAX;
	for (; done < n; done++) {
		ret = message_fetch(c, message, message_at(c, done));
		if (!ret)
			ret = flags & MSG_ERRQUEUE ? message_receive_errors(c, s, message, flags)
						   : message_show(c, s, message, flags);
		if (ret < 0)
			break;
		if (message_give_len(c, done, ret)) {
			ret = -EFAULT;
			break;
		}
		/* Shown and taken at once: the next one must be seen. */
		if (!(flags & (MSG_PEEK | MSG_ERRQUEUE)))
			dgram_drop(s, c->fd);
	}
	if (done || ret >= 0)
		return done;
	if (ret == -EAGAIN && !call_nonblocking(c, flags))
		return park_wait(c, SO_RCVTIMEO, -EAGAIN);
	return ret;
}

/* MSG_TRUNC on TCP: read and thrown away. */
static long message_receive_nothing(struct call *c, struct sock *s, int flags)
{
	size_t len = message->capacity < DGRAM_MAX ? message->capacity : DGRAM_MAX;
	ssize_t n = recv(c->fd, buffer, len, (flags & MSG_PEEK) | MSG_DONTWAIT);

	if (n >= 0)
		return n;
	if (errno == EAGAIN && !call_nonblocking(c, flags))
		return park_wait(c, SO_RCVTIMEO, -EAGAIN);
	return -errno;
}

/* The error queue of a stream is the stack's; the rest is in the pair. */
static long message_receive_stream(struct call *c, struct sock *s, int flags)
{
	long ret;

	if (!(flags & (MSG_TRUNC | MSG_ERRQUEUE)) || c->nr == SYS_recvmmsg)
		return CALL_PASS;
	ret = c->nr == SYS_recvfrom ? message_fetch_plain(c, message)
				    : message_fetch(c, message, c->args[1]);
	if (ret)
		return ret;
	if (flags & MSG_ERRQUEUE)
		return message_receive_errors(c, s, message, flags);
	return message_receive_nothing(c, s, flags);
}

long message_receive(struct call *c, struct sock *s)
{
	int flags = (int)(c->nr == SYS_recvmsg ? c->args[2] : c->args[3]);

	if (!message_ready())
		return -ENOMEM;
	if (sock_is_stream(s))
		return message_receive_stream(c, s, flags);
	return c->nr == SYS_recvmmsg ? message_receive_many(c, s)
				     : message_receive_one(c, s, flags);
}
