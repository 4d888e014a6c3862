/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stops.h - samples without perf events: threads are stopped for some microseconds and looked at.
 *
 * For machines that refuse perf_event_open (containers, phones, kernel.perf_event_paranoid 3).
 * What it takes is what a debugger takes: to be an ancestor, and of the same user.
 */
#ifndef PERSONA_PROFILE_STOPS_H
#define PERSONA_PROFILE_STOPS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "profile/perf.h"

#define STOPS_HZ    250	    /* the rate by default, and the most: a stop costs some 20 us */
#define STOPS_UNITS 1000000 /* of a sample's weight, per second */

/**
 * struct stops - the processes that are sampled
 * @root:    the process, which must be this one's child; its offspring is, too
 * @ended:   it has ended, seen on the way; @wstatus as of wait()
 */
struct stops {
	pid_t root;
	bool ended;
	int wstatus;
	struct stops_thread *threads;
};

/** stops_try() - may this process do that with its child @pid? 0 or -errno. */
int stops_try(pid_t pid);

/**
 * stops_turn() - sample every thread that has used a processor since the last turn
 *
 * A sample weighs the time that the thread used, in STOPS_UNITS.
 */
void stops_turn(struct stops *s, void (*sample)(void *arg, const struct sample *s), void *arg);

/** stops_close() - forget the threads. */
void stops_close(struct stops *s);

#endif /* PERSONA_PROFILE_STOPS_H */
