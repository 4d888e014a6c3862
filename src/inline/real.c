// SPDX-License-Identifier: GPL-2.0-only
/*
 * real.c - the libc's own functions, looked up once.
 *
 * Theory of operation: each name of the call table is asked for with
 * RTLD_NEXT, that is: behind this library. A name that this libc does not
 * have gets a function that answers ENOSYS; a program that links such a name
 * would not have started without us, so that happens only by mistake.
 *
 * Threads: the look-up is idempotent and stores whole pointers, so two threads
 * doing it at once do no harm.
 */
#include "inline/real.h"

#include <dlfcn.h>

struct real real_table;

static long real_missing(void)
{
	errno = ENOSYS;
	return -1;
}

static void *real_look_up(const char *name)
{
	void *sym = dlsym(RTLD_NEXT, name);

	return sym ? sym : (void *)real_missing;
}

void real_init(void)
{
	int saved = errno;

#define HOOKED(room, ret, name, proto, fds, flags) \
	if (!real_table.name)                      \
		real_table.name = (ret(*) proto)real_look_up(#name);
#include "sockets/calls.h"

	errno = saved;
}
