/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * message.h - sends and receives that the supervisor is asked about.
 *
 * Handlers of the call table (sockets/calls.h); what a handler may do and gives is told in
 * serve.h.
 */
#ifndef PERSONA_SHADOW_MESSAGE_H
#define PERSONA_SHADOW_MESSAGE_H

struct call;
struct sock;
struct socket_core;

/** message_send() - sendto(2), sendmsg(2), sendmmsg(2) on a socket of ours */
long message_send(struct call *c, struct sock *s);

/** message_receive() - recvfrom(2), recvmsg(2), recvmmsg(2) on a socket of ours */
long message_receive(struct call *c, struct sock *s);

/**
 * message_send_host() - a sending call on a socket of the host
 * @core: what it is, of route_host_core()
 *
 * Return: CALL_PASS if all its messages stay within loopback; how many of a vector were sent
 * (by us) before the first that would not; -ENETUNREACH or another -errno.
 */
long message_send_host(struct call *c, const struct socket_core *core);

#endif /* PERSONA_SHADOW_MESSAGE_H */
