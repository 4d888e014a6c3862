/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * space.h - address spaces of the processes that are sampled, and names of threads.
 *
 * Fed with what the kernel reports (fork, exec, mapping, name). Not for several threads.
 */
#ifndef PERSONA_PROFILE_SPACE_H
#define PERSONA_PROFILE_SPACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "profile/object.h"

/** struct mapping - executable memory; @object is NULL if it is no file's (generated code) */
struct mapping {
	uint64_t start, end, offset;
	struct object *object;
};

/** space_map() - @pid has mapped @len bytes at @start of file @path, from @offset on. */
void space_map(pid_t pid, uint64_t start, uint64_t len, uint64_t offset, const char *path);

/** space_read() - take over what /proc/PID/maps says now. */
void space_read(pid_t pid);

/** space_fork() - @child has a copy of @parent's. */
void space_fork(pid_t parent, pid_t child);

/** space_known() - is @pid one that was read, mapped or forked? */
bool space_known(pid_t pid);

/** space_exec() - @pid's mappings are gone. */
void space_exec(pid_t pid);

/** space_find() - the mapping that @addr of @pid lies in, or NULL. */
const struct mapping *space_find(pid_t pid, uint64_t addr);

/** thread_name() - name of thread @tid, "?" if not known; thread_named() sets it. */
const char *thread_name(pid_t tid);
void thread_named(pid_t tid, const char *name);

/** spaces_close() - forget everything. */
void spaces_close(void);

#endif /* PERSONA_PROFILE_SPACE_H */
