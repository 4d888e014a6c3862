// SPDX-License-Identifier: GPL-2.0-only
/* in_urgent.c - urgent data: MSG_OOB, the mark, SO_OOBINLINE, SIGURG. */
#include "parity.h"

#define SETTLE 20

static int sv[2];

static void begin(void)
{
	tcp_pair(sv);
}

static void say(const char *data, int flags)
{
	errno = 0;
	note("send %s %s", data, word(send(sv[0], data, strlen(data), flags)));
	nap(SETTLE);
}

/* What a recv() gives, with its bytes. */
static void heard(int flags)
{
	char buf[16] = "";
	ssize_t n;

	errno = 0;
	n = recv(sv[1], buf, sizeof(buf) - 1, flags | MSG_DONTWAIT);
	note("recv%s%s %s '%s'", flags & MSG_OOB ? " oob" : "", flags & MSG_PEEK ? " peek" : "",
	     word(n), buf);
}

static void at_mark(void)
{
	errno = 0;
	note("at mark %s", word(sockatmark(sv[1])));
}

static void events(void)
{
	struct pollfd p = {.fd = sv[1], .events = POLLIN | POLLPRI | POLLRDBAND};

	SEE(poll(&p, 1, 0));
	note("%#x", p.revents);
}

static void none(void)
{
	begin();
	heard(MSG_OOB);
	at_mark();
	events();
	close_both(sv);
}

static void alone(void)
{
	begin();
	say("!", MSG_OOB);
	events();
	at_mark();
	heard(MSG_OOB | MSG_PEEK);
	heard(MSG_OOB);
	heard(MSG_OOB);
	events();
	heard(0);
	close_both(sv);
}

/* A read ends at the mark. */
static void amid(void)
{
	begin();
	say("ab", 0);
	say("!", MSG_OOB);
	say("cd", 0);
	events();
	at_mark();
	heard(0);
	at_mark();
	heard(MSG_OOB);
	heard(0);
	at_mark();
	heard(0);
	close_both(sv);
}

/* Only the last byte is urgent. */
static void several_bytes(void)
{
	begin();
	say("abc", MSG_OOB);
	heard(MSG_OOB);
	heard(0);
	close_both(sv);
}

/* The older one becomes ordinary. */
static void two(void)
{
	begin();
	say("1", MSG_OOB);
	say("2", MSG_OOB);
	heard(MSG_OOB);
	heard(0);
	heard(0);
	close_both(sv);
}

static void inline_data(void)
{
	int one = 1;

	begin();
	SEE(setsockopt(sv[1], SOL_SOCKET, SO_OOBINLINE, &one, sizeof(one)));
	say("ab", 0);
	say("!", MSG_OOB);
	say("cd", 0);
	events();
	heard(MSG_OOB);
	heard(0);
	at_mark();
	heard(0);
	at_mark();
	events();
	close_both(sv);
}

static void never_read(void)
{
	begin();
	say("ab", 0);
	say("!", MSG_OOB);
	say("cd", 0);
	heard(0);
	heard(0);
	heard(MSG_OOB);
	events();
	close_both(sv);
}

static void peeking(void)
{
	begin();
	say("ab", 0);
	say("!", MSG_OOB);
	heard(MSG_PEEK);
	heard(0);
	heard(MSG_PEEK);
	close_both(sv);
}

static void before_end(void)
{
	begin();
	say("!", MSG_OOB);
	shutdown(sv[0], SHUT_WR);
	nap(SETTLE);
	events();
	heard(MSG_OOB);
	heard(0);
	heard(MSG_OOB);
	close_both(sv);
}

static void queue(void)
{
	int n = -1;

	begin();
	say("ab", 0);
	say("!", MSG_OOB);
	SEE(ioctl(sv[1], FIONREAD, &n));
	note("FIONREAD %d", n);
	close_both(sv);
}

static volatile int seen;

static void on_urgent(int sig)
{
	seen++;
}

static void signalled(void)
{
	struct sigaction act = {.sa_handler = on_urgent}, old;

	begin();
	sigaction(SIGURG, &act, &old);
	seen = 0;
	SEE(fcntl(sv[1], F_SETOWN, getpid()));
	note("owner %d", fcntl(sv[1], F_GETOWN) == getpid());
	say("a", 0);
	note("SIGURG %d", seen);
	say("!", MSG_OOB);
	for (int i = 0; i < 50 && !seen; i++)
		nap(10);
	note("SIGURG %d", seen);
	sigaction(SIGURG, &old, NULL);
	close_both(sv);
}

static void by_epoll(void)
{
	struct epoll_event ev = {.events = EPOLLPRI | EPOLLET};
	int ep = epoll_create1(0);

	begin();
	epoll_ctl(ep, EPOLL_CTL_ADD, sv[1], &ev);
	for (int i = 0; i < 3; i++) {
		ev.events = 0;
		SEE(epoll_wait(ep, &ev, 1, 0));
		note("%#x", ev.events);
		if (!i)
			say("!", MSG_OOB);
	}
	close(ep);
	close_both(sv);
}

static void of_datagrams(void)
{
	udp_pair(sv);
	SEE(send(sv[0], "!", 1, MSG_OOB));
	SEE(recv(sv[1], (char[1]){0}, 1, MSG_OOB | MSG_DONTWAIT));
	errno = 0;
	at_mark();
	close_both(sv);
}

/* telnet's and ftp's way: by read() only, the byte is left out. */
static void by_read(void)
{
	char buf[8] = "";

	begin();
	say("a", 0);
	say("!", MSG_OOB);
	say("b", 0);
	fcntl(sv[1], F_SETFL, O_NONBLOCK);
	SEE(read(sv[1], buf, 8));
	SEE(read(sv[1], buf + 1, 7));
	note("%s", buf);
	close_both(sv);
}

static void unconnected(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	SEE(send(fd, "!", 1, MSG_OOB | MSG_NOSIGNAL));
	SEE(recv(fd, (char[1]){0}, 1, MSG_OOB | MSG_DONTWAIT));
	close(fd);
}

/* An urgent byte comes while its receiver is about something else. */
static void crossing(void)
{
	struct pollfd p = {.events = POLLPRI};
	char byte = 0;
	int round;

	begin();
	p.fd = sv[1];
	for (round = 0; round < 600; round++) {
		if (write(sv[1], "x", 1) != 1 || send(sv[0], "!", 1, MSG_OOB) != 1 ||
		    poll(&p, 1, 2000) != 1 || recv(sv[1], &byte, 1, MSG_OOB) != 1 || byte != '!' ||
		    read(sv[0], &byte, 1) != 1)
			break;
	}
	note("%d rounds", round);
	close_both(sv);
}

const struct behaviour in_urgent[] = {
	{"urgent-none", none},
	{"urgent-alone", alone},
	{"urgent-amid", amid},
	{"urgent-several-bytes", several_bytes},
	{"urgent-two", two},
	{"urgent-inline", inline_data},
	{"urgent-never-read", never_read},
	{"urgent-peek", peeking},
	{"urgent-end", before_end},
	{"urgent-queue", queue},
	{"urgent-signal", signalled},
	{"urgent-epoll", by_epoll},
	{"urgent-datagram", of_datagrams},
	{"urgent-read", by_read},
	{"urgent-unconnected", unconnected},
	{"urgent-crossing", crossing},
	{0},
};
