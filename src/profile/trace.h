/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trace.h - from a sample to the functions it stands in, joined to a whole.
 */
#ifndef PERSONA_PROFILE_TRACE_H
#define PERSONA_PROFILE_TRACE_H

#include <stdint.h>
#include "profile/fold.h"
#include "profile/perf.h"

/** struct host_call - samples in a system call of the host's; @by the program, or the engine */
struct host_call {
	uint32_t function;
	bool engine;
	uint64_t weight;
	struct host_call *next;
};

/**
 * struct trace - what all samples come to
 * @rows:    weight of samples by row
 * @weight:  of all; @samples: their number
 * @broken:  of these, stacks that could not be followed to their end
 */
struct trace {
	struct fold fold;
	uint64_t rows[ROWS];
	uint64_t weight;
	uint64_t samples;
	uint64_t broken;
	struct host_call *calls;
	struct thread_path *paths[64];
};

/** trace_sample() - add a sample; @arg is the trace. */
void trace_sample(void *arg, const struct sample *s);

/** trace_settle() - add what waited for the way its thread enters the stack; at the end. */
void trace_settle(struct trace *t);

/** trace_free() - forget all of it. */
void trace_free(struct trace *t);

#endif /* PERSONA_PROFILE_TRACE_H */
