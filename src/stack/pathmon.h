/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pathmon.h - is a path still alive? The judgement about one interface.
 */
#ifndef PERSONA_STACK_PATHMON_H
#define PERSONA_STACK_PATHMON_H

#include <stdbool.h>
#include <stdint.h>

#define PATHMON_TICK_MS 150 /* time between steps while frames move */

/** enum pathmon_act - what the caller shall do after a step */
enum pathmon_act {
	PATHMON_NOTHING,
	PATHMON_PROBE,	/* send a probe */
	PATHMON_LEAVE,	/* it is dead: MPTCP shall leave it */
	PATHMON_RETURN, /* it answers again */
	PATHMON_RENEW,	/* make its endpoints again, if no connection has come back to it */
};

/**
 * struct pathmon - one interface
 * @away:   it was left
 * @proven: a probe has been answered since it came up
 * @open:   frames moved since the last answer, so silence is a reason to ask
 * @spoken: a frame has been received since it came up
 * @owes:   a tunnel that has not spoken yet, but would if its far end were there
 * @renews: how often PATHMON_RENEW may still come
 * @probes: sent since anything was heard
 * @rx, @tx: frames, as of the last step
 * @since:  of this state, @heard: of the last frame or answer, @base: the silence begins,
 *	    @probed: of the last probe, @asked: of the first that awaits its answer (0: none);
 *	    all in ms
 * @rtt:    longest time from probe to answer lately, ms
 */
struct pathmon {
	bool away;
	bool proven;
	bool open;
	bool spoken;
	bool owes;
	unsigned int renews;
	unsigned int probes;
	uint64_t rx, tx;
	int64_t since, heard, base, probed, asked, rtt;
};

/**
 * struct pathmon_seen - what there is to see at a step
 * @rx, @tx:  frames so far
 * @answered: the last probe was answered
 * @owes:     a tunnel: its far end answers the first frame, or it is not there
 * @busy:     frames move on some interface
 * @refuge:   another interface is alive
 * @needed:   another interface is suspected: is this one alive?
 * @thrifty:  its bytes cost money: a probe is for when it is needed, or has carried something
 */
struct pathmon_seen {
	uint64_t rx, tx;
	bool answered;
	bool owes;
	bool busy;
	bool refuge;
	bool needed;
	bool thrifty;
};

/**
 * pathmon_init() - an interface comes up
 * @now:   ms, monotonic, not 0
 * @again: connections may exist that had used it before
 */
void pathmon_init(struct pathmon *p, int64_t now, uint64_t rx, uint64_t tx, bool again);

/** pathmon_step() - judge; at most one act at a time, and it is taken as done. No I/O. */
enum pathmon_act pathmon_step(struct pathmon *p, int64_t now, const struct pathmon_seen *seen);

/** pathmon_suspect() - has it been silent for too long, though it used to answer? */
bool pathmon_suspect(const struct pathmon *p, int64_t now);

/** pathmon_alive() - not left, and heard of within a second? */
bool pathmon_alive(const struct pathmon *p, int64_t now);

#endif /* PERSONA_STACK_PATHMON_H */
