// SPDX-License-Identifier: GPL-2.0-only
/*
 * in_tree.c - sockets that several processes hold: fork(), exec(), SCM_RIGHTS.
 *
 * A child notes nothing: it ends with a status, or says so through the socket.
 * It has CHILD_TIME seconds.
 */
#include "parity.h"

#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define CHILD_TIME 1
#define SOON	   300 /* ms */
#define SELF	   "/proc/self/exe"

extern char **environ;

static pid_t child(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid)
		alarm(CHILD_TIME);
	return pid;
}

static void ended(pid_t pid)
{
	int status = -1;

	if (waitpid(pid, &status, 0) != pid)
		note("lost");
	else if (WIFSIGNALED(status))
		note("child killed by %d", WTERMSIG(status));
	else
		note("child %d", WEXITSTATUS(status));
}

/* What one recv() gives, if it comes soon. */
static void hear(int fd)
{
	char buf[16] = "";
	ssize_t n = -1;

	errno = ETIMEDOUT;
	if (poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, SOON))
		n = recv(fd, buf, sizeof(buf) - 1, MSG_DONTWAIT);
	note("recv %s '%s'", word(n), buf);
}

static void child_sends(void)
{
	int sv[2];
	pid_t pid;

	tcp_pair(sv);
	pid = child();
	if (!pid)
		_exit(send(sv[0], "child", 5, 0) != 5);
	ended(pid);
	hear(sv[1]);
	close_both(sv);
}

static void child_receives(void)
{
	char buf[8];
	int sv[2];
	pid_t pid;

	tcp_pair(sv);
	pid = child();
	if (!pid)
		_exit(recv(sv[0], buf, 8, 0) == 6 && !memcmp(buf, "parent", 6) ? 7 : 1);
	send(sv[1], "parent", 6, 0);
	ended(pid);
	close_both(sv);
}

/* The end is seen when the last copy is closed. */
static void last_copy(void)
{
	int sv[2];
	pid_t pid;
	char c;

	tcp_pair(sv);
	pid = child();
	if (!pid) {
		close(sv[1]);
		_exit(recv(sv[0], &c, 1, 0) != 1);
	}
	close(sv[0]);
	nap(20);
	SEE(recv(sv[1], &c, 1, MSG_DONTWAIT));
	send_byte(&sv[1]);
	ended(pid);
	hear(sv[1]);
	close(sv[1]);
}

static void killed(void)
{
	int sv[2];
	pid_t pid;

	tcp_pair(sv);
	pid = child();
	if (!pid) {
		close(sv[1]);
		pause();
	}
	close(sv[0]);
	kill(pid, SIGKILL);
	ended(pid);
	hear(sv[1]);
	close(sv[1]);
}

static void child_accepts(void)
{
	int l = tcp_listener(), c = socket(AF_INET, SOCK_STREAM, 0), a;
	struct sockaddr_in sa = address_of(l);
	pid_t pid = child();

	if (!pid) {
		a = accept(l, NULL, NULL);
		_exit(send(a, "accepted", 8, 0) != 8);
	}
	close(l);
	SEE(connect(c, (void *)&sa, sizeof(sa)));
	hear(c);
	hear(c);
	ended(pid);
	close(c);
}

/* Two servers wait in accept() on one listener. */
static void prefork(void)
{
	int l = tcp_listener(), c[2], a;
	struct sockaddr_in sa = address_of(l);
	pid_t pid[2];

	for (int i = 0; i < 2; i++) {
		pid[i] = child();
		if (!pid[i]) {
			a = accept(l, NULL, NULL);
			_exit(send(a, "served", 6, 0) != 6);
		}
	}
	for (int i = 0; i < 2; i++) {
		c[i] = socket(AF_INET, SOCK_STREAM, 0);
		SEE(connect(c[i], (void *)&sa, sizeof(sa)));
		hear(c[i]);
	}
	ended(pid[0]);
	ended(pid[1]);
	close_both(c);
	close(l);
}

