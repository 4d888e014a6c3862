/* SPDX-License-Identifier: GPL-2.0-only */
/* procfs.h - /proc/net and /proc/sys/net are the stack's, /etc/resolv.conf the run's. */
#ifndef PERSONA_INLINE_PROCFS_H
#define PERSONA_INLINE_PROCFS_H

#include <stddef.h>

/** procfs_path() - the path inside the stack, or NULL if @path is the host's. */
const char *procfs_path(const char *path);

/** procfs_open() - open it; a descriptor of the program, or -errno. */
int procfs_open(const char *inside, int flags);

struct open_how;

/** procfs_openat2() - openat2(2), by syscall(2) only; sets errno. */
long procfs_openat2(int dir, const char *path, const struct open_how *how, size_t size);

#endif /* PERSONA_INLINE_PROCFS_H */
