/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * opener.h - what `persona-opener` is asked, and what it answers.
 *
 * One SOCK_SEQPACKET connection, descriptor OPENER_FD in the opener; one request, one
 * reply. Both are flat, of one build, and checked: the asking side may be anybody.
 * The end of the connection (the stack has ended, in whatever way) makes
 * the opener take everything back and end.
 */
#ifndef PERSONA_OPENER_OPENER_H
#define PERSONA_OPENER_OPENER_H

#include <net/if.h>
#include <stdint.h>
#include "backend/opening/flows.h"

#define OPENER_FD	3
#define OPENER_GONE_FD	4	    /* a pipe that nobody writes to: its end is the opener\'s */
#define OPENER_MAGIC	0x506f7032u /* "Pop2" */
#define OPENER_SLOTS	8	    /* interfaces of one run */
#define OPENER_WHY	512
#define OPENER_PATIENCE 120 /* seconds that a client waits for a reply: many may start at once */

enum opener_op {
	OPENER_OPEN,	/* open @ifname by @backend: the reply carries the descriptor */
	OPENER_CLAIM,	/* own addresses of @flows are this run's alone on @ifname, which is open */
	OPENER_STACK,	/* the asking process starts the stack: what was claimed is to be held */
	OPENER_RANGE,	/* all is open; reserve up to @ports (0: none) local ports of the host's;
			 * again: the range grows */
	OPENER_RESERVE, /* reserve @port of @proto on address @family, @bytes for the stack */
	OPENER_RELEASE, /* @port of @proto is the host's again */
	OPENER_FLOWS,	/* keep the host from @flows on @ifname, which has been opened */
	OPENER_OPS
};

/** struct opener_request - see enum opener_op for what is used */
struct opener_request {
	uint32_t magic;
	uint32_t number; /* the reply has it, too */
	uint32_t op;
	char backend[16];
	char ifname[IF_NAMESIZE];
	uint16_t ports;
	uint16_t proto; /* IPPROTO_TCP, IPPROTO_UDP */
	uint16_t port;
	uint16_t family;
	uint8_t bytes[16];
	struct flows flows;
};

/**
 * struct opener_reply
 * @number: of the request: what comes too late is no answer to the next
 * @err: 0 or -errno
 * @first, @last: OPENER_RANGE's ports
 * @why: the sentence that goes with @err
 */
struct opener_reply {
	uint32_t number;
	int32_t err;
	uint16_t first;
	uint16_t last;
	char why[OPENER_WHY];
};

#endif /* PERSONA_OPENER_OPENER_H */
