/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * receive.h - receiving calls that the supervisor is asked about: recvfrom(2), recvmsg(2),
 * recvmmsg(2).
 */
#ifndef PERSONA_SHADOW_RECEIVE_H
#define PERSONA_SHADOW_RECEIVE_H

struct call;
struct sock;

/** receive_call() - on a socket of ours: a handler of the call table, see serve.h */
long receive_call(struct call *c, struct sock *s);

#endif /* PERSONA_SHADOW_RECEIVE_H */
