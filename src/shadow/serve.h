/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * serve.h - the threads that answer calls, and which function answers which.
 *
 * A handler gets a call whose duplicate descriptor is open and its socket
 * locked; it gives a result, -errno or one of CALL_PASS, CALL_PARK,
 * CALL_ANSWERED. It may be run again for the same call, so it does nothing for good
 * before it knows its result.
 */
#ifndef PERSONA_SHADOW_SERVE_H
#define PERSONA_SHADOW_SERVE_H

#include <stdbool.h>

struct call;
struct sock;

/** struct serve_options - how the sockets of a run behave */
struct serve_options {
	bool mptcp;   /* plain TCP sockets become MPTCP */
	bool isolate; /* loopback addresses are the stack's, too */
};

extern struct serve_options serve_options;

/** serve_start() - start the threads for calls arriving at @listener; 0 or -errno. */
int serve_start(int listener, const struct serve_options *options);

/** serve_stop() - end them. */
void serve_stop(void);

/** serve_joined() - answer the calls at @listener until the last process there has ended. */
void serve_joined(int listener);

/** serve_sock() - run the handler of @c on its socket. */
long serve_sock(struct call *c, struct sock *s);

/* The handlers: control.c */
long control_socket(struct call *c);
long control_bind(struct call *c, struct sock *s);
long control_connect(struct call *c, struct sock *s);
long control_listen(struct call *c, struct sock *s);
long control_accept(struct call *c, struct sock *s);
long control_name(struct call *c, struct sock *s);
long control_shutdown(struct call *c, struct sock *s);
/* option.c */
long option_get(struct call *c, struct sock *s);
long option_set(struct call *c, struct sock *s);
long option_ioctl(struct call *c, struct sock *s);
long option_ioctl_host(struct call *c); /* of a socket of the host's: about interfaces */
/* message.c */
long message_send(struct call *c, struct sock *s);
long message_receive(struct call *c, struct sock *s);
/* files.c */
long files_open(struct call *c);
void files_settle(void); /* what has been written to files has arrived */

/** serve_answer() - answer @c, and remember the result if it did not arrive. */
void serve_answer(struct call *c, struct sock *s, long ret);

/** call_nonblocking() - is the program's end O_NONBLOCK, or @flags MSG_DONTWAIT? */
bool call_nonblocking(const struct call *c, int flags);

/** call_wait() - park the call; @timeo: SO_RCVTIMEO or SO_SNDTIMEO; then the answer is @ret. */
long call_wait(struct call *c, struct sock *s, int timeo, long ret);

#endif /* PERSONA_SHADOW_SERVE_H */
