/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * client.h - ask `persona-opener`.
 *
 * The connection is a descriptor that may be inherited; callers see to it that
 * one request is under way at a time. All give 0 or -errno, with one sentence in @why.
 */
#ifndef PERSONA_OPENER_CLIENT_H
#define PERSONA_OPENER_CLIENT_H

#include <stdint.h>

struct flows;

/**
 * opener_spawn() - start an opener
 * @path: its executable
 * @gone: receives a descriptor that reaches its end when the opener has taken
 *	  everything back and ended
 *
 * It is no child of ours, has a session of its own (the terminal's signals do not reach
 * it), and ends when the last copy of the connection is closed. Not to be called with
 * threads around. Return: the connection or -errno. Both are CLOEXEC.
 */
int opener_spawn(const char *path, int *gone, const char **why);

/** opener_open() - the descriptor of back end @backend on @ifname, or -errno. */
int opener_open(int opener, const char *backend, const char *ifname, const char **why);

/**
 * opener_claim() - addresses of @f that are FLOWS_OWN are ours alone on @ifname, until the end
 *
 * -EADDRINUSE if another run has one of them, and keeps it.
 */
int opener_claim(int opener, const char *ifname, const struct flows *f, const char **why);

/**
 * opener_stack() - this process starts the stack: it needs what was claimed for the run
 *
 * -EADDRINUSE if the run has ended, and another has one of the addresses.
 */
int opener_stack(int opener, const char **why);

/**
 * opener_reserve_range() - all is open: give up what opening takes; reserve about @want ports
 *
 * @first..@last are ours from here on; 0 if @want is. Called again, the range grows (twice as long,
 * if what is beside it is free), or stays: -EADDRINUSE.
 */
int opener_reserve_range(int opener, uint16_t want, uint16_t *first, uint16_t *last,
			 const char **why);

/**
 * opener_reserve_port() - take one port from the host
 * @proto:  IPPROTO_TCP or IPPROTO_UDP
 * @family: of the address in @bytes, which may be the wildcard
 *
 * -EADDRINUSE if the host serves it; -EACCES below 1024 without the privilege for it.
 */
int opener_reserve_port(int opener, int proto, uint16_t port, int family, const uint8_t *bytes,
			const char **why);

/** opener_release_port() - give it back. */
int opener_release_port(int opener, int proto, uint16_t port, const char **why);

/** opener_flows() - the host drops these frames of @ifname, from now on. */
int opener_flows(int opener, const char *ifname, const struct flows *f, const char **why);

#endif /* PERSONA_OPENER_CLIENT_H */
