// SPDX-License-Identifier: GPL-2.0-only
/*
 * socks.c - the client's half of SOCKS version 5, see socks.h.
 *
 * Theory of operation: three questions and answers. Which method (none, or user and password);
 * with a password, its acceptance; and the connection itself, by address. The last answer's
 * length depends on its fifth byte, so it is received in two steps: never a byte more than it
 * has, for the connection's own come right behind.
 *
 * Pure: memory alone, so any thread, each its own struct.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include "gateway/socks.h"

#define VERSION	      5
#define LOGIN_VERSION 1
#define CONNECT	      1
#define ADDRESS4      1
#define ADDRESS_NAME  3
#define ADDRESS6      4
#define METHOD_NONE   0
#define METHOD_LOGIN  2

static void socks_put(struct socks *s, const void *bytes, size_t len)
{
	memcpy(s->out + s->filled, bytes, len);
	s->filled = (uint16_t)(s->filled + len);
}

static void socks_put_byte(struct socks *s, uint8_t byte)
{
	socks_put(s, &byte, 1);
}

static void socks_stage(struct socks *s, enum socks_stage stage)
{
	s->stage = stage;
	s->sent = s->filled = s->got = 0;
}

void socks_begin(struct socks *s, const struct socks_server *server)
{
	socks_stage(s, SOCKS_METHOD);
	socks_put_byte(s, VERSION);
	socks_put_byte(s, server->user[0] ? 2 : 1);
	socks_put_byte(s, METHOD_NONE);
	if (server->user[0])
		socks_put_byte(s, METHOD_LOGIN);
}

static void socks_login(struct socks *s, const struct socks_server *server)
{
	socks_stage(s, SOCKS_LOGIN);
	socks_put_byte(s, LOGIN_VERSION);
	socks_put_byte(s, (uint8_t)strlen(server->user));
	socks_put(s, server->user, strlen(server->user));
	socks_put_byte(s, (uint8_t)strlen(server->password));
	socks_put(s, server->password, strlen(server->password));
}

static void socks_request(struct socks *s, const struct sockaddr *to)
{
	const struct sockaddr_in6 *six = (const void *)to;
	const struct sockaddr_in *four = (const void *)to;

	socks_stage(s, SOCKS_REPLY);
	socks_put_byte(s, VERSION);
	socks_put_byte(s, CONNECT);
	socks_put_byte(s, 0);
	if (to->sa_family == AF_INET) {
		socks_put_byte(s, ADDRESS4);
		socks_put(s, &four->sin_addr, sizeof(four->sin_addr));
		socks_put(s, &four->sin_port, sizeof(four->sin_port));
	} else {
		socks_put_byte(s, ADDRESS6);
		socks_put(s, &six->sin6_addr, sizeof(six->sin6_addr));
		socks_put(s, &six->sin6_port, sizeof(six->sin6_port));
	}
}

/* Bytes of the answer as far as they are known. */
static size_t socks_answer(const struct socks *s)
{
	if (s->stage != SOCKS_REPLY)
		return 2;
	if (s->got < 5)
		return 5;
	switch (s->in[3]) {
	case ADDRESS4:
		return 4 + 4 + 2;
	case ADDRESS6:
		return 4 + 16 + 2;
	default:
		return 4 + 1 + (size_t)s->in[4] + 2;
	}
}

size_t socks_wants(const struct socks *s)
{
	return s->stage == SOCKS_DONE ? 0 : socks_answer(s) - s->got;
}

/* A reply's code, RFC 1928 section 6. */
static int socks_error(uint8_t code)
{
	static const int errors[] = {
		[1] = -EIO,	     [2] = -EACCES,	  [3] = -ENETUNREACH,
		[4] = -EHOSTUNREACH, [5] = -ECONNREFUSED, [6] = -ETIMEDOUT,
	};

	if (!code)
		return 0;
	return code < sizeof(errors) / sizeof(errors[0]) ? errors[code] : -EPROTO;
}

static int socks_method(struct socks *s, const struct socks_server *server,
			const struct sockaddr *to)
{
	if (s->in[0] != VERSION)
		return -EPROTO;
	if (s->in[1] == METHOD_NONE)
		socks_request(s, to);
	else if (s->in[1] == METHOD_LOGIN && server->user[0])
		socks_login(s, server);
	else
		return -EACCES;
	return 0;
}

int socks_take(struct socks *s, const struct socks_server *server, const struct sockaddr *to)
{
	if (s->stage == SOCKS_DONE || socks_wants(s))
		return 0;
	switch (s->stage) {
	case SOCKS_METHOD:
		return socks_method(s, server, to);
	case SOCKS_LOGIN:
		if (s->in[1])
			return -EACCES;
		socks_request(s, to);
		return 0;
	default:
		if (s->in[0] != VERSION)
			return -EPROTO;
		if (s->in[1])
			return socks_error(s->in[1]);
		if (s->in[3] != ADDRESS4 && s->in[3] != ADDRESS6 && s->in[3] != ADDRESS_NAME)
			return -EPROTO;
		s->stage = SOCKS_DONE;
		return 0;
	}
}
