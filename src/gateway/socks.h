/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * socks.h - the client's half of SOCKS version 5 (RFC 1928, RFC 1929), without its I/O.
 */
#ifndef PERSONA_GATEWAY_SOCKS_H
#define PERSONA_GATEWAY_SOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define SOCKS_NAME_MAX 255
#define SOCKS_TEXT_MAX 515 /* bytes of the longest message: user and password */

/**
 * struct socks_server - where connections go on
 * @addr:     of the server, @len bytes
 * @user, @password: "" if it asks for none
 */
struct socks_server {
	struct sockaddr_storage addr;
	socklen_t len;
	char user[SOCKS_NAME_MAX + 1];
	char password[SOCKS_NAME_MAX + 1];
};

enum socks_stage { SOCKS_METHOD, SOCKS_LOGIN, SOCKS_REPLY, SOCKS_DONE };

/**
 * struct socks - one connection on its way through the server
 * @stage: which answer is waited for
 * @out:   what is to be sent, from @sent to @filled
 * @in:    what was received of the answer, @got bytes
 */
struct socks {
	enum socks_stage stage;
	uint16_t sent, filled, got;
	uint8_t out[SOCKS_TEXT_MAX];
	uint8_t in[4 + 1 + SOCKS_NAME_MAX + 2];
};

/** socks_begin() - fill in the greeting. */
void socks_begin(struct socks *s, const struct socks_server *server);

/**
 * socks_wants() - bytes that may be received next without taking the connection's own
 *
 * 0: none, all has been said.
 */
size_t socks_wants(const struct socks *s);

/**
 * socks_take() - @got has grown
 * @to: where the connection goes: AF_INET or AF_INET6
 *
 * Fills @out for the next stage, once the answer is whole.
 * Return: 0; -ECONNREFUSED, -EHOSTUNREACH, -ENETUNREACH, -EACCES, -EPROTO: what the server says.
 */
int socks_take(struct socks *s, const struct socks_server *server, const struct sockaddr *to);

#endif /* PERSONA_GATEWAY_SOCKS_H */
