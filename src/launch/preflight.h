/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * preflight.h - try a configuration before a program depends on it.
 */
#ifndef PERSONA_LAUNCH_PREFLIGHT_H
#define PERSONA_LAUNCH_PREFLIGHT_H

#include "stack/config.h"

/** preflight_due() - has the user given something that can be wrong, beside the personality? */
bool preflight_due(const struct config *c);

/**
 * preflight() - start the stack once, without interfaces, and set the sysctls
 *
 * Tells the user, too, what the policy needs and the personality has not.
 *
 * Return: 0, or EXIT_PERSONA with the line printed.
 */
int preflight(const struct config *c);

#endif /* PERSONA_LAUNCH_PREFLIGHT_H */
