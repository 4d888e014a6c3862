/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * preflight.h - try a configuration before a program depends on it.
 */
#ifndef PERSONA_LAUNCH_PREFLIGHT_H
#define PERSONA_LAUNCH_PREFLIGHT_H

#include "stack/config.h"

/**
 * preflight() - start the stack once, without interfaces, and set the sysctls
 *
 * Return: 0, or EXIT_PERSONA with the line printed.
 */
int preflight(const struct config *c);

#endif /* PERSONA_LAUNCH_PREFLIGHT_H */
