// SPDX-License-Identifier: GPL-2.0-only
/* in_message.c - messages: their lengths, several at a time, their headers. */
#include "parity.h"

#include <limits.h>
#include <linux/sockios.h>

#define SETTLE 20

static int u[2];
static char big[1 << 17];

static int bound(void)
{
	struct sockaddr_in sa = any_port();
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || bind(fd, (void *)&sa, sizeof(sa)))
		die("udp");
	return fd;
}

static void to(int fd, int whom, const char *text)
{
	struct sockaddr_in sa = address_of(whom);

	errno = 0;
	note("to %s %s", text, word(sendto(fd, text, strlen(text), 0, (void *)&sa, sizeof(sa))));
	nap(SETTLE);
}

static void heard(int fd, int flags)
{
	char buf[16] = "";
	ssize_t n;

	errno = 0;
	n = recv(fd, buf, sizeof(buf) - 1, flags | MSG_DONTWAIT);
	note("recv %s '%s'", word(n), buf);
}

static void empty(void)
{
	udp_pair(u);
	SEE(send(u[0], "", 0, 0));
	nap(SETTLE);
	note("%#x", wait_for(u[1], POLLIN));
	heard(u[1], 0);
	heard(u[1], 0);
	close_both(u);
}

static void empty_write(void)
{
	udp_pair(u);
	SEE(write(u[0], "", 0));
	nap(SETTLE);
	heard(u[1], 0);
	heard(u[1], 0);
	close_both(u);
}

static void empty_addressed(void)
{
	int a = bound(), b = bound();
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);

	to(a, b, "");
	SEE(recvfrom(b, NULL, 0, MSG_DONTWAIT, (void *)&sa, &len));
	note("from its sender %d", sa.sin_port == address_of(a).sin_port);
	close(a);
	close(b);
}

static void too_long(void)
{
	udp_pair(u);
	SEE(send(u[0], big, 65507, 0));
	SEE(recv(u[1], big, 65508, 0));
	SEE(write(u[0], big, 65508));
	close_both(u);
}

static void too_long_addressed(void)
{
	int a = bound(), b = bound();
	struct sockaddr_in sa = address_of(b);

	SEE(sendto(a, big, 65507, 0, (void *)&sa, sizeof(sa)));
	SEE(sendto(a, big, 65508, 0, (void *)&sa, sizeof(sa)));
	close(a);
	close(b);
}

/* Each way to read a message that is longer than the room. */
static void truncated(void)
{
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);
	char a[2], b[2];
	struct iovec iov[2] = {{a, 2}, {b, 2}};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};

	udp_pair(u);
	for (int i = 0; i < 6; i++)
		send(u[0], "longer", 6, 0);
	nap(SETTLE);
	SEE(read(u[1], a, 2));
	SEE(recv(u[1], a, 2, MSG_TRUNC));
	SEE(recvfrom(u[1], a, 2, MSG_TRUNC, (void *)&sa, &len));
	SEE(readv(u[1], iov, 2));
	SEE(recvmsg(u[1], &msg, 0));
	note("flags %#x", msg.msg_flags);
	SEE(recvmsg(u[1], &msg, MSG_TRUNC));
	note("flags %#x", msg.msg_flags);
	heard(u[1], 0);
	close_both(u);
}

static void waiting(void)
{
	int n = -1;

	udp_pair(u);
	send(u[0], "four", 4, 0);
	send(u[0], "seven77", 7, 0);
	nap(SETTLE);
	SEE(ioctl(u[1], FIONREAD, &n));
	note("FIONREAD %d", n);
	SEE(ioctl(u[0], SIOCOUTQ, &n));
	note("SIOCOUTQ %d", n);
	close_both(u);
}

static void peeked(void)
{
	udp_pair(u);
	send(u[0], "one", 3, 0);
	send(u[0], "two", 3, 0);
	nap(SETTLE);
	heard(u[1], MSG_PEEK);
	heard(u[1], MSG_PEEK);
	heard(u[1], 0);
	heard(u[1], MSG_PEEK);
	heard(u[1], 0);
	close_both(u);
}

static void more(void)
{
	udp_pair(u);
	SEE(send(u[0], "one", 3, MSG_MORE));
	SEE(send(u[0], "two", 3, 0));
	nap(SETTLE);
	heard(u[1], 0);
	heard(u[1], 0);
	close_both(u);
}

static void many_and_order(void)
{
	char buf[8], want[8];
	int bad = 0;

	udp_pair(u);
	for (int i = 0; i < 100; i++) {
		snprintf(buf, sizeof(buf), "%d", i);
		bad += send(u[0], buf, strlen(buf), 0) < 0;
	}
	for (int i = 0; i < 100; i++) {
		memset(buf, 0, sizeof(buf));
		snprintf(want, sizeof(want), "%d", i);
		bad += wait_for(u[1], POLLIN) != POLLIN || recv(u[1], buf, 7, MSG_DONTWAIT) < 0 ||
		       strcmp(buf, want) != 0;
	}
	note("bad %d", bad);
	close_both(u);
}

