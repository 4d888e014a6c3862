// SPDX-License-Identifier: GPL-2.0-only
/*
 * mutex.c - a futex mutex for the engine: 0 free, 1 held, 2 held with sleepers.
 *
 * Held for microseconds, never across a sleep, so a short spin comes first.
 * Unlocking is an exchange, a full barrier: what is published before it is seen
 * by the thread that takes the mutex next, and a flag read after it is read after it.
 */
#include <linux/futex.h>
#include "engine/vcpu.h"
#include "lib/rawsys.h"

#define SPINS 200

void mutex_lock_slow(_Atomic uint32_t *m)
{
	if (engine.processors > 1) {
		for (int i = 0; i < SPINS; i++) {
			cpu_pause();
			if (atomic_load_explicit(m, memory_order_relaxed) == 0 && mutex_trylock(m))
				return;
		}
	}
	while (atomic_exchange(m, 2) != 0)
		RAWSYS(SYS_futex, m, FUTEX_WAIT_PRIVATE, 2, 0);
}

void mutex_wake(_Atomic uint32_t *m)
{
	RAWSYS(SYS_futex, m, FUTEX_WAKE_PRIVATE, 1);
}
