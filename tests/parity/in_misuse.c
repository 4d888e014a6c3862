// SPDX-License-Identifier: GPL-2.0-only
/*
 * in_misuse.c - every call with what it cannot take: the errors.
 *
 * misuse-CALL: descriptors that are none, or no sockets. pointers-CALL: addresses
 * where nothing is, on a connected stream and a connected datagram socket.
 */
#include "parity.h"

#include <linux/sockios.h>

#define BAD ((void *)8)

enum call {
	ACCEPT,
	ACCEPT4,
	BIND,
	CONNECT,
	LISTEN,
	GETSOCKNAME,
	GETPEERNAME,
	GETSOCKOPT,
	SETSOCKOPT,
	SHUTDOWN,
	SEND,
	SENDTO,
	SENDMSG,
	SENDMMSG,
	RECV,
	RECVFROM,
	RECVMSG,
	RECVMMSG,
	ATMARK,
	OUTQ,
	PIPES,
};

static long call(enum call n, int fd)
{
	struct sockaddr_in sa = any_port();
	socklen_t len = sizeof(sa);
	char c = 'm';
	struct iovec iov = {&c, 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct mmsghdr many = {.msg_hdr = msg};
	int val = 1;
	socklen_t vlen = sizeof(val);

	errno = 0;
	switch (n) {
	case ACCEPT:
		return accept(fd, (void *)&sa, &len);
	case ACCEPT4:
		return accept4(fd, (void *)&sa, &len, SOCK_CLOEXEC);
	case BIND:
		return bind(fd, (void *)&sa, sizeof(sa));
	case CONNECT:
		return connect(fd, (void *)&sa, sizeof(sa));
	case LISTEN:
		return listen(fd, 1);
	case GETSOCKNAME:
		return getsockname(fd, (void *)&sa, &len);
	case GETPEERNAME:
		return getpeername(fd, (void *)&sa, &len);
	case GETSOCKOPT:
		return getsockopt(fd, SOL_SOCKET, SO_TYPE, &val, &vlen);
	case SETSOCKOPT:
		return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &val, vlen);
	case SHUTDOWN:
		return shutdown(fd, SHUT_RD);
	case SEND:
		return send(fd, &c, 1, MSG_DONTWAIT);
	case SENDTO:
		return sendto(fd, &c, 1, 0, (void *)&sa, len);
	case SENDMSG:
		return sendmsg(fd, &msg, MSG_DONTWAIT);
	case SENDMMSG:
		return sendmmsg(fd, &many, 1, MSG_DONTWAIT);
	case RECV:
		return recv(fd, &c, 1, MSG_DONTWAIT);
	case RECVFROM:
		return recvfrom(fd, &c, 1, MSG_DONTWAIT, (void *)&sa, &len);
	case RECVMSG:
		return recvmsg(fd, &msg, MSG_DONTWAIT);
	case RECVMMSG:
		return recvmmsg(fd, &many, 1, MSG_DONTWAIT, NULL);
	case ATMARK:
		return ioctl(fd, SIOCATMARK, &val);
	case OUTQ:
		return ioctl(fd, SIOCOUTQ, &val);
	case PIPES:
		return splice(fd, NULL, fd, NULL, 1, 0);
	}
	return -1;
}

static void descriptors(long n)
{
	int p[2], path = open("/", O_PATH), null = open("/dev/null", O_RDWR);
	int ep = epoll_create1(0), gone;

	if (pipe(p))
		die("pipe");
	gone = dup(null);
	close(gone);
	note("-1 %s", word(call((enum call)n, -1)));
	note("closed %s", word(call((enum call)n, gone)));
	note("O_PATH %s", word(call((enum call)n, path)));
	note("file %s", word(call((enum call)n, null)));
	note("pipe %s", word(call((enum call)n, p[0])));
	note("epoll %s", word(call((enum call)n, ep)));
	close(p[0]);
	close(p[1]);
	close(path);
	close(null);
	close(ep);
}

/* ---- pointers ---- */

static int pair[2];

