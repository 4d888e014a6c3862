/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ports.h - live beside the host on its interfaces: own flows only, both ways.
 *
 * For interfaces that the host uses too (back ends with set_filter: packet, rawip), the
 * stack receives only what is its own, and the host's kernel drops just that. On
 * addresses that both have, ports tell the two apart: the stack has a range of the local
 * ports for its automatic ones, which grows with need, and takes single ones when programs bind
 * them.
 *
 * All functions but ports_up() may be called from any thread, and cost nothing where no
 * address is shared.
 */
#ifndef PERSONA_STACK_PORTS_H
#define PERSONA_STACK_PORTS_H

#include <sys/socket.h>

struct config;

/**
 * ports_up() - before the stack's interfaces come up
 * @c: with the opener's connection and the reserved range of ports
 *
 * Return: 0, or -errno with one sentence in @why.
 */
int ports_up(const struct config *c, const char **why);

/** ports_down() - the stack has ended: the opener gives everything back. */
void ports_down(void);

/**
 * ports_refresh() - addresses of the stack or of the host have changed
 *
 * Return: 0, or -errno with one sentence in @why; then the former state holds.
 */
int ports_refresh(const char **why);

/**
 * ports_reserve() - a program is about to bind or to listen
 * @type: SOCK_STREAM or SOCK_DGRAM; others need nothing
 * @addr: what it binds
 *
 * Return: 0; -EADDRINUSE if the host serves that port, -EACCES if it is below 1024 and
 * this user may not serve it there, or another -errno.
 */
long ports_reserve(int type, const struct sockaddr *addr, socklen_t len);

/** ports_born() - a program has made a socket: with many, the stack's range of ports grows. */
void ports_born(void);

/** ports_released() - a socket was closed: ports that none uses are the host's again. */
void ports_released(void);

#endif /* PERSONA_STACK_PORTS_H */
