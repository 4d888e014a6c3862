// SPDX-License-Identifier: GPL-2.0-only
/* in_pass.c - sockets that are passed on: SCM_RIGHTS, pidfd_getfd(), /proc. */
#include "parity.h"

#include <sys/stat.h>
#include <sys/syscall.h>

static void pass(int through, int fd)
{
	char room[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec iov = {"x", 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = room,
			     .msg_controllen = sizeof(room)};
	struct cmsghdr *cm = CMSG_FIRSTHDR(&msg);

	*cm = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
	memcpy(CMSG_DATA(cm), &fd, sizeof(fd));
	if (sendmsg(through, &msg, 0) != 1)
		note("not passed: %s", strerrorname_np(errno));
}

static int taken(int through)
{
	char room[CMSG_SPACE(sizeof(int))] = {0}, c;
	struct iovec iov = {&c, 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = room,
			     .msg_controllen = sizeof(room)};
	struct cmsghdr *cm;
	int fd = -1;

	if (poll(&(struct pollfd){.fd = through, .events = POLLIN}, 1, SOON) &&
	    recvmsg(through, &msg, MSG_DONTWAIT) == 1 && (cm = CMSG_FIRSTHDR(&msg)))
		memcpy(&fd, CMSG_DATA(cm), sizeof(fd));
	return fd;
}

static void passed_in_flight(void)
{
	int sv[2], u[2], fd;

	tcp_pair(sv);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, u))
		die("socketpair");
	pass(u[0], sv[0]);
	close(sv[0]);
	nap(20);
	SEE(recv(sv[1], &(char){0}, 1, MSG_DONTWAIT));
	fd = taken(u[1]);
	note("taken %d", fd >= 0);
	SEE(send(fd, "flown", 5, MSG_NOSIGNAL));
	hear(sv[1]);
	close(fd);
	hear(sv[1]);
	close(sv[1]);
	close_both(u);
}

static void passed_to_child(void)
{
	int sv[2], u[2], fd;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, u))
		die("socketpair");
	pid = child();
	if (!pid) {
		fd = taken(u[1]);
		_exit(send(fd, "passed", 6, 0) != 6);
	}
	tcp_pair(sv);
	pass(u[0], sv[0]);
	close(sv[0]);
	hear(sv[1]);
	hear(sv[1]);
	ended(pid);
	close(sv[1]);
	close_both(u);
}

static void passed_listener(void)
{
	int l = tcp_listener(), c = socket(AF_INET, SOCK_STREAM, 0), u[2], fd;
	struct sockaddr_in sa = address_of(l);
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, u))
		die("socketpair");
	pid = child();
	if (!pid) {
		close(l);
		fd = accept(taken(u[1]), NULL, NULL);
		_exit(send(fd, "passed", 6, 0) != 6);
	}
	pass(u[0], l);
	close(l);
	SEE(connect(c, (void *)&sa, sizeof(sa)));
	hear(c);
	ended(pid);
	close(c);
	close_both(u);
}

/* A socket thrown away with the message that carries it. */
static void passed_and_lost(void)
{
	int sv[2], u[2];

	tcp_pair(sv);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, u))
		die("socketpair");
	pass(u[0], sv[0]);
	close(sv[0]);
	close_both(u);
	hear(sv[1]);
	close(sv[1]);
}

static void fetched(void)
{
	int sv[2], fd, pidfd;
	pid_t pid;

	tcp_pair(sv);
	pid = child();
	if (!pid) {
		pause();
		_exit(0);
	}
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, sv[0], 0);
	close(sv[0]);
	SEE(send(fd, "fetched", 7, MSG_NOSIGNAL));
	hear(sv[1]);
	kill(pid, SIGKILL);
	ended(pid);
	close(fd);
	close(pidfd);
	hear(sv[1]);
	close(sv[1]);
}

static void as_link(void)
{
	char path[40], link[40] = "";
	struct stat a, b;
	int fd = socket(AF_INET, SOCK_STREAM, 0), copy = dup(fd), another;

	another = socket(AF_INET, SOCK_STREAM, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (readlink(path, link, sizeof(link) - 1) < 0)
		note("no link");
	note("%.8s", link);
	SEEFD(open(path, O_RDWR));
	fstat(fd, &a);
	fstat(copy, &b);
	note("copy the same %d", a.st_ino == b.st_ino);
	fstat(another, &b);
	note("another the same %d", a.st_ino == b.st_ino);
	close(fd);
	close(copy);
	close(another);
}

const struct behaviour in_pass[] = {
	{"rights-in-flight", passed_in_flight},
	{"rights-to-child", passed_to_child},
	{"rights-listener", passed_listener},
	{"rights-lost", passed_and_lost},
	{"pidfd-getfd", fetched},
	{"as-a-link", as_link},
	{0},
};
