/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * report.h - "where the time goes": the table, and the same as JSON.
 */
#ifndef PERSONA_PROFILE_REPORT_H
#define PERSONA_PROFILE_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "profile/trace.h"

/**
 * struct report - what to tell
 * @wall:	 seconds from beginning to end
 * @cpu:	 processor seconds of all that was sampled
 * @accounted:	 the same as the host accounts for it, interrupts may be missing
 * @processors:	 of the host
 * @units:	 samples' weight per second of processor time
 * @others:	 seconds that other processes had, negative: not known
 * @lost:	 samples that were lost
 * @host_hidden: the kernel was not sampled: what of @cpu no sample saw is its
 * @how:	 where the samples come from, a word
 * @graph:	 file of the flame graph, or NULL
 */
struct report {
	const struct trace *trace;
	double wall, cpu, accounted, others;
	unsigned int processors, units;
	uint64_t lost;
	bool host_hidden;
	const char *how;
	const char *graph;
};

/** report_table() - for people; each line begins with @prefix. */
void report_table(FILE *out, const struct report *r, const char *prefix);

/** report_json() - one object. */
void report_json(FILE *out, const struct report *r);

#endif /* PERSONA_PROFILE_REPORT_H */
