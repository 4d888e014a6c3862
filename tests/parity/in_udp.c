// SPDX-License-Identifier: GPL-2.0-only
/* in_udp.c - datagrams: peers and errors. */
#include "parity.h"

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>

#define SETTLE 20

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

static void unconnected(void)
{
	int a = bound(), b = bound();
	struct sockaddr_in sa, from = {0};
	socklen_t len = sizeof(from);
	char buf[8];

	to(a, b, "hello");
	SEE(recvfrom(b, buf, 8, 0, (void *)&from, &len));
	sa = address_of(a);
	note("from %s len %d",
	     from.sin_port == sa.sin_port && from.sin_addr.s_addr == sa.sin_addr.s_addr ? "a" : "?",
	     (int)len);
	close(a);
	close(b);
}

/* Each of several senders is named, whatever the lengths and contents. */
static void senders(void)
{
	int a[3], b = bound();
	struct sockaddr_in from;
	socklen_t len;
	char buf[8];

	for (int i = 0; i < 3; i++) {
		a[i] = bound();
		to(a[i], b, "same");
	}
	for (int i = 0; i < 3; i++) {
		len = sizeof(from);
		SEE(recvfrom(b, buf, 8, MSG_DONTWAIT, (void *)&from, &len));
		note("from its sender %d", from.sin_port == address_of(a[i]).sin_port);
	}
	for (int i = 0; i < 3; i++)
		close(a[i]);
	close(b);
}

static void mixed_reads(void)
{
	int a[3], b = bound();
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	char buf[8];

	for (int i = 0; i < 3; i++) {
		a[i] = bound();
		to(a[i], b, i == 1 ? "two" : i ? "three" : "one");
	}
	heard(b, 0);
	SEE(recvfrom(b, buf, 8, MSG_DONTWAIT, (void *)&from, &len));
	note("from its sender %d", from.sin_port == address_of(a[1]).sin_port);
	SEE(read(b, buf, 8));
	for (int i = 0; i < 3; i++)
		close(a[i]);
	close(b);
}

/* A connected socket hears its peer alone. */
static void filter(void)
{
	int u[2], other = bound();

	udp_pair(u);
	to(other, u[0], "stranger");
	heard(u[0], 0);
	send(u[1], "peer", 4, 0);
	nap(SETTLE);
	heard(u[0], 0);
	close_both(u);
	close(other);
}

/* What came before connect() stays. */
static void filter_late(void)
{
	int a = bound(), b = bound(), c = bound();
	struct sockaddr_in sa = address_of(c);

	to(a, b, "early");
	SEE(connect(b, (void *)&sa, sizeof(sa)));
	to(a, b, "late");
	heard(b, 0);
	heard(b, 0);
	close(a);
	close(b);
	close(c);
}

static void reconnect(void)
{
	int u[2], c = bound();
	struct sockaddr_in sa = address_of(c);

	udp_pair(u);
	SEE(connect(u[0], (void *)&sa, sizeof(sa)));
	SEE(send(u[0], "to c", 4, 0));
	nap(SETTLE);
	heard(c, 0);
	heard(u[1], 0);
	close_both(u);
	close(c);
}

static void elsewhere(void)
{
	int u[2], c = bound();

	udp_pair(u);
	to(u[0], c, "elsewhere");
	heard(c, 0);
	heard(u[1], 0);
	close_both(u);
	close(c);
}

static void dissolve(void)
{
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);
	int u[2], other = bound();

	udp_pair(u);
	SEE(connect(u[0], &none, sizeof(none)));
	SEE(getpeername(u[0], (void *)&sa, &len));
	SEE(getsockname(u[0], (void *)&sa, &len));
	note("port %s", sa.sin_port ? "set" : "0");
	to(other, u[0], "stranger");
	heard(u[0], 0);
	close_both(u);
	close(other);
}

static void dissolved_send(void)
{
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	int u[2];

	udp_pair(u);
	SEE(connect(u[0], &none, sizeof(none)));
	SEE(sendto(u[0], "x", 1, 0, NULL, 0));
	SEE(sendmsg(u[0], &(struct msghdr){.msg_iov = &(struct iovec){"x", 1}, .msg_iovlen = 1},
		    0));
	close_both(u);
}

