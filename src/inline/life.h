/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * life.h - when this process has a stack, and when not.
 */
#ifndef PERSONA_INLINE_LIFE_H
#define PERSONA_INLINE_LIFE_H

#include <stdatomic.h>
#include <stdbool.h>

struct nameservers;

enum life {
	LIFE_NONE = 0,	/* no stack yet */
	LIFE_UP = 1,	/* this process has the stack */
	LIFE_FAILED = 2 /* it could not be started; said already */
};

/* Words of @life_state; the first is an enum life. */
enum {
	LIFE_EXITING = 1, /* the process ends by _exit() */
	LIFE_STOPPING,	  /* 1: a thread drains and stops the stack, 2: it has */
	LIFE_WORDS
};

/* In a page that a forked child finds zeroed. */
extern _Atomic int *life_state;

int life_start(void);

/** stack_is_up() - is the stack running in this very process? */
static inline bool stack_is_up(void)
{
	return atomic_load_explicit(life_state, memory_order_acquire) == LIFE_UP;
}

/**
 * stack_need() - start the stack if it is not running yet
 *
 * Return: 0, or -ENETDOWN with the reason on stderr: another process has it,
 * this is a forked child, it could not be started.
 */
static inline int stack_need(void)
{
	return stack_is_up() ? 0 : life_start();
}

/** life_tell_orphan() - say that such a child has no network, once. */
void life_tell_orphan(void);

/**
 * life_forked() - in a child that was forked without pthread_atfork()'s handlers
 *
 * Async-signal-safe; locks of other threads stay as they were.
 */
void life_forked(void);

/** life_orphan() - is this a forked child of the process that has the stack? */
bool life_orphan(void);

/** life_mptcp() - do plain TCP sockets become MPTCP? */
bool life_mptcp(void);

/** life_config() - the configuration's descriptor, for the next program; -1 if none. */
int life_config(void);

/** life_names() - what stands in place of /etc/resolv.conf; NULL: the host's holds. */
const struct nameservers *life_names(void);

/** life_end() - the process ends by exit(): flush, drain and stop the stack. Idempotent. */
void life_end(void);

/** life_exiting() - does a thread end the process by _exit()? The others are parked. */
static inline bool life_exiting(void)
{
	return atomic_load_explicit(life_state + LIFE_EXITING, memory_order_relaxed);
}

/** life_park() - the calling thread does nothing more. Holds no lock of ours. */
void life_park(void) __attribute__((noreturn));

/** life_linger() - seconds that the end may wait for the peers to have what was written. */
int life_linger(void);

/** drain() - wait until the peers have what was written; at most @seconds. */
void drain(int seconds, bool close_all);

#endif /* PERSONA_INLINE_LIFE_H */
