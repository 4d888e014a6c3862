/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * control.h - calls that make sockets and connect them.
 *
 * Handlers of the call table (sockets/calls.h); what a handler may do and gives is told in
 * serve.h.
 */
#ifndef PERSONA_SHADOW_CONTROL_H
#define PERSONA_SHADOW_CONTROL_H

struct call;
struct sock;

/** control_socket() - socket(2) */
long control_socket(struct call *c);
/** control_bind() - bind(2) */
long control_bind(struct call *c, struct sock *s);
/** control_connect() - connect(2) */
long control_connect(struct call *c, struct sock *s);
/** control_listen() - listen(2) */
long control_listen(struct call *c, struct sock *s);
/** control_accept() - accept(2), accept4(2) */
long control_accept(struct call *c, struct sock *s);
/** control_name() - getsockname(2), getpeername(2) */
long control_name(struct call *c, struct sock *s);
/** control_shutdown() - shutdown(2) */
long control_shutdown(struct call *c, struct sock *s);

#endif /* PERSONA_SHADOW_CONTROL_H */
