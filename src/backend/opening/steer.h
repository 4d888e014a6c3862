/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * steer.h - which frames of an interface are the stack's, where the host has it, too.
 *
 * Travels to the process that steers (xdp/) as text, one fact a line, always
 * complete:
 *
 *   own 10.1.0.2          all frames to that address, and ARP and neighbour discovery for it
 *   shared 10.1.0.3       the host has the address, too: what the ports say
 *   range 40000 44999     TCP and UDP ports of shared addresses that are ours
 *   port tcp 8080         a single one
 *   none                  nothing: an empty text is said so
 */
#ifndef PERSONA_BACKEND_OPENING_STEER_H
#define PERSONA_BACKEND_OPENING_STEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STEER_ADDRS 16
#define STEER_PORTS 64
#define STEER_TEXT  4096 /* more than the longest text */

/**
 * struct steer_addr - an address of the stack
 * @family: AF_INET or AF_INET6
 * @shared: the host has it, too
 * @bytes:  4 or 16, in network order
 */
struct steer_addr {
	uint8_t family;
	bool shared;
	uint8_t bytes[16];
};

struct steer_port {
	uint8_t proto; /* IPPROTO_TCP or IPPROTO_UDP */
	uint16_t port;
};

/**
 * struct steer - what is ours
 * @first: first and @last port of the range on shared addresses; both 0: none
 */
struct steer {
	unsigned int naddrs;
	struct steer_addr addr[STEER_ADDRS];
	uint16_t first;
	uint16_t last;
	unsigned int nports;
	struct steer_port port[STEER_PORTS];
};

/** steer_format() - as text, NUL-terminated; its length, never 0. Thread-safe. */
size_t steer_format(const struct steer *s, char text[STEER_TEXT]);

/**
 * steer_parse() - from text
 * @line: receives the number of the first bad line
 *
 * Return: 0, -EINVAL (bad line) or -E2BIG (too many of a kind). Thread-safe.
 */
int steer_parse(const char *text, struct steer *s, unsigned int *line);

#endif /* PERSONA_BACKEND_OPENING_STEER_H */
