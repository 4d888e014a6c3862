// SPDX-License-Identifier: GPL-2.0-only
/* in_socket.c - making sockets, connecting them, ending them. */
#include "parity.h"

static void bad_socket(void)
{
	SEEFD(socket(999, SOCK_STREAM, 0));
	SEEFD(socket(AF_INET, 99, 0));
	SEEFD(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
	SEEFD(socket(AF_INET, SOCK_SEQPACKET, 0));
}

static void socket_flags(void)
{
	int fd = SEEFD(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));

	SEE(fcntl(fd, F_GETFD));
	SEE(fcntl(fd, F_GETFL));
	close(fd);
	fd = SEEFD(socket(AF_INET, SOCK_STREAM, 0));
	SEE(fcntl(fd, F_GETFD));
	SEE(fcntl(fd, F_GETFL));
	close(fd);
}

static void bad_bind(void)
{
	struct sockaddr_in sa = any_port(), far = any_port();
	int a = socket(AF_INET, SOCK_STREAM, 0), b = socket(AF_INET, SOCK_STREAM, 0);

	far.sin_addr.s_addr = inet_addr("203.0.113.9");
	SEE(bind(a, (void *)&far, sizeof(far)));
	SEE(bind(a, (void *)&sa, 4));
	SEE(bind(a, (void *)16, sizeof(sa)));
	sa.sin_family = AF_UNIX;
	SEE(bind(a, (void *)&sa, sizeof(sa)));
	sa.sin_family = AF_INET;
	SEE(bind(a, (void *)&sa, sizeof(sa)));
	SEE(bind(a, (void *)&sa, sizeof(sa)));
	SEE(listen(a, 1));
	sa = address_of(a);
	SEE(bind(b, (void *)&sa, sizeof(sa)));
	close(a);
	close(b);
}

static void bad_accept(void)
{
	int t = socket(AF_INET, SOCK_STREAM, 0), u = socket(AF_INET, SOCK_DGRAM, 0);
	int l = tcp_listener();

	SEE(accept(t, NULL, NULL));
	SEE(accept(u, NULL, NULL));
	SEE(listen(u, 1));
	SEE(accept4(l, NULL, NULL, 1));
	fcntl(l, F_SETFL, O_NONBLOCK);
	SEE(accept(l, NULL, NULL));
	SEE(connect(l, (struct sockaddr *)&(struct sockaddr_in){.sin_family = AF_INET}, 4));
	close(t);
	close(u);
	close(l);
}

static void not_connected(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct timeval soon = {.tv_usec = 100000};
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);
	char c = 0;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
	SEE(getpeername(fd, (void *)&sa, &len));
	SEE(getsockname(fd, (void *)&sa, &len));
	note("family %d port %d len %d", sa.sin_family, sa.sin_port, (int)len);
	SEE(recv(fd, &c, 1, 0));
	SEE(send(fd, &c, 1, MSG_NOSIGNAL));
	SEE(shutdown(fd, SHUT_WR));
	SEE(shutdown(fd, 7));
	close(fd);
}

static void names(void)
{
	struct sockaddr_in a, b;
	socklen_t len;
	int sv[2];

	tcp_pair(sv);
	a = address_of(sv[0]);
	len = sizeof(b);
	SEE(getpeername(sv[1], (void *)&b, &len));
	note("peer is %s", a.sin_port == b.sin_port && len == sizeof(b) ? "us" : "another");
	len = 4;
	memset(&b, 0, sizeof(b));
	SEE(getsockname(sv[0], (void *)&b, &len));
	note("truncated to 4: len %d port %s addr %d", (int)len, b.sin_port ? "set" : "0",
	     b.sin_addr.s_addr);
	len = sizeof(b);
	SEE(getsockname(sv[0], (void *)8, &len));
	SEE(getsockname(sv[0], (void *)&b, (void *)8));
	close_both(sv);
}

static struct sockaddr_in nobody(void)
{
	int l = tcp_listener();
	struct sockaddr_in sa = address_of(l);

	close(l);
	return sa;
}

static void refused(void)
{
	struct sockaddr_in sa = nobody();
	int fd = socket(AF_INET, SOCK_STREAM, 0), err = -1;
	socklen_t len = sizeof(err);

	SEE(connect(fd, (void *)&sa, sizeof(sa)));
	SEE(getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len));
	note("SO_ERROR %d", err);
	SEE(connect(fd, (void *)&sa, sizeof(sa)));
	close(fd);
}

