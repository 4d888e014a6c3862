/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * chunk.h - buffers for data between a pair and the stack.
 *
 * A pump takes a chunk, fills it from one side and empties it into the other.
 * Only if the other side does not take all, the chunk stays with the socket;
 * so idle connections own none. Thread-safe; a chunk has one owner.
 */
#ifndef PERSONA_SHADOW_CHUNK_H
#define PERSONA_SHADOW_CHUNK_H

#include <stddef.h>

#define CHUNK_SIZE (256 << 10)

/**
 * struct chunk - @len bytes from data[@at] on are still to be passed on
 */
struct chunk {
	struct chunk *next;
	size_t at;
	size_t len;
	unsigned char data[CHUNK_SIZE];
};

/** chunk_get() - an empty one, or NULL. */
struct chunk *chunk_get(void);

/** chunk_put() - give it back; NULL is allowed. */
void chunk_put(struct chunk *c);

#endif /* PERSONA_SHADOW_CHUNK_H */
