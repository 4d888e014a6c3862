// SPDX-License-Identifier: GPL-2.0-only
/*
 * in_tree.c - sockets that several processes hold: fork(), exec().
 *
 * A child notes nothing: it ends with a status, or says so through the socket.
 */
#include "parity.h"

#include <spawn.h>
#include <sys/wait.h>

#define SELF "/proc/self/exe"

extern char **environ;

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

/* The reset is of the child, which has the only copy. */
static void child_reset(void)
{
	struct linger hard = {1, 0};
	char buf[8];
	int sv[2];
	pid_t pid;

	tcp_pair(sv);
	send(sv[1], "abc", 3, 0);
	pid = child();
	if (!pid) {
		close(sv[1]);
		while (recv(sv[0], buf, 8, 0) > 0)
			;
		_exit(errno == ECONNRESET ? 9 : 1);
	}
	close(sv[0]);
	nap(50);
	setsockopt(sv[1], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(sv[1]);
	ended(pid);
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
	int sv[2], keep = dup(STDOUT_FILENO), status = -1;
	pid_t pid;

	tcp_pair(sv);
	dup2(sv[0], STDOUT_FILENO);
	pid = vfork();
	if (!pid) {
		execl("/bin/echo", "echo", "vfork", NULL);
		_exit(97);
	}
	dup2(keep, STDOUT_FILENO);
	close(keep);
	waitpid(pid, &status, 0);
	note("child %d", WEXITSTATUS(status));
	hear(sv[1]);
	close_both(sv);
}

const struct behaviour in_tree[] = {
	{"fork-send", child_sends},
	{"fork-receive", child_receives},
	{"fork-last-copy", last_copy},
	{"fork-reset", child_reset},
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
	{0},
};
