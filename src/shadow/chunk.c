// SPDX-License-Identifier: GPL-2.0-only
/*
 * chunk.c - buffers for data between a pair and the stack, see chunk.h.
 *
 * A few are kept for the next pump, the last one used first since it is in the
 * processor's cache; the rest goes back to the system.
 */
#include <pthread.h>
#include <sys/mman.h>
#include "shadow/chunk.h"

#define KEEP 16

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct chunk *kept;
static unsigned int nkept;

struct chunk *chunk_get(void)
{
	struct chunk *c;

	pthread_mutex_lock(&lock);
	c = kept;
	if (c) {
		kept = c->next;
		nkept--;
	}
	pthread_mutex_unlock(&lock);
	if (!c) {
		c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			 0);
		if (c == MAP_FAILED)
			return NULL;
	}
	c->next = NULL;
	c->at = c->len = 0;
	return c;
}

void chunk_put(struct chunk *c)
{
	if (!c)
		return;
	pthread_mutex_lock(&lock);
	if (nkept < KEEP) {
		c->next = kept;
		kept = c;
		nkept++;
		c = NULL;
	}
	pthread_mutex_unlock(&lock);
	if (c)
		munmap(c, sizeof(*c));
}
