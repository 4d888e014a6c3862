// SPDX-License-Identifier: GPL-2.0-only
/*
 * in_restart.c - a signal in every call that waits: with SA_RESTART and without,
 * with a time-out on the socket and without.
 *
 * The signal comes after FIRST ms, what the call waits for after SECOND (on a slow machine later).
 */
#include "parity.h"

#include <sys/time.h>

#define FIRST  20
#define SECOND 50

enum call {
	RECV,
	READ,
	READV,
	RECVFROM,
	RECVMSG,
	PEEK,
	WAITALL,
	ACCEPT,
	ACCEPT4,
	CONNECT,
	SEND,
	WRITE,
	SENDMSG,
	POLL,
	SELECT,
	EPOLL,
	UDP_RECV,
	UDP_READ,
	UDP_RECVFROM,
	UDP_RECVMSG,
	UDP_RECVMMSG,
	CALL = 31,
	RESTART = 32,
	TIMED = 64,
};

static volatile int seen;

static void on_alarm(int sig)
{
	seen++;
}

static int fd, other, more;
static char bulk[1 << 16];

/* Both buffers are set, else TCP lets them grow now and then. */
static void fill(void)
{
	int size = 65536, sv[2];

	tcp_pair(sv);
	fd = sv[0];
	other = sv[1];
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	setsockopt(other, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	/* Until nothing has gone for a while: what is on its way makes room. */
	for (int idle = 0; idle < 24;) {
		if (send(fd, bulk, sizeof(bulk), MSG_DONTWAIT) > 0) {
			idle = 0;
		} else {
			idle++;
			nap(5);
		}
	}
}

static void prepare(enum call n)
{
	int sv[2], full[2];

	more = -1;
	if (n == ACCEPT || n == ACCEPT4) {
		fd = tcp_listener();
		other = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	} else if (n == CONNECT) {
		other = full_listener(full);
		more = full[0];
		fd = full[1];
		fcntl(fd, F_SETFL, 0);
	} else if (n == SEND || n == WRITE || n == SENDMSG) {
		fill();
	} else {
		if (n >= UDP_RECV)
			udp_pair(sv);
		else
			tcp_pair(sv);
		fd = sv[0];
		other = sv[1];
	}
}

static long wait_in(enum call n)
{
	static char room[8];
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);
	struct iovec iov = {room, 1};
	struct msghdr msg = {.msg_name = &sa, .msg_namelen = len, .msg_iov = &iov, .msg_iovlen = 1};
	struct mmsghdr many = {.msg_hdr = msg};
	struct pollfd p = {.fd = fd, .events = POLLIN};
	struct timeval t = {.tv_sec = 1};
	struct epoll_event ev = {.events = EPOLLIN};
	long ret;
	fd_set in;

	errno = 0;
	switch (n) {
	case RECV:
	case UDP_RECV:
		return recv(fd, room, 1, 0);
	case READ:
	case UDP_READ:
		return read(fd, room, 1);
	case READV:
		return readv(fd, &iov, 1);
	case RECVFROM:
	case UDP_RECVFROM:
		return recvfrom(fd, room, 1, 0, (void *)&sa, &len);
	case RECVMSG:
	case UDP_RECVMSG:
		return recvmsg(fd, &msg, 0);
	case UDP_RECVMMSG:
		return recvmmsg(fd, &many, 1, 0, NULL);
	case PEEK:
		return recv(fd, room, 1, MSG_PEEK);
	case WAITALL:
		return recv(fd, room, 2, MSG_WAITALL);
	case ACCEPT:
		ret = accept(fd, NULL, NULL);
		return ret < 0 ? ret : close((int)ret);
	case ACCEPT4:
		ret = accept4(fd, (void *)&sa, &len, SOCK_CLOEXEC);
		return ret < 0 ? ret : close((int)ret);
	case CONNECT:
		sa = address_of(other);
		return connect(fd, (void *)&sa, sizeof(sa));
	case SEND:
		return send(fd, bulk, 1, 0);
	case WRITE:
		return write(fd, bulk, 1);
	case SENDMSG:
		msg.msg_name = NULL;
		return sendmsg(fd, &msg, 0);
	case POLL:
		return poll(&p, 1, 1000);
	case SELECT:
		FD_ZERO(&in);
		FD_SET(fd, &in);
		return select(fd + 1, &in, NULL, NULL, &t);
	case EPOLL:
		ret = epoll_create1(0);
		epoll_ctl((int)ret, EPOLL_CTL_ADD, fd, &ev);
		p.revents = (short)epoll_wait((int)ret, &ev, 1, 1000);
		n = errno;
		close((int)ret);
		errno = (int)n;
		return p.revents;
	default:
		return -1;
	}
}

