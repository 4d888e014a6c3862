/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * inodes.h - tables of sockets name them by the inodes that programs see.
 *
 * `ss -p`, `netstat -p` and `lsof -i` look for the inode of a table in the links of /proc/PID/fd.
 * These show the program's end of a pair, the stack's tables the stack's socket.
 */
#ifndef PERSONA_SHADOW_INODES_H
#define PERSONA_SHADOW_INODES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/** inodes_stack() - of descriptor @stack of the stack, as its tables have it; 0: unknown. */
ino_t inodes_stack(int stack);

/** inodes_diag() - sock_diag's messages @data: the stack's inodes become the programs'. */
void inodes_diag(void *data, size_t len);

/**
 * inodes_column() - where file @path has them
 * @path: behind "/proc/", as of procpath_inside()
 *
 * Return: the number of the column, from 0; -1: it has none.
 */
int inodes_column(const char *path);

/**
 * inodes_text() - the same in a table, a line for each socket below a head
 * @text: of @len bytes
 *
 * Return: the new text (free() it), of *@newlen bytes; NULL: no memory.
 */
char *inodes_text(const char *text, size_t len, int column, size_t *newlen);

#endif /* PERSONA_SHADOW_INODES_H */
