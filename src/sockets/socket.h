/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * socket.h - what a socket of the program is, whichever way its calls reach us.
 *
 * Theory of operation
 *
 * Inline and shadow mode differ in how a call arrives and how data flows. What the call means
 * does not differ, and is written in this room once: which families are the stack's and which
 * socket becomes MPTCP (socket.c), what an option does and which ones are remembered
 * (option.c), where an address leads and when a socket moves to the host (route.c), what may
 * be asked of urgent data (urgent.h), which files are the network's (procpath.c).
 *
 * Each transport embeds a struct socket_core in its own record of a socket, and gives a struct
 * socket_ref, valid for one call, by which this room reaches the two kernels.
 *
 * Ownership: the core is its transport's, which serialises access (shadow: the socket's lock;
 * inline: two threads that set options of one unbound socket at once may lose a remembered
 * value, never the stack's own). No state here is global but the count of served ports and
 * --isolate (route.c).
 *
 * Threads: any; what a function does is atomic or the core's owner's business.
 *
 * Limits: SOCKET_OPTIONS options of at most 19 bytes are remembered for a socket that moves.
 */
#ifndef PERSONA_SOCKETS_SOCKET_H
#define PERSONA_SOCKETS_SOCKET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef AF_SMC
#define AF_SMC 43
#endif
#ifndef AF_XDP
#define AF_XDP 44
#endif

#define SOCKET_OPTIONS	  12
#define SOCKET_TYPE_FLAGS (SOCK_NONBLOCK | SOCK_CLOEXEC)

/** struct socket_option - an option to repeat on a host socket, or one that MPTCP lacks */
struct socket_option {
	int level, name;
	uint8_t len;
	uint8_t val[19];
};

/**
 * struct socket_core - what both transports know of a socket
 * @domain:   as the program asked
 * @type:     SOCK_STREAM ..., without flags
 * @protocol: as the program asked
 * @port:     the wildcard port that it serves, host order; 0: none
 * @mptcp:    asked as TCP, run as MPTCP
 * @settled:  it has an address or a peer that keeps it in the stack: it does not move
 * @bound:    the program has bound it in the stack
 * @moved:    it is a socket of the host now, for loopback addresses alone
 * @connecting: traced: its connection has begun, and nobody has told of its end
 * @number:   in this run, for event.h
 * @nopts:    entries of @opt in use
 */
struct socket_core {
	int domain, type, protocol;
	uint16_t port;
	bool mptcp;
	bool settled;
	bool bound;
	bool moved;
	bool connecting;
	unsigned int number;
	uint8_t nopts;
	struct socket_option opt[SOCKET_OPTIONS];
};

struct socket_ref;

/**
 * struct socket_ops - the transport's side
 * @stack:   a system call into the stack: its result or -errno
 * @host:    a system call to the host's kernel: its result or -errno
 * @replace: put host socket @fd at every number that the program has for this socket (shadow:
 *	     that the calling process has); the caller closes @fd. 0, or -errno: nothing has changed
 */
struct socket_ops {
	long (*stack)(long nr, const long args[6]);
	long (*host)(long nr, const long args[6]);
	int (*replace)(const struct socket_ref *ref, int fd);
};

/**
 * struct socket_ref - a socket, for the time of one call
 * @stack:	 its descriptor in the stack
 * @nonblocking: the program has set O_NONBLOCK
 * @transport:	 the transport's own
 */
struct socket_ref {
	const struct socket_ops *ops;
	struct socket_core *core;
	int stack;
	bool nonblocking;
	void *transport;
};

#define SOCKET_LONG(x) ((long)(x))
#define socket_call(fn, nr, a, b, c, d, e, f)                                                      \
	(fn)((nr), (const long[6]){SOCKET_LONG(a), SOCKET_LONG(b), SOCKET_LONG(c), SOCKET_LONG(d), \
				   SOCKET_LONG(e), SOCKET_LONG(f)})

/** enum socket_family - whose a new socket is */
enum socket_family {
	SOCKET_STACK,
	SOCKET_HOST,
	SOCKET_NOWHERE, /* its bytes would leave by the host's network: EAFNOSUPPORT */
};

/** socket_family() - of socket(@domain, ..., @protocol). Pure. */
enum socket_family socket_family(int domain, int protocol);

/** socket_is_inet() - does its address have a port, and loopback a meaning? */
static inline bool socket_is_inet(const struct socket_core *s)
{
	return s->domain == AF_INET || s->domain == AF_INET6;
}

/**
 * socket_make() - make a socket in the stack
 * @ops:   the transport's
 * @core:  receives what it is
 * @type:  with SOCK_NONBLOCK, if it shall be so inside; SOCK_CLOEXEC is taken off
 * @mptcp: plain TCP sockets of this run become MPTCP
 *
 * A stack without MPTCP, or one whose net.mptcp.enabled is 0, gives TCP.
 *
 * Return: the stack's descriptor, or -errno.
 */
int socket_make(const struct socket_ops *ops, struct socket_core *core, int domain, int type,
		int protocol, bool mptcp);

/**
 * socket_accepted() - what a connection has from its listener
 * @child:    receives what it is
 * @listener: whose accept() gave @stack
 * @stack:    the connection's descriptor in the stack
 */
void socket_accepted(const struct socket_ops *ops, struct socket_core *child,
		     const struct socket_core *listener, int stack);

#endif /* PERSONA_SOCKETS_SOCKET_H */
