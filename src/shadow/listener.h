/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * listener.h - a stream that listens, and the connections that wait in it.
 *
 * All functions want the socket locked and leave it so.
 */
#ifndef PERSONA_SHADOW_LISTENER_H
#define PERSONA_SHADOW_LISTENER_H

#include <sys/socket.h>

struct sock;
struct sock_ops;

/** listener_start() - the stack's socket listens; @fd: the program's end. 0 or -errno. */
int listener_start(struct sock *s, int fd);

/** listener_stop() - shutdown(): it listens no more; poll() and accept() of the program learn it.
 */
void listener_stop(struct sock *s, int fd);

/**
 * listener_take() - the next connection
 * @peer: receives its address, @len in and out
 *
 * Return: the stack's descriptor, or -errno (-EAGAIN: none waits).
 */
long listener_take(struct sock *s, struct sockaddr_storage *peer, socklen_t *len);

/** listener_return() - the caller did not get @stack: it is the next one again. */
void listener_return(struct sock *s, int stack, const struct sockaddr_storage *peer, socklen_t len);

/** listener_token() - readable exactly while a connection waits; @fd: -1: look for the end. */
void listener_token(struct sock *s, int fd);

/** listener_ops - this kind of socket */
extern const struct sock_ops listener_ops;

#endif /* PERSONA_SHADOW_LISTENER_H */