static void timestamps(void)
{
	struct timeval t = {0};

	udp_pair(u);
	SEE(ioctl(u[1], SIOCGSTAMP_OLD, &t));
	send(u[0], "x", 1, 0);
	nap(SETTLE);
	heard(u[1], 0);
	SEE(ioctl(u[1], SIOCGSTAMP_OLD, &t));
	note("set %d", t.tv_sec > 1000000000);
	close_both(u);
}

static void vector_limit(void)
{
	static struct iovec iov[IOV_MAX];
	static char c[IOV_MAX];

	for (int i = 0; i < IOV_MAX; i++) {
		c[i] = (char)i;
		iov[i] = (struct iovec){&c[i], 1};
	}
	tcp_pair(u);
	SEE(writev(u[0], iov, IOV_MAX));
	nap(SETTLE);
	memset(c, 0, sizeof(c));
	SEE(readv(u[1], iov, IOV_MAX));
	note("last %d", c[IOV_MAX - 1] == (char)(IOV_MAX - 1));
	close_both(u);
	udp_pair(u);
	SEE(writev(u[0], iov, IOV_MAX));
	nap(SETTLE);
	SEE(readv(u[1], iov, IOV_MAX));
	close_both(u);
}

static void stream_messages(void)
{
	struct iovec iov[2] = {{"ab", 2}, {"cde", 3}}, in = {big, 16};
	struct mmsghdr m[2] = {0}, r = {.msg_hdr = {.msg_iov = &in, .msg_iovlen = 1}};

	for (int i = 0; i < 2; i++)
		m[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
	tcp_pair(u);
	SEE(sendmmsg(u[0], m, 2, 0));
	note("lengths %u %u", m[0].msg_len, m[1].msg_len);
	nap(SETTLE);
	SEE(recvmmsg(u[1], &r, 1, 0, NULL));
	note("length %u", r.msg_len);
	SEE(recvmmsg(u[1], &r, 1, MSG_DONTWAIT, NULL));
	close_both(u);
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
	udp_pair(u);
	send(u[0], "1", 1, 0);
	th = after(30, send_byte, &u[0]);
	SEE(recvmmsg(u[1], m, 2, 0, NULL));
	done(th);
	send(u[0], "1", 1, 0);
	th = after(80, send_byte, &u[0]);
	start = now_ms();
	SEE(recvmmsg(u[1], m, 2, 0, &t));
	start = now_ms() - start;
	note("waited %s", start > 60 && start < 300 ? "for it" : "otherwise");
	done(th);
	close_both(u);
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
	udp_pair(u);
	SEE(sendmmsg(u[0], out, N, 0));
	nap(SETTLE);
	SEE(recvmmsg(u[1], in, N, MSG_DONTWAIT, NULL));
	close_both(u);
}

static void partly_bad(void)
{
	struct iovec iov[3] = {{"a", 1}, {(void *)8, 1}, {"c", 1}};
	struct mmsghdr m[3] = {0};

	for (int i = 0; i < 3; i++)
		m[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
	udp_pair(u);
	SEE(sendmmsg(u[0], m, 3, 0));
	SEE(sendmmsg(u[0], m + 1, 2, 0));
	nap(SETTLE);
	SEE(recv(u[1], big, 8, MSG_DONTWAIT));
	SEE(recv(u[1], big, 8, MSG_DONTWAIT));
	close_both(u);
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

	tcp_pair(u);
	send(u[0], "abc", 3, 0);
	SEE(recvmsg(u[1], &m, 0));
	note("namelen %d controllen %zu flags %#x", (int)m.msg_namelen, (size_t)m.msg_controllen,
	     m.msg_flags);
	close_both(u);
	udp_pair(u);
	send(u[0], "abc", 3, 0);
	m.msg_namelen = 8;
	SEE(recvmsg(u[1], &m, 0));
	note("namelen %d controllen %zu flags %#x", (int)m.msg_namelen, (size_t)m.msg_controllen,
	     m.msg_flags);
	close_both(u);
}

const struct behaviour in_message[] = {
	{"udp-empty", empty},
	{"udp-empty-write", empty_write},
	{"udp-empty-addressed", empty_addressed},
	{"udp-too-long", too_long},
	{"udp-too-long-addressed", too_long_addressed},
	{"udp-truncated", truncated},
	{"udp-waiting", waiting},
	{"udp-peek", peeked},
	{"udp-more", more},
	{"udp-order", many_and_order},
	{"udp-timestamp", timestamps},
	{"vector-limit", vector_limit},
	{"stream-messages", stream_messages},
	{"messages-wait", wait_for_many},
	{"messages-many", many_messages},
	{"messages-partly-bad", partly_bad},
	{"message-header", message_header},
	{0},
};