static void with_stream_and_datagrams(void (*fn)(void))
{
	for (int i = 0; i < 2; i++) {
		note(i ? "datagrams" : "stream");
		if (i)
			udp_pair(pair);
		else
			tcp_pair(pair);
		fn();
		close_both(pair);
	}
}

static void send_all(void)
{
	SEE(send(pair[0], NULL, 1, MSG_DONTWAIT));
	SEE(send(pair[0], NULL, 0, MSG_DONTWAIT));
	SEE(write(pair[0], BAD, 1));
	SEE(writev(pair[0], BAD, 1));
	SEE(writev(pair[0], NULL, 0));
	SEE(writev(pair[0], &(struct iovec){BAD, 2}, 1));
	SEE(writev(pair[0], &(struct iovec){NULL, (size_t)-1}, 1));
}

static void pointers_send(void)
{
	with_stream_and_datagrams(send_all);
}

static void send_addressed(void)
{
	struct sockaddr_in sa = address_of(pair[1]);

	SEE(sendto(pair[0], "x", 1, 0, BAD, sizeof(sa)));
	SEE(sendto(pair[0], "x", 1, 0, NULL, sizeof(sa)));
	SEE(sendto(pair[0], BAD, 1, 0, (void *)&sa, sizeof(sa)));
	SEE(sendto(pair[0], "x", 1, 0, (void *)&sa, 0));
	SEE(sendto(pair[0], "x", 1, 0, (void *)&sa, 1));
	SEE(sendto(pair[0], "x", 1, 0, (void *)&sa, 129));
	SEE(sendto(pair[0], "x", 1, 0, (void *)&sa, (socklen_t)-1));
	sa.sin_family = AF_INET6;
	SEE(sendto(pair[0], "x", 1, 0, (void *)&sa, sizeof(sa)));
}

static void pointers_sendto(void)
{
	with_stream_and_datagrams(send_addressed);
}

static void send_messages(void)
{
	struct iovec iov = {"x", 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct mmsghdr many = {.msg_hdr = msg};

	SEE(sendmsg(pair[0], NULL, 0));
	SEE(sendmsg(pair[0], BAD, 0));
	msg.msg_control = BAD;
	msg.msg_controllen = 16;
	SEE(sendmsg(pair[0], &msg, 0));
	msg.msg_control = (char[16]){1};
	SEE(sendmsg(pair[0], &msg, 0));
	msg = (struct msghdr){.msg_iov = BAD, .msg_iovlen = 1};
	SEE(sendmsg(pair[0], &msg, 0));
	msg.msg_iovlen = 1025;
	SEE(sendmsg(pair[0], &msg, 0));
	msg = (struct msghdr){0};
	SEE(sendmsg(pair[0], &msg, 0));
	SEE(sendmmsg(pair[0], BAD, 1, 0));
	SEE(sendmmsg(pair[0], NULL, 0, 0));
	many.msg_hdr.msg_iovlen = 1025;
	SEE(sendmmsg(pair[0], &many, 1, 0));
}

static void pointers_sendmsg(void)
{
	with_stream_and_datagrams(send_messages);
}

static void feed(void)
{
	send(pair[0], "data", 4, 0);
	wait_for(pair[1], POLLIN);
}

static void receive_plain(void)
{
	char c;

	SEE(recv(pair[1], BAD, 1, MSG_DONTWAIT));
	feed();
	SEE(recv(pair[1], NULL, 0, MSG_DONTWAIT | MSG_PEEK));
	SEE(readv(pair[1], BAD, 1));
	SEE(readv(pair[1], &(struct iovec){NULL, (size_t)-1}, 1));
	SEE(recv(pair[1], BAD, 1, MSG_DONTWAIT));
	SEE(recv(pair[1], &c, 1, MSG_DONTWAIT));
}

static void pointers_recv(void)
{
	with_stream_and_datagrams(receive_plain);
}

/* What a failed call has taken with it is another matter: each gets data of its own. */
static void receive_addressed(void)
{
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);
	char buf[8];

	feed();
	SEE(recvfrom(pair[1], buf, 8, MSG_DONTWAIT | MSG_PEEK, BAD, &len));
	SEE(recvfrom(pair[1], buf, 8, MSG_DONTWAIT | MSG_PEEK, (void *)&sa, BAD));
	SEE(recvfrom(pair[1], buf, 8, MSG_DONTWAIT | MSG_PEEK, (void *)&sa, NULL));
	SEE(recvfrom(pair[1], buf, 8, MSG_DONTWAIT | MSG_PEEK, NULL, BAD));
	len = (socklen_t)-1;
	SEE(recvfrom(pair[1], buf, 8, MSG_DONTWAIT | MSG_PEEK, (void *)&sa, &len));
	SEE(recvfrom(pair[1], BAD, 8, MSG_DONTWAIT | MSG_PEEK, (void *)&sa, &len));
	len = 3;
	SEE(recvfrom(pair[1], buf, 8, MSG_DONTWAIT | MSG_PEEK, (void *)&sa, &len));
	note("len %d", (int)len);
}

