/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * perf.h - samples of a process and all that it starts, from the kernel's software clock.
 *
 * No hardware counter is needed. A user that may sample whole processors does so (other
 * processes' samples are only counted), else events are inherited by threads and children.
 */
#ifndef PERSONA_PROFILE_PERF_H
#define PERSONA_PROFILE_PERF_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "profile/cfi.h"

/**
 * struct sample - where a thread was
 * @weight:	      how much it counts: 1, or what the source says
 * @kernel, @nkernel: addresses in the host's kernel, innermost first
 * @call:	      number of the host's system call it is in, if that is known, or -1
 * @user:	      registers in user mode; not set (@has_user) in threads of the kernel
 * @stack:	      copy of the stack from the stack pointer on
 */
struct sample {
	pid_t pid, tid;
	uint64_t weight;
	const uint64_t *kernel;
	unsigned int nkernel;
	long call;
	bool has_user;
	struct cfi_frame user;
	struct cfi_stack stack;
};

/**
 * struct perf - the events
 * @hz:	    samples a second of processor time
 * @kernel: the host's kernel is sampled, too
 * @whole:  whole processors are sampled; @others: samples of other processes
 * @lost:   samples that the kernel had no space for
 */
struct perf {
	unsigned int hz;
	bool kernel, whole;
	uint64_t lost, others;
	struct perf_ring *ring;
	unsigned int nrings;
};

/**
 * perf_open() - begin with process @pid
 * @why: on failure one sentence, remedy included
 *
 * Return: 0; -EACCES, -EPERM (not allowed), -ENOSYS, -ENOENT and others.
 */
int perf_open(struct perf *p, pid_t pid, unsigned int hz, const char **why);

/**
 * perf_drain() - hand over what came, in the order of time
 * @all:    to the last record; else all but the last milliseconds
 * @sample: called for each
 *
 * Forks, execs, mappings and names go to space.h.
 */
void perf_drain(struct perf *p, bool all, void (*sample)(void *arg, const struct sample *s),
		void *arg);

/** perf_wait() - until there is something to drain, or @ms milliseconds passed. */
void perf_wait(struct perf *p, int ms);

/**
 * perf_cpu_ns() - processor time of the process and its children, in ns, whether samples saw
 * it or not; 0 if whole processors are sampled.
 */
uint64_t perf_cpu_ns(struct perf *p);

/** perf_close() - end. */
void perf_close(struct perf *p);

#endif /* PERSONA_PROFILE_PERF_H */
