/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * portset.h - a set of ports, and its text as ip_local_reserved_ports has it: "1-4,7".
 *
 * Nothing is allocated. One thread at a time.
 */
#ifndef PERSONA_OPENER_PORTSET_H
#define PERSONA_OPENER_PORTSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct portset {
	uint32_t word[65536 / 32];
};

/** portset_put() - put @port into the set, or take it out if @on is false. */
void portset_put(struct portset *s, unsigned int port, bool on);

/** portset_parse() - the set that @text says; what is no number in it separates. */
void portset_parse(const char *text, struct portset *s);

/** portset_any() - is a port from @first to @last in the set? */
bool portset_any(const struct portset *s, unsigned int first, unsigned int last);

/** portset_list_add() - add @first-@last to the text @list of @size bytes; 0 or -E2BIG. */
int portset_list_add(char *list, size_t size, uint16_t first, uint16_t last);

/** portset_list_remove() - take exactly that range out, also from the middle of another. */
int portset_list_remove(char *list, size_t size, uint16_t first, uint16_t last);

/** portset_list_overlaps() - is a port of it in the text @list? */
bool portset_list_overlaps(const char *list, uint16_t first, uint16_t last);

#endif /* PERSONA_OPENER_PORTSET_H */
