/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * program.h - the command to run: find it, and tell whether a library can be
 * loaded into it.
 */
#ifndef PERSONA_LAUNCH_PROGRAM_H
#define PERSONA_LAUNCH_PROGRAM_H

#include <limits.h>
#include <stdbool.h>

/**
 * program_find() - find a command as execvp() does
 * @why: one sentence on failure
 *
 * Return: 0 with the path in @path; -ENOENT (no such command) or -EACCES and
 * others (not executable).
 */
int program_find(const char *command, char path[PATH_MAX], const char **why);

/**
 * program_preloadable() - can our library be loaded into @path?
 * @why: one sentence if not
 *
 * Follows #! interpreters. Refused are programs without a dynamic loader, of
 * another processor, of another C library than ours, and those that run with
 * more privileges than their caller: in all of these the loader would ignore
 * the library, and the program would silently use the host's stack.
 *
 * Return: 0 or -errno.
 */
int program_preloadable(const char *path, const char **why);

/**
 * program_uses_musl() - is musl the C library of @path, or of its interpreter?
 *
 * Such a program needs the inline library in its second form.
 */
bool program_uses_musl(const char *path);

#endif /* PERSONA_LAUNCH_PROGRAM_H */
