/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * flame.h - a flame graph: the tree of calls as an SVG that needs nothing else.
 */
#ifndef PERSONA_PROFILE_FLAME_H
#define PERSONA_PROFILE_FLAME_H

#include <stdio.h>
#include "profile/fold.h"

/**
 * flame_write() - the graph of @f
 * @title:    one line above it
 * @seconds:  processor time that all samples stand for
 *
 * What is narrower than a twentieth of a percent is left out. The file is the caller's to
 * check for errors (ferror()).
 */
void flame_write(FILE *out, const struct fold *f, const char *title, double seconds);

#endif /* PERSONA_PROFILE_FLAME_H */
