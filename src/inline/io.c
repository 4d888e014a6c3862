// SPDX-License-Identifier: GPL-2.0-only
/*
 * io.c - bytes in and out.
 *
 * Theory of operation: each hook looks at the slot of its descriptor: one load
 * and one test for the host's own, then the libc's function. For the stack, the call is
 * entered with the program's pointers. Writing always says MSG_NOSIGNAL inside,
 * because SIGPIPE must be raised in the program's world and not in the stack's:
 * so write() is a send() there, and EPIPE on a stream raises the signal here.
 *
 * Where a message goes is asked of sockets/route.c, for each message of sendto(), sendmsg() and
 * sendmmsg(): a vector whose messages go different ways is sent in runs that go one way, and
 * ends where one is refused, as a kernel ends it at an error.
 *
 * pread(), pwrite(), preadv(), pwritev() need no hook: the placeholder is a
 * socket and says ESPIPE. Descriptors of the stack cannot travel by SCM_RIGHTS;
 * sending one is refused.
 */
#include "inline/real.h"
#include "inline/edge.h"
#include "inline/fdtable.h"
#include "inline/move.h"
#include "inline/peek.h"
#include "inline/say.h"
#include "inline/thread.h"
#include "sockets/event.h"
#include "sockets/urgent.h"

#include <limits.h>
#include <string.h>

#define CONTROL_MAX  1024 /* bytes of ancillary data that a moved socket sends */
#define MESSAGES_MAX 1024 /* of one sendmmsg(), as Linux' UIO_MAXIOV */

/* The first byte tells that a connection which began without waiting is there; a reset, its end. */
static void io_traced(uint64_t slot, long ret)
{
	struct socket_core *core = &slot_desc(slot)->core;

	if (ret >= 0 && core->connecting)
		event_connected(&move_ops, core, slot_stack(slot));
	else if (ret == -ECONNRESET)
		event_failed(core, ECONNRESET);
}

static ssize_t io_received(uint64_t slot, long ret)
{
	if (unlikely(trace_mask))
		io_traced(slot, ret);
	return edge_ret(ret);
}

static ssize_t io_sent(uint64_t slot, long ret, int flags)
{
	if (unlikely(trace_mask))
		io_traced(slot, ret);
	if (unlikely(ret == -EPIPE) && !(flags & MSG_NOSIGNAL) &&
	    slot_desc(slot)->core.type == SOCK_STREAM)
		pthread_kill(pthread_self(), SIGPIPE);
	return edge_ret(ret);
}

/* The core's word on urgent data, with its line: 0 or -errno. */
static int io_may_send(uint64_t slot, int flags)
{
	int err = urgent_may_send(&slot_desc(slot)->core, flags);

	if (unlikely(err))
		say_once(URGENT_REFUSAL);
	return err;
}

HOOK ssize_t read(int fd, void *buf, size_t n)
{
	uint64_t slot = fd_slot(fd);

	if (likely(!slot_ours(slot)))
		return real(read)(fd, buf, n);
	return io_received(slot, edge_block(SYS_read, slot_stack(slot), buf, n, 0, 0, 0));
}
HOOK_ALIAS(__read, read);

HOOK ssize_t __read_chk(int fd, void *buf, size_t n, size_t room)
{
	if (likely(!slot_ours(fd_slot(fd))))
		return real(__read_chk)(fd, buf, n, room);
	if (n > room)
		__builtin_trap();
	return read(fd, buf, n);
}

HOOK ssize_t readv(int fd, const struct iovec *iov, int n)
{
	uint64_t slot = fd_slot(fd);

	if (likely(!slot_ours(slot)))
		return real(readv)(fd, iov, n);
	return io_received(slot, edge_block(SYS_readv, slot_stack(slot), iov, n, 0, 0, 0));
}

HOOK ssize_t preadv2(int fd, const struct iovec *iov, int n, off_t off, int flags)
{
	uint64_t slot = fd_slot(fd);

	if (likely(!slot_ours(slot)))
		return real(preadv2)(fd, iov, n, off, flags);
	return io_received(slot, edge_block(SYS_preadv2, slot_stack(slot), iov, n, off, 0, flags));
}
HOOK_ALIAS(preadv64v2, preadv2);

HOOK ssize_t write(int fd, const void *buf, size_t n)
{
	uint64_t slot = fd_slot(fd);

	if (likely(!slot_ours(slot)))
		return real(write)(fd, buf, n);
	if (slot_kind(slot) == FD_FILE)
		return edge_ret(edge_block(SYS_write, slot_stack(slot), buf, n, 0, 0, 0));
	return io_sent(slot,
		       edge_block(SYS_sendto, slot_stack(slot), buf, n, MSG_NOSIGNAL, NULL, 0), 0);
}
HOOK_ALIAS(__write, write);

