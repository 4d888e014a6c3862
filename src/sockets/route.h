/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * route.h - where does this address lead: into the stack, to the host's loopback, nowhere?
 *
 * Both transports ask here for every bind(), every connect() and every message of every
 * sending call. route.c has the rule and why a socket that has moved cannot reach a network.
 */
#ifndef PERSONA_SOCKETS_ROUTE_H
#define PERSONA_SOCKETS_ROUTE_H

#include "sockets/socket.h"

/** enum route - the answer, where it is no -errno */
enum route {
	ROUTE_STACK, /* the stack's kernel does the call */
	ROUTE_HOST,  /* the host's does: a socket of the host, within loopback */
	ROUTE_MOVE,  /* the socket has to move first (route_move()), then the host's does */
};

/* The line that goes with -ENETUNREACH of this file. */
#define ROUTE_REFUSAL "a socket used with a loopback address first cannot leave the host afterwards"

/** route_isolate() - loopback addresses are the stack's, too. Before the first socket. */
void route_isolate(bool on);

/**
 * route_bind() - of a socket that is about to be bound
 * @s: of the program; a socket of the host that is none of ours has @moved set
 *
 * Return: enum route, or -ENETUNREACH: it would leave the host's loopback.
 */
int route_bind(const struct socket_core *s, const struct sockaddr *addr, socklen_t len);

/** route_connect() - the same for connect(). AF_UNSPEC ends a connection: it leads nowhere. */
int route_connect(struct socket_core *s, const struct sockaddr *addr, socklen_t len);

/**
 * route_message() - the same for one message of sendto(), sendmsg() or sendmmsg()
 * @s:     may settle in the stack, or count as the client of a server of the run
 * @msg:   name and ancillary data are looked at; both may be NULL
 * @flags: of the call: MSG_FASTOPEN makes a stream's name mean something
 *
 * Ancillary data of a socket of the host may not name another interface than loopback
 * (IP_PKTINFO, IPV6_PKTINFO): -ENETUNREACH, too.
 */
int route_message(struct socket_core *s, const struct msghdr *msg, int flags);

/**
 * route_option() - may this setsockopt() be done on a socket of the host?
 *
 * Return: 0, or -EPERM for an option that names the interface to leave by.
 */
int route_option(const struct socket_core *s, int level, int name);

/**
 * route_move() - the socket becomes one of the host
 *
 * A host socket is made, the options remembered so far are set, a wildcard bind is repeated,
 * it is tied to the loopback interface, and socket_ops.replace puts it at the program's
 * numbers. core->moved is set.
 *
 * Return: 0 or -errno; then nothing has changed.
 */
int route_move(const struct socket_ref *ref);

/**
 * route_host_message() - route_message() for a descriptor of the host that nothing is known of
 * @host: socket_ops.host of the transport
 *
 * The kernel is asked what @fd is only if the message could lead off loopback: names of other
 * families than AF_INET and AF_INET6 cost nothing. Return: ROUTE_HOST, or -ENETUNREACH.
 */
int route_host_message(long (*host)(long nr, const long args[6]), int fd, const struct msghdr *msg,
		       int flags);

/** route_may_leave() - is @addr of a family by which a socket of the host could leave? Pure. */
bool route_may_leave(const struct sockaddr *addr, socklen_t len);

/**
 * route_connect_host() - connect() of a datagram socket of the host, where route_connect() said
 * ROUTE_HOST
 * @addr: a copy that no other thread can change
 *
 * Linux unties a datagram socket from its interface when AF_UNSPEC ends its connection: it is
 * tied again. Does not block. Return: 0 or -errno.
 */
long route_connect_host(long (*host)(long nr, const long args[6]), int fd,
			const struct sockaddr *addr, socklen_t len);

/**
 * route_bound() - the stack's socket has been bound, or listens
 * @asked: bound: the address that bind() was given; NULL: listens
 */
void route_bound(const struct socket_ref *ref, const struct sockaddr *asked);

/** route_forget() - the socket is gone: it serves no port any more. Idempotent. */
void route_forget(struct socket_core *s);

/**
 * route_host_core() - what a socket of the host that is none of ours is to this room
 * @host: socket_ops.host of the transport
 * @fd:	  a descriptor of it
 * @core: receives domain and type, with @moved set
 *
 * Return: true if it could reach a network (AF_INET, AF_INET6).
 */
bool route_host_core(long (*host)(long nr, const long args[6]), int fd, struct socket_core *core);

#endif /* PERSONA_SOCKETS_ROUTE_H */
