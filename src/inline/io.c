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
#include "inline/say.h"
#include "inline/thread.h"
#include "sockets/event.h"
#include "sockets/urgent.h"

#include <limits.h>
#include <string.h>

#define CONTROL_MAX 1024 /* bytes of ancillary data that a moved socket sends */

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

/*
 * Where does this message go? An enum route or -errno; nothing has moved yet. What cannot be
 * looked at is left to the kernel, which says EFAULT.
 */
static int io_judge(uint64_t slot, const struct msghdr *msg, int flags)
{
	struct msghdr m;
	int where;

	if (unlikely(!readable(msg)))
		return slot_ours(slot) ? ROUTE_STACK : ROUTE_HOST;
	if (likely(slot_ours(slot) && !msg->msg_name))
		return ROUTE_STACK;
	if (slot_routed(slot)) {
		m = *msg;
		m.msg_name = move_addr(m.msg_name);
		m.msg_control = move_addr(m.msg_control);
		where = route_message(&slot_desc(slot)->core, &m, flags);
		if (where != ROUTE_HOST)
			return where;
	}
	if (unlikely(msg->msg_controllen) && readable(msg->msg_control) && io_carries_ours(msg)) {
		say_once("a socket of the stack cannot be passed to another process (SCM_RIGHTS)");
		return -EOPNOTSUPP;
	}
	return ROUTE_HOST;
}

/* The same, and the socket has moved if it must: ROUTE_STACK, ROUTE_HOST or -errno. */
static int io_route(uint64_t slot, const struct msghdr *msg, int flags)
{
	int where = io_judge(slot, msg, flags);

	return likely(where == ROUTE_STACK) ? where : move_to(slot, where);
}

/*
 * A moved socket's message with ancillary data, which could lead it off loopback: judged and
 * sent from a copy that no other thread can change. Bytes, or -errno.
 */
static ssize_t io_send_moved(int fd, uint64_t slot, const struct msghdr *msg, int flags)
{
	char control[CONTROL_MAX] __attribute__((aligned(8)));
	struct msghdr m = *msg;
	ssize_t ret;
	int where;

	if (m.msg_controllen > sizeof(control))
		return -ENOBUFS;
	memcpy(control, m.msg_control, m.msg_controllen);
	m.msg_control = control;
	where = io_judge(slot, &m, flags);
	if (where != ROUTE_HOST)
		return where < 0 ? where : -ENETUNREACH;
	ret = real(sendmsg)(fd, &m, flags);
	return ret < 0 ? -errno : ret;
}

/* Does it have to go that way? */
static bool io_is_detour(uint64_t slot, const struct msghdr *msg)
{
	return unlikely(slot_kind(slot) == FD_MOVED) && readable(msg) && msg->msg_controllen &&
	       readable(msg->msg_control);
}

HOOK ssize_t sendto(int fd, const void *buf, size_t n, int flags, const struct sockaddr *addr,
		    socklen_t len)
{
	uint64_t slot = fd_slot(fd);
	struct msghdr msg = {.msg_name = (void *)(uintptr_t)addr, .msg_namelen = len};
	int where = slot_ours(slot) ? ROUTE_STACK : ROUTE_HOST;

	if (addr && slot_routed(slot))
		where = io_route(slot, &msg, flags);
	if (where == ROUTE_HOST)
		return real(sendto)(fd, buf, n, flags, addr, len);
	if (!where)
		where = io_may_send(slot, flags);
	if (where)
		return edge_ret(where);
	return io_sent(
		slot,
		edge_block(SYS_sendto, slot_stack(slot), buf, n, flags | MSG_NOSIGNAL, addr, len),
		flags);
}

HOOK ssize_t send(int fd, const void *buf, size_t n, int flags)
{
	uint64_t slot = fd_slot(fd);

	if (!slot_ours(slot))
		return real(send)(fd, buf, n, flags);
	if (io_may_send(slot, flags))
		return edge_ret(-EOPNOTSUPP);
	return io_sent(
		slot,
		edge_block(SYS_sendto, slot_stack(slot), buf, n, flags | MSG_NOSIGNAL, NULL, 0),
		flags);
}
HOOK_ALIAS(__send, send);

