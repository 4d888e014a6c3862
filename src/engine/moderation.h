/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * moderation.h - interrupt moderation: let frames gather before a thread is woken for them.
 *
 * Internal to the engine; arithmetic alone, no calls. moderation.c has the theory of operation.
 */
#ifndef PERSONA_ENGINE_MODERATION_H
#define PERSONA_ENGINE_MODERATION_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct moderation - what is known of the arrival of frames
 * @us:	     cycles in a microsecond; 0: off
 * @began, @frames: when the present window began, and how many frames had come by then
 * @looked, @seen: when it was asked last, and the frames by then
 * @gap:     cycles between two frames while nothing was held back
 * @hold:    how long frames are left to gather, cycles; 0: the rate is being measured
 * @slow:    the gap seen when holding was given up, until it is known whose fault it was; else 0
 * @good:    windows in a row in which holding cost nothing
 * @pause:   windows to let go before the next try
 * @penalty: the pause after the next failure
 */
struct moderation {
	uint64_t us;
	uint64_t began;
	uint64_t frames;
	uint64_t looked;
	uint64_t seen;
	uint64_t gap;
	uint64_t hold;
	uint64_t slow;
	unsigned int good;
	unsigned int pause;
	unsigned int penalty;
};

/** moderation_init() - for a clock of @cycles_per_us; 0 turns it off for good. */
void moderation_init(struct moderation *m, uint64_t cycles_per_us);

/**
 * moderation_hold() - asked before each sleep: how long may frames be left alone?
 * @now:    the clock, cycles
 * @frames: frames received so far, a counter that only grows
 *
 * Return: cycles to sleep without looking at the devices, 0: look at once. One thread at a time.
 */
uint64_t moderation_hold(struct moderation *m, uint64_t now, uint64_t frames);

#endif /* PERSONA_ENGINE_MODERATION_H */
