// SPDX-License-Identifier: GPL-2.0-only
/* in_bulk.c - much data, marks; other calls that move data. */
#include "parity.h"

#include <linux/sockios.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#define SETTLE 20

static int sv[2];
static char big[1 << 17];

/* Until nothing has gone for a while; how much. */
static size_t fill(int fd)
{
	size_t sum = 0;
	ssize_t n;

	for (int idle = 0; idle < 12;) {
		n = send(fd, big, sizeof(big), MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0) {
			sum += (size_t)n;
			idle = 0;
		} else {
			idle++;
			nap(5);
		}
	}
	return sum;
}

static size_t drain(int fd)
{
	size_t sum = 0;
	ssize_t n;

	while (wait_for(fd, POLLIN) & POLLIN) {
		n = recv(fd, big, sizeof(big), MSG_DONTWAIT);
		if (n <= 0)
			break;
		sum += (size_t)n;
	}
	return sum;
}

/* A full sender's events, and nothing lost. */
static void full(void)
{
	size_t in, out;
	struct pollfd p;

	tcp_pair(sv);
	in = fill(sv[0]);
	p = (struct pollfd){.fd = sv[0], .events = POLLOUT};
	SEE(poll(&p, 1, 0));
	SEE(send(sv[0], "x", 1, MSG_DONTWAIT));
	shutdown(sv[0], SHUT_WR);
	out = drain(sv[1]);
	note("sent %s, the same arrived %d", in > 4096 ? "much" : "little", in == out);
	close_both(sv);
}

static void full_then_closed(void)
{
	size_t in;

	tcp_pair(sv);
	in = fill(sv[0]);
	SEE(close(sv[0]));
	note("all arrived %d", drain(sv[1]) == in);
	close(sv[1]);
}

static void full_then_writable(void)
{
	tcp_pair(sv);
	fill(sv[0]);
	fcntl(sv[1], F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 100; i++) {
		while (recv(sv[1], big, sizeof(big), 0) > 0)
			;
		nap(2);
	}
	note("%#x", wait_for(sv[0], POLLOUT));
	close_both(sv);
}

static volatile bool wrote;

static void *writer(void *fd)
{
	static char out[3 << 20];

	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 13 + i / 253);
	wrote = send(*(int *)fd, out, sizeof(out), 0) == sizeof(out);
	shutdown(*(int *)fd, SHUT_WR);
	return NULL;
}

static void blocking_bulk(void)
{
	pthread_t t;
	size_t at = 0;
	ssize_t n;
	int bad = 0;

	tcp_pair(sv);
	pthread_create(&t, NULL, writer, &sv[0]);
	while ((n = recv(sv[1], big, sizeof(big), 0)) > 0)
		for (ssize_t i = 0; i < n; i++, at++)
			bad += big[i] != (char)(at * 13 + at / 253);
	pthread_join(t, NULL);
	note("wrote %d bytes %zu bad %d", wrote, at, bad);
	close_both(sv);
}

static void waitall_bulk(void)
{
	pthread_t t;

	tcp_pair(sv);
	pthread_create(&t, NULL, writer, &sv[0]);
	SEE(recv(sv[1], big, sizeof(big), MSG_WAITALL));
	drain(sv[1]);
	pthread_join(t, NULL);
	note("wrote %d", wrote);
	close_both(sv);
}

static void discard(void)
{
	tcp_pair(sv);
	send(sv[0], "123456", 6, 0);
	nap(SETTLE);
	SEE(recv(sv[1], big, 2, MSG_TRUNC));
	SEE(recv(sv[1], big, 16, MSG_TRUNC | MSG_DONTWAIT));
	SEE(recv(sv[1], big, 16, MSG_DONTWAIT));
	close_both(sv);
}

