// SPDX-License-Identifier: GPL-2.0-only
/*
 * park.c - calls that wait for their socket, see park.h.
 *
 * A parked call holds no duplicate of the program's descriptor: it would keep
 * the program's end open after the program has gone. The duplicate is made
 * again for each try.
 *
 * Signals (look.h): a look at an old call costs one reading of /proc. Of a thousand threads that
 * wait in one process, one tells whether a signal waits for the process; only then all are looked
 * at. A signal that another program sends to a single thread is not seen that way: TURN calls are
 * looked at each time, in turn.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include "lib/clock.h"
#include "shadow/answer.h"
#include "shadow/call.h"
#include "shadow/look.h"
#include "shadow/park.h"
#include "shadow/pump.h"
#include "shadow/sock.h"
#include "sockets/event.h"

/* Until a call has waited for so long, ns, a signal is looked for so often (look.h). */
static const struct {
	uint64_t age, interval;
} looks[] = {
	{50000000, 2000000},
	{1000000000, 20000000},
	{UINT64_MAX, 500000000},
};

#define OLD   (sizeof(looks) / sizeof(looks[0]) - 1)
#define TURN  16
#define QUIET 32 /* processes remembered during a look; calls of others are all looked at */

/* Linux' own: repeat the call, or EINTR, as the handler's flags say. */
#define RESTART	       (-512L) /* ERESTARTSYS */
#define RESTART_NOHAND (-514L) /* ERESTARTNOHAND: never repeat after a handler */

static _Atomic int nparked;

/* The look thread's: processes without a signal, so far; old calls, so far; whose turn it is. */
static struct {
	pid_t quiet[QUIET];
	unsigned int nquiet, old, turn;
} sight;

static void park_forget(struct call *c)
{
	nparked--;
	free(c);
}

bool park_any(void)
{
	return nparked;
}

static void park_append(struct call *c, struct sock *s)
{
	struct call **p = &s->parked;

	while (*p)
		p = &(*p)->next;
	c->next = NULL;
	*p = c;
}

/* A thread has one call at a time: an older one was interrupted. */
static void park_forget_thread(struct sock *s, pid_t tid)
{
	struct call **p = &s->parked;

	while (*p) {
		struct call *c = *p;

		if (c->tid != tid) {
			p = &c->next;
			continue;
		}
		*p = c->next;
		park_forget(c);
	}
}

long park_wait(struct call *c, int timeo, long ret)
{
	struct timeval t = {0};
	socklen_t len = sizeof(t);

	if (!c->deadline && !getsockopt(c->fd, SOL_SOCKET, timeo, &t, &len) &&
	    (t.tv_sec || t.tv_usec)) {
		c->deadline = clock_mono_ns() + (uint64_t)t.tv_sec * 1000000000u +
			      (uint64_t)t.tv_usec * 1000u;
		c->timeout = ret;
	}
	return CALL_PARK;
}

int park(struct call *c, struct sock *s)
{
	struct call *copy = malloc(sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	call_done(c);
	*copy = *c;
	copy->since = clock_mono_ns();
	park_forget_thread(s, c->tid);
	park_append(copy, s);
	nparked++;
	event_parked(&s->core, c->nr, c->tid);
	look_at(copy->since + looks[0].interval);
	if (copy->deadline)
		pump_deadline(copy->deadline);
	return 0;
}

/* The duplicate, if the number still means this socket. */
static void park_look_again(struct call *c, const struct sock *s)
{
	struct stat st;

	c->fd = call_peek_fd(c->tid, (int)c->args[0]);
	if (c->fd >= 0 && (fstat(c->fd, &st) || st.st_ino != s->ino))
		call_done(c);
}

void park_retry(struct sock *s)
{
	struct call *list = s->parked, *c;
	long ret;

	s->parked = NULL;
	while ((c = list)) {
		list = c->next;
		ret = -EBADF;
		if (!call_valid(c)) {
			park_forget(c);
			continue;
		}
		park_look_again(c, s);
		if (c->fd >= 0)
			ret = c->again(c, s);
		call_done(c);
		if (ret == CALL_PARK) {
			park_append(c, s);
			continue;
		}
		if (ret != CALL_ANSWERED)
			answer_give(c, s, ret);
		park_forget(c);
	}
}

/* What a signal makes of a parked call; 0: nothing. */
static long park_interrupted(struct call *c)
{
	enum call_signal signal;
	bool quiet;

	signal = call_signal(c, &quiet);
	if (quiet && sight.nquiet < QUIET)
		sight.quiet[sight.nquiet++] = c->tgid;
	switch (signal) {
	case CALL_SIGNAL:
		return c->deadline ? RESTART_NOHAND : RESTART;
	case CALL_SIGNAL_SHARED:
		/* Which thread the kernel has chosen cannot be seen: say it plainly. */
		return -EINTR;
	default:
		return 0;
	}
}

/* Which of looks[] is for @c? */
static unsigned int park_age(const struct call *c, uint64_t now)
{
	unsigned int i = 0;

	while (!look_often(now) && now - c->since >= looks[i].age)
		i++;
	return i;
}

/* May this look pass over old call @c? */
static bool park_pass_over(const struct call *c)
{
	unsigned int n = sight.old++;

	if (n - sight.turn < TURN)
		return false;
	for (unsigned int i = 0; i < sight.nquiet; i++)
		if (sight.quiet[i] == c->tgid)
			return true;
	return false;
}

uint64_t park_interrupt(uint64_t now)
{
	uint64_t next = UINT64_MAX;
	struct sock *s;

	if (!nparked)
		return next;
	sight.nquiet = sight.old = 0;
	for (uint32_t i = 0; (s = sock_first(i)); sock_put(s)) {
		struct call **p = &s->parked;

		i = s->index + 1;
		while (*p) {
			struct call *c = *p;
			unsigned int age = park_age(c, now);
			uint64_t look = now + looks[age].interval;
			bool over = age == OLD && park_pass_over(c);
			long ret = over ? 0 : park_interrupted(c);

			if (over || (!ret && call_valid(c))) {
				next = look < next ? look : next;
				p = &c->next;
				continue;
			}
			*p = c->next;
			if (ret)
				call_answer(c, c->partial ? c->partial : ret);
			park_forget(c);
		}
	}
	sight.turn = sight.turn + TURN < sight.old ? sight.turn + TURN : 0;
	return next;
}

void park_drop_all(struct sock *s)
{
	struct call *c;

	while ((c = s->parked)) {
		s->parked = c->next;
		call_answer(c, c->partial ? c->partial : -EBADF);
		park_forget(c);
	}
}

uint64_t park_expire(uint64_t now)
{
	uint64_t next = UINT64_MAX;
	struct sock *s;

	for (uint32_t i = 0; (s = sock_first(i)); sock_put(s)) {
		struct call **p = &s->parked;

		i = s->index + 1;
		while (*p) {
			struct call *c = *p;

			if (!c->deadline || c->deadline > now) {
				if (c->deadline && c->deadline < next)
					next = c->deadline;
				p = &c->next;
				continue;
			}
			*p = c->next;
			call_answer(c, c->partial ? c->partial : c->timeout);
			park_forget(c);
		}
	}
	return next;
}