static void pointers_recvfrom(void)
{
	with_stream_and_datagrams(receive_addressed);
}

static void receive_messages(void)
{
	char buf[8];
	struct iovec iov = {buf, 8};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct mmsghdr many = {.msg_hdr = msg};

	feed();
	SEE(recvmsg(pair[1], NULL, MSG_DONTWAIT));
	SEE(recvmsg(pair[1], BAD, MSG_DONTWAIT));
	msg.msg_iov = BAD;
	SEE(recvmsg(pair[1], &msg, MSG_DONTWAIT));
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1025;
	SEE(recvmsg(pair[1], &msg, MSG_DONTWAIT));
	msg.msg_iovlen = 1;
	iov.iov_base = BAD;
	SEE(recvmsg(pair[1], &msg, MSG_DONTWAIT | MSG_PEEK));
	iov.iov_base = buf;
	SEE(recvmmsg(pair[1], BAD, 1, MSG_DONTWAIT, NULL));
	SEE(recvmmsg(pair[1], &many, 1, MSG_DONTWAIT, BAD));
	SEE(recvmmsg(pair[1], &many, 0, MSG_DONTWAIT, NULL));
	SEE(recvmmsg(pair[1], &many, 1, MSG_DONTWAIT, &(struct timespec){.tv_nsec = 2000000000}));
}

static void pointers_recvmsg(void)
{
	with_stream_and_datagrams(receive_messages);
}

static void pointers_names(void)
{
	struct sockaddr_in sa;
	socklen_t len = (socklen_t)-1;

	tcp_pair(pair);
	SEE(getpeername(pair[0], BAD, &len));
	len = sizeof(sa);
	SEE(getpeername(pair[0], NULL, &len));
	SEE(getpeername(pair[0], (void *)&sa, NULL));
	len = 0;
	SEE(getpeername(pair[0], BAD, &len));
	note("len %d", (int)len);
	SEE(getsockname(pair[0], (void *)&sa, NULL));
	close_both(pair);
}

static void pointers_accept(void)
{
	int l = tcp_listener(), c = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in sa = address_of(l);
	socklen_t len = (socklen_t)-1;

	connect(c, (void *)&sa, sizeof(sa));
	wait_for(l, POLLIN);
	SEE(accept4(l, NULL, NULL, 0x80));
	SEEFD(accept4(l, NULL, BAD, 0));
	fcntl(l, F_SETFL, O_NONBLOCK);
	SEEFD(accept(l, BAD, &len));
	close(c);
	close(l);
}

static void pointers_options(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), val = 1;
	socklen_t len = sizeof(val), zero = 0;

	SEE(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, NULL, 4));
	SEE(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &val, 0));
	SEE(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &val, (socklen_t)-1));
	SEE(setsockopt(fd, SOL_SOCKET, SO_LINGER, &val, 4));
	SEE(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &val, 4));
	SEE(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_usec = 1000000}, 16));
	SEE(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, NULL, 4));
	SEE(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &val, 3));
	SEE(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "nonsense", 8));
	SEE(setsockopt(fd, IPPROTO_IP, IP_TOS, BAD, 4));
	SEE(setsockopt(fd, IPPROTO_IP, IP_TTL, &val, 1));
	SEE(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &val, 4));
	SEE(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, NULL, &len));
	SEE(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &val, NULL));
	SEE(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &val, &zero));
	note("len %d", (int)zero);
	SEE(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, BAD, &len));
	SEE(getsockopt(fd, IPPROTO_UDP, 1, &val, &len));
	SEE(getsockopt(fd, -1, 1, &val, &len));
	close(fd);
}

