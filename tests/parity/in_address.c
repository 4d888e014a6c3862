// SPDX-License-Identifier: GPL-2.0-only
/*
 * in_address.c - who may have which address: conflicts, port 0, multicast, names
 * after each step.
 */
#include "parity.h"

#include <net/if.h>

#define SETTLE 20

static const int one = 1;

static void reuse(int fd, int name)
{
	setsockopt(fd, SOL_SOCKET, name, &one, sizeof(one));
}

/**
 * struct conflict - a second socket at the port of a first
 * @any: which of them (bits) are bound to all addresses; @reuse: which have @option
 */
struct conflict {
	int type, any, option, reuse;
	bool listens;
};

static const struct conflict conflicts[] = {
	{SOCK_STREAM, 0, 0, 0, false},
	{SOCK_STREAM, 0, SO_REUSEADDR, 3, false},
	{SOCK_STREAM, 0, SO_REUSEADDR, 3, true},
	{SOCK_STREAM, 0, SO_REUSEADDR, 2, false},
	{SOCK_STREAM, 0, SO_REUSEPORT, 3, true},
	{SOCK_STREAM, 0, SO_REUSEPORT, 2, true},
	{SOCK_STREAM, 1, 0, 0, false},
	{SOCK_STREAM, 2, 0, 0, true},
	{SOCK_STREAM, 1, SO_REUSEADDR, 3, true},
	{SOCK_STREAM, 3, SO_REUSEPORT, 3, true},
	{SOCK_DGRAM, 0, 0, 0, false},
	{SOCK_DGRAM, 0, SO_REUSEADDR, 3, false},
	{SOCK_DGRAM, 0, SO_REUSEPORT, 3, false},
	{SOCK_DGRAM, 1, SO_REUSEADDR, 1, false},
	{SOCK_DGRAM, 3, 0, 0, false},
};

static void conflict(long n)
{
	const struct conflict *c = &conflicts[n];
	struct sockaddr_in sa = any_port();
	struct in_addr ours = sa.sin_addr;
	int fd[2];

	for (int i = 0; i < 2; i++) {
		fd[i] = socket(AF_INET, c->type, 0);
		if (c->reuse & 1 << i)
			reuse(fd[i], c->option);
		sa.sin_addr = ours;
		if (c->any & 1 << i)
			sa.sin_addr.s_addr = INADDR_ANY;
		SEE(bind(fd[i], (void *)&sa, sizeof(sa)));
		if (c->listens)
			SEE(listen(fd[i], 4));
		sa.sin_port = i ? 0 : address_of(fd[0]).sin_port;
	}
	close_both(fd);
}

static void time_wait(void)
{
	int l = tcp_listener(), c = socket(AF_INET, SOCK_STREAM, 0), a;
	struct sockaddr_in sa = address_of(l);

	connect(c, (void *)&sa, sizeof(sa));
	a = accept(l, NULL, NULL);
	close(l);
	/* The server closes first: its port waits. */
	shutdown(a, SHUT_WR);
	wait_for(c, POLLIN);
	close(c);
	wait_for(a, POLLHUP);
	close(a);
	nap(SETTLE);
	l = socket(AF_INET, SOCK_STREAM, 0);
	SEE(bind(l, (void *)&sa, sizeof(sa)));
	reuse(l, SO_REUSEADDR);
	SEE(bind(l, (void *)&sa, sizeof(sa)));
	SEE(listen(l, 4));
	close(l);
}

/* A port is free again when its listener is closed. */
static void port_again(void)
{
	int l = tcp_listener();
	struct sockaddr_in sa = address_of(l);

	close(l);
	nap(SETTLE);
	l = socket(AF_INET, SOCK_STREAM, 0);
	SEE(bind(l, (void *)&sa, sizeof(sa)));
	SEE(listen(l, 4));
	close(l);
}

static void datagram_port_again(void)
{
	struct sockaddr_in sa = any_port();
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	bind(fd, (void *)&sa, sizeof(sa));
	sa = address_of(fd);
	close(fd);
	nap(SETTLE);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	SEE(bind(fd, (void *)&sa, sizeof(sa)));
	close(fd);
}

static void step(const char *what, int fd)
{
	struct sockaddr_in sa = {0}, peer = {0};
	socklen_t len = sizeof(sa), plen = sizeof(peer);
	int ret = getsockname(fd, (void *)&sa, &len), got;

	errno = 0;
	got = getpeername(fd, (void *)&peer, &plen);
	note("%s: %d port %s address %s peer %s", what, ret, sa.sin_port ? "set" : "0",
	     sa.sin_addr.s_addr ? "set" : "any", word(got));
}

static void steps_of_stream(void)
{
	int l = tcp_listener(), c = socket(AF_INET, SOCK_STREAM, 0), a;
	struct sockaddr_in sa = any_port(), to = address_of(l);

	step("listener", l);
	step("fresh", c);
	sa.sin_addr.s_addr = INADDR_ANY;
	SEE(bind(c, (void *)&sa, sizeof(sa)));
	step("bound", c);
	SEE(connect(c, (void *)&to, sizeof(to)));
	step("connected", c);
	a = accept(l, NULL, NULL);
	step("accepted", a);
	shutdown(c, SHUT_WR);
	step("shut", c);
	shutdown(a, SHUT_WR);
	wait_for(c, POLLHUP);
	nap(SETTLE);
	step("ended", c);
	close(a);
	close(c);
	close(l);
}

