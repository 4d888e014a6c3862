/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * paths.h - where the files of an installation lie.
 */
#ifndef PERSONA_LAUNCH_PATHS_H
#define PERSONA_LAUNCH_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#define DEFAULT_PERSONALITY "linux-6.12"

/**
 * path_personality() - image file of a personality
 * @name: name, or a path if it has a slash
 * @why:  one sentence on failure
 *
 * Return: 0 with the path in @out, or -errno.
 */
int path_personality(const char *name, char *out, size_t size, const char **why);

/**
 * path_personalities() - call @each for every personality, nearest place first
 * @each: non-zero ends the walk and is returned
 *
 * A name that occurs in several places is reported once, as path_personality()
 * would find it, in order of names within a place.
 */
int path_personalities(int (*each)(const char *name, const char *path, void *arg), void *arg);

/** path_inline_library() - what inline mode loads into programs, or into those with @musl. */
int path_inline_library(bool musl, char *out, size_t size, const char **why);

/** path_opener() - the process that opens interfaces with privileges. */
int path_opener(char *out, size_t size, const char **why);

#endif /* PERSONA_LAUNCH_PATHS_H */
