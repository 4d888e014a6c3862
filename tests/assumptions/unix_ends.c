// SPDX-License-Identifier: GPL-2.0-only
/*
 * unix_ends.c - what shadow mode makes AF_UNIX ends say for TCP.
 *
 * Filling makes an end not writable and emptying gives the edge; closing with bytes unread resets;
 * a socket that is connected later keeps its inode and its places in epoll sets;
 * /proc/net/unix lists those that live; urgent bytes; message pairs hang up, or can have an error
 * that passes; inotify tells of a socket's closing.
 */
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "tap.h"

static short state_of(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP};

	poll(&p, 1, 0);
	return p.revents;
}

static int edge(int ep)
{
	struct epoll_event ev = {0};

	return epoll_wait(ep, &ev, 1, 100) == 1 ? (int)ev.events : 0;
}

static unsigned long inode(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_ino;
}

static bool listed(unsigned long ino)
{
	FILE *f = fopen("/proc/self/net/unix", "re");
	bool found = false;
	unsigned long n;
	char line[512];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s %*s %*s %*s %*s %*s %lu", &n) == 1 && n == ino)
			found = true;
	if (f)
		fclose(f);
	return found;
}

static void filling(void)
{
	struct epoll_event ev = {.events = EPOLLOUT | EPOLLET};
	int sv[2], ep = epoll_create1(EPOLL_CLOEXEC), least = 1, big = 512 << 10;
	char filler[2304] = "";

	socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
	epoll_ctl(ep, EPOLL_CTL_ADD, sv[0], &ev);
	edge(ep);
	setsockopt(sv[0], SOL_SOCKET, SO_SNDBUF, &least, sizeof(least));
	while (send(sv[0], filler, sizeof(filler), MSG_DONTWAIT) > 0)
		;
	ok(!(state_of(sv[0]) & POLLOUT), "a filled end is not writable");
	setsockopt(sv[0], SOL_SOCKET, SO_SNDBUF, &big, sizeof(big));
	while (recv(sv[1], filler, sizeof(filler), MSG_DONTWAIT) > 0)
		;
	ok(edge(ep) & EPOLLOUT, "emptying it gives the edge");
	close(sv[0]);
	close(sv[1]);
	close(ep);
}

static void resetting(void)
{
	int sv[2];
	char buf[8];

	socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
	ok(write(sv[1], "data", 4) == 4 && write(sv[0], "x", 1) == 1, "data both ways");
	close(sv[1]);
	ok((state_of(sv[0]) & (POLLERR | POLLHUP)) == (POLLERR | POLLHUP),
	   "closing with a byte unread shows POLLERR and POLLHUP");
	ok(read(sv[0], buf, sizeof(buf)) == 4, "what was sent before is still read");
	ok(read(sv[0], buf, sizeof(buf)) == -1 && errno == ECONNRESET, "then ECONNRESET");
	ok(read(sv[0], buf, sizeof(buf)) == 0, "then the end");
	close(sv[0]);
}

static void joining(void)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET};
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	socklen_t len = sizeof(name);
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), ep = epoll_create1(EPOLL_CLOEXEC);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), other;
	unsigned long ino = inode(fd);

	bind(listener, (struct sockaddr *)&name, offsetof(struct sockaddr_un, sun_path));
	getsockname(listener, (struct sockaddr *)&name, &len);
	listen(listener, 8);
	ok(state_of(fd) == (POLLOUT | POLLHUP), "an end alone is writable and hung up");
	ok(listed(ino), "an end alone is listed by its inode");
	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
	edge(ep);
	connect(fd, (struct sockaddr *)&name, len);
	other = accept(listener, NULL, NULL);
	ok(inode(fd) == ino && state_of(fd) == POLLOUT, "joined, it is the same socket");
	ok(write(other, "x", 1) == 1 && edge(ep) & EPOLLIN, "and the same in an epoll set");
	close(fd);
	ok(state_of(other) & POLLHUP, "its end is seen at once");
	ok(!listed(ino), "and it is listed no more");
	close(other);
	close(listener);
	close(ep);
}

static void urgent(void)
{
	char c = 0;
	int sv[2];

	socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
	if (write(sv[1], "ab", 2) != 2 || send(sv[1], "!", 1, MSG_OOB) != 1) {
		skip("urgent data", "no CONFIG_AF_UNIX_OOB");
	} else {
		ok(state_of(sv[0]) & POLLPRI, "an urgent byte shows POLLPRI");
		ok(recv(sv[0], &c, 1, MSG_OOB) == 1 && c == '!', "and is read by MSG_OOB");
	}
	close(sv[0]);
	close(sv[1]);
}

static void messages(void)
{
	int sv[2];
	char c;

	socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv);
	ok(send(sv[0], "", 0, 0) == 0 && recv(sv[1], &c, 1, MSG_DONTWAIT) == 0,
	   "a message may be empty");
	close(sv[0]);
	ok(state_of(sv[1]) & POLLHUP, "SOCK_SEQPACKET hangs up");
	close(sv[1]);
	socketpair(AF_UNIX, SOCK_DGRAM, 0, sv);
	close(sv[0]);
	ok(!(state_of(sv[1]) & POLLHUP), "SOCK_DGRAM does not");
	close(sv[1]);
}

/* An error of a datagram socket that goes on after it. */
static void marking(void)
{
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	socklen_t len = sizeof(name);
	char buf[8];
	int sv[2];

	socketpair(AF_UNIX, SOCK_DGRAM, 0, sv);
	bind(sv[0], (struct sockaddr *)&name, offsetof(struct sockaddr_un, sun_path));
	getsockname(sv[0], (struct sockaddr *)&name, &len);
	ok(!connect(sv[1], &none, sizeof(none)) && !connect(sv[1], (struct sockaddr *)&name, len) &&
		   !(state_of(sv[0]) & POLLERR),
	   "an end that looks away has no effect where nothing is unread");
	ok(send(sv[0], "x", 1, 0) == 1 && !connect(sv[1], &none, sizeof(none)) &&
		   !connect(sv[1], (struct sockaddr *)&name, len) && state_of(sv[0]) & POLLERR,
	   "with a message unread it makes POLLERR");
	ok(recv(sv[0], buf, 1, MSG_DONTWAIT) == -1 && errno == ECONNRESET &&
		   !(state_of(sv[0]) & POLLERR),
	   "which the next call is told, and no other");
	ok(send(sv[0], "up", 2, 0) == 2 && recv(sv[1], buf, 8, MSG_DONTWAIT) == 2 &&
		   send(sv[1], "down", 4, 0) == 4 && recv(sv[0], buf, 8, MSG_DONTWAIT) == 4,
	   "after that both send and receive");
	close(sv[0]);
	close(sv[1]);
}

static void told_of_closing(void)
{
	int sv[2], copy, in = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	struct inotify_event ev = {0};
	char path[40];

	socketpair(AF_UNIX, SOCK_DGRAM, 0, sv);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", sv[0]);
	ok(inotify_add_watch(in, path, IN_CLOSE) >= 0, "inotify watches a socket");
	copy = dup(sv[0]);
	close(sv[0]);
	ok(read(in, &ev, sizeof(ev)) == -1, "and says nothing while a copy is open");
	close(copy);
	ok(read(in, &ev, sizeof(ev)) == sizeof(ev) && ev.mask & IN_CLOSE,
	   "but when the last one is closed");
	close(sv[1]);
	close(in);
}

int main(void)
{
	filling();
	resetting();
	joining();
	urgent();
	messages();
	marking();
	told_of_closing();
	return done();
}
