// SPDX-License-Identifier: GPL-2.0-only
/*
 * raw.c - syscall(2), for programs which bypass libc's wrappers but not libc.
 *
 * Theory of operation: the call table's column "raw" says what a number does, mostly to call
 * the hook of the same name, which decides by descriptor; the rest goes to the host as it came.
 * io_uring cannot be served by a library, so io_uring_setup() says that this kernel has none,
 * and programs fall back. vfork() cannot return twice from here, and is fork() anyway (life.c).
 * A fork by this way is told to life.c: the child has no stack. The offset of preadv2() comes in
 * two halves, of which 64-bit processors leave the second unused. As the hooks are libc's, ppoll()
 * and pselect() do not write back the time that was left.
 *
 * The engine and the back ends may come through here too; for their calls
 * (futex, clone, ...) the switch is one look-up.
 */
#include "inline/real.h"
#include "inline/edge.h"
#include "inline/life.h"
#include "inline/procfs.h"
#include "inline/thread.h"
#include "engine/engine.h"

#include <linux/sched.h>
#include <string.h>

/* What the table's column @raw is written in: the arguments of syscall(2). */
#define INT(n)	   ((int)a[n])
#define UINT(n)	   ((unsigned int)a[n])
#define LONG(n)	   (a[n])
#define ULONG(n)   ((unsigned long)a[n])
#define SIZE(n)	   ((size_t)a[n])
#define LEN(n)	   ((socklen_t)a[n])
#define MODE(n)	   ((mode_t)a[n])
#define PTR(n)	   ((void *)a[n])
#define MASK(n)	   raw_mask(PTR(n), &set)
#define MASK_AT(n) raw_mask(readable(a[n]) ? *(void **)a[n] : NULL, &set)
#define HOST_DOES  (host = true, 0L)

/* The kernel's mask of 8 bytes as libc's, which is longer. */
static const sigset_t *raw_mask(const void *kernel, sigset_t *set)
{
	if (!readable(kernel))
		return kernel;
	sigemptyset(set);
	memcpy(set, kernel, 8);
	return set;
}

static bool raw_served(long nr, const long *a, long *ret)
{
	bool host = false;
	sigset_t set;

	switch (nr) {
#define NUMBERED(name, nr, raw, filter, handler, dest, proto) \
	case nr:                                              \
		*ret = (long)(raw);                           \
		break;
#include "sockets/calls.h"
	default:
		return false;
	}
	return !host;
}

/* Does this call give 0 in a new process with a copy of our memory? */
static bool raw_forks(long nr, const long *a)
{
	switch (nr) {
#ifdef SYS_fork
	case SYS_fork:
		return true;
#endif
	case SYS_clone:
		return !(a[0] & CLONE_VM);
	case SYS_clone3:
		return !(((const struct clone_args *)PTR(0))->flags & CLONE_VM);
	}
	return false;
}

HOOK long syscall(long nr, ...)
{
	long a[6], ret;
	va_list ap;

	va_start(ap, nr);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (!self.bypass && !engine_inside() && raw_served(nr, a, &ret))
		return ret;
	ret = real(syscall)(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (unlikely(!ret) && raw_forks(nr, a))
		life_forked();
	return ret;
}
