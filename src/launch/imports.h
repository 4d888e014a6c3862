/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * imports.h - the functions that a program and its libraries take from others.
 */
#ifndef PERSONA_LAUNCH_IMPORTS_H
#define PERSONA_LAUNCH_IMPORTS_H

#include <stdbool.h>

/**
 * imports_of() - call @each for every symbol that the ELF file @path has undefined
 * @each: non-zero ends the walk and is returned; may see a symbol more than once
 *
 * Return: what @each returned, else 0; -errno, -ENOEXEC for what is no dynamic ELF file.
 */
int imports_of(const char *path, int (*each)(const char *symbol, void *arg), void *arg);

/**
 * imports_libraries() - call @each for every library that @path is started with
 * @loader: its dynamic loader, which is asked, as ldd(1) does; it must be a trusted one
 * @each:   gets the library's path, or NULL with the name of one that is missing;
 *	    non-zero ends the walk and is returned
 *
 * No code of the program or of its libraries runs.
 *
 * Return: what @each returned, else 0; -errno.
 */
int imports_libraries(const char *path, const char *loader,
		      int (*each)(const char *library, const char *name, void *arg), void *arg);

/**
 * imports_sanitizer() - which sanitizer @path was linked with, NULL: none
 *
 * Its runtime replaces the functions that inline mode replaces, and wants to be the first library.
 */
const char *imports_sanitizer(const char *path);

#endif /* PERSONA_LAUNCH_IMPORTS_H */
