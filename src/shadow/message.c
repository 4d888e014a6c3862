// SPDX-License-Identifier: GPL-2.0-only
/*
 * message.c - sends and receives that we are asked about, see serve.h.
 *
 * On streams these calls are the host kernel's on the pair, which needs no
 * address: they pass, but for urgent data and the error queue. For messages
 * they are served here: read from the caller and sent, or taken from the pair
 * with what is known of them (dgram.h).
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
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "shadow/call.h"
#include "shadow/dgram.h"
#include "shadow/ports.h"
#include "shadow/serve.h"
#include "shadow/sock.h"
#include "shadow/stream.h"
#include "sockets/address.h"

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
	size_t room; /* bytes of all pieces */
};

static __thread struct message *message;
static __thread unsigned char *buffer;
static __thread unsigned char control[4096] __attribute__((aligned(8)));
static __thread unsigned char fitted[4096] __attribute__((aligned(8)));

static bool ready(void)
{
	if (!message)
		message = malloc(sizeof(*message));
	if (!buffer)
		buffer = malloc(DGRAM_MAX);
	return message && buffer;
}

static int sum_room(struct message *m)
{
	m->room = 0;
	for (size_t i = 0; i < m->hdr.msg_iovlen; i++) {
		if ((ssize_t)m->iov[i].iov_len < 0)
			return -EINVAL;
		m->room += m->iov[i].iov_len;
	}
	return 0;
}

/* The struct msghdr at @at of the caller. */
static int fetch(struct call *c, struct message *m, uint64_t at)
{
	m->at = at;
	if (call_read(c, at, &m->hdr, sizeof(m->hdr)))
		return -EFAULT;
	if (m->hdr.msg_iovlen > IOV_LIMIT)
		return -EMSGSIZE;
	if (call_read(c, (uintptr_t)m->hdr.msg_iov, m->iov,
		      m->hdr.msg_iovlen * sizeof(struct iovec)))
		return -EFAULT;
	return sum_room(m);
}

/* sendto() and recvfrom() in the same form. */
static int fetch_plain(struct call *c, struct message *m)
{
	memset(&m->hdr, 0, sizeof(m->hdr));
	m->at = 0;
	m->hdr.msg_iovlen = 1;
	m->iov[0].iov_base = (void *)(uintptr_t)c->args[1];
	m->iov[0].iov_len = c->args[2];
	m->hdr.msg_name = (void *)(uintptr_t)c->args[4];
	return sum_room(m);
}

/* ---- sending ---- */

/* Send what @m describes: bytes or -errno; CALL_PASS: the socket has moved to the host. */
static long send_one(struct call *c, struct sock *s, struct message *m, int flags)
{
	struct sockaddr_storage name;
	struct iovec iov = {buffer, 0};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;
	long ret;

	if (m->hdr.msg_name) {
		ret = call_read_addr(c, (uintptr_t)m->hdr.msg_name, m->hdr.msg_namelen, &name);
		if (ret)
			return ret;
		if (ports_should_send(s, (struct sockaddr *)&name, m->hdr.msg_namelen)) {
			ret = ports_move(c, s);
			return ret ? ret : CALL_PASS;
		}
		msg.msg_name = &name;
		msg.msg_namelen = m->hdr.msg_namelen;
	}
	if (m->hdr.msg_controllen) {
		if (m->hdr.msg_controllen > sizeof(control))
			return -ENOBUFS;
		if (call_read(c, (uintptr_t)m->hdr.msg_control, control, m->hdr.msg_controllen))
			return -EFAULT;
		msg.msg_control = control;
		msg.msg_controllen = m->hdr.msg_controllen;
	}
	if (m->room > DGRAM_MAX)
		return -EMSGSIZE;
	n = call_readv(c, m->iov, m->hdr.msg_iovlen, buffer, m->room);
	if (n < 0 || (size_t)n < m->room)
		return -EFAULT;
	iov.iov_len = m->room;
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
		ret = stack_call(SYS_sendto, s->stack, buffer, m->room, flags | QUIET, msg.msg_name,
				 msg.msg_namelen);
	if (ret == -EAGAIN && !call_nonblocking(c, flags))
		return call_wait(c, s, SO_SNDTIMEO, -EAGAIN);
	return ret;
}