static void child_connects(void)
{
	int l = tcp_listener(), a;
	struct sockaddr_in sa = address_of(l);
	pid_t pid = child();

	if (!pid) {
		a = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(a, (void *)&sa, sizeof(sa)))
			_exit(errno);
		_exit(send(a, "new", 3, 0) != 3);
	}
	SEE(poll(&(struct pollfd){.fd = l, .events = POLLIN}, 1, SOON));
	fcntl(l, F_SETFL, O_NONBLOCK);
	a = SEEFD(accept(l, NULL, NULL));
	if (a >= 0) {
		hear(a);
		close(a);
	}
	ended(pid);
	close(l);
}

static void shared_flags(void)
{
	int sv[2];
	pid_t pid;

	tcp_pair(sv);
	pid = child();
	if (!pid)
		_exit(fcntl(sv[0], F_SETFL, O_NONBLOCK) < 0);
	ended(pid);
	note("O_NONBLOCK %d", !!(fcntl(sv[0], F_GETFL) & O_NONBLOCK));
	close_both(sv);
}

static void shared_options(void)
{
	int sv[2], one = 1, val = -1;
	socklen_t len = sizeof(val);
	pid_t pid;

	tcp_pair(sv);
	pid = child();
	if (!pid)
		_exit(setsockopt(sv[0], SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one)) < 0);
	ended(pid);
	SEE(getsockopt(sv[0], SOL_SOCKET, SO_KEEPALIVE, &val, &len));
	note("SO_KEEPALIVE %d", val);
	close_both(sv);
}

static void shared_shutdown(void)
{
	int sv[2];
	pid_t pid;

	tcp_pair(sv);
	pid = child();
	if (!pid)
		_exit(shutdown(sv[0], SHUT_WR) < 0);
	ended(pid);
	SEE(send(sv[0], "x", 1, MSG_NOSIGNAL));
	hear(sv[1]);
	close_both(sv);
}

static void shared_names(void)
{
	struct sockaddr_in ours, theirs;
	socklen_t len = sizeof(theirs);
	int sv[2];
	pid_t pid;

	tcp_pair(sv);
	ours = address_of(sv[1]);
	pid = child();
	if (!pid)
		_exit(getpeername(sv[0], (void *)&theirs, &len) ||
		      theirs.sin_port != ours.sin_port);
	ended(pid);
	close_both(sv);
}

static void child_polls(void)
{
	int sv[2], ep = epoll_create1(0);
	struct epoll_event ev = {.events = EPOLLIN};
	pid_t pid;

	tcp_pair(sv);
	epoll_ctl(ep, EPOLL_CTL_ADD, sv[0], &ev);
	pid = child();
	if (!pid)
		_exit(epoll_wait(ep, &ev, 1, 1000) != 1);
	nap(10);
	send_byte(&sv[1]);
	ended(pid);
	close(ep);
	close_both(sv);
}

static void datagrams(void)
{
	int u[2];
	char c;
	pid_t pid;

	udp_pair(u);
	pid = child();
	if (!pid)
		_exit(recv(u[0], &c, 1, 0) != 1 || send(u[0], "back", 4, 0) != 4);
	send_byte(&u[1]);
	hear(u[1]);
	ended(pid);
	close_both(u);
}

static void grandchild(void)
{
	int sv[2];
	pid_t pid;

	tcp_pair(sv);
	pid = child();
	if (!pid) {
		if (child())
			_exit(0);
		nap(20);
		_exit(send(sv[0], "daemon", 6, 0) != 6);
	}
	close(sv[0]);
	ended(pid);
	hear(sv[1]);
	hear(sv[1]);
	close(sv[1]);
}

/* ---- exec ---- */

/* child_main()'s words: */
static int says(char *const *argv)
{
	int fd = atoi(argv[1]);

	if (!strcmp(argv[0], "send"))
		return send(fd, "executed", 8, MSG_NOSIGNAL) == 8 ? 0 : errno;
	if (!strcmp(argv[0], "valid"))
		return fcntl(fd, F_GETFD) < 0 ? errno : 0;
	if (!strcmp(argv[0], "accept")) {
		fd = accept(fd, NULL, NULL);
		return fd >= 0 && send(fd, "accepted", 8, MSG_NOSIGNAL) == 8 ? 0 : errno;
	}
	return 99;
}

