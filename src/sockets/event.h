/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * event.h - the life of a socket, as `--trace=sockets` and `--trace=calls` tell it.
 *
 * Both transports report through these functions, so that an event has one name and one form.
 * Each begins with "#N", the socket's number in this run. All cost one test where nothing is
 * traced. Any thread, under the rules of socket.h for the core.
 */
#ifndef PERSONA_SOCKETS_EVENT_H
#define PERSONA_SOCKETS_EVENT_H

#include "lib/trace.h"
#include "sockets/socket.h"

/** event_born() - a new socket: "born inet stream mptcp"; @how: "born" or "accepted" */
void event_born(struct socket_core *s, const char *how);

/** event_moved() - it is the host's now */
void event_moved(const struct socket_core *s);

/** event_connecting() - the stack has begun to connect it to @addr */
void event_connecting(struct socket_core *s, const struct sockaddr *addr, socklen_t len);

/** event_connected() - it has a peer: both addresses and, of MPTCP, the token; once */
void event_connected(const struct socket_ops *ops, struct socket_core *s, int stack);

/** event_failed() - @err, positive: "refused", "reset", or the error's words */
void event_failed(struct socket_core *s, int err);

/** event_parked() - shadow mode: a call that would block waits for news of the socket */
void event_parked(const struct socket_core *s, long nr, int tid);

/** event_closed() - the program has closed it, and its last byte is in the stack */
void event_closed(const struct socket_core *s);

/**
 * event_call() - a call and its result; where traced only
 * @addr: the address that its destination rule names, NULL: none or not known
 * @ret:  result, -errno, or with @word set that
 */
void event_call(int pid, long nr, const long args[6], const struct sockaddr *addr, socklen_t len,
		long ret, const char *word);

#endif /* PERSONA_SOCKETS_EVENT_H */
