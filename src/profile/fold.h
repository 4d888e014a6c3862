/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fold.h - samples folded into a tree of calls.
 *
 * Functions are interned: equal names in one layer are one. Not for several threads.
 */
#ifndef PERSONA_PROFILE_FOLD_H
#define PERSONA_PROFILE_FOLD_H

#include <stddef.h>
#include <stdint.h>
#include "profile/layer.h"

#define FOLD_DEPTH 160 /* frames of a sample; what is further out is left out */

struct fold_function {
	char *name;
	enum layer layer;
	uint64_t self; /* samples that ended in it */
};

/** struct fold_node - a function as called by its @parent, with @total samples in it */
struct fold_node {
	uint32_t function;
	uint64_t total;
	struct fold_node *child, *sibling;
};

/** struct fold - @root is all; its children are threads */
struct fold {
	struct fold_node root;
	struct fold_function *functions;
	uint32_t nfunctions, capacity;
	uint32_t *hash;
	uint32_t hash_size;
};

/** fold_function() - the number of a function; compiler's suffixes (.constprop.0) are cut off. */
uint32_t fold_function(struct fold *f, const char *name, enum layer layer);

/** fold_add() - a sample that counts @weight, @n functions from the outermost (a thread) to the
 * innermost. */
void fold_add(struct fold *f, const uint32_t *functions, unsigned int n, uint64_t weight);

/** fold_free() - forget all of it. */
void fold_free(struct fold *f);

#endif /* PERSONA_PROFILE_FOLD_H */
