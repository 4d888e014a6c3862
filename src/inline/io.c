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
 * MPTCP has no urgent data, and takes MSG_OOB for ordinary bytes; here it is refused.
 *
 * sendto() and sendmsg() with a loopback address move an unbound datagram
 * socket to the host, see loopback.c.
 *
 * pread(), pwrite(), preadv(), pwritev() need no hook: the placeholder is a
 * socket and says ESPIPE. Descriptors of the stack cannot travel by SCM_RIGHTS;
 * sending one is refused.
 */
#include "inline/real.h"
#include "inline/edge.h"
#include "inline/fdtable.h"
#include "inline/loopback.h"
#include "inline/say.h"
#include "inline/thread.h"

#include <limits.h>
#include <string.h>

static ssize_t sent(uint64_t slot, long ret, int flags)
{
	if (unlikely(ret == -EPIPE) && !(flags & MSG_NOSIGNAL) &&
	    slot_desc(slot)->type == SOCK_STREAM)
		pthread_kill(pthread_self(), SIGPIPE);
	return edge_ret(ret);
}

/* What the program may not ask of an MPTCP socket: -errno or 0. */
static int no_urgent_send(uint64_t slot, int flags)
{
	if (likely(!(flags & MSG_OOB)) || !slot_desc(slot)->mptcp)
		return 0;
	say_once("MPTCP has no urgent data (MSG_OOB); --no-mptcp has");
	return -EOPNOTSUPP;
}

static int no_urgent_receive(uint64_t slot, int flags)
{
	return unlikely(flags & MSG_OOB) && slot_desc(slot)->mptcp ? -EINVAL : 0;
}

HOOK ssize_t read(int fd, void *buf, size_t n)
{
	uint64_t slot = fd_slot(fd);

	if (likely(!slot_ours(slot)))
		return real(read)(fd, buf, n);
	return edge_ret(edge_block(SYS_read, slot_stack(slot), buf, n, 0, 0, 0));
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
	return edge_ret(edge_block(SYS_readv, slot_stack(slot), iov, n, 0, 0, 0));
}

HOOK ssize_t preadv2(int fd, const struct iovec *iov, int n, off_t off, int flags)
{
	uint64_t slot = fd_slot(fd);

	if (likely(!slot_ours(slot)))
		return real(preadv2)(fd, iov, n, off, flags);
	return edge_ret(edge_block(SYS_preadv2, slot_stack(slot), iov, n, off, 0, flags));
}
HOOK_ALIAS(preadv64v2, preadv2);

