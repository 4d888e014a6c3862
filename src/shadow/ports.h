/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ports.h - whose is a loopback address: the host's or the stack's?
 *
 * 127.0.0.0/8 and ::1 are the host's, where a program's local services live: a
 * socket that is bound, connected or sent there moves to the host. Exception: a
 * port that a program of this run serves in the stack by wildcard, so that
 * clients and servers of one run find each other. With `--isolate` all are
 * the stack's. The socket is locked in all functions that take one.
 */
#ifndef PERSONA_SHADOW_PORTS_H
#define PERSONA_SHADOW_PORTS_H

#include <stdbool.h>
#include <sys/socket.h>

struct call;
struct sock;

/** ports_isolate() - loopback addresses are the stack's, too. */
void ports_isolate(bool on);

/** ports_should_bind() - is bind() to @addr the host's business? */
bool ports_should_bind(const struct sock *s, const struct sockaddr *addr, socklen_t len);

/** ports_should_send() - the same for connect() and sendto(). */
bool ports_should_send(const struct sock *s, const struct sockaddr *addr, socklen_t len);

/** ports_leaves() - would a host's socket leave loopback for @addr? */
bool ports_leaves(const struct sockaddr *addr, socklen_t len);

/** ports_bound() - the stack's socket has been bound, or listens. */
void ports_bound(struct sock *s, bool listening);

/** ports_forget() - the socket goes. */
void ports_forget(struct sock *s);

/**
 * ports_move() - put a host's socket in the place of the program's end
 *
 * Then the host's kernel may do the call. Return: 0 or -errno (nothing has changed).
 */
int ports_move(struct call *c, struct sock *s);

#endif /* PERSONA_SHADOW_PORTS_H */
