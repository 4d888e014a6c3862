// SPDX-License-Identifier: GPL-2.0-only
/*
 * doorbell.c - frames of a thread that works through events leave together.
 *
 * Theory of operation
 *
 * A server waits for many connections, and one wait gives the events of several. It reads each
 * request and sends each answer; each answer is a frame. If each frame left by a system call of its
 * own, the host would take each through its stack, the peer's softirq and a wake-up of the peer
 * alone, and the peer would answer each alone. A driver does not ring a network card's doorbell
 * while it knows of more to come (xmit_more); so a thread that has got several events rings it
 * later: by its next wait, or by the call that finds DOORBELL_FRAMES, DOORBELL_BYTES, or the first
 * frame older than DOORBELL_HOLD_US. A call that blocks rings it at once.
 *
 * That is right as long as the thread goes on calling. If it computes instead, the background
 * thread sends (doorbell_late()). After that, or if the thread's next call came later than
 * DOORBELL_SLOW_US, the next 4 turns hold nothing back, and twice as many each time that it was
 * slow again, up to 64: a server that computes for long at each request pays once in 65 turns, one
 * that was preempted loses little.
 *
 * A turn ends after CALLS calls for each event: what comes then is no answer to them.
 *
 * Order: one vCPU at a time holds frames back, and whoever sends others' frames of the device sends
 * these before (netif_flush()), so that what a socket sends on two vCPUs is not turned round.
 *
 * Ownership and threads: a struct doorbell for each vCPU, a struct turn for each thread. The
 * frames stay in the vCPU's TX rings, so any thread that flushes the device sends them, too.
 *
 * Limits: one thread's slowness may be laid to another of the same vCPU.
 */
#include "engine/doorbell.h"

#define CALLS	 4
#define SLOW	 2 /* what a slow turn adds; one that was allowed takes 1 away */
#define SLOW_MAX 6 /* log2 of the turns that are skipped */

void doorbell_init(struct doorbell *d, uint64_t cycles_per_us)
{
	*d = (struct doorbell){.us = cycles_per_us};
}

void turn_waited(struct turn *t, long events)
{
	t->calls = 0;
	if (events < 2)
		return;
	if (t->skip) {
		t->skip--;
		return;
	}
	if (t->slow)
		t->slow--;
	t->calls = (unsigned int)events * CALLS;
}

static void turn_slow(struct turn *t)
{
	t->slow = t->slow + SLOW < SLOW_MAX ? t->slow + SLOW : SLOW_MAX;
	t->skip = 1u << t->slow;
	t->calls = 0;
}

bool turn_call(struct turn *t, struct doorbell *d, uint64_t now)
{
	uint64_t since;

	if (!t->calls)
		return false;
	since = atomic_load_explicit(&d->since, memory_order_relaxed);
	if (atomic_load_explicit(&d->missed, memory_order_relaxed) ||
	    (since && (int64_t)(now - since) > (int64_t)(DOORBELL_SLOW_US * d->us))) {
		atomic_store(&d->missed, false);
		turn_slow(t);
		return false;
	}
	t->calls--;
	return true;
}

bool doorbell_holds(struct doorbell *d, uint64_t now, bool may, unsigned int frames, uint32_t bytes)
{
	uint64_t since = atomic_load_explicit(&d->since, memory_order_relaxed);

	if (!may || frames >= DOORBELL_FRAMES || bytes >= DOORBELL_BYTES ||
	    (since && now - since >= DOORBELL_HOLD_US * d->us)) {
		if (since)
			atomic_store(&d->since, 0);
		return false;
	}
	if (!since) {
		atomic_store(&d->since, now);
		atomic_store_explicit(&d->used, true, memory_order_relaxed);
	}
	return true;
}
