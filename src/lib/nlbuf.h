/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nlbuf.h - append to netlink messages (netlink(7)) in the caller's memory.
 *
 * What does not fit sets @full and appends nothing, then or later, so that a builder needs one
 * check at its end. Offsets, not pointers, name what is to be completed. No thread-safety of its
 * own; the memory is the caller's, aligned to 4.
 */
#ifndef PERSONA_LIB_NLBUF_H
#define PERSONA_LIB_NLBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct nlbuf - messages under construction
 * @bytes: the caller's, @size of them, @len in use
 * @full:  something did not fit
 */
struct nlbuf {
	uint8_t *bytes;
	size_t size, len;
	bool full;
};

/** nlbuf_extend() - room for @len bytes, zero-padded to the alignment; NULL if there is none. */
void *nlbuf_extend(struct nlbuf *b, size_t len);

/** nlbuf_put() - append an attribute of @len bytes at @data. */
void nlbuf_put(struct nlbuf *b, uint16_t type, const void *data, size_t len);

/** nlbuf_put_string() - append an attribute: @value with its NUL. */
void nlbuf_put_string(struct nlbuf *b, uint16_t type, const char *value);

/** nlbuf_nest() - begin a nested attribute. Return: its offset, for nlbuf_nest_end(). */
size_t nlbuf_nest(struct nlbuf *b, uint16_t type);

/** nlbuf_nest_end() - the nested attribute at @nest ends here. */
void nlbuf_nest_end(struct nlbuf *b, size_t nest);

#endif /* PERSONA_LIB_NLBUF_H */
