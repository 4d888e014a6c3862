// SPDX-License-Identifier: GPL-2.0-only
/*
 * fold.c - a tree of calls; see fold.h.
 *
 * A node's children are a list: few have more than ten. Memory that cannot be had loses
 * the sample's inner frames, no more.
 */
#include <stdlib.h>
#include <string.h>
#include "profile/fold.h"

static uint32_t hash_of(const char *name, size_t len, enum layer layer)
{
	uint32_t h = 2166136261u ^ (uint32_t)layer;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)name[i]) * 16777619u;
	return h;
}

static size_t plain_length(const char *name)
{
	static const char *const suffixes[] = {".constprop", ".isra", ".part",
					       ".cold",	     ".llvm", ".lto_priv"};
	size_t len = strlen(name);

	for (unsigned int i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		const char *at = strstr(name, suffixes[i]);

		if (at && at > name && (size_t)(at - name) < len)
			len = (size_t)(at - name);
	}
	return len;
}

/* The place in the hash of number + 1, or of the 0 where it belongs. */
static uint32_t *fold_place(const struct fold *f, const char *name, size_t len, enum layer layer)
{
	uint32_t i = hash_of(name, len, layer) & (f->hash_size - 1);

	for (;; i = (i + 1) & (f->hash_size - 1)) {
		const struct fold_function *fn;

		if (!f->hash[i])
			return &f->hash[i];
		fn = &f->functions[f->hash[i] - 1];
		if (fn->layer == layer && !strncmp(fn->name, name, len) && !fn->name[len])
			return &f->hash[i];
	}
}

static int fold_grow(struct fold *f)
{
	uint32_t capacity = f->capacity ? f->capacity * 2 : 1024;
	struct fold_function *more = reallocarray(f->functions, capacity, sizeof(*more));
	uint32_t *hash;

	if (!more)
		return -1;
	f->functions = more;
	hash = calloc(capacity * 2, sizeof(*hash));
	if (!hash)
		return -1;
	free(f->hash);
	f->hash = hash;
	f->hash_size = capacity * 2;
	f->capacity = capacity;
	for (uint32_t i = 0; i < f->nfunctions; i++) {
		const struct fold_function *fn = &f->functions[i];

		*fold_place(f, fn->name, strlen(fn->name), fn->layer) = i + 1;
	}
	return 0;
}

uint32_t fold_function(struct fold *f, const char *name, enum layer layer)
{
	size_t len = plain_length(name);
	uint32_t *at;
	char *copy;

	if (f->nfunctions == f->capacity && fold_grow(f))
		return 0;
	at = fold_place(f, name, len, layer);
	if (*at)
		return *at - 1;
	copy = strndup(name, len);
	if (!copy)
		return 0;
	f->functions[f->nfunctions] = (struct fold_function){copy, layer, 0};
	*at = ++f->nfunctions;
	return f->nfunctions - 1;
}

static struct fold_node *child_of(struct fold_node *node, uint32_t function)
{
	struct fold_node *c;

	for (c = node->child; c; c = c->sibling) {
		if (c->function == function)
			return c;
	}
	c = calloc(1, sizeof(*c));
	if (c) {
		c->function = function;
		c->sibling = node->child;
		node->child = c;
	}
	return c;
}

void fold_add(struct fold *f, const uint32_t *functions, unsigned int n, uint64_t weight)
{
	struct fold_node *node = &f->root;

	node->total += weight;
	for (unsigned int i = 0; i < n; i++) {
		node = child_of(node, functions[i]);
		if (!node)
			return;
		node->total += weight;
	}
	if (n)
		f->functions[functions[n - 1]].self += weight;
}

static void free_nodes(struct fold_node *node)
{
	while (node) {
		struct fold_node *next = node->sibling;

		free_nodes(node->child);
		free(node);
		node = next;
	}
}

void fold_free(struct fold *f)
{
	free_nodes(f->root.child);
	for (uint32_t i = 0; i < f->nfunctions; i++)
		free(f->functions[i].name);
	free(f->functions);
	free(f->hash);
	memset(f, 0, sizeof(*f));
}
