/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * program.h - the command to run: find it, and tell whether a library can be
 * loaded into it.
 */
#ifndef PERSONA_LAUNCH_PROGRAM_H
#define PERSONA_LAUNCH_PROGRAM_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

enum program_kind {
	PROGRAM_DYNAMIC, /* ELF of this processor with a dynamic loader */
	PROGRAM_STATIC,	 /* ELF of this processor without one */
	PROGRAM_FOREIGN, /* ELF of another processor, word size or type */
	PROGRAM_SCRIPT,	 /* #! interpreter */
	PROGRAM_TEXT,	 /* anything else: the shell's, as execvp() has it */
};

/**
 * struct program - what a file's beginning says
 * @loader: dynamic loader (PROGRAM_DYNAMIC) or interpreter (PROGRAM_SCRIPT)
 */
struct program {
	enum program_kind kind;
	char loader[256];
};

/** program_inspect() - look into a file; 0 or -errno. */
int program_inspect(const char *path, struct program *p);

/**
 * program_resolve() - look into @path, or what interprets it
 * @current: receives the name of the file that was looked into at last
 *
 * Return: 0; -ELOOP (too many #! interpreters), -errno.
 */
int program_resolve(const char *path, char current[PATH_MAX], struct program *p);

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
