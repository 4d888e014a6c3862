// SPDX-License-Identifier: GPL-2.0-only
/* in_number.c - descriptor numbers: lowest first, copies, closing. */
#include "parity.h"

#include <linux/close_range.h>

static void lowest_free(void)
{
	int a = socket(AF_INET, SOCK_STREAM, 0), b = dup(a), c = socket(AF_INET, SOCK_DGRAM, 0);

	note("b - a %d, c - b %d", b - a, c - b);
	close(b);
	b = open("/dev/null", O_RDONLY);
	note("reused %d", b - a);
	close(b);
	b = dup(c);
	note("reused %d", b - a);
	close(a);
	a = fcntl(b, F_DUPFD, 200);
	note("from 200 %d", a);
	close(a);
	close(b);
	close(c);
}

static void copies(void)
{
	char c = 0;
	int sv[2], copy;

	tcp_pair(sv);
	copy = dup(sv[0]);
	SEE(close(sv[0]));
	SEE(send(copy, "x", 1, 0));
	SEE(recv(sv[1], &c, 1, 0));
	SEE(close(copy));
	SEE(recv(sv[1], &c, 1, 0));
	SEE(close(copy));
	close(sv[1]);
}

static void dup2_matrix(void)
{
	char c = 0;
	int sv[2], file = open("/dev/null", O_RDWR), p[2];

	tcp_pair(sv);
	if (pipe(p))
		die("pipe");
	note("self %d", dup2(sv[0], sv[0]) == sv[0]);
	SEE(dup3(sv[0], sv[0], 0));
	SEE(dup2(-1, sv[0]));
	SEE(dup2(sv[0], -1));
	note("onto a file %d", dup2(sv[0], file) == file);
	SEE(send(file, "1", 1, 0));
	SEE(recv(sv[1], &c, 1, 0));
	note("a pipe onto a socket %d", dup2(p[1], file) == file);
	SEE(write(file, "2", 1));
	SEE(read(p[0], &c, 1));
	SEE(send(file, "2", 1, 0));
	note("onto the last copy %d", dup2(p[0], sv[0]) == sv[0]);
	SEE(recv(sv[1], &c, 1, 0));
	note("dup3 cloexec %d", dup3(sv[1], file, O_CLOEXEC) == file);
	SEE(fcntl(file, F_GETFD));
	SEE(fcntl(sv[1], F_GETFD));
	close(file);
	close(p[0]);
	close(p[1]);
	close_both(sv);
}

static void dupfd_cloexec(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), a = SEEFD(fcntl(fd, F_DUPFD_CLOEXEC, 0)),
	    b = SEEFD(fcntl(fd, F_DUPFD, 0));

	SEE(fcntl(a, F_GETFD));
	SEE(fcntl(b, F_GETFD));
	SEE(fcntl(fd, F_DUPFD, -1));
	close(fd);
	close(a);
	close(b);
}

static void closed(void)
{
	struct sockaddr_in sa = any_port();
	struct pollfd p = {.events = POLLIN};
	char c = 0;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	SEE(close(fd));
	SEE(close(fd));
	SEE(send(fd, &c, 1, 0));
	SEE(read(fd, &c, 1));
	SEE(bind(fd, (void *)&sa, sizeof(sa)));
	SEE(listen(fd, 1));
	SEE(fcntl(fd, F_GETFL));
	SEE(dup(fd));
	p.fd = fd;
	SEE(poll(&p, 1, 0));
	note("revents %#x", p.revents);
}

static void range(void)
{
	char c;
	int sv[2], high[2];

	tcp_pair(sv);
	high[0] = fcntl(sv[0], F_DUPFD, 300);
	high[1] = fcntl(sv[1], F_DUPFD, 310);
	close_both(sv);
	SEE(close_range(300, 305, CLOSE_RANGE_CLOEXEC));
	SEE(fcntl(high[0], F_GETFD));
	SEE(fcntl(high[1], F_GETFD));
	SEE(close_range(300, 305, 0));
	SEE(fcntl(high[0], F_GETFD));
	SEE(recv(high[1], &c, 1, 0));
	SEE(close_range(310, 300, 0));
	SEE(close_range(306, 320, 0));
	SEE(fcntl(high[1], F_GETFD));
}

static void not_sockets(void)
{
	struct sockaddr_in sa = any_port();
	int p[2];
	char c;

	if (pipe(p))
		die("pipe");
	SEE(send(p[1], "x", 1, 0));
	SEE(recv(p[0], &c, 1, MSG_DONTWAIT));
	SEE(bind(p[0], (void *)&sa, sizeof(sa)));
	SEE(listen(p[0], 1));
	SEE(shutdown(p[0], 0));
	close(p[0]);
	close(p[1]);
}

static void many(void)
{
	enum { N = 300 };
	int fds[N], bad = 0;

	for (int i = 0; i < N; i++) {
		fds[i] = socket(AF_INET, i & 1 ? SOCK_DGRAM : SOCK_STREAM, 0);
		bad += fds[i] < 0;
	}
	for (int i = 0; i < N; i++)
		bad += close(fds[i]) < 0;
	note("bad %d", bad);
}

const struct behaviour in_number[] = {
	{"lowest-free", lowest_free}, {"copies", copies},	  {"dup2-matrix", dup2_matrix},
	{"dupfd", dupfd_cloexec},     {"closed", closed},	  {"close-range", range},
	{"not-sockets", not_sockets}, {"many-descriptors", many}, {NULL, NULL},
};