/* What the call waits for. */
static void release(void *arg)
{
	struct sockaddr_in sa;

	switch (*(enum call *)arg) {
	case ACCEPT:
	case ACCEPT4:
		sa = address_of(fd);
		connect(other, (void *)&sa, sizeof(sa));
		break;
	case CONNECT:
		close(accept(other, NULL, NULL));
		break;
	case SEND:
	case WRITE:
	case SENDMSG:
		for (int i = 0; i < 20; i++) {
			while (recv(other, bulk, sizeof(bulk), MSG_DONTWAIT) > 0)
				;
			nap(3);
		}
		break;
	case WAITALL:
		send_byte(&other);
		send_byte(&other);
		break;
	default:
		send_byte(&other);
	}
}

static void interrupted(long arg)
{
	enum call n = (enum call)(arg & CALL);
	struct sigaction act = {.sa_handler = on_alarm, .sa_flags = arg & RESTART ? SA_RESTART : 0},
			 old;
	struct itimerval it = {.it_value.tv_usec = FIRST * 1000};
	struct timeval timeo = {.tv_sec = 3};
	pthread_t t;
	long ret;

	prepare(n);
	if (arg & TIMED) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeo, sizeof(timeo));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeo, sizeof(timeo));
	}
	sigaction(SIGALRM, &act, &old);
	seen = 0;
	t = after(SECOND * slowness(), release, &n);
	setitimer(ITIMER_REAL, &it, NULL);
	ret = wait_in(n);
	note("%s seen %d", word(ret), seen);
	done(t);
	/* Nothing is lost by the interruption. */
	if (ret < 0 && n != SEND && n != WRITE && n != SENDMSG && n != CONNECT) {
		wait_for(fd, POLLIN);
		note("again %s", word(wait_in(n)));
	}
	sigaction(SIGALRM, &old, NULL);
	close(fd);
	close(other);
	if (more >= 0)
		close(more);
}

/* Ends with the time-out, whatever the socket. */
static void timed_out(long n)
{
	struct timeval timeo = {.tv_usec = 30000};
	long start;

	prepare((enum call)n);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeo, sizeof(timeo));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeo, sizeof(timeo));
	start = now_ms();
	note("%s", word(wait_in((enum call)n)));
	start = now_ms() - start;
	note("waited %s", start >= 25 && start < 250 ? "about that" : "otherwise");
	close(fd);
	close(other);
	if (more >= 0)
		close(more);
}

/* ---- a signal every millisecond: calls that do not wait never notice ---- */

enum { MANY = 200 };

static struct sigaction storm_before;

static void storm(int flags)
{
	struct sigaction act = {.sa_handler = on_alarm, .sa_flags = flags};
	struct itimerval it = {.it_interval.tv_usec = 1000, .it_value.tv_usec = 1000};

	sigaction(SIGALRM, &act, &storm_before);
	setitimer(ITIMER_REAL, &it, NULL);
}

static void calm(void)
{
	setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
	sigaction(SIGALRM, &storm_before, NULL);
}

/* Each message arrives once. */
static void storm_datagrams(long flags)
{
	static int times[MANY];
	struct sockaddr_in sa = any_port(), from;
	socklen_t len;
	int in = socket(AF_INET, SOCK_DGRAM, 0), out = socket(AF_INET, SOCK_DGRAM, 0), i;
	int failed = 0, lost = 0, twice = 0;

	bind(in, (void *)&sa, sizeof(sa));
	sa = address_of(in);
	memset(times, 0, sizeof(times));
	storm((int)flags);
	for (int n = 0; n < MANY; n++) {
		failed += sendto(out, &n, sizeof(n), 0, (void *)&sa, sizeof(sa)) != sizeof(n);
		len = sizeof(from);
		while (recvfrom(in, &i, sizeof(i), MSG_DONTWAIT, (void *)&from, &len) == sizeof(i))
			times[i]++;
	}
	calm();
	while (wait_for(in, POLLIN) == POLLIN)
		if (recv(in, &i, sizeof(i), MSG_DONTWAIT) == sizeof(i) && ++times[i] &&
		    i == MANY - 1)
			break;
	for (int n = 0; n < MANY; n++) {
		lost += times[n] == 0;
		twice += times[n] > 1;
	}
	note("failed %d lost %d twice %d", failed, lost, twice);
	close(in);
	close(out);
}