static void no_peer_write(void)
{
	int fd = bound();

	SEE(write(fd, "x", 1));
	SEE(send(fd, "x", 1, 0));
	close(fd);
}

/* ---- errors ---- */

static int u[2];

static void refuse(void)
{
	struct pollfd p = {.events = 0};

	udp_pair(u);
	close(u[1]);
	nap(SETTLE);
	SEE(send(u[0], "x", 1, 0));
	p.fd = u[0];
	poll(&p, 1, 1000 * slowness()); /* for POLLERR */
}

static void refused_send(void)
{
	refuse();
	SEE(send(u[0], "x", 1, 0));
	SEE(send(u[0], "x", 1, 0));
	close(u[0]);
}

static void refused_sendmsg(void)
{
	struct iovec iov = {"x", 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	refuse();
	SEE(sendmsg(u[0], &msg, 0));
	SEE(sendmsg(u[0], &msg, 0));
	close(u[0]);
}

static void refused_recv(void)
{
	refuse();
	heard(u[0], 0);
	heard(u[0], 0);
	close(u[0]);
}

static void refused_recvfrom(void)
{
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);
	char c;

	refuse();
	SEE(recvfrom(u[0], &c, 1, MSG_DONTWAIT, (void *)&sa, &len));
	SEE(recvfrom(u[0], &c, 1, MSG_DONTWAIT, (void *)&sa, &len));
	close(u[0]);
}

