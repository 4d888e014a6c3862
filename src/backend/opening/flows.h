/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * flows.h - which frames of a host interface are the stack's, which the host's.
 *
 * One description, two readers: the classic BPF program that the back end's socket
 * runs on each frame (backend/flowfilter.c), and the rules by which the host's kernel drops
 * the same frames before it looks at them (opener/rules.c). Flat, since it is sent
 * from process to process.
 */
#ifndef PERSONA_BACKEND_OPENING_FLOWS_H
#define PERSONA_BACKEND_OPENING_FLOWS_H

#include <stdbool.h>
#include <stdint.h>

#define FLOWS_MAX_ADDRS 32
#define FLOWS_MAX_PORTS 64

/* Whose an address is. Frames to an unknown one are passed: the stack ignores them. */
enum flows_owner {
	FLOWS_OWN,    /* the stack's alone */
	FLOWS_SHARED, /* the stack's and the host's: ports tell whose a packet is */
	FLOWS_HOST,   /* the host's alone */
};

/**
 * struct flows_addr - an address
 * @family: AF_INET or AF_INET6
 * @owner:  enum flows_owner
 * @bytes:  4 or 16 bytes in network order
 */
struct flows_addr {
	uint16_t family;
	uint16_t owner;
	uint8_t bytes[16];
};

/**
 * struct flows_port - a port that the stack serves on shared addresses
 * @proto: IPPROTO_TCP or IPPROTO_UDP
 */
struct flows_port {
	uint16_t proto;
	uint16_t port;
};

/**
 * struct flows - an interface's frames
 * @first, @last: the stack's port range on shared addresses, TCP and UDP; 0: none
 */
struct flows {
	uint32_t naddrs;
	struct flows_addr addr[FLOWS_MAX_ADDRS];
	uint16_t first;
	uint16_t last;
	uint32_t nports;
	struct flows_port port[FLOWS_MAX_PORTS];
};

/** flows_valid() - is it within its bounds? For what another process has sent. */
bool flows_valid(const struct flows *f);

/** flows_shared() - is an address of @family (0: any) shared with the host? */
bool flows_shared(const struct flows *f, int family);

#endif /* PERSONA_BACKEND_OPENING_FLOWS_H */
