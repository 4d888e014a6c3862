/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * clock.h - the host's clocks, also as one number.
 *
 * They are the kernel's, by the vDSO, whatever a library makes of libc's clock_gettime()
 * (libfaketime): no system call, no errno, usable on kernel stacks and by any thread. For the
 * same reason nothing here waits by libc with a time-out: RAWSYS(SYS_ppoll, ...) and futexes do.
 */
#ifndef PERSONA_LIB_CLOCK_H
#define PERSONA_LIB_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_NS_PER_S	1000000000u
#define CLOCK_NS_PER_MS 1000000u

/** clock_read() - clock_gettime(), the kernel's; @id is one that every kernel has. */
void clock_read(clockid_t id, struct timespec *t);

/** clock_read_ns() - nanoseconds of the clock @id, CLOCK_MONOTONIC or CLOCK_REALTIME. */
static inline uint64_t clock_read_ns(clockid_t id)
{
	struct timespec t;

	clock_read(id, &t);
	return (uint64_t)t.tv_sec * CLOCK_NS_PER_S + (uint64_t)t.tv_nsec;
}

/** clock_mono_ns() - nanoseconds since some moment before this process; never goes back. */
static inline uint64_t clock_mono_ns(void)
{
	return clock_read_ns(CLOCK_MONOTONIC);
}

/** clock_mono_ms() - the same in whole milliseconds. */
static inline uint64_t clock_mono_ms(void)
{
	return clock_mono_ns() / CLOCK_NS_PER_MS;
}

#endif /* PERSONA_LIB_CLOCK_H */
