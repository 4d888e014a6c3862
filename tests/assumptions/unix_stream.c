// SPDX-License-Identifier: GPL-2.0-only
/*
 * unix_stream.c - how AF_UNIX streams are cut, which back end passt relies on.
 *
 * Up to 32 KB that are sent together go all or not at all, and are seen whole by a
 * reader; of more, a part may go, but never less than the first bytes. A socket's priority is
 * a mark that all holders of a copy see. The end of the other side is an edge.
 */
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "tap.h"

#define PIECES	 64
#define TOGETHER 32768

static char data[1 << 20];

static ssize_t send_pieces(int fd, size_t total)
{
	struct iovec iov[PIECES];
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = PIECES};
	size_t i, size = total / PIECES;

	for (i = 0; i < PIECES; i++)
		iov[i] = (struct iovec){data + i * size, size};
	return sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void together(int sndbuf)
{
	unsigned int cut = 0, sent = 0, refused = 0;
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv))
		exit(1);
	if (sndbuf)
		setsockopt(sv[0], SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof(sndbuf));
	/* Fill it, with odd sizes in between; then at the brim, reading a little each time. */
	for (int i = 0; i < 20000; i++) {
		size_t size =
			i % 3 ? TOGETHER : (size_t)(i * 7919 % TOGETHER / PIECES + 1) * PIECES;
		ssize_t n = send_pieces(sv[0], size);

		if (n < 0) {
			refused++;
			if (recv(sv[1], data, (size_t)i * 104729 % 50000 + 1, MSG_DONTWAIT) < 0)
				break;
		} else {
			sent++;
			cut += (size_t)n != size;
		}
	}
	ok(sent > 1000 && refused > 100 && !cut,
	   "up to 32 KB go all or not at all, SO_SNDBUF %d (%u sent, %u refused, %u cut)", sndbuf,
	   sent, refused, cut);
	close(sv[0]);
	close(sv[1]);
}

static void more(void)
{
	unsigned int whole = 0, cut = 0, shortest = 1 << 20;
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv))
		exit(1);
	for (int i = 0; i < 5000; i++) {
		ssize_t n = send(sv[0], data, 65538, MSG_DONTWAIT);

		if (n == 65538)
			whole++;
		else if (n > 0)
			cut++;
		else
			recv(sv[1], data, (size_t)i * 104729 % 50000 + 1, MSG_DONTWAIT);
		if (n > 0 && n < shortest)
			shortest = (unsigned int)n;
	}
	ok(whole && cut && shortest >= 4096,
	   "64 KB may be cut, but not soon (%u whole, %u cut, shortest %u)", whole, cut, shortest);
	close(sv[0]);
	close(sv[1]);
}

static void mark(void)
{
	int sv[2], copy, one = 1, got = 0;
	socklen_t len = sizeof(got);

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv))
		exit(1);
	copy = dup(sv[0]);
	ok(!getsockopt(copy, SOL_SOCKET, SO_PRIORITY, &got, &len) && !got, "no priority at first");
	ok(!setsockopt(sv[0], SOL_SOCKET, SO_PRIORITY, &one, sizeof(one)) &&
		   !getsockopt(copy, SOL_SOCKET, SO_PRIORITY, &got, &len) && got == 1,
	   "a priority is seen by all holders of the socket");
	close(copy);
	close(sv[0]);
	close(sv[1]);
}

static void end(void)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET};
	int sv[2], ep = epoll_create1(EPOLL_CLOEXEC);

	if (ep < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, sv) ||
	    epoll_ctl(ep, EPOLL_CTL_ADD, sv[0], &ev))
		exit(1);
	close(sv[1]);
	ok(epoll_wait(ep, &ev, 1, 1000) == 1, "the end of the other side is an edge");
	ok(epoll_wait(ep, &ev, 1, 50) == 0, "and only one, even unread");
	close(sv[0]);
	close(ep);
}

int main(void)
{
	together(0);
	together(4 << 20);
	more();
	mark();
	end();
	return done();
}