static void refused_nonblocking(void)
{
	struct sockaddr_in sa = nobody();
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), err = -1;
	socklen_t len = sizeof(err);
	char c;

	SEE(connect(fd, (void *)&sa, sizeof(sa)));
	/* tcp_poll() that runs beside the reset can see half of it, and leave POLLOUT out. */
	wait_for(fd, POLLIN | POLLOUT);
	note("poll %#x", wait_for(fd, POLLIN | POLLOUT));
	SEE(getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len));
	note("SO_ERROR %s", strerrorname_np(err));
	SEE(getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len));
	note("then %d", err);
	SEE(recv(fd, &c, 1, 0));
	close(fd);
}

static void nonblocking_connect(void)
{
	int l = tcp_listener(), fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), err = -1;
	struct sockaddr_in sa = address_of(l);
	socklen_t len = sizeof(err);

	SEE(connect(fd, (void *)&sa, sizeof(sa)));
	note("poll %#x", wait_for(fd, POLLOUT));
	SEE(getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len));
	note("SO_ERROR %d", err);
	SEE(connect(fd, (void *)&sa, sizeof(sa)));
	SEE(connect(fd, (void *)&sa, sizeof(sa)));
	close(fd);
	close(l);
}

static void connect_misuse(void)
{
	struct sockaddr_in sa = any_port();
	int sv[2], fd = socket(AF_INET, SOCK_STREAM, 0);

	tcp_pair(sv);
	sa = address_of(sv[1]);
	SEE(connect(sv[0], (void *)&sa, sizeof(sa)));
	SEE(connect(fd, (void *)&sa, 3));
	SEE(connect(fd, (void *)8, sizeof(sa)));
	sa.sin_family = AF_INET6;
	SEE(connect(fd, (void *)&sa, sizeof(sa)));
	SEE(connect(-1, (void *)&sa, sizeof(sa)));
	SEE(connect(STDIN_FILENO, (void *)&sa, sizeof(sa)));
	close_both(sv);
	close(fd);
}

static void half_close(void)
{
	char buf[8];
	int sv[2];

	tcp_pair(sv);
	SEE(send(sv[0], "abc", 3, 0));
	SEE(shutdown(sv[0], SHUT_WR));
	SEE(send(sv[0], "d", 1, MSG_NOSIGNAL));
	SEE(recv(sv[1], buf, 8, MSG_WAITALL));
	SEE(recv(sv[1], buf, 8, 0));
	note("poll of the reader %#x", wait_for(sv[1], POLLIN | POLLOUT | POLLRDHUP) & ~POLLOUT);
	SEE(send(sv[1], "xy", 2, 0));
	SEE(recv(sv[0], buf, 8, 0));
	SEE(shutdown(sv[1], SHUT_WR));
	SEE(recv(sv[0], buf, 8, 0));
	note("poll when both ended %#x", wait_for(sv[0], POLLIN | POLLOUT | POLLRDHUP));
	SEE(shutdown(sv[0], SHUT_RDWR));
	close_both(sv);
}

static void shut_reading(void)
{
	char c;
	int sv[2];

	tcp_pair(sv);
	SEE(shutdown(sv[0], SHUT_RD));
	SEE(recv(sv[0], &c, 1, 0));
	SEE(send(sv[0], "z", 1, 0));
	SEE(recv(sv[1], &c, 1, 0));
	note("poll %#x", wait_for(sv[0], POLLIN | POLLOUT | POLLRDHUP));
	close_both(sv);
}

static volatile int pipes;

static void on_pipe(int sig)
{
	pipes++;
}

static void broken_pipe(void)
{
	struct sigaction act = {.sa_handler = on_pipe}, old;
	int sv[2];

	tcp_pair(sv);
	sigaction(SIGPIPE, &act, &old);
	close(sv[1]);
	wait_for(sv[0], POLLIN);
	pipes = 0;
	SEE(send(sv[0], "a", 1, 0));
	wait_for(sv[0], POLLERR);
	SEE(send(sv[0], "b", 1, 0));
	note("signals %d", pipes);
	SEE(write(sv[0], "c", 1));
	note("signals %d", pipes);
	SEE(send(sv[0], "d", 1, MSG_NOSIGNAL));
	SEE(writev(sv[0], &(struct iovec){"e", 1}, 1));
	note("signals %d", pipes);
	sigaction(SIGPIPE, &old, NULL);
	close(sv[0]);
}