HOOK ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	uint64_t slot = fd_slot(fd);
	int where = io_route(slot, msg, flags);

	if (where == ROUTE_HOST && io_is_detour(fd_slot(fd), msg))
		return edge_ret(io_send_moved(fd, fd_slot(fd), msg, flags));
	if (where == ROUTE_HOST)
		return real(sendmsg)(fd, msg, flags);
	if (!where)
		where = io_may_send(slot, flags);
	if (where)
		return edge_ret(where);
	return io_sent(
		slot, edge_block(SYS_sendmsg, slot_stack(slot), msg, flags | MSG_NOSIGNAL, 0, 0, 0),
		flags);
}

/* @n messages that go one way: how many were sent, or -errno. */
static long io_send_run(int fd, uint64_t slot, int where, struct mmsghdr *msgs, unsigned int n,
			int flags)
{
	ssize_t len;
	int err;

	if (where == ROUTE_HOST && io_is_detour(slot, &msgs->msg_hdr)) {
		len = io_send_moved(fd, slot, &msgs->msg_hdr, flags);
		msgs->msg_len = len < 0 ? 0 : (unsigned int)len;
		return len < 0 ? len : 1;
	}
	if (where == ROUTE_HOST) {
		err = real(sendmmsg)(fd, msgs, n, flags);
		return err < 0 ? -errno : err;
	}
	err = io_may_send(slot, flags);
	if (err)
		return err;
	return edge_block(SYS_sendmmsg, slot_stack(slot), msgs, n, flags | MSG_NOSIGNAL, 0, 0);
}

HOOK int sendmmsg(int fd, struct mmsghdr *msgs, unsigned int n, int flags)
{
	uint64_t slot = fd_slot(fd);
	unsigned int done = 0, run;
	int saved = errno, where;
	long ret = 0;

	if (!n || !readable(msgs)) {
		ret = io_send_run(fd, slot, slot_ours(slot) ? ROUTE_STACK : ROUTE_HOST, msgs, n,
				  flags);
		return (int)io_sent(slot, ret, flags);
	}
	while (done < n) {
		ret = where = io_route(slot, &msgs[done].msg_hdr, flags);
		if (where < 0)
			break;
		slot = fd_slot(fd); /* it may have moved */
		for (run = 1; done + run < n; run++)
			if (io_judge(slot, &msgs[done + run].msg_hdr, flags) != where ||
			    io_is_detour(slot, &msgs[done + run - 1].msg_hdr) ||
			    io_is_detour(slot, &msgs[done + run].msg_hdr))
				break;
		ret = io_send_run(fd, slot, where, msgs + done, run, flags);
		if (ret <= 0)
			break;
		done += (unsigned int)ret;
		if (ret < run)
			break;
	}
	if (!done)
		return (int)io_sent(slot, ret, flags);
	errno = saved;
	return (int)done;
}

HOOK ssize_t recvfrom(int fd, void *buf, size_t n, int flags, struct sockaddr *addr, socklen_t *len)
{
	uint64_t slot = fd_slot(fd);

	if (!slot_ours(slot))
		return real(recvfrom)(fd, buf, n, flags, addr, len);
	if (urgent_may_receive(&slot_desc(slot)->core, flags))
		return edge_ret(-EINVAL);
	return io_received(slot,
			   edge_block(SYS_recvfrom, slot_stack(slot), buf, n, flags, addr, len));
}

HOOK ssize_t recv(int fd, void *buf, size_t n, int flags)
{
	uint64_t slot = fd_slot(fd);

	if (!slot_ours(slot))
		return real(recv)(fd, buf, n, flags);
	if (urgent_may_receive(&slot_desc(slot)->core, flags))
		return edge_ret(-EINVAL);
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

HOOK ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	uint64_t slot = fd_slot(fd);

	if (!slot_ours(slot))
		return real(recvmsg)(fd, msg, flags);
	if (urgent_may_receive(&slot_desc(slot)->core, flags))
		return edge_ret(-EINVAL);
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