static long send_many(struct call *c, struct sock *s)
{
	unsigned int n = (unsigned int)c->args[2], done = 0;
	int flags = (int)c->args[3];

	if (n > MMSG_MAX)
		n = MMSG_MAX;
	while (done < n) {
		uint64_t at = c->args[1] + done * sizeof(struct mmsghdr);
		long ret = fetch(c, message, at);

		if (!ret)
			ret = send_one(c, s, message, flags);
		if (ret < 0)
			return done ? (long)done : ret;
		if (call_write(c, at + offsetof(struct mmsghdr, msg_len),
			       &(unsigned int){(unsigned int)ret}, sizeof(unsigned int)))
			return done ? (long)done : -EFAULT;
		done++;
	}
	return done;
}

/* EPIPE with its signal, which waits until the call has returned, or ends the program. */
static long broken_pipe(const struct call *c, int flags)
{
	if (!(flags & MSG_NOSIGNAL))
		syscall(SYS_tkill, c->tid, SIGPIPE);
	return -EPIPE;
}

/* As a plain write: so poll() and back-pressure are the pair's. */
static long send_into_pair(struct call *c, struct sock *s, int flags)
{
	size_t len = message->room < DGRAM_MAX ? message->room : DGRAM_MAX;
	ssize_t n = call_readv(c, message->iov, message->hdr.msg_iovlen, buffer, len);

	if (n < 0 || (size_t)n < len)
		return -EFAULT;
	n = send(c->fd, buffer, len, QUIET);
	if (n >= 0)
		return n;
	if (errno == EPIPE)
		return broken_pipe(c, flags);
	if (errno == EAGAIN && !call_nonblocking(c, flags))
		return call_wait(c, s, SO_SNDTIMEO, -EAGAIN);
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
		return call_wait(c, s, SO_SNDTIMEO, -EAGAIN);
	}
	if (message->room > DGRAM_MAX) {
		message->room = DGRAM_MAX;
		message->iov[0].iov_len = DGRAM_MAX;
		message->hdr.msg_iovlen = 1;
	}
	ret = send_one(c, s, message, flags);
	return ret == -EPIPE ? broken_pipe(c, flags) : ret;
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
		return flags & MSG_FASTOPEN ? -EOPNOTSUPP : broken_pipe(c, flags);
	ret = c->nr == SYS_sendto ? fetch_plain(c, message) : fetch(c, message, c->args[1]);
	if (!ret && message->hdr.msg_name)
		ret = call_read_addr(c, (uintptr_t)message->hdr.msg_name,
				     c->nr == SYS_sendto ? c->args[5] : message->hdr.msg_namelen,
				     &name);
	message->hdr.msg_name = NULL;
	return ret ? ret : send_behind(c, s, flags);
}

long message_send(struct call *c, struct sock *s)
{
	int flags = (int)(c->nr == SYS_sendmsg ? c->args[2] : c->args[3]);
	long ret;

	if (!ready())
		return -ENOMEM;
	if (sock_is_stream(s))
		return c->nr == SYS_sendmmsg ? CALL_PASS : send_stream(c, s, flags);
	dgram_drain_up(s);
	if (c->nr == SYS_sendmmsg) {
		ret = send_many(c, s);
	} else {
		ret = c->nr == SYS_sendto ? fetch_plain(c, message) : fetch(c, message, c->args[1]);
		if (c->nr == SYS_sendto)
			message->hdr.msg_namelen = (socklen_t)c->args[5];
		if (!ret)
			ret = send_one(c, s, message, flags);
	}
	/* A reply may be there at once (netlink). */
	if (ret >= 0)
		dgram_pull(s);
	return ret;
}

/* ---- receiving ---- */

/*
 * Fit ancillary data into @room bytes, in fitted[]: whole messages, the last one cut,
 * as the kernel's put_cmsg() does. Gives the bytes used.
 */
static size_t cut_control(const void *ctl, size_t ctllen, size_t room, int *flags)
{
	struct msghdr in = {.msg_control = (void *)(uintptr_t)ctl, .msg_controllen = ctllen};
	size_t used = 0;

	if (room > sizeof(fitted))
		room = sizeof(fitted);
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&in); h; h = CMSG_NXTHDR(&in, h)) {
		size_t len = h->cmsg_len, space = CMSG_ALIGN(len);
		struct cmsghdr *put = (struct cmsghdr *)(fitted + used);

		if (room - used < sizeof(*h)) {
			*flags |= MSG_CTRUNC;
			break;
		}
		if (len > room - used) {
			*flags |= MSG_CTRUNC;
			len = room - used;
		}
		memcpy(put, h, len);
		put->cmsg_len = len;
		used += space < room - used ? space : room - used;
	}
	return used;
}