/* MSG_WAITALL looks in vain if it only peeks? */
static void peek_all(void)
{
	struct timeval t = {.tv_usec = 30000};

	tcp_pair(sv);
	setsockopt(sv[1], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	send(sv[0], "ab", 2, 0);
	SEE(recv(sv[1], big, 4, MSG_PEEK | MSG_WAITALL));
	SEE(recv(sv[1], big, 4, MSG_WAITALL));
	close_both(sv);
}

static void send_two(void *fd)
{
	send(*(int *)fd, "cd", 2, 0);
	nap(SETTLE);
	send(*(int *)fd, "ef", 2, 0);
}

static void shut(void *fd)
{
	shutdown(*(int *)fd, SHUT_WR);
}

static ssize_t peek_whole(int fd, size_t n, int how)
{
	char name[64], a[3];
	socklen_t len = sizeof(name);
	struct iovec iov[2] = {{a, sizeof(a)}, {big, n - sizeof(a)}};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
	ssize_t got;

	memset(big, '-', n);
	if (how == 1)
		return recvfrom(fd, big, n, MSG_PEEK | MSG_WAITALL, (void *)name, &len);
	if (how != 2)
		return recv(fd, big, n, MSG_PEEK | MSG_WAITALL);
	got = recvmsg(fd, &msg, MSG_PEEK | MSG_WAITALL);
	memmove(big + sizeof(a), big, n - sizeof(a));
	memcpy(big, a, sizeof(a));
	return got;
}

/* All is waited for, piece by piece; or until the end; seen again, and read. */
static void peek_pieces(long how)
{
	pthread_t t;

	tcp_pair(sv);
	send(sv[0], "ab", 2, 0);
	nap(SETTLE);
	t = after(SETTLE, send_two, &sv[0]);
	SEE(peek_whole(sv[1], 6, how));
	done(t);
	note("%.6s", big);
	SEE(recv(sv[1], big, 3, 0));
	t = after(SETTLE, shut, &sv[0]);
	SEE(peek_whole(sv[1], 6, how));
	done(t);
	note("%.3s", big);
	SEE(recv(sv[1], big, 8, 0));
	SEE(peek_whole(sv[1], 6, how));
	close_both(sv);
}

/* The wait ends early: by time, with something and with nothing; where nothing blocks. */
static void peek_early(long how)
{
	struct timeval t = {.tv_usec = 30000}, none = {0};

	tcp_pair(sv);
	setsockopt(sv[1], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	SEE(peek_whole(sv[1], 6, how));
	send(sv[0], "ab", 2, 0);
	nap(SETTLE);
	SEE(peek_whole(sv[1], 6, how));
	note("%.2s", big);
	setsockopt(sv[1], SOL_SOCKET, SO_RCVTIMEO, &none, sizeof(none));
	fcntl(sv[1], F_SETFL, O_RDWR | O_NONBLOCK);
	SEE(peek_whole(sv[1], 6, how));
	SEE(recv(sv[1], big, 6, MSG_WAITALL));
	SEE(peek_whole(sv[1], 6, how));
	close_both(sv);
}

static void peek_end(void)
{
	tcp_pair(sv);
	send(sv[0], "ab", 2, 0);
	shutdown(sv[0], SHUT_WR);
	nap(SETTLE);
	SEE(recv(sv[1], big, 8, MSG_PEEK));
	SEE(recv(sv[1], big, 8, 0));
	SEE(recv(sv[1], big, 8, MSG_PEEK));
	SEE(recv(sv[1], big, 8, 0));
	close_both(sv);
}

static void low_mark(void)
{
	int four = 4;

	tcp_pair(sv);
	SEE(setsockopt(sv[1], SOL_SOCKET, SO_RCVLOWAT, &four, sizeof(four)));
	send(sv[0], "ab", 2, 0);
	nap(SETTLE);
	SEE(poll(&(struct pollfd){.fd = sv[1], .events = POLLIN}, 1, 0));
	send(sv[0], "cd", 2, 0);
	note("%#x", wait_for(sv[1], POLLIN));
	close_both(sv);
}

static void send_eight(void *fd)
{
	send(*(int *)fd, "abcdefgh", 8, 0);
}

/* Bytes below the mark are there for a call that does not wait, or wants no more. */
static void low_mark_below(void)
{
	int eight = 8;
	struct timeval t = {.tv_sec = 1};
	pthread_t later;

	tcp_pair(sv);
	setsockopt(sv[1], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	SEE(setsockopt(sv[1], SOL_SOCKET, SO_RCVLOWAT, &eight, sizeof(eight)));
	send(sv[0], "ab", 2, 0);
	nap(SETTLE);
	SEE(recv(sv[1], big, 100, MSG_DONTWAIT));
	send(sv[0], "cd", 2, 0);
	nap(SETTLE);
	SEE(recv(sv[1], big, 2, 0));
	send(sv[0], "efg", 3, 0);
	nap(SETTLE);
	later = after(SETTLE, send_eight, &sv[0]);
	SEE(recv(sv[1], big, 100, 0));
	done(later);
	send(sv[0], "hi", 2, 0);
	shutdown(sv[0], SHUT_WR);
	SEE(recv(sv[1], big, 100, 0));
	SEE(recv(sv[1], big, 100, 0));
	close_both(sv);
}

/* An accepted connection has its listener's mark. */
static void low_mark_inherited(void)
{
	int l = tcp_listener(), mark = 7;
	struct sockaddr_in to = address_of(l);
	socklen_t len = sizeof(mark);

	SEE(setsockopt(l, SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof(mark)));
	sv[0] = socket(AF_INET, SOCK_STREAM, 0);
	connect(sv[0], (void *)&to, sizeof(to));
	sv[1] = accept(l, NULL, NULL);
	mark = 0;
	SEE(getsockopt(sv[1], SOL_SOCKET, SO_RCVLOWAT, &mark, &len));
	note("mark %d", mark);
	mark = 1 << 30;
	SEE(setsockopt(sv[1], SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof(mark)));
	SEE(getsockopt(sv[1], SOL_SOCKET, SO_RCVLOWAT, &mark, &len));
	note("%s", mark < 1 << 30 ? "bounded" : "as asked");
	close(l);
	close_both(sv);
}

/* So has one that was refused once, and its time-out. */
static void low_mark_refused(void)
{
	int l = tcp_listener(), fd = socket(AF_INET, SOCK_STREAM, 0), mark = 7;
	struct sockaddr_in to = address_of(l);
	struct timeval t = {.tv_usec = 100000};
	socklen_t len = sizeof(mark);

	setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof(mark));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	close(l);
	SEE(connect(fd, (void *)&to, sizeof(to)));
	l = tcp_listener();
	to = address_of(l);
	SEE(connect(fd, (void *)&to, sizeof(to)));
	mark = 0;
	SEE(getsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &mark, &len));
	note("mark %d", mark);
	SEE(recv(fd, big, 100, 0));
	close(fd);
	close(l);
}

static int file(void)
{
	char path[] = "/tmp/parity.XXXXXX";
	int fd = mkstemp(path);

	unlink(path);
	if (fd < 0 || ftruncate(fd, 300000))
		die("file");
	return fd;
}

static void sendfile_whole(void)
{
	int f = file();
	off_t off = 0;
	ssize_t n;

	tcp_pair(sv);
	fcntl(sv[0], F_SETFL, O_NONBLOCK);
	while (off < 300000) {
		n = sendfile(sv[0], f, &off, 300000);
		if (n < 0 && errno != EAGAIN)
			break;
		while (recv(sv[1], big, sizeof(big), MSG_DONTWAIT) > 0)
			;
		wait_for(sv[0], POLLOUT);
	}
	note("offset %d", (int)off);
	close(f);
	close_both(sv);
}

static void sendfile_datagram(void)
{
	int f = file();

	udp_pair(sv);
	SEE(sendfile(sv[0], f, NULL, 100));
	nap(SETTLE);
	SEE(recv(sv[1], big, 200, MSG_DONTWAIT));
	close(f);
	close_both(sv);
}

static void sendfile_closed(void)
{
	int f = file();

	tcp_pair(sv);
	shutdown(sv[0], SHUT_WR);
	SEE(sendfile(sv[0], f, NULL, 100));
	close(f);
	close_both(sv);
}

static void splice_out(void)
{
	int p[2];

	if (pipe(p))
		die("pipe");
	tcp_pair(sv);
	send(sv[0], "abc", 3, 0);
	nap(SETTLE);
	SEE(splice(sv[1], NULL, p[1], NULL, 8, 0));
	SEE(read(p[0], big, 8));
	SEE(vmsplice(p[1], &(struct iovec){"vm", 2}, 1, 0));
	SEE(splice(p[0], NULL, sv[0], NULL, 8, SPLICE_F_MORE));
	SEE(splice(p[0], NULL, sv[0], NULL, 8, SPLICE_F_NONBLOCK));
	SEE(splice(sv[1], &(loff_t){0}, p[1], NULL, 8, 0));
	close_both(p);
	close_both(sv);
}

const struct behaviour in_bulk[] = {
	{"full", full},
	{"full-closed", full_then_closed},
	{"full-writable", full_then_writable},
	{"bulk-blocking", blocking_bulk},
	{"bulk-waitall", waitall_bulk},
	{"stream-discard", discard},
	{"peek-waitall", peek_all},
	{"peek-waitall-pieces", NULL, peek_pieces, 0},
	{"peek-waitall-pieces-recvfrom", NULL, peek_pieces, 1},
	{"peek-waitall-pieces-recvmsg", NULL, peek_pieces, 2},
	{"peek-waitall-early", NULL, peek_early, 0},
	{"peek-waitall-early-recvmsg", NULL, peek_early, 2},
	{"peek-end", peek_end},
	{"low-mark", low_mark},
	{"low-mark-below", low_mark_below},
	{"low-mark-inherited", low_mark_inherited},
	{"low-mark-refused", low_mark_refused},
	{"sendfile-whole", sendfile_whole},
	{"sendfile-datagram", sendfile_datagram},
	{"sendfile-closed", sendfile_closed},
	{"splice-stream", splice_out},
	{0},
};
