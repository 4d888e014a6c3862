// SPDX-License-Identifier: GPL-2.0-only
/*
 * hostsocks.c - the local ports that sockets of the host have, see hostsocks.h.
 *
 * Theory of operation
 *
 * TCP: one dump of sock_diag's first form of request (TCPDIAG_GETSOCK). It is for both families;
 * the present form asks for one, and so does each of /proc/net/tcp and tcp6, and each time the
 * kernel goes through its whole table of connections, which takes it 1.3 ms on a machine of 4 GB.
 * Where there is no such dump (no module tcp_diag, a filter) these files are read.
 *
 * UDP: /proc/net/udp and udp6, whose table is small.
 *
 * Ownership: one static buffer. One thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include "opener/hostsocks.h"

#define PATIENCE_S 5
#define STATES	   0xffe /* TCP_ESTABLISHED to TCP_CLOSING, as /proc/net/tcp has them */
#define HALF_PAGE \
	2048 /* of the smallest page, which is the least that a file of /proc is read by */

static char buf[65536] __attribute__((aligned(8)));

/* ---- sock_diag ---- */

/* The ports of the @len bytes of messages in buf; 0: more come, 1: that was the last, or -errno */
static int hostsocks_take(size_t len, struct portset *s)
{
	const struct nlmsghdr *m = (const void *)buf;

	for (; NLMSG_OK(m, len); m = NLMSG_NEXT(m, len)) {
		const struct inet_diag_msg *d = NLMSG_DATA(m);
		const struct nlmsgerr *e = NLMSG_DATA(m);

		if (m->nlmsg_type == NLMSG_DONE)
			return 1;
		if (m->nlmsg_type == NLMSG_ERROR)
			return m->nlmsg_len >= NLMSG_LENGTH(sizeof(*e)) && e->error < 0 ? e->error
											: -EIO;
		if (m->nlmsg_len >= NLMSG_LENGTH(sizeof(*d)))
			portset_put(s, ntohs(d->id.idiag_sport), true);
	}
	return 0;
}

static int hostsocks_dump(int fd, struct portset *s)
{
	struct {
		struct nlmsghdr h;
		struct inet_diag_req r;
	} q = {.h = {.nlmsg_len = sizeof(q),
		     .nlmsg_type = TCPDIAG_GETSOCK,
		     .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		     .nlmsg_seq = 1},
	       .r = {.idiag_states = STATES}};
	struct timeval patience = {.tv_sec = PATIENCE_S};
	ssize_t n;
	int end;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (send(fd, &q, sizeof(q), 0) != (ssize_t)sizeof(q))
		return -EIO;
	do {
		n = recv(fd, buf, sizeof(buf), 0);
		if (n <= 0)
			return -EIO;
		end = hostsocks_take((size_t)n, s);
	} while (!end);
	return end < 0 ? end : 0;
}

static int hostsocks_ask(struct portset *s)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG), err;

	if (fd < 0)
		return -errno;
	err = hostsocks_dump(fd, s);
	close(fd);
	return err;
}

/* ---- /proc ---- */

/* Local ports of /proc/net/tcp and its like: the second word of a line, after its colon. */
static void hostsocks_read(const char *path, struct portset *s)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t kept = 0;
	ssize_t n;

	if (fd < 0)
		return; /* no such protocol */
	do {
		n = read(fd, buf + kept, sizeof(buf) - 1 - kept);
		if (n <= 0)
			break;
		char *line = buf, *end;

		buf[kept + (size_t)n] = '\0';
		for (; (end = strchr(line, '\n')); line = end + 1) {
			const char *p = strchr(line, ':');

			*end = '\0';
			p = p ? strchr(p + 1, ':') : NULL;
			if (p)
				portset_put(s, (unsigned int)strtoul(p + 1, NULL, 16) & 0xffff,
					    true);
		}
		kept = strlen(line);
		if (kept == sizeof(buf) - 1)
			kept = 0;
		memmove(buf, line, kept);
		/* Half a page is left free at the end alone; and to say so once more, the kernel
		 * would go through its whole table of connections again, which takes it a
		 * millisecond. */
	} while (n >= HALF_PAGE);
	close(fd);
}

void hostsocks_ports(struct portset *s)
{
	if (hostsocks_ask(s)) {
		hostsocks_read("/proc/net/tcp", s);
		hostsocks_read("/proc/net/tcp6", s);
	}
	hostsocks_read("/proc/net/udp", s);
	hostsocks_read("/proc/net/udp6", s);
}
