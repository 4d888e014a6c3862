// SPDX-License-Identifier: GPL-2.0-only
/*
 * servers.c - echo servers that pass their sockets on in every way that servers do.
 *
 * usage: servers fork|inetd|daemon|scm|vfork|prefork ADDRESS PORT
 *        servers echo FD
 *
 *	fork	a child per connection, the parent closes its copy
 *	inetd	a child per connection has it as 0 and 1, and executes cat
 *	daemon	as fork, after daemonising as daemon(3) does; the first process exits
 *	scm	connections are passed to a worker process by SCM_RIGHTS
 *	vfork	vfork() and execute `servers echo FD` with the inherited descriptor
 *	prefork	four processes accept from the same listening socket, by poll()
 *
 * Each connection's bytes come back until its end of file. The process
 * that listens says "ready" on stdout. Ends by SIGTERM.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *self;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void echo(int fd)
{
	static char buf[65536];
	ssize_t n, at, sent;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (at = 0; at < n; at += sent) {
			sent = write(fd, buf + at, (size_t)(n - at));
			if (sent < 0)
				die("write");
		}
	}
	if (n < 0)
		die("read");
	close(fd);
}

static int listener(const char *address, const char *port)
{
	struct sockaddr_in6 a6 = {.sin6_family = AF_INET6,
				  .sin6_port = htons((uint16_t)atoi(port))};
	struct sockaddr_in a4 = {.sin_family = AF_INET, .sin_port = a6.sin6_port};
	bool six = inet_pton(AF_INET6, address, &a6.sin6_addr) == 1;
	int one = 1, fd;

	if (!six && inet_pton(AF_INET, address, &a4.sin_addr) != 1) {
		fprintf(stderr, "%s: no address\n", address);
		exit(2);
	}
	fd = socket(six ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (six ? bind(fd, (struct sockaddr *)&a6, sizeof(a6))
		: bind(fd, (struct sockaddr *)&a4, sizeof(a4)))
		die("bind");
	if (listen(fd, 64))
		die("listen");
	return fd;
}

static int take(int lfd)
{
	int fd = accept(lfd, NULL, NULL);

	if (fd < 0)
		die("accept");
	return fd;
}

static pid_t start(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	return pid;
}

static void serve_fork(int lfd)
{
	for (;;) {
		int fd = take(lfd);

		if (!start()) {
			close(lfd);
			echo(fd);
			exit(0);
		}
		close(fd);
	}
}

static void serve_inetd(int lfd)
{
	for (;;) {
		int fd = take(lfd);

		if (!start()) {
			dup2(fd, 0);
			dup2(fd, 1);
			close(fd);
			close(lfd);
			execlp("cat", "cat", NULL);
			die("cat");
		}
		close(fd);
	}
}

static void serve_vfork(int lfd)
{
	char number[12];

	fcntl(lfd, F_SETFD, FD_CLOEXEC);
	for (;;) {
		int fd = take(lfd);
		pid_t pid;

		snprintf(number, sizeof(number), "%d", fd);
		pid = vfork();
		if (pid < 0)
			die("vfork");
		if (!pid) {
			execl(self, self, "echo", number, NULL);
			_exit(127);
		}
		close(fd);
	}
}

static void pass(int to, int fd)
{
	char byte = 'x', control[CMSG_SPACE(sizeof(fd))] = "";
	struct iovec iov = {&byte, 1};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	if (sendmsg(to, &m, 0) != 1)
		die("sendmsg");
}

static int passed(int from)
{
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = {&byte, 1};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof(control)};
	struct cmsghdr *c;
	int fd;

	if (recvmsg(from, &m, 0) != 1)
		exit(0);
	c = CMSG_FIRSTHDR(&m);
	if (!c || c->cmsg_type != SCM_RIGHTS)
		die("no descriptor");
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

static void serve_scm(int lfd)
{
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv))
		die("socketpair");
	if (!start()) {
		close(lfd);
		close(sv[0]);
		for (;;)
			echo(passed(sv[1]));
	}
	close(sv[1]);
	for (;;) {
		int fd = take(lfd);

		pass(sv[0], fd);
		close(fd);
	}
}

static void serve_prefork(int lfd)
{
	struct pollfd p = {lfd, POLLIN, 0};

	fcntl(lfd, F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 3; i++) {
		if (!start()) {
			prctl(PR_SET_PDEATHSIG, SIGTERM);
			break;
		}
	}
	for (;;) {
		int fd;

		if (poll(&p, 1, -1) < 0)
			die("poll");
		fd = accept(lfd, NULL, NULL);
		if (fd >= 0)
			echo(fd);
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*serve)(int lfd);
	} modes[] = {
		{"fork", serve_fork}, {"inetd", serve_inetd}, {"daemon", serve_fork},
		{"scm", serve_scm},   {"vfork", serve_vfork}, {"prefork", serve_prefork},
	};
	int lfd;

	self = argv[0];
	signal(SIGPIPE, SIG_IGN);
	if (argc == 3 && !strcmp(argv[1], "echo")) {
		echo(atoi(argv[2]));
		return 0;
	}
	if (argc != 4) {
		fprintf(stderr, "usage: servers MODE ADDRESS PORT\n");
		return 2;
	}
	signal(SIGCHLD, SIG_IGN);
	lfd = listener(argv[2], argv[3]);
	if (!strcmp(argv[1], "daemon") && daemon(1, 1))
		die("daemon");
	printf("ready\n");
	fflush(stdout);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(argv[1], modes[i].name))
			modes[i].serve(lfd);
	fprintf(stderr, "servers: no such mode: %s\n", argv[1]);
	return 2;
}
