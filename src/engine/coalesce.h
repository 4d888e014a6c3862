/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * coalesce.h - completion coalescing: a streaming thread's TX completions are reported late.
 *
 * Internal to the engine; arithmetic alone, no calls. coalesce.c has the theory of operation.
 */
#ifndef PERSONA_ENGINE_COALESCE_H
#define PERSONA_ENGINE_COALESCE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define COALESCE_PAUSE_US 50   /* longest time from call to call of a thread that streams */
#define COALESCE_WAIT_US  100  /* a completion is this late, reported by the next call then, */
#define COALESCE_LATE_US  1000 /* or by the background thread, if there is no call */

/**
 * struct streak - calls of a thread, one close behind the other
 * @called: when the last one began, cycles
 * @calls:  how many there were, 0: the first of a streak
 * @begun:  bytes that its vCPU had sent when the streak began
 */
struct streak {
	uint64_t called;
	uint64_t begun;
	unsigned int calls;
};

/**
 * struct coalesce - frames of one vCPU whose TX completion was not reported to its image yet
 * @us:	   cycles in a microsecond
 * @due:   their devices, a bit for each; 0: none
 * @since: when the first of them was sent
 * @bytes: how many bytes they have
 * @total: bytes sent in all
 * @used:  a completion was left to wait since coalesce_used() was asked last
 */
struct coalesce {
	uint64_t us;
	_Atomic uint32_t due;
	_Atomic uint32_t bytes;
	_Atomic uint64_t since;
	_Atomic uint64_t total;
	_Atomic bool used;
};

/** coalesce_init() - for a clock of @cycles_per_us. */
void coalesce_init(struct coalesce *c, uint64_t cycles_per_us);

/**
 * coalesce_sent() - frames of @devs, @bytes together, were sent at @now
 * @wait: there is time for more of them: what streak_coalesces() said before they were made
 *
 * Return: false if their completion shall be reported at once. Any thread.
 */
bool coalesce_sent(struct coalesce *c, uint64_t now, uint32_t devs, uint32_t bytes, bool wait);

/** coalesce_take() - the devices whose completions shall be reported now; none is due then. Any
 * thread.
 */
static inline uint32_t coalesce_take(struct coalesce *c)
{
	uint32_t devs;

	if (!atomic_load(&c->due))
		return 0;
	devs = atomic_exchange(&c->due, 0);
	atomic_store_explicit(&c->bytes, 0, memory_order_relaxed);
	return devs;
}

/** coalesce_waits() - is a completion due that may wait longer, at @now? Any thread. */
static inline bool coalesce_waits(const struct coalesce *c, uint64_t now)
{
	return atomic_load(&c->due) && now - atomic_load(&c->since) < COALESCE_WAIT_US * c->us;
}

/**
 * coalesce_late() - when the background thread shall report, cycles
 *
 * UINT64_MAX: no completion is due.
 */
static inline uint64_t coalesce_late(const struct coalesce *c)
{
	return atomic_load(&c->due) ? atomic_load(&c->since) + COALESCE_LATE_US * c->us
				    : UINT64_MAX;
}

/** coalesce_used() - was a completion left to wait since the last time? The background thread. */
static inline bool coalesce_used(struct coalesce *c)
{
	return atomic_exchange(&c->used, false);
}

/** streak_call() - the thread calls, at @now. That thread alone. */
static inline void streak_call(struct streak *s, const struct coalesce *c, uint64_t now)
{
	s->calls = now - s->called < COALESCE_PAUSE_US * c->us ? s->calls + 1 : 0;
	s->called = now;
}

/** streak_end() - it had to wait. That thread alone. */
static inline void streak_end(struct streak *s)
{
	s->calls = 0;
}

/** streak_coalesces() - does it stream, by calls that send little each? That thread alone. */
bool streak_coalesces(struct streak *s, const struct coalesce *c);

#endif /* PERSONA_ENGINE_COALESCE_H */
