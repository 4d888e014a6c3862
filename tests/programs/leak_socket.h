/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * leak_socket.h - sockets that have moved to the host's loopback, and messages, for leak.c.
 *
 * A socket under Persona moves when it is first used with a loopback address. For datagrams
 * that is done by one that a socket bound to loopback must receive; for TCP by a connection to
 * a closed port.
 */
#ifndef PERSONA_PROGRAMS_LEAK_SOCKET_H
#define PERSONA_PROGRAMS_LEAK_SOCKET_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>

#include "leak_way.h"

struct target {
	struct sockaddr_storage sa;
	socklen_t len;
};

static bool never; /* sockets do not move */
static struct target to, loop;
static char data[512];
static size_t size;
static int one = 1;

static long do_connect(int fd, const struct target *t)
{
	return step("connect", call(SYS_connect, fd, (long)&t->sa, t->len, 0, 0, 0));
}

static long do_send(int fd)
{
	return step("send", call(SYS_sendto, fd, (long)data, (long)size, 0, 0, 0));
}

static long do_sendto(int fd, int flags, const struct target *t)
{
	return step("sendto",
		    call(SYS_sendto, fd, (long)data, (long)size, flags, (long)&t->sa, t->len));
}

static long do_sendmsg(int fd, int flags, struct msghdr *msg)
{
	return step("sendmsg", call(SYS_sendmsg, fd, (long)msg, flags, 0, 0, 0));
}

static long do_set(int fd, int level, int name, const void *val, size_t len)
{
	return step("setsockopt", call(SYS_setsockopt, fd, level, name, (long)val, (long)len, 0));
}

static struct target address(const char *text, const char *port)
{
	struct target t = {.len = sizeof(struct sockaddr_in)};
	struct sockaddr_in *in = (void *)&t.sa;
	struct sockaddr_in6 *in6 = (void *)&t.sa;

	if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t)atoi(port));
		return t;
	}
	memset(&t.sa, 0, sizeof(t.sa));
	if (inet_pton(AF_INET6, text, &in6->sin6_addr) != 1) {
		fprintf(stderr, "leak: %s: no address\n", text);
		exit(2);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons((uint16_t)atoi(port));
	t.len = sizeof(*in6);
	return t;
}

/* The port of an address of either family is at the same place. */
static uint16_t *port_of(struct target *t)
{
	return &((struct sockaddr_in *)&t->sa)->sin_port;
}

/* 127.0.0.1 or ::1, with the port of a socket that is bound there. */
static int bound_to_loopback(int domain, int type)
{
	int fd = socket(domain, type, 0);

	loop = address(domain == AF_INET ? "127.0.0.1" : "::1", "0");
	if (fd < 0 || bind(fd, (void *)&loop.sa, loop.len) ||
	    getsockname(fd, (void *)&loop.sa, &loop.len))
		die("bind to loopback");
	return fd;
}

static struct msghdr message(struct target *t, struct iovec *v)
{
	*v = (struct iovec){data, size};
	return (struct msghdr){
		.msg_name = &t->sa, .msg_namelen = t->len, .msg_iov = v, .msg_iovlen = 1};
}

static void attach(struct msghdr *msg, int level, int type, const void *val, size_t len)
{
	static char buf[128] __attribute__((aligned(8)));
	struct cmsghdr *c = (void *)buf;

	memset(buf, 0, sizeof(buf));
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), val, len);
	msg->msg_control = buf;
	msg->msg_controllen = CMSG_SPACE(len);
}

/* Move @fd by a datagram to loopback; its arrival at another socket there is awaited. */
static void move(int fd, int domain)
{
	int listener = bound_to_loopback(domain, SOCK_DGRAM);
	struct timeval tv = {.tv_sec = 2};
	char buf[8];

	if (never)
		return;
	setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	if (step("move", sendto(fd, "x", 1, 0, (void *)&loop.sa, loop.len)) != 1)
		exit(1);
	if (recv(listener, buf, sizeof(buf), 0) != 1)
		die("the loopback datagram did not arrive");
}

static int dgram_socket(int domain)
{
	int fd = socket(domain, SOCK_DGRAM, 0);

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one));
	return fd;
}

static int dgram(int domain)
{
	int fd = dgram_socket(domain);

	move(fd, domain);
	return fd;
}

/* A TCP socket whose connection to a closed port on loopback was refused. */
static int stream(int domain)
{
	int fd = socket(domain, SOCK_STREAM, 0);

	if (fd < 0)
		die("socket");
	close(bound_to_loopback(domain, SOCK_STREAM));
	if (!never &&
	    (step("move", connect(fd, (void *)&loop.sa, loop.len)) != -1 || errno != ECONNREFUSED))
		exit(1);
	return fd;
}

/* ---- the plainest ways to send ---- */

static void connect_send(int fd)
{
	do_connect(fd, &to);
	do_send(fd);
}

static void plain_sendto(int fd)
{
	do_sendto(fd, 0, &to);
}

static void plain_sendmsg(int fd)
{
	struct iovec v;
	struct msghdr msg = message(&to, &v);

	do_sendmsg(fd, 0, &msg);
}

#endif /* PERSONA_PROGRAMS_LEAK_SOCKET_H */
