/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * programs.h - connections of a program that has a policy of its own.
 */
#ifndef PERSONA_SHADOW_PROGRAMS_H
#define PERSONA_SHADOW_PROGRAMS_H

#include <sys/types.h>

/**
 * programs_steer() - thread @tid has made the MPTCP socket @stack: by which scheduler is it to
 * send?
 *
 * Does nothing, at no cost, where no program has a policy of its own (stack/steering.h).
 */
void programs_steer(pid_t tid, int stack);

#endif /* PERSONA_SHADOW_PROGRAMS_H */
