// SPDX-License-Identifier: GPL-2.0
/*
 * oom.c - when memory is used up, an allocation fails, and the stack goes on.
 *
 * Linux would look for a process to kill. Here there is none (the tasks are the host's threads,
 * without memory of their own), and it would panic: "System is deadlocked on memory". So
 * out_of_memory() is wrapped by the linker and does nothing: the page allocator then gives NULL,
 * a frame is dropped, a call has ENOBUFS or ENOMEM, and TCP tries again later.
 *
 * Limits: an allocation that must not fail (__GFP_NOFAIL) tries for ever. The network has none.
 */
#include <linux/oom.h>

bool __wrap_out_of_memory(struct oom_control *oc);

bool __wrap_out_of_memory(struct oom_control *oc)
{
	return false;
}
