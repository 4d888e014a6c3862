// SPDX-License-Identifier: GPL-2.0-only
/*
 * receive.c - receiving calls that we are asked about, see receive.h.
 *
 * Theory of operation: on streams these calls are the host kernel's on the pair, but for the error
 * queue, which is the stack's, and for what AF_UNIX does otherwise than TCP. Messages are taken
 * from the pair, with what is known of them beside it (dgram.h).
 *
 * A received message whose caller has gone meanwhile (a signal) is kept for the next one: so an
 * interrupted call loses nothing.
 *
 * Threads: those that answer calls; the socket is locked.
 *
 * Limits: recvmmsg() gives what is there, as with MSG_WAITFORONE, MESSAGE_MANY at most. MSG_PEEK
 * with MSG_WAITALL gives less where the pair holds no more, or with SO_PEEK_OFF. recvmmsg() on a
 * stream gives names of the pair.
 */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include "shadow/call.h"
#include "shadow/dgram.h"
#include "shadow/message.h"
#include "shadow/park.h"
#include "shadow/receive.h"
#include "shadow/sock.h"

static __thread unsigned char fitted[MESSAGE_CONTROL] __attribute__((aligned(8)));

/*
 * Fit ancillary data into @capacity bytes, in fitted[]: whole messages, the last one cut,
 * as the kernel's put_cmsg() does. Gives the bytes used.
 */
static size_t receive_cut_control(const void *ctl, size_t ctllen, size_t capacity, int *flags)
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
static int receive_give_header(struct call *c, struct message *m, const void *name,
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
	ctllen = receive_cut_control(ctl, ctllen, out.msg_control ? out.msg_controllen : 0, &flags);
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
	struct iovec iov = {message->data, DGRAM_MAX};
	struct msghdr msg = {.msg_name = &name,
			     .msg_namelen = sizeof(name),
			     .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = message->control,
			     .msg_controllen = sizeof(message->control)};
	long n = stack_call(SYS_recvmsg, s->stack, &msg, flags | MSG_DONTWAIT, 0, 0, 0);
	size_t len = (size_t)n < m->capacity ? (size_t)n : m->capacity;
	int err;

	if (n < 0)
		return n;
	if (!sock_is_stream(s)) /* MSG_PEEK, too, takes it out */
		dgram_queue_read(s);
	if (call_writev(c, m->iov, m->hdr.msg_iovlen, message->data, len) < 0)
		return -EFAULT;
	err = receive_give_header(c, m, &name, msg.msg_namelen, message->control,
				  msg.msg_controllen, msg.msg_flags);
	return err ? err : (long)len;
}

/*
 * Show the caller the first message: its result, the message stays where it is.
 * -EAGAIN: none.
 */
static long receive_show(struct call *c, struct sock *s, struct message *m, int flags)
{
	const struct meta *meta;
	size_t len;
	long n = dgram_peek(s, c->fd, message->data, &meta);
	int out, err;

	if (n == -EAGAIN) {
		dgram_pull(s);
		n = dgram_peek(s, c->fd, message->data, &meta);
	}
	while (n >= 0 && meta && meta->error) {
		/* An empty message that stands for an error. */
		err = s->error;
		s->error = 0;
		dgram_drop(s, c->fd);
		if (err)
			return -err;
		n = dgram_peek(s, c->fd, message->data, &meta);
	}
	if ((n == -EAGAIN || n == -ECONNRESET) && s->error) {
		n = -s->error;
		s->error = 0;
	}
	if (n < 0)
		return n;
	len = (size_t)n < m->capacity ? (size_t)n : m->capacity;
	if (call_writev(c, m->iov, m->hdr.msg_iovlen, message->data, len) < 0)
		return -EFAULT;
	out = (meta ? meta->flags & (MSG_TRUNC | MSG_CTRUNC) : 0) |
	      ((size_t)n > m->capacity ? MSG_TRUNC : 0);
	if (meta)
		err = receive_give_header(c, m, &meta->name, meta->namelen, meta->control,
					  meta->controllen, out);
	else
		err = receive_give_header(c, m, NULL, 0, NULL, 0, out);
	if (err)
		return err;
	return flags & MSG_TRUNC ? n : (long)len;
}

