// SPDX-License-Identifier: GPL-2.0-only
/* in_io.c - bytes and datagrams. */
#include "parity.h"

#include <limits.h>
#include <sys/sendfile.h>

static void peek(void)
{
	char buf[16] = "";
	int sv[2];

	tcp_pair(sv);
	send(sv[0], "hello", 5, 0);
	wait_for(sv[1], POLLIN);
	SEE(recv(sv[1], buf, 2, MSG_PEEK));
	SEE(recv(sv[1], buf, 16, MSG_PEEK));
	SEE(recv(sv[1], buf, 16, 0));
	note("'%s'", buf);
	SEE(recv(sv[1], buf, 16, MSG_PEEK | MSG_DONTWAIT));
	close_both(sv);
}

static void wait_all(void)
{
	char buf[4] = "";
	pthread_t t;
	int sv[2];

	tcp_pair(sv);
	send(sv[0], "ab", 2, 0);
	t = after(50, send_byte, &sv[0]);
	SEE(recv(sv[1], buf, 3, MSG_WAITALL));
	done(t);
	send(sv[0], "cd", 2, 0);
	shutdown(sv[0], SHUT_WR);
	SEE(recv(sv[1], buf, 4, MSG_WAITALL));
	close_both(sv);
}

static void truncation(void)
{
	char buf[8];
	int sv[2];

	tcp_pair(sv);
	send(sv[0], "123456", 6, 0);
	wait_for(sv[1], POLLIN);
	SEE(recv(sv[1], NULL, 2, MSG_TRUNC));
	SEE(recv(sv[1], buf, 8, 0));
	note("%.4s", buf);
	close_both(sv);
}

static void zero_length(void)
{
	int sv[2], u[2];
	char c;

	tcp_pair(sv);
	udp_pair(u);
	SEE(send(sv[0], "", 0, 0));
	SEE(write(sv[0], "", 0));
	SEE(read(sv[0], &c, 0));
	SEE(recv(sv[0], &c, 0, MSG_DONTWAIT));
	SEE(send(u[0], "", 0, 0));
	SEE(write(u[0], "", 0));
	note("poll %#x", wait_for(u[1], POLLIN));
	nap(20);
	SEE(recv(u[1], &c, 1, 0));
	SEE(recv(u[1], &c, 1, MSG_DONTWAIT));
	SEE(recv(u[1], &c, 1, MSG_DONTWAIT));
	close_both(sv);
	close_both(u);
}

static void datagrams(void)
{
	char buf[8] = "";
	struct iovec iov = {buf, 2};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	int u[2];

	udp_pair(u);
	send(u[0], "first", 5, 0);
	send(u[0], "second", 6, 0);
	SEE(recv(u[1], buf, 3, MSG_PEEK));
	SEE(recv(u[1], buf, 3, MSG_PEEK | MSG_TRUNC));
	SEE(recv(u[1], buf, 3, 0));
	note("%.3s", buf);
	SEE(recvmsg(u[1], &msg, 0));
	note("flags %#x", msg.msg_flags);
	SEE(recv(u[1], buf, 3, MSG_DONTWAIT));
	close_both(u);
}

static void datagram_limits(void)
{
	static char big[70000];
	struct sockaddr_in sa;
	int u[2], fd = socket(AF_INET, SOCK_DGRAM, 0);

	udp_pair(u);
	sa = address_of(u[1]);
	SEE(send(u[0], big, 65507, 0));
	SEE(send(u[0], big, 65508, 0));
	SEE(recv(u[1], big, sizeof(big), 0));
	SEE(send(fd, "x", 1, 0));
	SEE(sendto(fd, "x", 1, 0, (void *)&sa, 4));
	sa.sin_port = 0;
	SEE(sendto(fd, "x", 1, 0, (void *)&sa, sizeof(sa)));
	sa.sin_addr.s_addr = INADDR_BROADCAST;
	sa.sin_port = htons(9);
	SEE(sendto(fd, "x", 1, 0, (void *)&sa, sizeof(sa)));
	close_both(u);
	close(fd);
}

static void addressed_stream(void)
{
	struct sockaddr_in sa;
	char c;
	int sv[2];

	tcp_pair(sv);
	sa = any_port();
	sa.sin_port = htons(9);
	SEE(sendto(sv[0], "x", 1, 0, (void *)&sa, sizeof(sa)));
	socklen_t len = sizeof(sa);
	SEE(recvfrom(sv[1], &c, 1, 0, (void *)&sa, &len));
	note("len %d", (int)len);
	close_both(sv);
}

static void bad_pointers(void)
{
	struct iovec iov = {(void *)8, 4};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	int sv[2];

	tcp_pair(sv);
	SEE(send(sv[0], (void *)8, 4, 0));
	SEE(write(sv[0], (void *)8, 4));
	SEE(sendmsg(sv[0], &msg, 0));
	send(sv[0], "data", 4, 0);
	wait_for(sv[1], POLLIN);
	SEE(recv(sv[1], (void *)8, 4, 0));
	SEE(read(sv[1], (void *)8, 4));
	SEE(recvmsg(sv[1], &msg, 0));
	SEE(readv(sv[1], (void *)8, 1));
	SEE(recv(sv[1], &(char[8]){0}, 8, 0));
	close_both(sv);
}