int child_main(char *const *argv)
{
	alarm(CHILD_TIME);
	return argv[0] && argv[1] ? says(argv) : 98;
}

static pid_t executed(const char *what, int fd)
{
	char number[12];
	pid_t pid = child();

	if (pid)
		return pid;
	snprintf(number, sizeof(number), "%d", fd);
	execl(SELF, "parity", "--child", what, number, NULL);
	_exit(97);
}

static void exec_sends(void)
{
	int sv[2];

	tcp_pair(sv);
	ended(executed("send", sv[0]));
	hear(sv[1]);
	close_both(sv);
}

static void exec_accepts(void)
{
	int l = tcp_listener(), c = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in sa = address_of(l);
	pid_t pid;

	connect(c, (void *)&sa, sizeof(sa));
	pid = executed("accept", l);
	hear(c);
	ended(pid);
	close(c);
	close(l);
}

static void exec_cloexec(void)
{
	int sv[2], fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ended(executed("valid", fd));
	fcntl(fd, F_SETFD, 0);
	ended(executed("valid", fd));
	tcp_pair(sv);
	fcntl(sv[0], F_SETFD, FD_CLOEXEC);
	ended(executed("valid", sv[0]));
	close(fd);
	close_both(sv);
}

/* inetd's way: the connection is the program's 0 and 1. */
static void exec_filter(void)
{
	int sv[2];
	pid_t pid;

	tcp_pair(sv);
	pid = child();
	if (!pid) {
		dup2(sv[0], 0);
		dup2(sv[0], 1);
		close_both(sv);
		execl("/bin/cat", "cat", NULL);
		_exit(97);
	}
	close(sv[0]);
	send(sv[1], "through", 7, 0);
	hear(sv[1]);
	shutdown(sv[1], SHUT_WR);
	hear(sv[1]);
	ended(pid);
	close(sv[1]);
}

static void spawned(void)
{
	char *const argv[] = {"echo", "spawned", NULL};
	posix_spawn_file_actions_t to_socket;
	int sv[2];
	pid_t pid = -1;

	tcp_pair(sv);
	posix_spawn_file_actions_init(&to_socket);
	posix_spawn_file_actions_adddup2(&to_socket, sv[0], 1);
	note("spawn %d", posix_spawn(&pid, "/bin/echo", &to_socket, NULL, argv, environ));
	posix_spawn_file_actions_destroy(&to_socket);
	ended(pid);
	close(sv[0]);
	hear(sv[1]);
	close(sv[1]);
}

static void vforked(void)
{
	int sv[2], status = -1;
	pid_t pid;

	tcp_pair(sv);
	pid = vfork();
	if (!pid) {
		dup2(sv[0], 1);
		execl("/bin/echo", "echo", "vfork", NULL);
		_exit(97);
	}
	waitpid(pid, &status, 0);
	note("child %d", WEXITSTATUS(status));
	hear(sv[1]);
	close_both(sv);
}

/* ---- passed on ---- */

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

const struct behaviour in_tree[] = {
	{"fork-send", child_sends},
	{"fork-receive", child_receives},
	{"fork-last-copy", last_copy},
	{"fork-killed", killed},
	{"fork-accept", child_accepts},
	{"fork-prefork", prefork},
	{"fork-connect", child_connects},
	{"fork-flags", shared_flags},
	{"fork-options", shared_options},
	{"fork-shutdown", shared_shutdown},
	{"fork-names", shared_names},
	{"fork-epoll", child_polls},
	{"fork-datagrams", datagrams},
	{"fork-grandchild", grandchild},
	{"exec-send", exec_sends},
	{"exec-accept", exec_accepts},
	{"exec-cloexec", exec_cloexec},
	{"exec-filter", exec_filter},
	{"exec-spawn", spawned},
	{"exec-vfork", vforked},
	{"rights-in-flight", passed_in_flight},
	{"rights-to-child", passed_to_child},
	{"rights-listener", passed_listener},
	{"rights-lost", passed_and_lost},
	{"pidfd-getfd", fetched},
	{"as-a-link", as_link},
	{0},
};
