/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * visit.h - try something with a stack in a process of its own.
 */
#ifndef PERSONA_CLI_DOCTOR_VISIT_H
#define PERSONA_CLI_DOCTOR_VISIT_H

#include "stack/config.h"

#define VISIT_WORDS 512

/**
 * struct visit - what came of it
 * @status: what the trial returned; -1: the process died, or could not be made
 * @words:  the last line that it wrote on standard error, without "persona: "
 */
struct visit {
	int status;
	char words[VISIT_WORDS];
};

/** visit_configure() - a configuration of the default personality with @s alone; 0 or -errno. */
int visit_configure(struct config *c, const struct iface_spec *s);

/**
 * visit() - run @trial in a process
 * @trial: gets @c and @arg; returns 0 to 255. The process is its clean-up
 */
void visit(struct visit *v, int (*trial)(struct config *c, const void *arg), struct config *c,
	   const void *arg);

#endif /* PERSONA_CLI_DOCTOR_VISIT_H */