static void storm_control(long flags)
{
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);
	int bad = 0, val, s;

	storm((int)flags);
	for (int n = 0; n < MANY; n++) {
		val = n & 1;
		s = socket(AF_INET, SOCK_STREAM, 0);
		sa = any_port();
		bad += s < 0 || setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, &val, sizeof(val)) ||
		       bind(s, (void *)&sa, sizeof(sa)) || getsockname(s, (void *)&sa, &len) ||
		       listen(s, 1) || close(s);
	}
	calm();
	note("bad %d", bad);
}

/* Each connection is accepted, none twice. */
static void storm_connections(long unused)
{
	int l = tcp_listener(), bad = 0, c, a;
	struct sockaddr_in sa = address_of(l), mine, peer;
	socklen_t len;

	storm(SA_RESTART);
	for (int n = 0; n < MANY / 4; n++) {
		c = socket(AF_INET, SOCK_STREAM, 0);
		bad += connect(c, (void *)&sa, sizeof(sa)) != 0;
		mine = address_of(c);
		len = sizeof(peer);
		a = accept(l, (void *)&peer, &len);
		bad += a < 0 || peer.sin_port != mine.sin_port;
		close(a);
		close(c);
	}
	calm();
	note("bad %d", bad);
	close(l);
}

#define WAIT(name, n)                                                             \
	{"signal-" name, NULL, interrupted, n},                                   \
		{"signal-" name "-restart", NULL, interrupted, (n) | RESTART},    \
	{                                                                         \
		"signal-" name "-timed", NULL, interrupted, (n) | RESTART | TIMED \
	}
#define END(name, n)                                \
	{                                           \
		"timeout-" name, NULL, timed_out, n \
	}

const struct behaviour in_restart[] = {
	WAIT("recv", RECV),
	WAIT("read", READ),
	WAIT("readv", READV),
	WAIT("recvfrom", RECVFROM),
	WAIT("recvmsg", RECVMSG),
	WAIT("peek", PEEK),
	WAIT("waitall", WAITALL),
	WAIT("accepting", ACCEPT),
	WAIT("accept4", ACCEPT4),
	{"signal-connect", NULL, interrupted, CONNECT},
	{"signal-connect-restart", NULL, interrupted, CONNECT | RESTART},
	WAIT("send", SEND),
	WAIT("write", WRITE),
	WAIT("sendmsg", SENDMSG),
	WAIT("polling", POLL),
	WAIT("select", SELECT),
	WAIT("epoll", EPOLL),
	WAIT("udp-recv", UDP_RECV),
	WAIT("udp-read", UDP_READ),
	WAIT("udp-recvfrom", UDP_RECVFROM),
	WAIT("udp-recvmsg", UDP_RECVMSG),
	WAIT("udp-recvmmsg", UDP_RECVMMSG),
	{"storm-datagrams", NULL, storm_datagrams, SA_RESTART},
	{"storm-datagrams-eintr", NULL, storm_datagrams, 0},
	{"storm-control", NULL, storm_control, SA_RESTART},
	{"storm-control-eintr", NULL, storm_control, 0},
	{"storm-connections", NULL, storm_connections, 0},
	END("recv", RECV),
	END("read", READ),
	END("recvmsg", RECVMSG),
	END("waitall", WAITALL),
	END("accept", ACCEPT),
	END("connect", CONNECT),
	END("write", WRITE),
	END("sendmsg", SENDMSG),
	END("udp-recv", UDP_RECV),
	END("udp-recvfrom", UDP_RECVFROM),
	END("udp-recvmmsg", UDP_RECVMMSG),
	{0},
};
