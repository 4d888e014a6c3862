/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * launch.h - from a parsed command line to a running program.
 */
#ifndef PERSONA_LAUNCH_LAUNCH_H
#define PERSONA_LAUNCH_LAUNCH_H

#include "launch/mode.h"

struct config;

/**
 * struct launch - one run, as the command line has it
 * @config:	 interfaces with their specifications, sysctls, memory; the image is filled in, the
 *		 interfaces are opened and completed. The caller's, for as long as launch() runs
 * @personality: name of a personality, or a path if it has a slash
 * @mode:	 MODE_UNSET is shadow; MODE_AUTO is decided by mode_choose()
 * @argv:	 the command and its arguments, NULL-terminated
 */
struct launch {
	struct config *config;
	const char *personality;
	enum mode mode;
	char *const *argv;
};

/**
 * launch_sampled() - a profiler of the same user reads this process's memory: do not hide it
 *
 * Before launch(), in the process that calls it.
 */
void launch_sampled(void);

/**
 * launch() - check everything, open the interfaces, run the program, wait for its end
 *
 * Return: exit status for this process, as of supervise(); EXIT_NOCMD or EXIT_NOEXEC for a
 * command that is not there or no program; EXIT_PERSONA. What is wrong has been said in one
 * line. Once per process: the interfaces end with it. Not with threads around (it forks).
 */
int launch(const struct launch *l);

#endif /* PERSONA_LAUNCH_LAUNCH_H */
