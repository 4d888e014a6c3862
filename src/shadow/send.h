/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * send.h - sending calls that the supervisor is asked about: sendto(2), sendmsg(2), sendmmsg(2).
 */
#ifndef PERSONA_SHADOW_SEND_H
#define PERSONA_SHADOW_SEND_H

struct call;
struct sock;
struct socket_core;

/** send_call() - on a socket of ours: a handler of the call table, see serve.h */
long send_call(struct call *c, struct sock *s);

/**
 * send_host() - on a socket of the host
 * @core: what it is, of route_host_core()
 *
 * Return: CALL_PASS if all its messages stay within loopback; bytes, or how many of a vector were
 * sent (by us) before the first that would not; -ENETUNREACH or another -errno.
 */
long send_host(struct call *c, struct socket_core *core);

#endif /* PERSONA_SHADOW_SEND_H */