static void vectors(void)
{
	char a[4] = "", b[4] = "";
	struct iovec out[3] = {{"ab", 2}, {NULL, 0}, {"cde", 3}}, in[2] = {{a, 3}, {b, 4}};
	int sv[2];

	tcp_pair(sv);
	SEE(writev(sv[0], out, 3));
	wait_for(sv[1], POLLIN);
	SEE(readv(sv[1], in, 2));
	note("%.3s %.2s", a, b);
	SEE(writev(sv[0], out, 0));
	SEE(writev(sv[0], out, -1));
	SEE(writev(sv[0], out, IOV_MAX + 1));
	SEE(readv(sv[0], in, IOV_MAX + 1));
	SEE(pwritev2(sv[0], out, 3, -1, 0));
	SEE(preadv2(sv[1], in, 2, -1, 0));
	SEE(preadv2(sv[1], in, 2, 3, 0));
	SEE(pwritev(sv[0], out, 3, 0));
	close_both(sv);
}

static void many_messages(void)
{
	char buf[4][8] = {""};
	struct iovec out[3] = {{"one", 3}, {"two", 3}, {"three", 5}}, in[4];
	struct mmsghdr o[3] = {0}, i[4] = {0};
	struct timespec t = {.tv_nsec = 50000000};
	int u[2];

	udp_pair(u);
	for (int k = 0; k < 3; k++)
		o[k].msg_hdr = (struct msghdr){.msg_iov = &out[k], .msg_iovlen = 1};
	for (int k = 0; k < 4; k++) {
		in[k] = (struct iovec){buf[k], 8};
		i[k].msg_hdr = (struct msghdr){.msg_iov = &in[k], .msg_iovlen = 1};
	}
	SEE(sendmmsg(u[0], o, 3, 0));
	note("lengths %u %u %u", o[0].msg_len, o[1].msg_len, o[2].msg_len);
	SEE(recvmmsg(u[1], i, 4, MSG_WAITFORONE, NULL));
	note("%s %s %s %u", buf[0], buf[1], buf[2], i[2].msg_len);
	SEE(recvmmsg(u[1], i, 4, MSG_DONTWAIT, &t));
	close_both(u);
}

static void control_messages(void)
{
	char buf[8], room[256];
	struct iovec iov = {buf, 8};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = room,
			     .msg_controllen = sizeof(room)};
	struct cmsghdr *c;
	int u[2], one = 1;

	udp_pair(u);
	setsockopt(u[1], IPPROTO_IP, IP_PKTINFO, &one, sizeof(one));
	setsockopt(u[1], IPPROTO_IP, IP_RECVTTL, &one, sizeof(one));
	setsockopt(u[1], SOL_SOCKET, SO_TIMESTAMP, &one, sizeof(one));
	send(u[0], "x", 1, 0);
	SEE(recvmsg(u[1], &msg, 0));
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
		note("level %d type %d len %zu", c->cmsg_level, c->cmsg_type, c->cmsg_len);
	send(u[0], "x", 1, 0);
	msg.msg_controllen = 8;
	SEE(recvmsg(u[1], &msg, 0));
	note("flags %#x", msg.msg_flags);
	close_both(u);
}

static void urgent(void)
{
	char c = 0;
	int sv[2], mark = -1;

	tcp_pair(sv);
	SEE(recv(sv[1], &c, 1, MSG_OOB));
	send(sv[0], "ab", 2, 0);
	SEE(send(sv[0], "!", 1, MSG_OOB));
	note("poll %#x", wait_for(sv[1], POLLPRI));
	SEE(recv(sv[1], &c, 1, MSG_OOB));
	note("'%c'", c);
	SEE(recv(sv[1], (char[8]){0}, 8, 0));
	ioctl(sv[1], SIOCATMARK, &mark);
	note("mark %d", mark);
	SEE(sockatmark(sv[1]));
	close_both(sv);
}

static void large_transfer(void)
{
	static char out[1 << 20], in[1 << 20];
	struct sockaddr_in sa;
	size_t sent = 0, got = 0;
	int sv[2], bad = 0;

	(void)sa;
	tcp_pair(sv);
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 7 + i / 251);
	fcntl(sv[0], F_SETFL, O_NONBLOCK);
	while (got < sizeof(in)) {
		ssize_t n = sent < sizeof(out) ? send(sv[0], out + sent, sizeof(out) - sent, 0) : 0;

		sent += n > 0 ? (size_t)n : 0;
		if (n < 0 && errno != EAGAIN)
			bad++;
		n = recv(sv[1], in + got, sizeof(in) - got, 0);
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	note("bad %d same %d", bad, memcmp(in, out, sizeof(in)) == 0);
	close_both(sv);
}

static void more_flag(void)
{
	char buf[8];
	int sv[2];

	tcp_pair(sv);
	SEE(send(sv[0], "a", 1, MSG_MORE));
	SEE(send(sv[0], "b", 1, 0));
	SEE(recv(sv[1], buf, 2, MSG_WAITALL));
	SEE(send(sv[0], "x", 1, MSG_DONTROUTE));
	SEE(recv(sv[1], buf, 1, MSG_ERRQUEUE));
	close_both(sv);
}

static void errno_stays(void)
{
	char c;
	int sv[2];

	tcp_pair(sv);
	errno = 4242;
	send(sv[0], "x", 1, 0);
	recv(sv[1], &c, 1, 0);
	wait_for(sv[0], POLLOUT);
	address_of(sv[0]);
	close_both(sv);
	note("errno %d", errno);
}

const struct behaviour in_io[] = {
	{"peek", peek},
	{"wait-all", wait_all},
	{"truncation", truncation},
	{"zero-length", zero_length},
	{"datagrams", datagrams},
	{"datagram-limits", datagram_limits},
	{"addressed-stream", addressed_stream},
	{"bad-pointers", bad_pointers},
	{"vectors", vectors},
	{"many-messages", many_messages},
	{"control-messages", control_messages},
	{"urgent", urgent},
	{"large-transfer", large_transfer},
	{"more-flag", more_flag},
	{"errno-stays", errno_stays},
	{NULL, NULL},
};
