/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sockopt.h - options and ioctls.
 *
 * Handlers of the call table (sockets/calls.h); what a handler may do and gives is told in
 * serve.h.
 */
#ifndef PERSONA_SHADOW_SOCKOPT_H
#define PERSONA_SHADOW_SOCKOPT_H

struct call;
struct sock;

/** sockopt_get() - getsockopt(2) */
long sockopt_get(struct call *c, struct sock *s);
/** sockopt_set() - setsockopt(2) */
long sockopt_set(struct call *c, struct sock *s);
/** sockopt_ioctl() - ioctl(2) */
long sockopt_ioctl(struct call *c, struct sock *s);
/** sockopt_ioctl_host() - ioctl(2) about interfaces, of a socket of the host */
long sockopt_ioctl_host(struct call *c);

#endif /* PERSONA_SHADOW_SOCKOPT_H */
