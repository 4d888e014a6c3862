/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * places.h - where a process has a socket: its numbers, and its places in epoll sets.
 */
#ifndef PERSONA_SHADOW_PLACES_H
#define PERSONA_SHADOW_PLACES_H

struct call;

/**
 * places_replace() - another socket takes the place of @c->fd in the caller's process
 * @fd: it; stays the caller's (of this function)
 *
 * At the number that the call is about, at all others that mean the same socket (dup()), and in
 * the epoll sets of the process, under the same numbers, with the same events and data. Of
 * processes with very many descriptors see the limits in places.c.
 *
 * Return: 0, or -errno: the number still means the old one.
 */
int places_replace(const struct call *c, int fd);

#endif /* PERSONA_SHADOW_PLACES_H */