static void pointers_ioctl(void)
{
	tcp_pair(pair);
	SEE(ioctl(pair[0], FIONREAD, NULL));
	SEE(ioctl(pair[0], SIOCOUTQ, NULL));
	SEE(ioctl(pair[0], SIOCOUTQ, BAD));
	SEE(ioctl(pair[0], SIOCATMARK, BAD));
	SEE(ioctl(pair[0], FIONBIO, BAD));
	SEE(ioctl(pair[0], FIOASYNC, BAD));
	SEE(ioctl(pair[0], SIOCGIFCONF, BAD));
	SEE(ioctl(pair[0], SIOCGIFADDR, BAD));
	SEE(ioctl(pair[0], 0x89f0, BAD));
	SEE(ioctl(pair[0], TCGETS, BAD));
	close_both(pair);
}

static void lengths_bind(void)
{
	struct sockaddr_storage big = {.ss_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	SEE(bind(fd, (void *)&big, 0));
	SEE(bind(fd, (void *)&big, 15));
	SEE(bind(fd, (void *)&big, 129));
	SEE(bind(fd, (void *)&big, (socklen_t)-1));
	SEE(bind(fd, NULL, 16));
	SEE(bind(fd, NULL, 0));
	SEE(bind(fd, (void *)&big, 128));
	SEE(listen(fd, -1));
	close(fd);
}

static void lengths_connect(void)
{
	struct sockaddr_storage big = {.ss_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	SEE(connect(fd, (void *)&big, 0));
	SEE(connect(fd, (void *)&big, 1));
	SEE(connect(fd, (void *)&big, 2));
	SEE(connect(fd, (void *)&big, 15));
	SEE(connect(fd, (void *)&big, 129));
	SEE(connect(fd, (void *)&big, (socklen_t)-1));
	SEE(connect(fd, NULL, 16));
	big.ss_family = AF_UNSPEC;
	SEE(connect(fd, (void *)&big, 16));
	big.ss_family = 77;
	SEE(connect(fd, (void *)&big, 16));
	close(fd);
}

#define LINE(name, n)                                \
	{                                            \
		"misuse-" name, NULL, descriptors, n \
	}

const struct behaviour in_misuse[] = {
	LINE("accept", ACCEPT),
	LINE("accept4", ACCEPT4),
	LINE("bind", BIND),
	LINE("connect", CONNECT),
	LINE("listen", LISTEN),
	LINE("getsockname", GETSOCKNAME),
	LINE("getpeername", GETPEERNAME),
	LINE("getsockopt", GETSOCKOPT),
	LINE("setsockopt", SETSOCKOPT),
	LINE("shutdown", SHUTDOWN),
	LINE("send", SEND),
	LINE("sendto", SENDTO),
	LINE("sendmsg", SENDMSG),
	LINE("sendmmsg", SENDMMSG),
	LINE("recv", RECV),
	LINE("recvfrom", RECVFROM),
	LINE("recvmsg", RECVMSG),
	LINE("recvmmsg", RECVMMSG),
	LINE("atmark", ATMARK),
	LINE("outq", OUTQ),
	LINE("splice", PIPES),
	{"pointers-send", pointers_send},
	{"pointers-sendto", pointers_sendto},
	{"pointers-sendmsg", pointers_sendmsg},
	{"pointers-recv", pointers_recv},
	{"pointers-recvfrom", pointers_recvfrom},
	{"pointers-recvmsg", pointers_recvmsg},
	{"pointers-names", pointers_names},
	{"pointers-accept", pointers_accept},
	{"pointers-options", pointers_options},
	{"pointers-ioctl", pointers_ioctl},
	{"lengths-bind", lengths_bind},
	{"lengths-connect", lengths_connect},
	{0},
};