static void steps_of_datagram(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in to = any_port();
	struct sockaddr none = {.sa_family = AF_UNSPEC};

	to.sin_port = htons(9);
	step("fresh", fd);
	SEE(sendto(fd, "x", 1, 0, (void *)&to, sizeof(to)));
	step("sent", fd);
	SEE(connect(fd, (void *)&to, sizeof(to)));
	step("connected", fd);
	SEE(connect(fd, &none, sizeof(none)));
	step("dissolved", fd);
	close(fd);
}

static void listen_unbound(void)
{
	int l = socket(AF_INET, SOCK_STREAM, 0);

	SEE(listen(l, 4));
	step("listening", l);
	close(l);
}

/* ---- multicast ---- */

static struct ip_mreqn group(const char *text)
{
	struct ip_mreqn m = {.imr_address = any_port().sin_addr};

	inet_aton(text, &m.imr_multiaddr);
	return m;
}

static void membership(void)
{
	struct ip_mreqn m = group("239.1.2.3"), no = group("10.1.2.3");
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	SEE(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof(m)));
	SEE(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof(m)));
	SEE(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &no, sizeof(no)));
	SEE(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, 4));
	SEE(setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, &m, sizeof(m)));
	SEE(setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, &m, sizeof(m)));
	close(fd);
}

static void member_hears(void)
{
	struct ip_mreqn m = group("239.1.2.4");
	struct sockaddr_in sa = {.sin_family = AF_INET};
	int in = socket(AF_INET, SOCK_DGRAM, 0), out = socket(AF_INET, SOCK_DGRAM, 0);
	char c;

	SEE(bind(in, (void *)&sa, sizeof(sa)));
	sa.sin_port = address_of(in).sin_port;
	sa.sin_addr = m.imr_multiaddr;
	SEE(setsockopt(in, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof(m)));
	SEE(setsockopt(out, IPPROTO_IP, IP_MULTICAST_IF, &m, sizeof(m)));
	SEE(sendto(out, "x", 1, 0, (void *)&sa, sizeof(sa)));
	note("%#x", wait_for(in, POLLIN));
	SEE(recv(in, &c, 1, MSG_DONTWAIT));
	SEE(setsockopt(in, IPPROTO_IP, IP_DROP_MEMBERSHIP, &m, sizeof(m)));
	SEE(sendto(out, "x", 1, 0, (void *)&sa, sizeof(sa)));
	nap(SETTLE);
	SEE(recv(in, &c, 1, MSG_DONTWAIT));
	close(in);
	close(out);
}

static void broadcasting(void)
{
	struct sockaddr_in sa = any_port();
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	sa.sin_addr.s_addr |= htonl(255);
	sa.sin_port = htons(9);
	SEE(sendto(fd, "x", 1, 0, (void *)&sa, sizeof(sa)));
	SEE(connect(fd, (void *)&sa, sizeof(sa)));
	reuse(fd, SO_BROADCAST);
	SEE(sendto(fd, "x", 1, 0, (void *)&sa, sizeof(sa)));
	close(fd);
}

static void unreachable(void)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(9)};
	int t = socket(AF_INET, SOCK_STREAM, 0), u = socket(AF_INET, SOCK_DGRAM, 0);

	sa.sin_addr.s_addr = inet_addr("203.0.113.1");
	SEE(connect(t, (void *)&sa, sizeof(sa)));
	SEE(connect(u, (void *)&sa, sizeof(sa)));
	SEE(sendto(u, "x", 1, 0, (void *)&sa, sizeof(sa)));
	sa.sin_addr.s_addr = inet_addr("240.0.0.1");
	SEE(connect(t, (void *)&sa, sizeof(sa)));
	close(t);
	close(u);
}

static void pktinfo(void)
{
	char buf[4], room[64];
	struct iovec iov = {buf, 4};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = room,
			     .msg_controllen = sizeof(room)};
	struct cmsghdr *c;
	struct in_pktinfo *info;
	int u[2];

	udp_pair(u);
	setsockopt(u[1], IPPROTO_IP, IP_PKTINFO, &one, sizeof(one));
	send(u[0], "x", 1, 0);
	SEE(recvmsg(u[1], &msg, 0));
	c = CMSG_FIRSTHDR(&msg);
	note("controllen %zu", (size_t)msg.msg_controllen);
	if (c) {
		info = (void *)CMSG_DATA(c);
		note("level %d type %d interface %d to us %d", c->cmsg_level, c->cmsg_type,
		     info->ipi_ifindex > 0,
		     info->ipi_addr.s_addr == address_of(u[1]).sin_addr.s_addr);
		/* And its own way back. */
		*info = (struct in_pktinfo){.ipi_spec_dst = address_of(u[1]).sin_addr};
		SEE(sendmsg(u[1], &msg, 0));
	}
	close_both(u);
}

