/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gather.h - gathering of small sends: a streaming thread's sent frames are told late.
 *
 * Internal to the engine; arithmetic alone, no calls. gather.c has the theory of operation.
 */
#ifndef PERSONA_ENGINE_GATHER_H
#define PERSONA_ENGINE_GATHER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define GATHER_PAUSE_US 50   /* longest time from call to call of a thread that streams */
#define GATHER_WAIT_US	100  /* sent frames are told so much later, by who calls then, */
#define GATHER_LATE_US	1000 /* or by the background thread, if nobody calls */

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
 * struct gather - frames of one vCPU that were sent and that its image does not know of
 * @us:	   cycles in a microsecond
 * @due:   their devices, a bit for each; 0: none
 * @since: when the first of them was sent
 * @bytes: how many bytes have gathered
 * @total: bytes sent in all
 * @used:  something has gathered since gather_used() was asked last
 */
struct gather {
	uint64_t us;
	_Atomic uint32_t due;
	_Atomic uint32_t bytes;
	_Atomic uint64_t since;
	_Atomic uint64_t total;
	_Atomic bool used;
};

/** gather_init() - for a clock of @cycles_per_us. */
void gather_init(struct gather *g, uint64_t cycles_per_us);

/**
 * gather_sent() - frames of @devs, @bytes together, were sent at @now
 * @wait: there is time for more of them: what streak_gathers() said before they were made
 *
 * Return: false if the image shall be told at once. Any thread.
 */
bool gather_sent(struct gather *g, uint64_t now, uint32_t devs, uint32_t bytes, bool wait);

/** gather_take() - the devices whose frames shall be told now; nothing is due then. Any thread. */
static inline uint32_t gather_take(struct gather *g)
{
	uint32_t devs;

	if (!atomic_load(&g->due))
		return 0;
	devs = atomic_exchange(&g->due, 0);
	atomic_store_explicit(&g->bytes, 0, memory_order_relaxed);
	return devs;
}

/** gather_waits() - is something due that may wait longer, at @now? Any thread. */
static inline bool gather_waits(const struct gather *g, uint64_t now)
{
	return atomic_load(&g->due) && now - atomic_load(&g->since) < GATHER_WAIT_US * g->us;
}

/** gather_late() - when the background thread shall see to it, cycles; UINT64_MAX: nothing is due.
 */
static inline uint64_t gather_late(const struct gather *g)
{
	return atomic_load(&g->due) ? atomic_load(&g->since) + GATHER_LATE_US * g->us : UINT64_MAX;
}

/** gather_used() - has anything gathered since this was asked last? The background thread. */
static inline bool gather_used(struct gather *g)
{
	return atomic_exchange(&g->used, false);
}

/** streak_call() - the thread calls, at @now. That thread alone. */
static inline void streak_call(struct streak *s, const struct gather *g, uint64_t now)
{
	s->calls = now - s->called < GATHER_PAUSE_US * g->us ? s->calls + 1 : 0;
	s->called = now;
}

/** streak_end() - it had to wait. That thread alone. */
static inline void streak_end(struct streak *s)
{
	s->calls = 0;
}

/** streak_gathers() - does it stream, by calls that send little each? That thread alone. */
bool streak_gathers(struct streak *s, const struct gather *g);

#endif /* PERSONA_ENGINE_GATHER_H */