/* Give the caller's msghdr what belongs to it. */
static int give_header(struct call *c, struct message *m, const void *name, socklen_t namelen,
		       const void *ctl, size_t ctllen, int flags)
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
	ctllen = cut_control(ctl, ctllen, out.msg_control ? out.msg_controllen : 0, &flags);
	if (call_write(c, (uintptr_t)out.msg_control, fitted, ctllen))
		return -EFAULT;
	out.msg_controllen = ctllen;
	out.msg_flags = (unsigned int)flags;
	return call_write(c, m->at, &out, sizeof(out));
}

/* Of the error queue: straight from the stack. */
static long receive_errors(struct call *c, struct sock *s, struct message *m, int flags)
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
	size_t len = (size_t)n < m->room ? (size_t)n : m->room;
	int err;

	if (n < 0)
		return n;
	if (call_writev(c, m->iov, m->hdr.msg_iovlen, buffer, len) < 0)
		return -EFAULT;
	err = give_header(c, m, &name, msg.msg_namelen, control, msg.msg_controllen, msg.msg_flags);
	return err ? err : (long)len;
}

/*
 * Show the caller the first message: its result, the message stays where it is.
 * -EAGAIN: none.
 */
static long show(struct call *c, struct sock *s, struct message *m, int flags)
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
	len = (size_t)n < m->room ? (size_t)n : m->room;
	if (call_writev(c, m->iov, m->hdr.msg_iovlen, buffer, len) < 0)
		return -EFAULT;
	out = (meta ? meta->flags & (MSG_TRUNC | MSG_CTRUNC) : 0) |
	      ((size_t)n > m->room ? MSG_TRUNC : 0);
	if (meta)
		err = give_header(c, m, &meta->name, meta->namelen, meta->control, meta->controllen,
				  out);
	else
		err = give_header(c, m, NULL, 0, NULL, 0, out);
	if (err)
		return err;
	return flags & MSG_TRUNC ? n : (long)len;
}

static long receive_one(struct call *c, struct sock *s, int flags)
{
	long ret = c->nr == SYS_recvfrom ? fetch_plain(c, message) : fetch(c, message, c->args[1]);

	if (ret)
		return ret;
	if (flags & MSG_ERRQUEUE)
		return receive_errors(c, s, message, flags);
	ret = show(c, s, message, flags);
	if (ret == -EAGAIN && s->rd_shut)
		return 0;
	if (ret == -EAGAIN && !call_nonblocking(c, flags))
		return call_wait(c, s, SO_RCVTIMEO, -EAGAIN);
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

static long receive_many(struct call *c, struct sock *s)
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
		uint64_t at = c->args[1] + done * sizeof(struct mmsghdr);

		ret = fetch(c, message, at);
		if (!ret)
			ret = flags & MSG_ERRQUEUE ? receive_errors(c, s, message, flags)
						   : show(c, s, message, flags);
		if (ret < 0)
			break;
		if (call_write(c, at + offsetof(struct mmsghdr, msg_len),
			       &(unsigned int){(unsigned int)ret}, sizeof(unsigned int))) {
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
		return call_wait(c, s, SO_RCVTIMEO, -EAGAIN);
	return ret;
}

/* MSG_TRUNC on TCP: read and thrown away. */
static long receive_nothing(struct call *c, struct sock *s, int flags)
{
	size_t len = message->room < DGRAM_MAX ? message->room : DGRAM_MAX;
	ssize_t n = recv(c->fd, buffer, len, (flags & MSG_PEEK) | MSG_DONTWAIT);

	if (n >= 0)
		return n;
	if (errno == EAGAIN && !call_nonblocking(c, flags))
		return call_wait(c, s, SO_RCVTIMEO, -EAGAIN);
	return -errno;
}

/* The error queue of a stream is the stack's; the rest is in the pair. */
static long receive_stream(struct call *c, struct sock *s, int flags)
{
	long ret;

	if (!(flags & (MSG_TRUNC | MSG_ERRQUEUE)) || c->nr == SYS_recvmmsg)
		return CALL_PASS;
	ret = c->nr == SYS_recvfrom ? fetch_plain(c, message) : fetch(c, message, c->args[1]);
	if (ret)
		return ret;
	if (flags & MSG_ERRQUEUE)
		return receive_errors(c, s, message, flags);
	return receive_nothing(c, s, flags);
}

long message_receive(struct call *c, struct sock *s)
{
	int flags = (int)(c->nr == SYS_recvmsg ? c->args[2] : c->args[3]);

	if (!ready())
		return -ENOMEM;
	if (sock_is_stream(s))
		return receive_stream(c, s, flags);
	return c->nr == SYS_recvmmsg ? receive_many(c, s) : receive_one(c, s, flags);
}