static void reset(void)
{
	struct linger hard = {.l_onoff = 1};
	char c;
	int sv[2], err = -1;
	socklen_t len = sizeof(err);

	tcp_pair(sv);
	setsockopt(sv[1], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(sv[1]);
	wait_for(sv[0], POLLIN);
	note("poll %#x", wait_for(sv[0], POLLIN | POLLOUT | POLLRDHUP));
	SEE(recv(sv[0], &c, 1, 0));
	SEE(recv(sv[0], &c, 1, 0));
	SEE(send(sv[0], "x", 1, MSG_NOSIGNAL));
	SEE(getsockopt(sv[0], SOL_SOCKET, SO_ERROR, &err, &len));
	note("SO_ERROR %d", err);
	close(sv[0]);
}

static void close_with_unread(void)
{
	char c;
	int sv[2];

	tcp_pair(sv);
	send(sv[0], "unread", 6, 0);
	wait_for(sv[1], POLLIN);
	close(sv[1]);
	note("poll %#x", wait_for(sv[0], POLLIN));
	SEE(recv(sv[0], &c, 1, 0));
	close(sv[0]);
}

static void accept_inherits(void)
{
	int l = tcp_listener(), one = 1, val = -1, c, a;
	struct sockaddr_in sa = address_of(l);
	socklen_t len = sizeof(val);

	fcntl(l, F_SETFL, O_NONBLOCK);
	setsockopt(l, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c = socket(AF_INET, SOCK_STREAM, 0);
	connect(c, (void *)&sa, sizeof(sa));
	wait_for(l, POLLIN);
	a = SEEFD(accept(l, NULL, NULL));
	SEE(fcntl(a, F_GETFL));
	SEE(getsockopt(a, IPPROTO_TCP, TCP_NODELAY, &val, &len));
	note("TCP_NODELAY %d", val != 0);
	close(a);
	close(c);
	c = socket(AF_INET, SOCK_STREAM, 0);
	connect(c, (void *)&sa, sizeof(sa));
	wait_for(l, POLLIN);
	a = SEEFD(accept4(l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
	SEE(fcntl(a, F_GETFL));
	SEE(fcntl(a, F_GETFD));
	close(a);
	close(c);
	close(l);
}

static void closed_listener(void)
{
	int l = tcp_listener(), c = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in sa = address_of(l);
	char b;

	SEE(connect(c, (void *)&sa, sizeof(sa)));
	close(l);
	note("poll %#x", wait_for(c, POLLIN));
	SEE(recv(c, &b, 1, 0));
	close(c);
}

static void udp_refused(void)
{
	int sv[2];
	char c;

	udp_pair(sv);
	close(sv[1]);
	nap(20);
	SEE(send(sv[0], "x", 1, 0));
	note("poll %#x", wait_for(sv[0], POLLIN));
	SEE(recv(sv[0], &c, 1, 0));
	SEE(send(sv[0], "x", 1, 0));
	close(sv[0]);
}

static void udp_dissolve(void)
{
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);
	int sv[2];

	udp_pair(sv);
	SEE(connect(sv[0], &none, sizeof(none)));
	SEE(getpeername(sv[0], (void *)&sa, &len));
	SEE(send(sv[0], "x", 1, 0));
	close_both(sv);
}

static void listen_twice(void)
{
	int l = tcp_listener(), on = -1;
	socklen_t len = sizeof(on);

	SEE(listen(l, 3));
	SEE(getsockopt(l, SOL_SOCKET, SO_ACCEPTCONN, &on, &len));
	note("SO_ACCEPTCONN %d", on);
	SEE(shutdown(l, SHUT_RDWR));
	SEE(accept(l, NULL, NULL));
	close(l);
}

static void sockets_of_pairs(void)
{
	int sv[2];

	SEE(socketpair(AF_INET, SOCK_STREAM, 0, sv));
	SEE(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	SEE(write(sv[0], "u", 1));
	close_both(sv);
}

const struct behaviour in_socket[] = {
	{"socket-misuse", bad_socket},
	{"socket-flags", socket_flags},
	{"bind-misuse", bad_bind},
	{"accept-misuse", bad_accept},
	{"not-connected", not_connected},
	{"names", names},
	{"connect-refused", refused},
	{"connect-refused-nonblocking", refused_nonblocking},
	{"connect-nonblocking", nonblocking_connect},
	{"connect-misuse", connect_misuse},
	{"half-close", half_close},
	{"shutdown-reading", shut_reading},
	{"broken-pipe", broken_pipe},
	{"reset", reset},
	{"close-with-unread", close_with_unread},
	{"accept-inherits", accept_inherits},
	{"listener-closed", closed_listener},
	{"listen-twice", listen_twice},
	{"udp-refused", udp_refused},
	{"udp-dissolve", udp_dissolve},
	{"socketpair", sockets_of_pairs},
	{NULL, NULL},
};
