/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * answer.h - results of calls on a socket, and those whose caller was interrupted.
 *
 * A signal may take a call away while it is served; the kernel or the program makes it again.
 * Its result is kept with the socket until then, so that nothing is bound, connected or sent
 * twice. The socket is locked in all functions.
 */
#ifndef PERSONA_SHADOW_ANSWER_H
#define PERSONA_SHADOW_ANSWER_H

#include <stdbool.h>

struct call;
struct sock;

/** answer_give() - answer @c, and remember the result if it did not arrive. @s may be NULL. */
void answer_give(struct call *c, struct sock *s, long ret);

/** answer_recall() - was this very call done, and its result lost? Then it is in @ret. */
bool answer_recall(const struct call *c, struct sock *s, long *ret);

#endif /* PERSONA_SHADOW_ANSWER_H */
