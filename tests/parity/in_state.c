// SPDX-License-Identifier: GPL-2.0-only
/*
 * in_state.c - every state of a socket, looked at in every way.
 *
 * The rows are states, the columns ways to look; each pair is a behaviour of its own,
 * STATE-COLUMN. A state is built anew for each, and left alone for SETTLE ms, so that
 * what the other end did has arrived.
 */
#include "parity.h"

#define SETTLE 25

enum state {
	FRESH,
	BOUND,
	CONNECTING,
	CONNECTED,
	DATA,
	REFUSED,
	PEER_SHUT,
	PEER_SHUT_DATA,
	WE_SHUT,
	BOTH_SHUT,
	WE_SHUT_READ,
	RESET,
	DATA_RESET,
	LISTENING,
	PENDING,
	LISTENER_SHUT,
	UDP_FRESH,
	UDP_CONNECTED,
	UDP_DATA,
	UDP_REFUSED,
	UDP_SHUT_READ,
	UDP_SHUT_WRITE,
};

/* The socket looked at, and others that keep it so. */
static int keep[4], kept;

static void also(int fd)
{
	keep[kept++] = fd;
}

static void end(int fd)
{
	close(fd);
	while (kept)
		close(keep[--kept]);
}

static void close_hard(int fd)
{
	struct linger hard = {.l_onoff = 1};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(fd);
}

static int to_closed_port(void)
{
	struct sockaddr_in sa;
	int l = tcp_listener(), fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	sa = address_of(l);
	close(l);
	connect(fd, (void *)&sa, sizeof(sa));
	wait_for(fd, POLLOUT);
	return fd;
}

static int to_full_listener(void)
{
	int fd[2];

	also(full_listener(fd));
	also(fd[0]);
	return fd[1];
}

static int of_pair(enum state st)
{
	int sv[2];

	tcp_pair(sv);
	if (st == DATA || st == PEER_SHUT_DATA || st == DATA_RESET) {
		send(sv[1], "data", 4, 0);
		wait_for(sv[0], POLLIN);
	}
	if (st == PEER_SHUT || st == PEER_SHUT_DATA || st == BOTH_SHUT)
		shutdown(sv[1], SHUT_WR);
	if (st == WE_SHUT || st == BOTH_SHUT)
		shutdown(sv[0], SHUT_WR);
	if (st == WE_SHUT_READ)
		shutdown(sv[0], SHUT_RD);
	if (st == RESET || st == DATA_RESET)
		close_hard(sv[1]);
	else
		also(sv[1]);
	return sv[0];
}

static int of_listener(enum state st)
{
	int l = tcp_listener();
	struct sockaddr_in sa = address_of(l);

	if (st == PENDING) {
		also(socket(AF_INET, SOCK_STREAM, 0));
		connect(keep[0], (void *)&sa, sizeof(sa));
		wait_for(l, POLLIN);
	}
	if (st == LISTENER_SHUT)
		shutdown(l, SHUT_RDWR);
	return l;
}

static int of_udp(enum state st)
{
	int u[2];

	udp_pair(u);
	if (st == UDP_REFUSED) {
		close(u[1]);
		nap(SETTLE);
		send(u[0], "x", 1, 0);
		return u[0];
	}
	also(u[1]);
	if (st == UDP_DATA)
		send(u[1], "data", 4, 0);
	if (st == UDP_SHUT_READ)
		shutdown(u[0], SHUT_RD);
	if (st == UDP_SHUT_WRITE)
		shutdown(u[0], SHUT_WR);
	return u[0];
}

static int make(enum state st)
{
	struct sockaddr_in sa = any_port();
	int fd;

	switch (st) {
	case FRESH:
		return socket(AF_INET, SOCK_STREAM, 0);
	case UDP_FRESH:
		return socket(AF_INET, SOCK_DGRAM, 0);
	case BOUND:
		fd = socket(AF_INET, SOCK_STREAM, 0);
		bind(fd, (void *)&sa, sizeof(sa));
		return fd;
	case CONNECTING:
		return to_full_listener();
	case REFUSED:
		return to_closed_port();
	case LISTENING:
	case PENDING:
	case LISTENER_SHUT:
		return of_listener(st);
	default:
		return st < UDP_FRESH ? of_pair(st) : of_udp(st);
	}
}

static int settled(long st)
{
	int fd = make((enum state)st);

	nap(SETTLE);
	return fd;
}

static void by_poll(long st)
{
	int fd = settled(st);
	struct pollfd p = {.fd = fd,
			   .events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP | POLLRDNORM |
				     POLLWRNORM};

	for (int i = 0; i < 2; i++) {
		SEE(poll(&p, 1, 0));
		note("%#x", p.revents);
		p.events = 0;
	}
	end(fd);
}

static void by_epoll(long st)
{
	int fd = settled(st), ep = epoll_create1(0);
	struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP};

	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
	for (int i = 0; i < 2; i++) {
		ev.events = 0;
		SEE(epoll_wait(ep, &ev, 1, 0));
		note("%#x", ev.events);
	}
	ev.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
	epoll_ctl(ep, EPOLL_CTL_MOD, fd, &ev);
	for (int i = 0; i < 2; i++) {
		ev.events = 0;
		SEE(epoll_wait(ep, &ev, 1, 0));
		note("edge %#x", ev.events);
	}
	close(ep);
	end(fd);
}