static void bind_device(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char name[IF_NAMESIZE] = "";
	socklen_t len = sizeof(name);

	SEE(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "nothing0", 9));
	SEE(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	SEE(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len));
	note("%s %d", name, (int)len);
	close(fd);
}

static void low_port(void)
{
	struct sockaddr_in sa = any_port();
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sa.sin_port = htons(80);
	SEE(bind(fd, (void *)&sa, sizeof(sa)));
	note("port %d", ntohs(address_of(fd).sin_port));
	close(fd);
}

/* A receive that asks for the sender's name; TCP gives none. */
static void named(int fd, size_t n, int flags, bool msghdr)
{
	struct sockaddr_storage name;
	char buf[16] = "", control[64];
	struct iovec iov[2] = {{buf, n ? 1 : 0}, {buf + 1, n ? n - 1 : 0}};
	struct msghdr msg = {.msg_name = &name,
			     .msg_namelen = sizeof(name),
			     .msg_iov = iov,
			     .msg_iovlen = 2,
			     .msg_control = control,
			     .msg_controllen = sizeof(control),
			     .msg_flags = 0x77};
	socklen_t len = sizeof(name);
	ssize_t ret;

	memset(&name, 0x55, sizeof(name));
	errno = 0;
	ret = msghdr ? recvmsg(fd, &msg, flags) : recvfrom(fd, buf, n, flags, (void *)&name, &len);
	note("%s '%s'", word(ret), buf);
	if (ret >= 0 && msghdr)
		note("flags %#x control %zu", msg.msg_flags, msg.msg_controllen);
	if (ret >= 0)
		note("name %d, %#x", msghdr ? (int)msg.msg_namelen : (int)len, name.ss_family);
}

static void send_later(void *fd)
{
	send(*(int *)fd, "cd", 2, 0);
	nap(SETTLE);
	send(*(int *)fd, "ef", 2, 0);
}

static void nameless(long how)
{
	struct timeval t = {.tv_usec = 40000};
	int sv[2], end = how & 1;
	bool msghdr = how & 2;
	pthread_t later;

	tcp_pair(sv);
	named(sv[end], 4, MSG_DONTWAIT, msghdr);
	send(sv[!end], "abcdefgh", 8, 0);
	nap(SETTLE);
	named(sv[end], 3, 0, msghdr);
	named(sv[end], 3, MSG_PEEK, msghdr);
	named(sv[end], 2, MSG_TRUNC, msghdr);
	named(sv[end], 9, MSG_DONTWAIT, msghdr);
	later = after(SETTLE, send_later, &sv[!end]); /* waits for the first piece */
	named(sv[end], 9, 0, msghdr);
	done(later);
	later = after(SETTLE, send_later, &sv[!end]); /* ... for all of them */
	named(sv[end], 6, MSG_WAITALL, msghdr);
	done(later);
	setsockopt(sv[end], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	named(sv[end], 6, MSG_WAITALL, msghdr);
	send(sv[!end], "gh", 2, 0);
	named(sv[end], 6, MSG_WAITALL, msghdr); /* some, then the time is over */
	send(sv[!end], "ij", 2, 0);
	nap(SETTLE);
	/* What cannot be given stays. */
	SEE(recvfrom(sv[end], NULL, 2, MSG_DONTWAIT, (void *)&t, &(socklen_t){sizeof(t)}));
	shutdown(sv[!end], SHUT_WR);
	nap(SETTLE);
	named(sv[end], 6, MSG_WAITALL, msghdr);
	named(sv[end], 6, 0, msghdr);
	close_both(sv);
}

#define LINE(name, n)                               \
	{                                           \
		"conflict-" name, NULL, conflict, n \
	}

const struct behaviour in_address[] = {
	LINE("plain", 0),
	LINE("reuseaddr", 1),
	LINE("reuseaddr-listening", 2),
	LINE("reuseaddr-second", 3),
	LINE("reuseport-listening", 4),
	LINE("reuseport-second", 5),
	LINE("first-any", 6),
	LINE("second-any", 7),
	LINE("first-any-reuseaddr", 8),
	LINE("both-any-reuseport", 9),
	LINE("datagram", 10),
	LINE("datagram-reuseaddr", 11),
	LINE("datagram-reuseport", 12),
	LINE("datagram-first-any", 13),
	LINE("datagram-both-any", 14),
	{"time-wait", time_wait},
	{"port-again", port_again},
	{"datagram-port-again", datagram_port_again},
	{"steps-stream", steps_of_stream},
	{"steps-datagram", steps_of_datagram},
	{"listen-unbound", listen_unbound},
	{"multicast-membership", membership},
	{"multicast", member_hears},
	{"broadcast", broadcasting},
	{"unreachable", unreachable},
	{"packet-info", pktinfo},
	{"bind-device", bind_device},
	{"low-port", low_port},
	{"nameless-recvfrom", NULL, nameless, 0},
	{"nameless-recvfrom-accepted", NULL, nameless, 1},
	{"nameless-recvmsg", NULL, nameless, 2},
	{"nameless-recvmsg-accepted", NULL, nameless, 3},
	{0},
};
