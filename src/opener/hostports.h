/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hostports.h - the local ports that the stack takes from the host: a range, and single ones.
 *
 * Nothing is allocated; one run's state is static.
 */
#ifndef PERSONA_OPENER_HOSTPORTS_H
#define PERSONA_OPENER_HOSTPORTS_H

#include <stdbool.h>
#include <stdint.h>

/**
 * hostports_reserve_range() - reserve a range of the host's ports, or let it grow
 * @want: the first time: how many; fewer (down to an eighth) if the host has no such hole. Later
 *	  calls double the range, or add to it what is free beside it
 *
 * None of them is in use, and the host gives none of them to its own sockets any more.
 * Return: 0, or -errno with the sentence in @why.
 */
int hostports_reserve_range(uint16_t want, uint16_t *first, uint16_t *last, const char **why);

/** hostports_reserve_port() - reserve one port; see opener_reserve_port(). */
int hostports_reserve_port(int proto, uint16_t port, int family, const uint8_t *bytes,
			   const char **why);

/** hostports_release_port() - give one back; not taken: no matter. */
void hostports_release_port(int proto, uint16_t port);

/** hostports_ours() - is it in the range, or reserved singly? */
bool hostports_ours(int proto, uint16_t port);

/** hostports_has_range() - are all of these in the range? */
bool hostports_has_range(uint16_t first, uint16_t last);

/** hostports_restore() - give everything back. */
void hostports_restore(void);

#endif /* PERSONA_OPENER_HOSTPORTS_H */