static void by_select(long st)
{
	int fd = settled(st);
	struct timeval zero = {0};
	fd_set in, out, ex;

	FD_ZERO(&in);
	FD_SET(fd, &in);
	out = ex = in;
	SEE(select(fd + 1, &in, &out, &ex, &zero));
	note("in %d out %d except %d", FD_ISSET(fd, &in), FD_ISSET(fd, &out), FD_ISSET(fd, &ex));
	end(fd);
}

static void by_name(long st)
{
	int fd = settled(st);
	struct sockaddr_in sa = {0};
	socklen_t len = sizeof(sa);

	SEE(getsockname(fd, (void *)&sa, &len));
	note("family %d len %d port %s address %s", sa.sin_family, (int)len,
	     sa.sin_port ? "set" : "0", sa.sin_addr.s_addr ? "set" : "any");
	len = sizeof(sa);
	SEE(getpeername(fd, (void *)&sa, &len));
	end(fd);
}

static void by_receiving(long st)
{
	int fd = settled(st);
	char c;

	SEE(recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT));
	for (int i = 0; i < 6; i++)
		SEE(recv(fd, &c, 1, MSG_DONTWAIT));
	end(fd);
}

static void by_sending(long st)
{
	int fd = settled(st);

	for (int i = 0; i < 2; i++) {
		SEE(send(fd, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL));
		nap(SETTLE);
	}
	end(fd);
}

static void by_error(long st)
{
	int fd = settled(st), err = -1;
	socklen_t len = sizeof(err);

	for (int i = 0; i < 2; i++) {
		SEE(getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len));
		note("SO_ERROR %s", err ? strerrorname_np(err) : "0");
	}
	end(fd);
}

static void by_info(long st)
{
	int fd = settled(st), on = -1;
	socklen_t len = sizeof(on);
	struct tcp_info info = {0};

	SEE(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len));
	note("SO_ACCEPTCONN %d", on);
	len = sizeof(info);
	SEE(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len));
	note("state %d", info.tcpi_state);
	end(fd);
}

static void by_shutting(long st)
{
	int fd = settled(st);

	SEE(shutdown(fd, 3));
	SEE(shutdown(fd, -1));
	SEE(shutdown(fd, SHUT_RD));
	SEE(shutdown(fd, SHUT_WR));
	nap(SETTLE);
	SEE(shutdown(fd, SHUT_RDWR));
	end(fd);
}

/* Calls that belong to another state. */
static void by_control(long st)
{
	int fd = settled(st);
	struct sockaddr_in sa = any_port();

	fcntl(fd, F_SETFL, O_NONBLOCK);
	SEE(bind(fd, (void *)&sa, sizeof(sa)));
	SEEFD(accept(fd, NULL, NULL));
	SEE(listen(fd, 4));
	end(fd);
}

static void by_connecting(long st)
{
	int fd = settled(st), l = tcp_listener();
	struct sockaddr_in sa = address_of(l);

	fcntl(fd, F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 3; i++) {
		SEE(connect(fd, (void *)&sa, sizeof(sa)));
		nap(SETTLE);
	}
	close(l);
	end(fd);
}

static void by_queues(long st)
{
	int fd = settled(st), n;

	SEE(ioctl(fd, FIONREAD, (n = -1, &n)));
	note("%d", n);
	SEE(ioctl(fd, TIOCOUTQ, (n = -1, &n)));
	note("%d", st == CONNECTING ? 0 : n);
	end(fd);
}

#define ROW(name, st)                                                                            \
	{name "-poll", NULL, by_poll, st}, {name "-epoll", NULL, by_epoll, st},                  \
		{name "-select", NULL, by_select, st}, {name "-names", NULL, by_name, st},       \
		{name "-receive", NULL, by_receiving, st}, {name "-send", NULL, by_sending, st}, \
		{name "-error", NULL, by_error, st}, {name "-info", NULL, by_info, st},          \
		{name "-shutdown", NULL, by_shutting, st},                                       \
		{name "-control", NULL, by_control, st},                                         \
		{name "-connect", NULL, by_connecting, st},                                      \
	{                                                                                        \
		name "-queues", NULL, by_queues, st                                              \
	}

const struct behaviour in_state[] = {
	ROW("fresh", FRESH),
	ROW("bound", BOUND),
	ROW("connecting", CONNECTING),
	ROW("connected", CONNECTED),
	ROW("with-data", DATA),
	ROW("refused", REFUSED),
	ROW("peer-shut", PEER_SHUT),
	ROW("peer-shut-with-data", PEER_SHUT_DATA),
	ROW("shut", WE_SHUT),
	ROW("both-shut", BOTH_SHUT),
	ROW("shut-for-reading", WE_SHUT_READ),
	ROW("was-reset", RESET),
	ROW("was-reset-with-data", DATA_RESET),
	ROW("listening", LISTENING),
	ROW("pending", PENDING),
	ROW("listener-shut", LISTENER_SHUT),
	ROW("udp-fresh", UDP_FRESH),
	ROW("udp-connected", UDP_CONNECTED),
	ROW("udp-with-data", UDP_DATA),
	ROW("udp-was-refused", UDP_REFUSED),
	ROW("udp-shut-for-reading", UDP_SHUT_READ),
	ROW("udp-shut", UDP_SHUT_WRITE),
	{0},
};