HOOK ssize_t writev(int fd, const struct iovec *iov, int n)
{
	uint64_t slot = fd_slot(fd);
	struct msghdr msg = {.msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)n};

	if (likely(!slot_ours(slot)))
		return real(writev)(fd, iov, n);
	if (n < 0 || n > IOV_MAX)
		return edge_ret(-EINVAL);
	if (slot_kind(slot) == FD_FILE)
		return edge_ret(edge_block(SYS_writev, slot_stack(slot), iov, n, 0, 0, 0));
	return io_sent(slot, edge_block(SYS_sendmsg, slot_stack(slot), &msg, MSG_NOSIGNAL, 0, 0, 0),
		       0);
}

HOOK ssize_t pwritev2(int fd, const struct iovec *iov, int n, off_t off, int flags)
{
	if (likely(!slot_ours(fd_slot(fd))))
		return real(pwritev2)(fd, iov, n, off, flags);
	if (off != -1)
		return edge_ret(-ESPIPE);
	if (flags)
		return edge_ret(-EOPNOTSUPP);
	return writev(fd, iov, n);
}
HOOK_ALIAS(pwritev64v2, pwritev2);

/* Does a message to a host socket carry descriptors of the stack? */
static bool io_carries_ours(const struct msghdr *msg)
{
	const struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(msg); c;
	     c = CMSG_NXTHDR((struct msghdr *)msg, (struct cmsghdr *)c)) {
		const int *fds = (const void *)CMSG_DATA(c);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++)
			if (slot_ours(fd_slot(fds[i])))
				return true;
	}
	return false;
}

/* Descriptors of the stack cannot travel: 0, or -EOPNOTSUPP with its line. */
static int io_rights(const struct msghdr *msg)
{
	if (likely(!msg->msg_controllen) || !readable(msg->msg_control) || !io_carries_ours(msg))
		return 0;
	say_once("a socket of the stack cannot be passed to another process (SCM_RIGHTS)");
	return -EOPNOTSUPP;
}

/*
 * Where does this message of a socket of the stack go? ROUTE_STACK, or ROUTE_MOVE. What cannot be
 * looked at is left to the kernel, which says EFAULT.
 */
static int io_judge(uint64_t slot, const struct msghdr *msg, int flags)
{
	struct msghdr m;

	if (likely(!readable(msg) || !msg->msg_name))
		return ROUTE_STACK;
	m = *msg;
	m.msg_name = move_addr(m.msg_name);
	return route_message(&slot_desc(slot)->core, &m, flags);
}

/* Has the message anything by which a socket of the host could leave loopback? */
static bool io_could_leave(uint64_t slot, const struct msghdr *msg)
{
	if (slot_kind(slot) != FD_MOVED && (slot_kind(slot) != FD_HOST || self.bypass))
		return false;
	return (msg->msg_name && readable(msg->msg_name) &&
		route_may_leave(msg->msg_name, msg->msg_namelen)) ||
	       (msg->msg_controllen && readable(msg->msg_control));
}

/*
 * One message by a socket of the host. What could leave loopback is judged and sent from copies
 * that no other thread can change. Bytes, or -errno.
 */
static ssize_t io_send_host(int fd, uint64_t slot, const struct msghdr *msg, int flags)
{
	char control[CONTROL_MAX] __attribute__((aligned(8)));
	struct sockaddr_storage name;
	struct msghdr m;
	ssize_t ret;
	int err;

	if (likely(!readable(msg) || !io_could_leave(slot, msg)) ||
	    (msg->msg_name && !readable(msg->msg_name)))
		goto send; /* a bad name is the kernel's to find: EFAULT */
	m = *msg;
	if (m.msg_namelen > sizeof(name) || m.msg_controllen > sizeof(control))
		goto long_one; /* rights, mostly */
	if (m.msg_name)
		m.msg_name = memcpy(&name, m.msg_name, m.msg_namelen);
	if (m.msg_controllen)
		m.msg_control = memcpy(control, m.msg_control, m.msg_controllen);
	msg = &m;
	err = slot_kind(slot) == FD_MOVED ? route_message(&slot_desc(slot)->core, msg, flags)
					  : route_host_message(move_ops.host, fd, msg, flags);
	if (err < 0)
		return move_refuse(err);
send:
	err = readable(msg) ? io_rights(msg) : 0;
	if (err)
		return err;
	ret = real(sendmsg)(fd, msg, flags);
	return ret < 0 ? -errno : ret;
long_one:
	if (slot_kind(slot) == FD_MOVED || route_host_message(move_ops.host, fd, msg, flags) < 0)
		return -ENOBUFS;
	goto send;
}

