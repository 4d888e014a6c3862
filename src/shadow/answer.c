// SPDX-License-Identifier: GPL-2.0-only
/*
 * answer.c - see answer.h. A lost result is believed for ANSWER_RECALL_NS: a program that made
 * the same call with the same arguments later than that means a new one.
 */
#include <errno.h>
#include <string.h>
#include "lib/clock.h"
#include "shadow/answer.h"
#include "shadow/call.h"
#include "shadow/pump.h"
#include "shadow/sock.h"

#define ANSWER_RECALL_NS 2000000000ull

void answer_give(struct call *c, struct sock *s, long ret)
{
	if (call_answer(c, ret) != -ENOENT || !s || ret == CALL_PASS)
		return;
	s->lost.tid = c->tid;
	s->lost.nr = c->nr;
	s->lost.ret = ret;
	memcpy(s->lost.args, c->args, sizeof(c->args));
	s->lost.when = clock_mono_ns();
}

bool answer_recall(const struct call *c, struct sock *s, long *ret)
{
	if (s->lost.tid != c->tid)
		return false;
	s->lost.tid = 0;
	*ret = s->lost.ret;
	return s->lost.nr == c->nr && !memcmp(s->lost.args, c->args, sizeof(c->args)) &&
	       clock_mono_ns() - s->lost.when < ANSWER_RECALL_NS;
}
