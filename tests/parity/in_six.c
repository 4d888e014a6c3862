// SPDX-License-Identifier: GPL-2.0-only
/* in_six.c - IPv6, beside IPv4 and with its addresses. */
#include "parity.h"

#define SETTLE 20

static const int one = 1;

static struct sockaddr_in6 any6(in_port_t port)
{
	return (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = port};
}

static struct sockaddr_in6 mapped(void)
{
	struct sockaddr_in sa = any_port();
	struct sockaddr_in6 six = any6(0);

	six.sin6_addr.s6_addr[10] = 0xff;
	six.sin6_addr.s6_addr[11] = 0xff;
	memcpy(&six.sin6_addr.s6_addr[12], &sa.sin_addr, 4);
	return six;
}

static int listener6(bool only)
{
	struct sockaddr_in6 sa = any6(0);
	int l = socket(AF_INET6, SOCK_STREAM, 0);

	if (only)
		setsockopt(l, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	SEE(bind(l, (void *)&sa, sizeof(sa)));
	SEE(listen(l, 4));
	return l;
}

static in_port_t port_of(int fd)
{
	struct sockaddr_in6 sa = any6(0);
	socklen_t len = sizeof(sa);

	if (getsockname(fd, (void *)&sa, &len))
		die("getsockname");
	return sa.sin6_port;
}

static void four_to_six(long only)
{
	int l = listener6(only), c = socket(AF_INET, SOCK_STREAM, 0), a;
	struct sockaddr_in to = any_port();
	struct sockaddr_in6 peer = any6(0);
	socklen_t len = sizeof(peer);

	to.sin_port = port_of(l);
	SEE(connect(c, (void *)&to, sizeof(to)));
	if (!only) {
		a = SEEFD(accept(l, (void *)&peer, &len));
		note("family %d len %d mapped %d", peer.sin6_family, (int)len,
		     IN6_IS_ADDR_V4MAPPED(&peer.sin6_addr));
		close(a);
	}
	close(c);
	close(l);
}

static void mapped_connect(void)
{
	int l = tcp_listener(), c = socket(AF_INET6, SOCK_STREAM, 0), a;
	struct sockaddr_in6 to = mapped();
	struct sockaddr_in peer = {0};
	socklen_t len = sizeof(peer);

	to.sin6_port = address_of(l).sin_port;
	SEE(connect(c, (void *)&to, sizeof(to)));
	a = SEEFD(accept(l, (void *)&peer, &len));
	note("family %d len %d", peer.sin_family, (int)len);
	len = sizeof(to);
	SEE(getsockname(c, (void *)&to, &len));
	note("family %d mapped %d", to.sin6_family, IN6_IS_ADDR_V4MAPPED(&to.sin6_addr));
	SEE(send(c, "x", 1, 0));
	SEE(recv(a, &(char){0}, 1, 0));
	close(a);
	close(c);
	close(l);
}

static void mapped_only(void)
{
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	struct sockaddr_in6 to = mapped();

	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	to.sin6_port = htons(9);
	SEE(connect(fd, (void *)&to, sizeof(to)));
	to.sin6_port = 0;
	SEE(bind(fd, (void *)&to, sizeof(to)));
	close(fd);
}

static void mapped_datagrams(void)
{
	struct sockaddr_in6 sa = any6(0), from = any6(0);
	struct sockaddr_in to = any_port();
	socklen_t len = sizeof(from);
	int six = socket(AF_INET6, SOCK_DGRAM, 0), four = socket(AF_INET, SOCK_DGRAM, 0);
	char c;

	SEE(bind(six, (void *)&sa, sizeof(sa)));
	to.sin_port = port_of(six);
	SEE(sendto(four, "x", 1, 0, (void *)&to, sizeof(to)));
	SEE(recvfrom(six, &c, 1, 0, (void *)&from, &len));
	note("family %d len %d mapped %d", from.sin6_family, (int)len,
	     IN6_IS_ADDR_V4MAPPED(&from.sin6_addr));
	SEE(sendto(six, "y", 1, 0, (void *)&from, len));
	SEE(recv(four, &c, 1, 0));
	close(six);
	close(four);
}

/* A port that IPv4 has free, with no connection of an earlier behaviour waiting its time. */
static int free_port(void)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0), port;

	if (bind(fd, (void *)&sa, sizeof(sa)))
		die("bind");
	port = address_of(fd).sin_port;
	close(fd);
	nap(SETTLE);
	return port;
}

/* The same port for both families. */
static void both_families(long only)
{
	int six = socket(AF_INET6, SOCK_STREAM, 0), four = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = (in_port_t)free_port()};
	struct sockaddr_in6 sa6 = any6(sa.sin_port);

	if (only)
		setsockopt(six, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	SEE(bind(six, (void *)&sa6, sizeof(sa6)));
	SEE(listen(six, 4));
	SEE(bind(four, (void *)&sa, sizeof(sa)));
	SEE(listen(four, 4));
	close(four);
	close(six);
}

static void six_misuse(void)
{
	struct sockaddr_in6 sa = any6(0);
	struct sockaddr_in four = any_port();
	int fd = socket(AF_INET6, SOCK_STREAM, 0), zero = 0;

	SEE(bind(fd, (void *)&sa, 16));
	SEE(bind(fd, (void *)&sa, 24));
	SEE(bind(fd, (void *)&four, sizeof(four)));
	four.sin_port = htons(9);
	SEE(connect(fd, (void *)&sa, 16));
	inet_pton(AF_INET6, "fe80::1", &sa.sin6_addr);
	sa.sin6_port = htons(9);
	SEE(connect(fd, (void *)&sa, sizeof(sa)));
	inet_pton(AF_INET6, "2001:db8::9", &sa.sin6_addr);
	SEE(bind(fd, (void *)&sa, sizeof(sa)));
	sa = any6(0);
	SEE(bind(fd, (void *)&sa, sizeof(sa)));
	SEE(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero)));
	close(fd);
}

static void six_loopback(void)
{
	struct sockaddr_in6 sa = any6(0);
	int l = socket(AF_INET6, SOCK_STREAM, 0), c = socket(AF_INET6, SOCK_STREAM, 0), a;

	sa.sin6_addr = in6addr_loopback;
	SEE(bind(l, (void *)&sa, sizeof(sa)));
	SEE(listen(l, 4));
	sa.sin6_port = port_of(l);
	SEE(connect(c, (void *)&sa, sizeof(sa)));
	a = SEEFD(accept(l, NULL, NULL));
	SEE(send(c, "six", 3, 0));
	SEE(recv(a, (char[4]){0}, 4, 0));
	close(a);
	close(c);
	close(l);
}

const struct behaviour in_six[] = {
	{"six-accepts-four", NULL, four_to_six, 0},
	{"six-only", NULL, four_to_six, 1},
	{"six-mapped", mapped_connect},
	{"six-only-mapped", mapped_only},
	{"six-datagrams", mapped_datagrams},
	{"six-both", NULL, both_families, 0},
	{"six-only-both", NULL, both_families, 1},
	{"six-misuse", six_misuse},
	{"six-loopback", six_loopback},
	{0},
};
