// SPDX-License-Identifier: GPL-2.0-only
/*
 * clock.c - CLOCK_MONOTONIC never goes back, between processors too, and is cheap (vDSO).
 *
 * It is the stack's clock source, read at every entry.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "tap.h"

#define READS 2000000

static _Atomic uint64_t newest;
static atomic_int backward;

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* A reading taken after another thread published its own must not be older. */
static void *reader(void *arg)
{
	for (int i = 0; i < READS; i++) {
		uint64_t seen = newest, t = now();

		if (t < seen)
			backward++;
		while (t > seen && !atomic_compare_exchange_weak(&newest, &seen, t))
			;
	}
	return NULL;
}

int main(void)
{
	pthread_t other;
	double start, each;

	pthread_create(&other, NULL, reader, NULL);
	reader(NULL);
	pthread_join(other, NULL);
	ok(!backward, "%d readings on two threads, %d went back", 2 * READS, backward);
	start = seconds();
	for (int i = 0; i < READS; i++)
		now();
	each = (seconds() - start) / READS * 1e9;
	ok(each < 200, "a reading takes %.0f ns: no system call", each);
	return done();
}