static void refused_recvmsg(void)
{
	char c;
	struct iovec iov = {&c, 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	refuse();
	SEE(recvmsg(u[0], &msg, MSG_DONTWAIT));
	SEE(recvmsg(u[0], &msg, MSG_DONTWAIT));
	close(u[0]);
}

static void refused_poll(void)
{
	refuse();
	note("%#x", wait_for(u[0], POLLIN));
	close(u[0]);
}

static void refused_error(void)
{
	int err = -1;
	socklen_t len = sizeof(err);

	refuse();
	for (int i = 0; i < 2; i++) {
		SEE(getsockopt(u[0], SOL_SOCKET, SO_ERROR, &err, &len));
		note("%s", err ? strerrorname_np(err) : "0");
	}
	close(u[0]);
}

/* A reader that waits when the refusal comes. */
static void refused_waiting(void)
{
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);
	struct timeval t = {.tv_usec = 300000};
	pthread_t th;
	char c;

	udp_pair(u);
	close(u[1]);
	nap(SETTLE);
	setsockopt(u[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	th = after(20, send_byte, &u[0]);
	SEE(recvfrom(u[0], &c, 1, 0, (void *)&sa, &len));
	done(th);
	close(u[0]);
}

/* Without a peer nobody is told. */
static void refused_unconnected(void)
{
	int a = bound(), b = bound();
	struct sockaddr_in sa = address_of(b);

	close(b);
	nap(SETTLE);
	SEE(sendto(a, "x", 1, 0, (void *)&sa, sizeof(sa)));
	nap(SETTLE);
	heard(a, 0);
	SEE(sendto(a, "x", 1, 0, (void *)&sa, sizeof(sa)));
	close(a);
}

static void error_queue(void)
{
	char data[8], room[256];
	struct sockaddr_in name = {0};
	struct iovec iov = {data, sizeof(data)};
	struct msghdr msg = {.msg_name = &name,
			     .msg_namelen = sizeof(name),
			     .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = room,
			     .msg_controllen = sizeof(room)};
	struct sock_extended_err *e;
	struct cmsghdr *c;
	struct pollfd p;
	int one = 1;

	udp_pair(u);
	close(u[1]);
	nap(SETTLE);
	SEE(setsockopt(u[0], IPPROTO_IP, IP_RECVERR, &one, sizeof(one)));
	SEE(send(u[0], "abc", 3, 0));
	nap(SETTLE);
	p = (struct pollfd){.fd = u[0], .events = POLLIN};
	SEE(poll(&p, 1, 1000 * slowness()));
	note("%#x", p.revents);
	SEE(recvmsg(u[0], &msg, MSG_ERRQUEUE));
	note("flags %#x name %d", msg.msg_flags, name.sin_port != 0);
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		e = (void *)CMSG_DATA(c);
		note("level %d type %d", c->cmsg_level, c->cmsg_type);
		note("errno %u origin %d type %d code %d", e->ee_errno, e->ee_origin, e->ee_type,
		     e->ee_code);
	}
	SEE(recvmsg(u[0], &msg, MSG_ERRQUEUE));
	close(u[0]);
}

/* Is it shown that the error queue has something, whenever that comes? */
static void shown(int fd)
{
	struct pollfd p = {.fd = fd, .events = 0};
	int n = poll(&p, 1, 1000 * slowness());

	note("shown %d %#x", n, p.revents);
}

static void read_queue(int fd, int flags)
{
	char data[8], room[256];
	struct iovec iov = {data, sizeof(data)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = room,
			     .msg_controllen = sizeof(room)};

	errno = 0;
	note("queue %s", word(recvmsg(fd, &msg, flags | MSG_ERRQUEUE)));
}

static const int stamps =
	SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY;

/* As much comes again as was read. The queue knows no MSG_PEEK. */
static void queue_again(long flags)
{
	udp_pair(u);
	SEE(setsockopt(u[0], SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof(stamps)));
	for (int i = 0; i < 3; i++) {
		SEE(send(u[0], "abc", 3, 0));
		shown(u[0]);
		read_queue(u[0], (int)flags);
		read_queue(u[0], 0);
	}
	close_both(u);
}

/* An option takes errors out of the queue, and something smaller comes. */
static void queue_purged(void)
{
	int one = 1, zero = 0, other = bound(), err;
	struct sockaddr_in sa = address_of(other);
	socklen_t len = sizeof(err);

	udp_pair(u);
	close(u[1]);
	SEE(setsockopt(u[0], IPPROTO_IP, IP_RECVERR, &one, sizeof(one)));
	for (int i = 0; i < 3; i++) {
		SEE(send(u[0], "abc", 3, 0));
		shown(u[0]);
		SEE(getsockopt(u[0], SOL_SOCKET, SO_ERROR, &err, &len));
		note("%s", word(err));
	}
	SEE(setsockopt(u[0], IPPROTO_IP, IP_RECVERR, &zero, sizeof(zero)));
	SEE(poll(&(struct pollfd){.fd = u[0]}, 1, 0));
	SEE(connect(u[0], (void *)&sa, sizeof(sa)));
	SEE(setsockopt(u[0], SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof(stamps)));
	SEE(send(u[0], "abc", 3, 0));
	shown(u[0]);
	read_queue(u[0], 0);
	close(u[0]);
	close(other);
}

/* Nobody reads the messages; an error is shown all the same, and again after its queue was read. */
static void queue_and_full(void)
{
	static const char big[1000];
	int one = 1, room = 1 << 20;

	udp_pair(u);
	SEE(setsockopt(u[0], IPPROTO_IP, IP_RECVERR, &one, sizeof(one)));
	SEE(setsockopt(u[0], SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)));
	for (int i = 0; i < 550; i++) /* more than the pair takes in shadow mode */
		send(u[1], big, sizeof(big), 0);
	close(u[1]);
	nap(SETTLE);
	for (int i = 0; i < 2; i++) {
		SEE(send(u[0], "abc", 3, 0));
		shown(u[0]);
		read_queue(u[0], 0);
		read_queue(u[0], 0);
	}
	close(u[0]);
}

/* The peer comes back: after a refusal all goes on. */
static void refused_and_back(long recverr)
{
	struct sockaddr_in ours, theirs;
	int value = (int)recverr, fd = socket(AF_INET, SOCK_DGRAM, 0), err;
	socklen_t len = sizeof(err);

	udp_pair(u);
	ours = address_of(u[0]);
	theirs = address_of(u[1]);
	setsockopt(u[0], IPPROTO_IP, IP_RECVERR, &value, sizeof(value));
	close(u[1]);
	nap(SETTLE);
	send(u[0], "x", 1, 0);
	nap(SETTLE);
	/* Whatever tells of it. */
	recv(u[0], &(char){0}, 1, MSG_DONTWAIT);
	getsockopt(u[0], SOL_SOCKET, SO_ERROR, &err, &len);
	recv(u[0], &(char){0}, 1, MSG_DONTWAIT);
	recvmsg(u[0], &(struct msghdr){0}, MSG_ERRQUEUE);
	note("%#x", poll(&(struct pollfd){.fd = u[0], .events = POLLIN}, 1, 0));
	SEE(bind(fd, (void *)&theirs, sizeof(theirs)));
	SEE(send(u[0], "again", 5, 0));
	nap(SETTLE);
	heard(fd, 0);
	SEE(sendto(fd, "back", 4, 0, (void *)&ours, sizeof(ours)));
	nap(SETTLE);
	heard(u[0], 0);
	heard(u[0], 0);
	close(u[0]);
	close(fd);
}

