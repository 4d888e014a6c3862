/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * doorbell.h - frames of a thread that works through events leave together.
 *
 * Internal to the engine; arithmetic alone, no calls. doorbell.c has the theory of operation.
 */
#ifndef PERSONA_ENGINE_DOORBELL_H
#define PERSONA_ENGINE_DOORBELL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define DOORBELL_HOLD_US 50    /* a frame is held back this long, as judged by the next call, */
#define DOORBELL_SLOW_US 150   /* a call that comes so late: the thread has something else to do */
#define DOORBELL_LATE_US 500   /* or by the background thread, if there is no call */
#define DOORBELL_FRAMES	 32    /* as many are held back at most, */
#define DOORBELL_BYTES	 16384 /* and this much */

/**
 * struct turn - a thread's way through the events of one wait
 * @calls: so many of its next calls may hold frames back
 * @skip:  so many turns may not, since the thread was slow
 * @slow:  how often it was, lately
 */
struct turn {
	unsigned int calls;
	unsigned int skip;
	unsigned int slow;
};

/**
 * struct doorbell - frames of one vCPU that are held back
 * @us:	    cycles in a microsecond
 * @since:  when the first of them was queued, cycles; 0: there is none. Written under the vCPU's
 *	    lock
 * @used:   frames were held back since doorbell_used() was asked last
 * @missed: the background thread had to send them
 */
struct doorbell {
	uint64_t us;
	_Atomic uint64_t since;
	_Atomic bool used;
	_Atomic bool missed;
};

/** doorbell_init() - for a clock of @cycles_per_us. */
void doorbell_init(struct doorbell *d, uint64_t cycles_per_us);

/** turn_waited() - a wait gave @events. That thread alone. */
void turn_waited(struct turn *t, long events);

/**
 * turn_call() - the thread begins a call that is no wait, at @now, on the vCPU of @d
 *
 * Return: may its frames be held back? That thread alone.
 */
bool turn_call(struct turn *t, struct doorbell *d, uint64_t now);

/**
 * doorbell_holds() - shall frames go on waiting, at @now?
 * @may:    what turn_call() said, and the call has not blocked
 * @frames: queued, with those that were held back before; @bytes together
 *
 * False: they are to be sent now; none is held back then. Under the vCPU's lock.
 */
bool doorbell_holds(struct doorbell *d, uint64_t now, bool may, unsigned int frames,
		    uint32_t bytes);

/** doorbell_late() - when the background thread shall send, cycles; UINT64_MAX: never. */
static inline uint64_t doorbell_late(const struct doorbell *d)
{
	uint64_t since = atomic_load(&d->since);

	return since ? since + DOORBELL_LATE_US * d->us : UINT64_MAX;
}

/** doorbell_used() - were frames held back since the last time? The background thread. */
static inline bool doorbell_used(struct doorbell *d)
{
	return atomic_exchange(&d->used, false);
}

/** doorbell_missed() - nobody has sent them in time: the next turns hold none back. Any thread. */
static inline void doorbell_missed(struct doorbell *d)
{
	atomic_store(&d->missed, true);
}

#endif /* PERSONA_ENGINE_DOORBELL_H */
