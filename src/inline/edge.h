/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * edge.h - the edge between a hook and the stack.
 *
 * Inside, everything is a result or -errno; errno is set here and nowhere
 * else, and only on failure. What happens to signals, restarts
 * and cancellation around a call is told in edge.c.
 */
#ifndef PERSONA_INLINE_EDGE_H
#define PERSONA_INLINE_EDGE_H

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <signal.h>
#include <time.h>

/* One entry, no restart: see struct edge_wait. */
struct edge_result {
	long ret;	/* result, -errno or -ENGINE_ERESTART... */
	bool handled;	/* a handler of the program ran */
	bool norestart; /* and it had no SA_RESTART */
};

/** edge_once() - enter once; tells the caller what to make of an interruption. */
struct edge_result edge_once(struct pollfd *host, unsigned int nhost, long nr, const long args[6]);

/** edge_args() - enter, repeat or give -EINTR as Linux would after a handler. */
long edge_args(long nr, const long args[6]);

/** edge_wait() - the same for a call that may block: a cancellation point. */
long edge_wait(long nr, const long args[6]);

/** edge_close() - close a descriptor of the stack, never twice; 0 or -errno. */
int edge_close(int fd);

#define EDGE_LONG(x) ((long)(x))
#define EDGE_ARGS(a, b, c, d, e, f)                                                                \
	(const long[6])                                                                            \
	{                                                                                          \
		EDGE_LONG(a), EDGE_LONG(b), EDGE_LONG(c), EDGE_LONG(d), EDGE_LONG(e), EDGE_LONG(f) \
	}
#define edge(nr, a, b, c, d, e, f)	 edge_args(nr, EDGE_ARGS(a, b, c, d, e, f))
#define edge_block(nr, a, b, c, d, e, f) edge_wait(nr, EDGE_ARGS(a, b, c, d, e, f))

/** edge_ret() - libc's convention: errno and -1 */
static inline long edge_ret(long ret)
{
	if (__builtin_expect(ret < 0, 0)) {
		errno = (int)-ret;
		return -1;
	}
	return ret;
}

/**
 * struct edge_mask - the signal mask of ppoll, pselect, epoll_pwait
 *
 * edge_mask_begin() blocks what @mask blocks besides; what it unblocks is
 * watched by a signalfd in @fd (-1: none) so that no signal is lost between
 * looking and sleeping; edge_mask_deliver() then lets the handlers run under
 * @mask. edge_mask_end() puts the old mask back.
 */
struct edge_mask {
	const sigset_t *mask;
	int fd;
	bool blocked;
	sigset_t old;
};

void edge_mask_begin(struct edge_mask *m, const sigset_t *mask);
bool edge_mask_deliver(struct edge_mask *m); /* true: a handler ran */
void edge_mask_end(struct edge_mask *m);

/* Absolute deadlines on CLOCK_MONOTONIC, for waits that are entered again. */
struct edge_deadline {
	bool forever;
	struct timespec at;
};

int edge_deadline_set(struct edge_deadline *d, const struct timespec *timeout); /* -EINVAL */
struct timespec *edge_deadline_left(const struct edge_deadline *d, struct timespec *left);

#endif /* PERSONA_INLINE_EDGE_H */
