/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * executable.h - what kind of file a program is: can a library be loaded into it?
 */
#ifndef PERSONA_LIB_EXECUTABLE_H
#define PERSONA_LIB_EXECUTABLE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

enum executable_kind {
	EXECUTABLE_DYNAMIC, /* ELF of this processor with a dynamic loader */
	EXECUTABLE_STATIC,  /* ELF of this processor without one */
	EXECUTABLE_FOREIGN, /* ELF of another processor, word size or type */
	EXECUTABLE_SCRIPT,  /* #! interpreter */
	EXECUTABLE_TEXT,    /* anything else: the shell's, as execvp() has it */
};

/**
 * struct executable - what a file's beginning says
 * @loader: dynamic loader (EXECUTABLE_DYNAMIC) or interpreter (EXECUTABLE_SCRIPT)
 * @span:   bytes of address space from its first to its last segment (ELF)
 * @go:	    linked by the Go tool chain: its system calls are not libc's, whatever else it loads
 */
struct executable {
	enum executable_kind kind;
	char loader[256];
	uint64_t span;
	bool go;
};

/** executable_inspect() - look into a file; 0 or -errno. */
int executable_inspect(const char *path, struct executable *p);

/**
 * executable_resolve() - look into @path, or what interprets it
 * @current: receives the name of the file that was looked into at last
 *
 * Return: 0; -ELOOP (too many #! interpreters), -errno.
 */
int executable_resolve(const char *path, char current[PATH_MAX], struct executable *p);

/**
 * executable_privileged() - does the kernel make the loader drop LD_PRELOAD (AT_SECURE)?
 *
 * Return: NULL, or what @path is: "set-user-ID" ... With no_new_privs set, no file is;
 * a process whose real and effective ids differ has that effect on every file.
 */
const char *executable_privileged(const char *path);

/**
 * executable_cramped() - may a limit of memory keep the loader from mapping inline mode's library?
 *
 * The loader then leaves LD_PRELOAD's library out and goes on: so the answer is yes where that is
 * not certain. Limits: RLIMIT_AS and RLIMIT_DATA of this process, which @p inherits.
 */
bool executable_cramped(const struct executable *p);

/** executable_uses_musl() - is musl the C library that loader of @p belongs to? */
bool executable_uses_musl(const struct executable *p);

#endif /* PERSONA_LIB_EXECUTABLE_H */