/* As dig and musl's resolver: any address and any port, then to a server of loopback. */
static void any_to_loopback(long port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in any = {.sin_family = AF_INET}, from;
	socklen_t len = sizeof(from);
	int server = socket(AF_INET, SOCK_DGRAM, 0), fd = socket(AF_INET, SOCK_DGRAM, 0);
	char buf[16] = "";

	SEE(bind(server, (void *)&sa, sizeof(sa)));
	sa = address_of(server);
	any.sin_port = htons((uint16_t)port);
	SEE(bind(fd, (void *)&any, sizeof(any)));
	SEE(sendto(fd, "question", 8, 0, (void *)&sa, sizeof(sa)));
	nap(SETTLE);
	SEE(recvfrom(server, buf, sizeof(buf), MSG_DONTWAIT, (void *)&from, &len));
	SEE(sendto(server, "answer", 6, 0, (void *)&from, sizeof(from)));
	nap(SETTLE);
	len = sizeof(from);
	SEE(recvfrom(fd, buf, sizeof(buf), MSG_DONTWAIT, (void *)&from, &len));
	note("from the server %d", from.sin_port == sa.sin_port);
	close(server);
	close(fd);
}

/* A server of any address is asked, and answers, by loopback. */
static void any_serves(long port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET}, from;
	socklen_t len = sizeof(from);
	int server = socket(AF_INET, SOCK_DGRAM, 0), fd = socket(AF_INET, SOCK_DGRAM, 0);
	char buf[16] = "";

	sa.sin_port = htons((uint16_t)port);
	SEE(bind(server, (void *)&sa, sizeof(sa)));
	sa = address_of(server);
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (int i = 0; i < 2; i++) {
		SEE(sendto(fd, "question", 8, 0, (void *)&sa, sizeof(sa)));
		nap(SETTLE);
		len = sizeof(from);
		SEE(recvfrom(server, buf, sizeof(buf), MSG_DONTWAIT, (void *)&from, &len));
		SEE(sendto(server, "answer", 6, 0, (void *)&from, sizeof(from)));
		nap(SETTLE);
		len = sizeof(from);
		SEE(recvfrom(fd, buf, sizeof(buf), MSG_DONTWAIT, (void *)&from, &len));
		note("from the server %d", from.sin_port == sa.sin_port);
	}
	close(server);
	close(fd);
}

const struct behaviour in_udp[] = {
	{"udp-unconnected", unconnected},
	{"udp-senders", senders},
	{"udp-mixed-reads", mixed_reads},
	{"udp-filter", filter},
	{"udp-filter-late", filter_late},
	{"udp-reconnect", reconnect},
	{"udp-elsewhere", elsewhere},
	{"udp-dissolved", dissolve},
	{"udp-dissolved-send", dissolved_send},
	{"udp-no-peer-write", no_peer_write},
	{"udp-refused-send", refused_send},
	{"udp-refused-sendmsg", refused_sendmsg},
	{"udp-refused-recv", refused_recv},
	{"udp-refused-recvfrom", refused_recvfrom},
	{"udp-refused-recvmsg", refused_recvmsg},
	{"udp-refused-poll", refused_poll},
	{"udp-refused-error", refused_error},
	{"udp-refused-waiting", refused_waiting},
	{"udp-refused-unconnected", refused_unconnected},
	{"udp-back", NULL, refused_and_back, 0},
	{"udp-back-recverr", NULL, refused_and_back, 1},
	{"udp-error-queue", error_queue},
	{"udp-error-queue-again", NULL, queue_again, 0},
	{"udp-error-queue-peeked", NULL, queue_again, MSG_PEEK},
	{"udp-error-queue-purged", queue_purged},
	{"udp-error-queue-full", queue_and_full},
	{"udp-any-loopback", NULL, any_to_loopback, 0},
	{"udp-any-serves", NULL, any_serves, 0},
	{"udp-any-serves-port", NULL, any_serves, 7053},
	{0},
};
