/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hostports.h - the local ports that the stack takes from the host: a slice, and single ones.
 *
 * Nothing is allocated; one run's state is static.
 */
#ifndef PERSONA_OPENER_HOSTPORTS_H
#define PERSONA_OPENER_HOSTPORTS_H

#include <stdbool.h>
#include <stdint.h>

/**
 * hostports_reserve() - take a slice of the host's ports
 * @want: how many; fewer (down to an eighth) if the host has no such hole
 *
 * None of them is in use, and the host gives none of them to its own sockets any more.
 * Return: 0, or -errno with the sentence in @why.
 */
int hostports_reserve(uint16_t want, uint16_t *first, uint16_t *last, const char **why);

/** hostports_claim() - take one port; see opener_claim(). */
int hostports_claim(int proto, uint16_t port, int family, const uint8_t *bytes, const char **why);

/** hostports_release() - give one back; not taken: no matter. */
void hostports_release(int proto, uint16_t port);

/** hostports_ours() - is it in the slice, or claimed? */
bool hostports_ours(int proto, uint16_t port);

/** hostports_slice() - are these the bounds of the slice? */
bool hostports_slice(uint16_t first, uint16_t last);

/** hostports_restore() - give everything back. */
void hostports_restore(void);

/* The text of ip_local_reserved_ports, for tests: "1-4,7" */

/** hostports_list_add() - add @first-@last to @list of @size bytes; -E2BIG. */
int hostports_list_add(char *list, unsigned long size, uint16_t first, uint16_t last);

/** hostports_list_remove() - take exactly that range out, also from the middle of another. */
int hostports_list_remove(char *list, unsigned long size, uint16_t first, uint16_t last);

/** hostports_list_overlaps() - is a port of it in @list? */
bool hostports_list_overlaps(const char *list, uint16_t first, uint16_t last);

#endif /* PERSONA_OPENER_HOSTPORTS_H */