/* For the stack, moved if it must: ROUTE_STACK, ROUTE_HOST or -errno. */
static int io_route(uint64_t slot, const struct msghdr *msg, int flags)
{
	int where;

	if (!slot_ours(slot))
		return ROUTE_HOST;
	where = io_judge(slot, msg, flags);
	return likely(where == ROUTE_STACK) ? where : move_to(slot, where);
}

/* Bytes for the stack, without a name. */
static ssize_t io_send_plain(uint64_t slot, const void *buf, size_t n, int flags)
{
	if (io_may_send(slot, flags))
		return edge_ret(-EOPNOTSUPP);
	return io_sent(
		slot,
		edge_block(SYS_sendto, slot_stack(slot), buf, n, flags | MSG_NOSIGNAL, NULL, 0),
		flags);
}

/* Bytes with a name, by any socket. */
static ssize_t io_send_named(int fd, const void *buf, size_t n, int flags,
			     const struct sockaddr *addr, socklen_t len)
{
	uint64_t slot = fd_slot(fd);
	struct iovec iov = {(void *)(uintptr_t)buf, n};
	struct msghdr msg = {.msg_name = (void *)(uintptr_t)addr,
			     .msg_namelen = len,
			     .msg_iov = &iov,
			     .msg_iovlen = 1};
	int where = io_route(slot, &msg, flags);

	if (where == ROUTE_HOST) {
		slot = fd_slot(fd); /* it may have moved */
		return io_could_leave(slot, &msg) ? edge_ret(io_send_host(fd, slot, &msg, flags))
						  : real(sendto)(fd, buf, n, flags, addr, len);
	}
	if (!where)
		where = io_may_send(slot, flags);
	if (where)
		return edge_ret(where);
	return io_sent(
		slot,
		edge_block(SYS_sendto, slot_stack(slot), buf, n, flags | MSG_NOSIGNAL, addr, len),
		flags);
}

HOOK ssize_t sendto(int fd, const void *buf, size_t n, int flags, const struct sockaddr *addr,
		    socklen_t len)
{
	uint64_t slot = fd_slot(fd);

	if (addr)
		return io_send_named(fd, buf, n, flags, addr, len);
	return slot_ours(slot) ? io_send_plain(slot, buf, n, flags)
			       : real(sendto)(fd, buf, n, flags, addr, len);
}

HOOK ssize_t send(int fd, const void *buf, size_t n, int flags)
{
	uint64_t slot = fd_slot(fd);

	return slot_ours(slot) ? io_send_plain(slot, buf, n, flags) : real(send)(fd, buf, n, flags);
}
HOOK_ALIAS(__send, send);

HOOK ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	uint64_t slot = fd_slot(fd);
	int where = io_route(slot, msg, flags);

	if (where == ROUTE_HOST)
		return edge_ret(io_send_host(fd, fd_slot(fd), msg, flags));
	if (!where)
		where = io_may_send(slot, flags);
	if (where)
		return edge_ret(where);
	return io_sent(
		slot, edge_block(SYS_sendmsg, slot_stack(slot), msg, flags | MSG_NOSIGNAL, 0, 0, 0),
		flags);
}

/* @n messages for the host's kernel: how many were sent, or -errno. */
static long io_send_host_many(int fd, uint64_t slot, struct mmsghdr *msgs, unsigned int n,
			      int flags)
{
	bool judged = false;
	ssize_t len = 0;
	unsigned int i;
	int ret;

	for (i = 0; i < n; i++)
		judged |= io_could_leave(slot, &msgs[i].msg_hdr);
	if (!judged) {
		ret = real(sendmmsg)(fd, msgs, n, flags);
		return ret < 0 ? -errno : ret;
	}
	for (i = 0; i < n; i++) {
		len = io_send_host(fd, slot, &msgs[i].msg_hdr, flags);
		if (len < 0)
			break;
		msgs[i].msg_len = (unsigned int)len;
	}
	return i ? (long)i : len;
}

/* Messages from the first on that go one way: how many were sent, or -errno; @run: were tried. */
static long io_send_run(int fd, struct mmsghdr *msgs, unsigned int n, int flags, unsigned int *run)
{
	uint64_t slot = fd_slot(fd);
	int where = io_route(slot, &msgs[0].msg_hdr, flags);

	*run = n;
	if (where == ROUTE_HOST)
		return io_send_host_many(fd, fd_slot(fd), msgs, n, flags);
	if (!where)
		where = io_may_send(slot, flags);
	if (where)
		return where;
	for (*run = 1; *run < n; ++*run)
		if (io_judge(slot, &msgs[*run].msg_hdr, flags) != ROUTE_STACK)
			break;
	return edge_block(SYS_sendmmsg, slot_stack(slot), msgs, *run, flags | MSG_NOSIGNAL, 0, 0);
}

