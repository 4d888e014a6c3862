/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * farend.h - can a tunnel's server be at an address?
 */
#ifndef PERSONA_LAUNCH_FAREND_H
#define PERSONA_LAUNCH_FAREND_H

#include "netconf/spec.h"

/**
 * farend_unfit() - why no server can be at @a, as seen from this host
 * @own: addresses of this host with their prefixes, @nown of them
 *
 * Return: a sentence's end, "is ..."; NULL if one can. Pure.
 */
const char *farend_unfit(const struct ip_addr *a, const struct ip_addr *own, unsigned int nown);

/** farend_judge() - the same, with the addresses that the host has now. */
const char *farend_judge(const struct ip_addr *a);

/**
 * farend_served() - can the UDP socket @fd send to @a?
 *
 * An IPv6 socket that is for IPv6 alone is made one for both, if it still can. Return: NULL, or
 * what it is instead, "an IPv4 socket".
 */
const char *farend_served(int fd, const struct ip_addr *a);

#endif /* PERSONA_LAUNCH_FAREND_H */
