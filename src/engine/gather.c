// SPDX-License-Identifier: GPL-2.0-only
/*
 * gather.c - gathering of small sends: a streaming thread's sent frames are told late.
 *
 * Theory of operation
 *
 * A frame that was sent is the image's again as soon as it is told: it frees the buffers, and
 * the socket may send more. Telling it with the next call means that a socket never meets a
 * frame on its way, so each small send becomes a frame of its own, which costs far more than
 * the send itself. A network card that moderates its interrupts tells late; small
 * sends meet a socket with frames on their way then, and Linux makes one frame of many
 * (autocorking). So, while a thread streams, frames are told only GATHER_WAIT_US after the
 * first of them or once they are FULL bytes; without a limit of bytes the send queue would run dry.
 *
 * A thread streams if it makes STREAK calls with no wait and no pause of GATHER_PAUSE_US between
 * two, and they sent SMALL bytes at most each, on average: larger sends fill frames by
 * themselves. Whoever is about to wait, or to leave nobody behind, tells at once (vcpu.c); if a
 * thread stops in the middle of a stream, the background thread does (gather_late()).
 *
 * Ownership and threads: a struct gather for each vCPU, a struct streak for each thread. All
 * threads may send and take at a time; who takes has the devices, so nothing is told twice or lost.
 *
 * Limits: in a busy event loop a second small send to one socket may wait for GATHER_WAIT_US.
 */
#include "engine/gather.h"

#define STREAK 16
#define SMALL  40000
#define FULL   65536

void gather_init(struct gather *g, uint64_t cycles_per_us)
{
	*g = (struct gather){.us = cycles_per_us};
}

bool gather_sent(struct gather *g, uint64_t now, uint32_t devs, uint32_t bytes, bool wait)
{
	if (!atomic_load_explicit(&g->due, memory_order_relaxed))
		atomic_store(&g->since, now);
	atomic_fetch_or(&g->due, devs);
	atomic_fetch_add_explicit(&g->total, bytes, memory_order_relaxed);
	if (!wait || atomic_fetch_add(&g->bytes, bytes) + bytes >= FULL)
		return false;
	atomic_store_explicit(&g->used, true, memory_order_relaxed);
	return true;
}

bool streak_gathers(struct streak *s, const struct gather *g)
{
	uint64_t sent = atomic_load_explicit(&g->total, memory_order_relaxed);

	if (!s->calls)
		s->begun = sent;
	return s->calls >= STREAK && sent - s->begun <= (uint64_t)s->calls * SMALL;
}
