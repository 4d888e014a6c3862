/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * option.h - socket options: the stack's, and what is remembered beside it.
 */
#ifndef PERSONA_SOCKETS_OPTION_H
#define PERSONA_SOCKETS_OPTION_H

#include <stddef.h>
#include "sockets/socket.h"

/**
 * option_set() - setsockopt() on a socket of the stack
 * @val: @len bytes that this process can read, or a pointer for the stack to refuse
 *
 * What MPTCP does not have and merely tunes is accepted and remembered; until the socket is
 * settled all are remembered, since it may still move to the host.
 *
 * Return: 0 or -errno, as TCP would say it.
 */
long option_set(const struct socket_ref *ref, int level, int name, const void *val, socklen_t len);

/**
 * option_get() - getsockopt() on a socket of the stack
 * @val: receives the value, up to *@len bytes
 * @len: in: the capacity; out: the length
 *
 * A socket that runs as MPTCP says IPPROTO_TCP, and what it was told of options that MPTCP does
 * not have. TCP_MAXSEG is answered from TCP_INFO.
 *
 * Return: 0 or -errno, as TCP would say it.
 */
long option_get(const struct socket_ref *ref, int level, int name, void *val, socklen_t *len);

#endif /* PERSONA_SOCKETS_OPTION_H */