HOOK int sendmmsg(int fd, struct mmsghdr *msgs, unsigned int n, int flags)
{
	uint64_t slot = fd_slot(fd);
	unsigned int done = 0, run;
	int saved = errno;
	long ret = 0;

	if (!n || !readable(msgs)) {
		if (!slot_ours(slot))
			return real(sendmmsg)(fd, msgs, n, flags);
		return (int)io_sent(slot,
				    edge_block(SYS_sendmmsg, slot_stack(slot), msgs, n,
					       flags | MSG_NOSIGNAL, 0, 0),
				    flags);
	}
	if (n > MESSAGES_MAX)
		n = MESSAGES_MAX;
	do {
		ret = io_send_run(fd, msgs + done, n - done, flags, &run);
		if (ret > 0)
			done += (unsigned int)ret;
	} while (done < n && ret == (long)run);
	if (!done)
		return slot_ours(slot) ? (int)io_sent(slot, ret, flags) : (int)edge_ret(ret);
	errno = saved;
	return (int)done;
}

/* Before the stack is asked for @n bytes: 0 or -errno; @flags become those for the stack. */
static int io_may_receive(uint64_t slot, size_t n, int *flags)
{
	if (urgent_may_receive(&slot_desc(slot)->core, *flags))
		return -EINVAL;
	return peek_wait(slot, n, flags);
}

HOOK ssize_t recvfrom(int fd, void *buf, size_t n, int flags, struct sockaddr *addr, socklen_t *len)
{
	uint64_t slot = fd_slot(fd);
	int err;

	if (!slot_ours(slot))
		return real(recvfrom)(fd, buf, n, flags, addr, len);
	err = io_may_receive(slot, n, &flags);
	if (unlikely(err))
		return edge_ret(err);
	return io_received(slot,
			   edge_block(SYS_recvfrom, slot_stack(slot), buf, n, flags, addr, len));
}

HOOK ssize_t recv(int fd, void *buf, size_t n, int flags)
{
	uint64_t slot = fd_slot(fd);
	int err;

	if (!slot_ours(slot))
		return real(recv)(fd, buf, n, flags);
	err = io_may_receive(slot, n, &flags);
	if (unlikely(err))
		return edge_ret(err);
	return io_received(slot,
			   edge_block(SYS_recvfrom, slot_stack(slot), buf, n, flags, NULL, NULL));
}

HOOK ssize_t __recv_chk(int fd, void *buf, size_t n, size_t room, int flags)
{
	if (!slot_ours(fd_slot(fd)))
		return real(__recv_chk)(fd, buf, n, room, flags);
	if (n > room)
		__builtin_trap();
	return recv(fd, buf, n, flags);
}

HOOK ssize_t __recvfrom_chk(int fd, void *buf, size_t n, size_t room, int flags,
			    struct sockaddr *addr, socklen_t *len)
{
	if (!slot_ours(fd_slot(fd)))
		return real(__recvfrom_chk)(fd, buf, n, room, flags, addr, len);
	if (n > room)
		__builtin_trap();
	return recvfrom(fd, buf, n, flags, addr, len);
}

/* How many bytes a message takes; asked only where it matters, of memory that can be read. */
static size_t io_capacity(const struct msghdr *msg, int flags)
{
	size_t n = 0;

	if (likely(!(flags & MSG_WAITALL)) || !readable(msg) || !readable(msg->msg_iov))
		return 0;
	for (size_t i = 0; i < msg->msg_iovlen && i < IOV_MAX; i++)
		n += msg->msg_iov[i].iov_len;
	return n;
}

HOOK ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	uint64_t slot = fd_slot(fd);
	int err;

	if (!slot_ours(slot))
		return real(recvmsg)(fd, msg, flags);
	err = io_may_receive(slot, io_capacity(msg, flags), &flags);
	if (unlikely(err))
		return edge_ret(err);
	return io_received(slot, edge_block(SYS_recvmsg, slot_stack(slot), msg, flags, 0, 0, 0));
}

HOOK int recvmmsg(int fd, struct mmsghdr *msgs, unsigned int n, int flags, struct timespec *timeout)
{
	uint64_t slot = fd_slot(fd);

	if (!slot_ours(slot))
		return real(recvmmsg)(fd, msgs, n, flags, timeout);
	if (urgent_may_receive(&slot_desc(slot)->core, flags))
		return (int)edge_ret(-EINVAL);
	return (int)io_received(
		slot, edge_block(SYS_recvmmsg, slot_stack(slot), msgs, n, flags, timeout, 0));
}
