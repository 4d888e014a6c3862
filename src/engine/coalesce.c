// SPDX-License-Identifier: GPL-2.0-only
/*
 * coalesce.c - completion coalescing: a streaming thread's TX completions are reported late.
 *
 * Theory of operation
 *
 * The TX completion of a frame gives it back to the image, which frees the buffers and lets the
 * socket send more. If it came with the next call, a socket would never meet a frame on its
 * way, and each small send would become a frame of its own, which costs far more than the
 * send itself. A network card that coalesces its completion interrupts reports late; small sends
 * then meet a socket with frames on their way, and Linux makes one frame of many (autocorking).
 * So, while a thread streams, completions wait for COALESCE_WAIT_US after the first frame or
 * until the frames are FULL bytes; without a limit of bytes the send queue would run dry.
 *
 * A thread streams if it makes STREAK calls with no wait and no pause of COALESCE_PAUSE_US
 * between two, and they sent SMALL bytes at most each, on average: larger sends fill frames by
 * themselves. A thread that is about to wait, or to leave the vCPU without a waiter, reports at
 * once (vcpu.c); if a thread stops in the middle of a stream, the background thread reports
 * (coalesce_late()).
 *
 * Ownership and threads: a struct coalesce for each vCPU, a struct streak for each thread. All
 * threads may send and take at a time; the one that takes has the devices, so that no
 * completion is reported twice or lost.
 *
 * Limits: in a busy event loop a second small send to one socket may wait for COALESCE_WAIT_US.
 */
#include "engine/coalesce.h"

#define STREAK 16
#define SMALL  40000
#define FULL   65536

void coalesce_init(struct coalesce *c, uint64_t cycles_per_us)
{
	*c = (struct coalesce){.us = cycles_per_us};
}

bool coalesce_sent(struct coalesce *c, uint64_t now, uint32_t devs, uint32_t bytes, bool wait)
{
	if (!atomic_load_explicit(&c->due, memory_order_relaxed))
		atomic_store(&c->since, now);
	atomic_fetch_or(&c->due, devs);
	atomic_fetch_add_explicit(&c->total, bytes, memory_order_relaxed);
	if (!wait || atomic_fetch_add(&c->bytes, bytes) + bytes >= FULL)
		return false;
	atomic_store_explicit(&c->used, true, memory_order_relaxed);
	return true;
}

bool streak_coalesces(struct streak *s, const struct coalesce *c)
{
	uint64_t sent = atomic_load_explicit(&c->total, memory_order_relaxed);

	if (!s->calls)
		s->begun = sent;
	return s->calls >= STREAK && sent - s->begun <= (uint64_t)s->calls * SMALL;
}