HOOK ssize_t write(int fd, const void *buf, size_t n)
{
	uint64_t slot = fd_slot(fd);

	if (likely(!slot_ours(slot)))
		return real(write)(fd, buf, n);
	if (slot_kind(slot) == FD_FILE)
		return edge_ret(edge_block(SYS_write, slot_stack(slot), buf, n, 0, 0, 0));
	return sent(slot, edge_block(SYS_sendto, slot_stack(slot), buf, n, MSG_NOSIGNAL, NULL, 0),
		    0);
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
	return sent(slot, edge_block(SYS_sendmsg, slot_stack(slot), &msg, MSG_NOSIGNAL, 0, 0, 0),
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

/*
 * Where does a datagram with this address go? 0: into the stack; 1: to the host (after a
 * move, if need be); -errno: nowhere.
 */
static int destination(uint64_t slot, const struct sockaddr *addr, socklen_t len)
{
	int err;

	if (!slot_ours(slot)) {
		err = slot_kind(slot) == FD_MOVED && addr ? loopback_leaves(addr, len) : 0;
		return err ? err : 1;
	}
	if (likely(!addr) || slot_desc(slot)->type == SOCK_STREAM ||
	    !loopback_should_send(slot_desc(slot), addr, len))
		return 0;
	err = loopback_move(slot);
	return err ? err : 1;
}

HOOK ssize_t sendto(int fd, const void *buf, size_t n, int flags, const struct sockaddr *addr,
		    socklen_t len)
{
	uint64_t slot = fd_slot(fd);
	int where = destination(slot, addr, len);

	if (where < 0)
		return edge_ret(where);
	if (where)
		return real(sendto)(fd, buf, n, flags, addr, len);
	if (no_urgent_send(slot, flags))
		return edge_ret(-EOPNOTSUPP);
	return sent(
		slot,
		edge_block(SYS_sendto, slot_stack(slot), buf, n, flags | MSG_NOSIGNAL, addr, len),
		flags);
}

HOOK ssize_t send(int fd, const void *buf, size_t n, int flags)
{
	uint64_t slot = fd_slot(fd);

	if (!slot_ours(slot))
		return real(send)(fd, buf, n, flags);
	if (no_urgent_send(slot, flags))
		return edge_ret(-EOPNOTSUPP);
	return sent(slot,
		    edge_block(SYS_sendto, slot_stack(slot), buf, n, flags | MSG_NOSIGNAL, NULL, 0),
		    flags);
}
HOOK_ALIAS(__send, send);

/* Does a message to a host socket carry descriptors of the stack? */
static bool carries_ours(const struct msghdr *msg)
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

static int refuse_rights(const struct msghdr *msg)
{
	if (!readable(msg) || likely(!msg->msg_controllen) || !carries_ours(msg))
		return 0;
	say_once("a socket of the stack cannot be passed to another process (SCM_RIGHTS)");
	return -EOPNOTSUPP;
}

HOOK ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	uint64_t slot = fd_slot(fd);
	int where = !slot_ours(slot);

	if (readable(msg))
		where = destination(slot, msg->msg_name, msg->msg_namelen);

	if (where == 1 && refuse_rights(msg))
		where = -EOPNOTSUPP;
	if (where < 0)
		return edge_ret(where);
	if (where)
		return real(sendmsg)(fd, msg, flags);
	if (no_urgent_send(slot, flags))
		return edge_ret(-EOPNOTSUPP);
	return sent(slot,
		    edge_block(SYS_sendmsg, slot_stack(slot), msg, flags | MSG_NOSIGNAL, 0, 0, 0),
		    flags);
}

HOOK int sendmmsg(int fd, struct mmsghdr *msgs, unsigned int n, int flags)
{
	uint64_t slot = fd_slot(fd);
	int where = !slot_ours(slot);

	if (n && readable(msgs) && slot)
		where = destination(slot, msgs[0].msg_hdr.msg_name, msgs[0].msg_hdr.msg_namelen);
	if (where < 0)
		return (int)edge_ret(where);
	if (where)
		return real(sendmmsg)(fd, msgs, n, flags);
	return (int)sent(
		slot,
		edge_block(SYS_sendmmsg, slot_stack(slot), msgs, n, flags | MSG_NOSIGNAL, 0, 0),
		flags);
}

HOOK ssize_t recvfrom(int fd, void *buf, size_t n, int flags, struct sockaddr *addr, socklen_t *len)
{
	uint64_t slot = fd_slot(fd);

	if (!slot_ours(slot))
		return real(recvfrom)(fd, buf, n, flags, addr, len);
	if (no_urgent_receive(slot, flags))
		return edge_ret(-EINVAL);
	return edge_ret(edge_block(SYS_recvfrom, slot_stack(slot), buf, n, flags, addr, len));
}

HOOK ssize_t recv(int fd, void *buf, size_t n, int flags)
{
	uint64_t slot = fd_slot(fd);

	if (!slot_ours(slot))
		return real(recv)(fd, buf, n, flags);
	if (no_urgent_receive(slot, flags))
		return edge_ret(-EINVAL);
	return edge_ret(edge_block(SYS_recvfrom, slot_stack(slot), buf, n, flags, NULL, NULL));
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
	if (no_urgent_receive(slot, flags))
		return edge_ret(-EINVAL);
	return edge_ret(edge_block(SYS_recvmsg, slot_stack(slot), msg, flags, 0, 0, 0));
}

HOOK int recvmmsg(int fd, struct mmsghdr *msgs, unsigned int n, int flags, struct timespec *timeout)
{
	uint64_t slot = fd_slot(fd);

	if (!slot_ours(slot))
		return real(recvmmsg)(fd, msgs, n, flags, timeout);
	return (int)edge_ret(
		edge_block(SYS_recvmmsg, slot_stack(slot), msgs, n, flags, timeout, 0));
}
