// SPDX-License-Identifier: GPL-2.0-only
/*
 * moderation.c - interrupt moderation: let frames gather before a thread is woken for them.
 *
 * Theory of operation
 *
 * On a link of some ten Mbit/s frames come one by one, some thousand in a second, and
 * each wakes the thread that waits for them: a wake-up of the host, a receive call for one
 * frame, an acknowledgement for two. A network card's answer is interrupt moderation, and it
 * is ours: while frames come at such a rate, the waiter sleeps for about four of them
 * (HOLD_MIN to HOLD_MAX) without watching the devices, then takes all that has gathered. GRO
 * merges it, TCP acknowledges once, the application reads once.
 *
 * Holding is harmless only if nobody waits for the answer to each frame. A
 * dialogue (one request, one reply) shows itself: the next frame does not come
 * before the last one was answered, so fewer come while they are held. So the rate is measured
 * with nothing held, then compared: if it falls below KEEP over a window (below half of that
 * over the first two holds) holding ends. If then, with nothing held, the rate
 * is as low, the link has become slower, and holding goes on; if it rises again holding was to
 * blame, and is tried again after a pause that doubles each time. A rate that grows shortens the
 * holds.
 *
 * Rates above MAX (bulk data of a fast link, whose waits are short and polled) and below
 * MIN (telephony, a terminal) are never touched.
 *
 * Ownership and threads: one for the stack, part of struct engine; one thread at a time (vcpu.c).
 *
 * Limits: frames are counted, not bytes; all devices together.
 */
#include "engine/moderation.h"

#define HOLD_MIN_US 250
#define HOLD_MAX_US 2000
#define HOLD_FRAMES 4
#define GAP_MIN_US  100 /* 10,000 frames in a second */
#define GAP_MAX_US  800 /* 1,250: two or three in the longest hold */
#define MEASURE	    32	/* frames in a window of measurement */
#define FIRST	    2	/* holds before the first look */
#define WINDOW	    16	/* holds in a window */
#define KEEP(x)	    ((x)*5 / 8)
#define GOOD	    4 /* good windows after which failures are forgotten */
#define PENALTY_MAX 512

void moderation_init(struct moderation *m, uint64_t cycles_per_us)
{
	*m = (struct moderation){.us = cycles_per_us, .penalty = 1};
}

static void new_window(struct moderation *m, uint64_t now, uint64_t frames)
{
	m->began = now;
	m->frames = frames;
}

static bool moderation_eligible(const struct moderation *m)
{
	return m->gap >= GAP_MIN_US * m->us && m->gap <= GAP_MAX_US * m->us;
}

/* As long as suits frames that come @gap apart. */
static void set_hold(struct moderation *m, uint64_t gap)
{
	m->hold = HOLD_FRAMES * gap;
	if (m->hold < HOLD_MIN_US * m->us)
		m->hold = HOLD_MIN_US * m->us;
	if (m->hold > HOLD_MAX_US * m->us)
		m->hold = HOLD_MAX_US * m->us;
}

/* Nothing is held: learn the rate. */
static void moderation_measure(struct moderation *m, uint64_t now, uint64_t frames)
{
	uint64_t got = frames - m->frames, took = now - m->began;

	if (got < MEASURE) {
		/* Too slow to be of interest: the next burst is measured for itself. */
		if (took > MEASURE * GAP_MAX_US * m->us)
			new_window(m, now, frames);
		return;
	}
	m->gap = took / got;
	new_window(m, now, frames);
	if (m->slow) {
		if (m->gap < KEEP(m->slow)) {
			m->pause = m->penalty;
			if (m->penalty < PENALTY_MAX)
				m->penalty *= 2;
		}
		m->slow = 0;
	}
	if (m->pause) {
		m->pause--;
		return;
	}
	if (moderation_eligible(m)) {
		m->good = 0;
		set_hold(m, m->gap);
	}
}

static void give_up(struct moderation *m, uint64_t now, uint64_t frames)
{
	m->slow = (now - m->began) / (frames - m->frames + 1);
	m->hold = 0;
	new_window(m, now, frames);
}

/* Frames were held: does the rate stand it? */
static void moderation_judge(struct moderation *m, uint64_t now, uint64_t frames)
{
	uint64_t got = frames - m->frames, took = now - m->began;
	uint64_t fresh = frames - m->seen, since = now - m->looked;

	/* Slow start: twice the rate with each round trip, so do not wait for the window's end. */
	if (fresh * m->gap > 2 * (since + m->gap))
		set_hold(m, since / fresh);
	if (took < WINDOW * m->hold) {
		if (m->good == 0 && took >= FIRST * m->hold && took < 2 * FIRST * m->hold &&
		    got * m->gap < KEEP(took) / 2)
			give_up(m, now, frames);
		return;
	}
	if (got * m->gap < KEEP(took)) {
		give_up(m, now, frames);
		return;
	}
	if (got * m->gap > took)
		m->gap = (3 * m->gap + took / got) / 4;
	new_window(m, now, frames);
	if (++m->good >= GOOD)
		m->penalty = 1;
	if (moderation_eligible(m))
		set_hold(m, m->gap);
	else
		m->hold = 0;
}

uint64_t moderation_hold(struct moderation *m, uint64_t now, uint64_t frames)
{
	if (!m->us)
		return 0;
	if (m->hold)
		moderation_judge(m, now, frames);
	else
		moderation_measure(m, now, frames);
	m->looked = now;
	m->seen = frames;
	return m->hold;
}
