/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * refusal.h - make a refused TCP connection known at once, behind old versions of passt.
 */
#ifndef PERSONA_BACKEND_REFUSAL_H
#define PERSONA_BACKEND_REFUSAL_H

#include <stddef.h>
#include <stdint.h>

#define REFUSAL_SYNS 256 /* connections being made at a time; a power of two */

struct refusal {
	uint64_t syn[REFUSAL_SYNS]; /* ports and sequence number; atomic */
};

/** refusal_note() - Ethernet frame @frame is being sent; any thread. */
void refusal_note(struct refusal *r, const uint8_t *frame, size_t len);

/** refusal_mend() - Ethernet frame @frame has come, to be changed if need be; any thread. */
void refusal_mend(struct refusal *r, uint8_t *frame, size_t len);

#endif /* PERSONA_BACKEND_REFUSAL_H */
