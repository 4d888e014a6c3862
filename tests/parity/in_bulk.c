// SPDX-License-Identifier: GPL-2.0-only
/* in_bulk.c - much data, many messages, marks, lingering; other calls that move data. */
#include "parity.h"

#include <limits.h>
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

static void vector_limit(void)
{
	static struct iovec iov[IOV_MAX];
	static char c[IOV_MAX];

	for (int i = 0; i < IOV_MAX; i++) {
		c[i] = (char)i;
		iov[i] = (struct iovec){&c[i], 1};
	}
	tcp_pair(sv);
	SEE(writev(sv[0], iov, IOV_MAX));
	nap(SETTLE);
	memset(c, 0, sizeof(c));
	SEE(readv(sv[1], iov, IOV_MAX));
	note("last %d", c[IOV_MAX - 1] == (char)(IOV_MAX - 1));
	close_both(sv);
	udp_pair(sv);
	SEE(writev(sv[0], iov, IOV_MAX));
	nap(SETTLE);
	SEE(readv(sv[1], iov, IOV_MAX));
	close_both(sv);
}

static void stream_messages(void)
{
	struct iovec iov[2] = {{"ab", 2}, {"cde", 3}}, in = {big, 16};
	struct mmsghdr m[2] = {0}, r = {.msg_hdr = {.msg_iov = &in, .msg_iovlen = 1}};

	for (int i = 0; i < 2; i++)
		m[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
	tcp_pair(sv);
	SEE(sendmmsg(sv[0], m, 2, 0));
	note("lengths %u %u", m[0].msg_len, m[1].msg_len);
	nap(SETTLE);
	SEE(recvmmsg(sv[1], &r, 1, 0, NULL));
	note("length %u", r.msg_len);
	SEE(recvmmsg(sv[1], &r, 1, MSG_DONTWAIT, NULL));
	close_both(sv);
}

/* Waits for all of them, or for the time-out. */
static void wait_for_many(void)
{
	struct iovec iov[2] = {{big, 4}, {big + 4, 4}};
	struct mmsghdr m[2] = {0};
	struct timespec t = {.tv_nsec = 40000000};
	pthread_t th;
	long start;

	for (int i = 0; i < 2; i++)
		m[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
	udp_pair(sv);
	send(sv[0], "1", 1, 0);
	th = after(30, send_byte, &sv[0]);
	SEE(recvmmsg(sv[1], m, 2, 0, NULL));
	done(th);
	send(sv[0], "1", 1, 0);
	th = after(80, send_byte, &sv[0]);
	start = now_ms();
	SEE(recvmmsg(sv[1], m, 2, 0, &t));
	start = now_ms() - start;
	note("waited %s", start > 60 && start < 300 ? "for it" : "otherwise");
	done(th);
	close_both(sv);
}

static void many_messages(void)
{
	enum { N = 150 };
	static struct mmsghdr out[N], in[N];
	struct iovec iov[2] = {{"m", 1}, {big, 8}};

	for (int i = 0; i < N; i++) {
		out[i].msg_hdr = (struct msghdr){.msg_iov = &iov[0], .msg_iovlen = 1};
		in[i].msg_hdr = (struct msghdr){.msg_iov = &iov[1], .msg_iovlen = 1};
	}
	udp_pair(sv);
	SEE(sendmmsg(sv[0], out, N, 0));
	nap(SETTLE);
	SEE(recvmmsg(sv[1], in, N, MSG_DONTWAIT, NULL));
	close_both(sv);
}

static void partly_bad(void)
{
	struct iovec iov[3] = {{"a", 1}, {(void *)8, 1}, {"c", 1}};
	struct mmsghdr m[3] = {0};

	for (int i = 0; i < 3; i++)
		m[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
	udp_pair(sv);
	SEE(sendmmsg(sv[0], m, 3, 0));
	SEE(sendmmsg(sv[0], m + 1, 2, 0));
	nap(SETTLE);
	SEE(recv(sv[1], big, 8, MSG_DONTWAIT));
	SEE(recv(sv[1], big, 8, MSG_DONTWAIT));
	close_both(sv);
}

static void message_header(void)
{
	struct sockaddr_in name = {0};
	struct iovec iov = {big, 8};
	struct msghdr m = {.msg_name = &name,
			   .msg_namelen = sizeof(name),
			   .msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_flags = 0x1234};

	tcp_pair(sv);
	send(sv[0], "abc", 3, 0);
	SEE(recvmsg(sv[1], &m, 0));
	note("namelen %d controllen %zu flags %#x", (int)m.msg_namelen, (size_t)m.msg_controllen,
	     m.msg_flags);
	close_both(sv);
	udp_pair(sv);
	send(sv[0], "abc", 3, 0);
	m.msg_namelen = 8;
	SEE(recvmsg(sv[1], &m, 0));
	note("namelen %d controllen %zu flags %#x", (int)m.msg_namelen, (size_t)m.msg_controllen,
	     m.msg_flags);
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

static void lingering(void)
{
	struct linger l = {1, 1};
	long start;

	tcp_pair(sv);
	setsockopt(sv[0], SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	send(sv[0], "abc", 3, 0);
	start = now_ms();
	SEE(close(sv[0]));
	note("%s", now_ms() - start < 300 ? "at once" : "waited");
	SEE(recv(sv[1], big, 8, 0));
	SEE(recv(sv[1], big, 8, 0));
	close(sv[1]);
}

/* Data that the peer has not read yet is lost by a reset? Not what has arrived. */
static void data_then_reset(void)
{
	struct linger hard = {1, 0};

	tcp_pair(sv);
	send(sv[0], "abc", 3, 0);
	nap(SETTLE);
	setsockopt(sv[0], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(sv[0]);
	nap(SETTLE);
	SEE(recv(sv[1], big, 8, 0));
	SEE(recv(sv[1], big, 8, 0));
	SEE(recv(sv[1], big, 8, 0));
	close(sv[1]);
}

static void close_it(void *fd)
{
	close(*(int *)fd);
}

static void reset_wakes(void)
{
	struct linger hard = {1, 0};
	pthread_t t;

	tcp_pair(sv);
	setsockopt(sv[0], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	t = after(20, close_it, &sv[0]);
	SEE(recv(sv[1], big, 8, 0));
	done(t);
	close(sv[1]);
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

static void closed_by_another_thread(void)
{
	pthread_t t, s;
	int copy;

	/* The call goes on with its own reference: data still comes. */
	tcp_pair(sv);
	copy = dup(sv[0]);
	t = after(20, close_it, &sv[0]);
	s = after(40, send_byte, &sv[1]);
	SEE(recv(sv[0], big, 1, 0));
	done(t);
	done(s);
	SEE(recv(sv[0], big, 1, 0));
	close(copy);
	close(sv[1]);
}

static volatile int seen;

static void on_io(int sig)
{
	seen++;
}

static void async_signal(void)
{
	struct sigaction act = {.sa_handler = on_io}, old;

	tcp_pair(sv);
	sigaction(SIGIO, &act, &old);
	seen = 0;
	SEE(fcntl(sv[1], F_SETOWN, getpid()));
	SEE(fcntl(sv[1], F_SETFL, O_ASYNC));
	send(sv[0], "x", 1, 0);
	for (int i = 0; i < 50 && !seen; i++)
		nap(10);
	note("SIGIO %d", seen > 0);
	close_both(sv);
	sigaction(SIGIO, &old, NULL);
}

static void sigpipe(long how)
{
	struct sigaction act = {.sa_handler = on_io}, old;
	struct iovec iov = {"x", 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	long ret = 0;

	tcp_pair(sv);
	shutdown(sv[0], SHUT_WR);
	sigaction(SIGPIPE, &act, &old);
	seen = 0;
	errno = 0;
	if (how == 0)
		ret = write(sv[0], "x", 1);
	else if (how == 1)
		ret = sendmsg(sv[0], &m, 0);
	else if (how == 2)
		ret = sendmsg(sv[0], &m, MSG_NOSIGNAL);
	else if (how == 3)
		ret = sendto(sv[0], "x", 1, 0, (void *)&(struct sockaddr_in){0}, 16);
	note("%s SIGPIPE %d", word(ret), seen);
	sigaction(SIGPIPE, &old, NULL);
	close_both(sv);
}

static void inherit_flags(void)
{
	int l = tcp_listener(), c = socket(AF_INET, SOCK_STREAM, 0), val = -1, buf = 12345, a;
	struct sockaddr_in sa = address_of(l);
	struct linger lg = {1, 3};
	socklen_t len = sizeof(val);

	setsockopt(l, SOL_SOCKET, SO_KEEPALIVE, &(int){1}, sizeof(int));
	setsockopt(l, SOL_SOCKET, SO_RCVBUF, &buf, sizeof(buf));
	setsockopt(l, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg));
	connect(c, (void *)&sa, sizeof(sa));
	a = accept(l, NULL, NULL);
	SEE(getsockopt(a, SOL_SOCKET, SO_KEEPALIVE, &val, &len));
	note("SO_KEEPALIVE %d", val);
	SEE(getsockopt(a, SOL_SOCKET, SO_RCVBUF, &val, &len));
	note("SO_RCVBUF %d", val);
	len = sizeof(lg);
	SEE(getsockopt(a, SOL_SOCKET, SO_LINGER, &lg, &len));
	note("SO_LINGER %d %d", lg.l_onoff, lg.l_linger);
	close(a);
	close(c);
	close(l);
}

static void accept_timeout_inherited(void)
{
	int l = tcp_listener(), c = socket(AF_INET, SOCK_STREAM, 0), a;
	struct sockaddr_in sa = address_of(l);
	struct timeval t = {.tv_usec = 20000};

	setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	connect(c, (void *)&sa, sizeof(sa));
	a = accept(l, NULL, NULL);
	SEE(recv(a, big, 1, 0));
	close(a);
	close(c);
	close(l);
}

static void backlog_order(void)
{
	int l = tcp_listener(), c[3], bad = 0, a;
	struct sockaddr_in sa = address_of(l), peer;
	socklen_t len = sizeof(peer);

	for (int i = 0; i < 3; i++) {
		c[i] = socket(AF_INET, SOCK_STREAM, 0);
		connect(c[i], (void *)&sa, sizeof(sa));
	}
	for (int i = 0; i < 3; i++) {
		note("%#x", wait_for(l, POLLIN));
		a = accept(l, (void *)&peer, &len);
		bad += peer.sin_port != address_of(c[i]).sin_port;
		close(a);
	}
	SEE(poll(&(struct pollfd){.fd = l, .events = POLLIN}, 1, 0));
	note("bad %d", bad);
	for (int i = 0; i < 3; i++)
		close(c[i]);
	close(l);
}

/* The data was there before accept(). */
static void data_before_accept(void)
{
	int l = tcp_listener(), c = socket(AF_INET, SOCK_STREAM, 0), a;
	struct sockaddr_in sa = address_of(l);

	connect(c, (void *)&sa, sizeof(sa));
	send(c, "early", 5, 0);
	close(c);
	nap(SETTLE);
	a = accept(l, NULL, NULL);
	SEE(recv(a, big, 16, 0));
	SEE(recv(a, big, 16, 0));
	close(a);
	close(l);
}

const struct behaviour in_bulk[] = {
	{"full", full},
	{"full-closed", full_then_closed},
	{"full-writable", full_then_writable},
	{"bulk-blocking", blocking_bulk},
	{"bulk-waitall", waitall_bulk},
	{"vector-limit", vector_limit},
	{"stream-messages", stream_messages},
	{"messages-wait", wait_for_many},
	{"messages-many", many_messages},
	{"messages-partly-bad", partly_bad},
	{"message-header", message_header},
	{"stream-discard", discard},
	{"peek-waitall", peek_all},
	{"peek-end", peek_end},
	{"low-mark", low_mark},
	{"lingering", lingering},
	{"data-then-reset", data_then_reset},
	{"reset-wakes", reset_wakes},
	{"sendfile-whole", sendfile_whole},
	{"sendfile-datagram", sendfile_datagram},
	{"sendfile-closed", sendfile_closed},
	{"splice-stream", splice_out},
	{"close-in-thread", closed_by_another_thread},
	{"signal-io", async_signal},
	{"sigpipe-write", NULL, sigpipe, 0},
	{"sigpipe-sendmsg", NULL, sigpipe, 1},
	{"sigpipe-nosignal", NULL, sigpipe, 2},
	{"sigpipe-sendto", NULL, sigpipe, 3},
	{"accept-options", inherit_flags},
	{"accept-timeout", accept_timeout_inherited},
	{"accept-order", backlog_order},
	{"accept-early-data", data_before_accept},
	{0},
};
