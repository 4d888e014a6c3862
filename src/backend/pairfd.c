// SPDX-License-Identifier: GPL-2.0-only
/*
 * pairfd.c - packets through one end of a socket pair, see pairfd.h.
 *
 * Theory of operation
 *
 * Where nobody may open a TUN device, two programs can still be each other's network: each
 * message is one IPv4 or IPv6 packet, with nothing before it. AF_UNIX keeps messages whole and in
 * their order, and loses none.
 *
 *	we		MTU 1500		the other end
 *	sendmmsg()  ---- one packet a message ---->  another stack, an app, a test
 *	recvmmsg()  <-------------------------------
 *
 * When the other end takes nothing, frames wait in the stack, as behind a full queue of a
 * link. There are no offloads: the stack completes checksums and cuts segments itself.
 *
 * A SOCK_SEQPACKET socket whose other end was closed reads as an endless row of empty messages; an
 * empty message alone is a frame that is dropped. SOCK_DGRAM tells it when something is sent. Both
 * are a device that is gone.
 *
 * Every call says MSG_DONTWAIT, so the descriptor, of which others may hold duplicates, is not
 * made non-blocking.
 *
 * Ownership: one block with the descriptor. Threads: tx and rx have headers of their own.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "backend/pairfd.h"
#include "lib/rawsys.h"
#include "lib/why.h"

#define MTU    1500
#define BUFFER (4 << 20) /* more than net.core.wmem_max is cut to that */

struct pairfd {
	struct backend be;
	struct mmsghdr tx[BACKEND_BATCH];
	struct mmsghdr rx[BACKEND_BATCH];
};

/* ---- the socket ---- */

/* What poll() says of it without waiting. */
static int pairfd_events(int fd)
{
	struct timespec now = {0, 0};
	struct pollfd p = {.fd = fd, .events = POLLRDHUP};

	return RAWSYS(SYS_ppoll, &p, 1, &now, NULL, 0) > 0 ? p.revents : 0;
}

static int pairfd_option(int fd, int name)
{
	socklen_t len = sizeof(int);
	int value = 0;

	return RAWSYS(SYS_getsockopt, fd, SOL_SOCKET, name, &value, &len) ? 0 : value;
}

bool pairfd_is_socket(int fd)
{
	return pairfd_option(fd, SO_TYPE) > 0;
}

int pairfd_check(int fd, const char *number, const char **why)
{
	int type = pairfd_option(fd, SO_TYPE);
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	if (pairfd_option(fd, SO_DOMAIN) != AF_UNIX)
		return why_set(why, EAFNOSUPPORT,
			       "fd:%s: descriptor %s is a socket, but not of AF_UNIX: pass one end "
			       "of a socketpair(AF_UNIX, SOCK_SEQPACKET)",
			       number, number);
	if (type != SOCK_SEQPACKET && type != SOCK_DGRAM)
		return why_set(why, EPROTOTYPE,
			       "fd:%s: descriptor %s is a stream socket, which keeps no packets "
			       "apart: make the pair of SOCK_SEQPACKET",
			       number, number);
	if (RAWSYS(SYS_getpeername, fd, &peer, &len))
		return why_set(why, ENOTCONN,
			       "fd:%s: socket %s is not connected: pass one end of a socket pair",
			       number, number);
	if (pairfd_events(fd) & (POLLHUP | POLLRDHUP))
		return why_set(why, EPIPE,
			       "fd:%s: the other end of socket %s is closed, or shut for sending",
			       number, number);
	return 0;
}

int pairfd_make(struct backend **be, const struct backend_ops *ops, int fd, const char **why)
{
	struct pairfd *p = calloc(1, sizeof(*p));

	if (!p)
		return why_set(why, ENOMEM, "no memory for back end %s", ops->opening->name);
	p->be.ops = ops;
	p->be.fd = fd;
	p->be.link = BACKEND_LINK_RAWIP;
	p->be.mtu = MTU;
	p->be.queues = 1;
	raw_setsockopt_int(fd, SOL_SOCKET, SO_SNDBUF, BUFFER);
	*be = &p->be;
	return 0;
}

void pairfd_close(struct backend *be)
{
	raw_close(be->fd);
	free(be);
}

/* ---- frames ---- */

static bool pairfd_is_gone(long err)
{
	return err == -EPIPE || err == -ECONNREFUSED || err == -ECONNRESET || err == -ENOTCONN ||
	       err == -EBADF || err == -ENOTSOCK;
}

int pairfd_tx(struct backend *be, unsigned int queue, struct backend_frame *f, unsigned int n)
{
	struct pairfd *p = (struct pairfd *)be;
	unsigned int i, at = 0;
	long r;

	if (n > BACKEND_BATCH)
		n = BACKEND_BATCH;
	for (i = 0; i < n; i++)
		p->tx[i].msg_hdr = (struct msghdr){.msg_iov = f[i].iov, .msg_iovlen = f[i].niov};
	while (at < n) {
		r = RAWSYS(SYS_sendmmsg, be->fd, &p->tx[at], n - at, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (r == -EINTR)
			continue;
		if (r == -EAGAIN)
			break;
		if (pairfd_is_gone(r))
			return -ENXIO;
		if (r > 0) {
			at += (unsigned int)r;
			continue;
		}
		/* ENOMEM, EMSGSIZE: that one */
		__atomic_fetch_add(&be->tx_dropped, 1, __ATOMIC_RELAXED);
		at++;
	}
	return (int)at;
}

int pairfd_rx(struct backend *be, unsigned int queue, struct backend_frame *f, unsigned int n)
{
	struct pairfd *p = (struct pairfd *)be;
	unsigned int i;
	long got;

	if (n > BACKEND_BATCH)
		n = BACKEND_BATCH;
	for (i = 0; i < n; i++)
		p->rx[i].msg_hdr = (struct msghdr){.msg_iov = f[i].iov, .msg_iovlen = f[i].niov};
	do
		got = RAWSYS(SYS_recvmmsg, be->fd, p->rx, n, MSG_DONTWAIT, NULL);
	while (got == -EINTR);
	if (pairfd_is_gone(got))
		return -ENXIO;
	for (i = 0; (long)i < got; i++) {
		memset(&f[i].hdr, 0, sizeof(f[i].hdr));
		f[i].len = p->rx[i].msg_len;
		if (p->rx[i].msg_hdr.msg_flags & MSG_TRUNC) {
			f[i].len = 0;
			be->rx_truncated++;
		} else if (!f[i].len && pairfd_events(be->fd) & (POLLHUP | POLLRDHUP)) {
			return i ? (int)i : -ENXIO;
		}
	}
	return (int)i;
}