static long receive_one(struct call *c, struct sock *s, int flags)
{
	long ret = c->nr == SYS_recvfrom ? message_fetch_plain(c, message)
					 : message_fetch(c, message, c->args[1]);

	if (ret)
		return ret;
	if (flags & MSG_ERRQUEUE)
		return receive_errors(c, s, message, flags);
	ret = receive_show(c, s, message, flags);
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
		dgram_return(s, message->data);
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
	if (n > MESSAGE_MANY)
		n = MESSAGE_MANY;
	for (; done < n; done++) {
		ret = message_fetch(c, message, message_at(c, done));
		if (!ret)
			ret = flags & MSG_ERRQUEUE ? receive_errors(c, s, message, flags)
						   : receive_show(c, s, message, flags);
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
static long receive_nothing(struct call *c, struct sock *s, int flags)
{
	size_t len = message->capacity < DGRAM_MAX ? message->capacity : DGRAM_MAX;
	ssize_t n = recv(c->fd, message->data, len, (flags & MSG_PEEK) | MSG_DONTWAIT);

	if (n >= 0)
		return receive_give_header(c, message, NULL, 0, NULL, 0, 0) ?: n;
	if (errno == EAGAIN && !call_nonblocking(c, flags))
		return park_wait(c, SO_RCVTIMEO, -EAGAIN);
	return -errno;
}

/* Can no more come into the pair than is there? */
static bool receive_is_all(const struct sock *s)
{
	return (s->state != SOCK_OPEN && s->state != SOCK_CONNECTING) || s->down_eof ||
	       s->rd_shut || s->down;
}

/*
 * MSG_PEEK with MSG_WAITALL: what is there is shown, and shown again with what has come since,
 * until it is all.
 */
static long receive_peek_all(struct call *c, struct sock *s, int flags)
{
	size_t len = message->capacity < MESSAGE_DATA ? message->capacity : MESSAGE_DATA;
	ssize_t n = recv(c->fd, message->data, len, MSG_PEEK | MSG_DONTWAIT);
	long ret = n < 0 ? -errno : n;

	if (n > 0) {
		if (call_writev(c, message->iov, message->hdr.msg_iovlen, message->data,
				(size_t)n) < 0)
			return -EFAULT;
		c->partial = n;
	}
	if (n >= 0)
		ret = receive_give_header(c, message, NULL, 0, NULL, 0, 0) ?: n;
	if ((ret >= 0 && (size_t)n < len && !receive_is_all(s) && !call_nonblocking(c, flags)) ||
	    (ret == -EAGAIN && !call_nonblocking(c, flags)))
		return park_wait(c, SO_RCVTIMEO, -EAGAIN);
	return ret;
}

/* Does the caller want a sender's name? */
static bool receive_wants_name(const struct call *c)
{
	struct caller_msghdr hdr;

	if (c->nr == SYS_recvfrom)
		return c->args[4];
	return !call_read(c, c->args[1], &hdr, sizeof(hdr)) && hdr.msg_name;
}

/* Each look moves on then (SO_PEEK_OFF), so we must not look. */
static bool receive_look_moves(const struct call *c)
{
	int off = -1;
	socklen_t len = sizeof(off);

	return !getsockopt(c->fd, SOL_SOCKET, SO_PEEK_OFF, &off, &len) && off >= 0;
}

/* Where the pair does not wait as TCP does. */
static bool receive_peeks_all(const struct call *c, int flags)
{
	return (flags & (MSG_PEEK | MSG_WAITALL)) == (MSG_PEEK | MSG_WAITALL) &&
	       !(flags & MSG_OOB) && !receive_look_moves(c);
}

/* Would the host's kernel name our end (pair_join())? */
static bool receive_has_name(const struct call *c)
{
	struct sockaddr_un un;
	socklen_t len = sizeof(un);

	return !getpeername(c->fd, (struct sockaddr *)&un, &len) && len > sizeof(un.sun_family) &&
	       !receive_look_moves(c);
}

/* What the caller has already: the pieces of @m begin behind it. */
static void receive_skip(struct message *m, size_t n)
{
	for (size_t i = 0; n && i < m->hdr.msg_iovlen; i++) {
		size_t part = n < m->iov[i].iov_len ? n : m->iov[i].iov_len;

		m->iov[i].iov_base = (char *)m->iov[i].iov_base + part;
		m->iov[i].iov_len -= part;
		m->capacity -= part;
		n -= part;
	}
}

/*
 * Bytes for the caller, at the place of the first that it lacks: looked at first, so that nothing
 * is taken out of the pair that cannot be given. Bytes, 0: the end, or -errno.
 */
static long receive_some(struct call *c, struct message *m, int flags)
{
	unsigned char *peeked = m->data, *taken = m->data + MESSAGE_DATA / 2;
	size_t len = m->capacity < MESSAGE_DATA / 2 ? m->capacity : MESSAGE_DATA / 2;
	struct iovec iov = {peeked, len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	int how = (flags & MSG_OOB) | MSG_DONTWAIT;
	ssize_t n = recvmsg(c->fd, &msg, how | MSG_PEEK), got;

	if (n < 0)
		return -errno;
	if (call_writev(c, m->iov, m->hdr.msg_iovlen, peeked, (size_t)n) < 0 ||
	    receive_give_header(c, m, NULL, 0, NULL, 0, msg.msg_flags))
		return -EFAULT;
	if (!n || flags & MSG_PEEK)
		return n;
	got = recv(c->fd, taken, (size_t)n, how);
	if (got < 0)
		return -errno;
	/* Another thread has taken what we saw: these are the bytes. */
	if (memcmp(peeked, taken, (size_t)got))
		call_writev(c, m->iov, m->hdr.msg_iovlen, taken, (size_t)got);
	return got;
}

/* How many bytes a blocking call waits for. */
static size_t receive_least(const struct call *c, const struct message *m, int flags)
{
	int low = 1;
	socklen_t len = sizeof(low);

	if (flags & MSG_WAITALL && m->capacity)
		return m->capacity;
	getsockopt(c->fd, SOL_SOCKET, SO_RCVLOWAT, &low, &len);
	return (size_t)low < m->capacity ? (size_t)low : m->capacity ?: 1;
}

/* TCP has no names to give: read in the caller's stead, which is told that it is empty. */
static long receive_nameless(struct call *c, struct sock *s, int flags)
{
	size_t least = receive_least(c, message, flags);
	bool waits = !call_nonblocking(c, flags) && !(flags & MSG_OOB);
	long n;

	if (s->state == SOCK_LISTENING)
		return -ENOTCONN;
	receive_skip(message, (size_t)c->partial);
	do {
		n = message->capacity || !c->partial ? receive_some(c, message, flags) : 0;
		if (n > 0 && !(flags & MSG_PEEK)) {
			c->partial += n;
			receive_skip(message, (size_t)n);
		} else if (n > 0) {
			return n;
		}
	} while (n > 0 && (size_t)c->partial < least);
	if (n == -EAGAIN && waits && (size_t)c->partial < least)
		return park_wait(c, SO_RCVTIMEO, -EAGAIN);
	return c->partial ? c->partial : n;
}

/* The error queue of a stream is the stack's; the rest is in the pair. */
static long receive_stream(struct call *c, struct sock *s, int flags)
{
	bool whole = receive_peeks_all(c, flags);
	long ret;

	if (c->nr == SYS_recvmmsg || (!(flags & (MSG_TRUNC | MSG_ERRQUEUE)) && !whole &&
				      !(receive_wants_name(c) && receive_has_name(c))))
		return CALL_PASS;
	ret = c->nr == SYS_recvfrom ? message_fetch_plain(c, message)
				    : message_fetch(c, message, c->args[1]);
	if (ret)
		return ret;
	if (flags & MSG_ERRQUEUE)
		return receive_errors(c, s, message, flags);
	if (flags & MSG_TRUNC)
		return receive_nothing(c, s, flags);
	return whole ? receive_peek_all(c, s, flags) : receive_nameless(c, s, flags);
}

long receive_call(struct call *c, struct sock *s)
{
	int flags = (int)(c->nr == SYS_recvmsg ? c->args[2] : c->args[3]);

	if (!message_ready())
		return -ENOMEM;
	if (sock_is_stream(s))
		return receive_stream(c, s, flags);
	return c->nr == SYS_recvmmsg ? receive_many(c, s) : receive_one(c, s, flags);
}
