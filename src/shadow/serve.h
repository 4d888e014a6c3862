/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * serve.h - the threads that answer calls, and which function answers which.
 *
 * The call table (sockets/calls.h) names each call's handler: of a socket, or of the call alone. A
 * handler of a socket gets a call whose duplicate descriptor is open and its socket
 * locked; it gives a result, -errno or one of CALL_PASS, CALL_PARK,
 * CALL_ANSWERED. It may be run again for the same call, so it does nothing for good
 * before it knows its result.
 */
#ifndef PERSONA_SHADOW_SERVE_H
#define PERSONA_SHADOW_SERVE_H

#include <stdbool.h>

struct nameservers;

/** struct serve_options - how the sockets of a run behave */
struct serve_options {
	bool mptcp;			 /* plain TCP sockets become MPTCP */
	bool isolate;			 /* loopback addresses are the stack's, too */
	const struct nameservers *names; /* in place of /etc/resolv.conf, if given; may be NULL */
};

extern struct serve_options serve_options;

/** serve_start() - start the threads for calls arriving at @listener; 0 or -errno. */
int serve_start(int listener, const struct serve_options *options);

/** serve_stop() - end them. */
void serve_stop(void);

/** serve_joined() - answer the calls at @listener until the last process there has ended. */
void serve_joined(int listener);

#endif /* PERSONA_SHADOW_SERVE_H */
