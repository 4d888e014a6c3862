// SPDX-License-Identifier: GPL-2.0-only
/*
 * ahead.c - boot the image while the interfaces are opened, see ahead.h.
 *
 * Theory of operation
 *
 *	main thread			thread
 *	ahead_begin()	------->	engine_prepare()
 *	persona-opener, interfaces	(5 ms)
 *	ahead_wait()	<-------	ends
 *	stack_up(): engine_start()
 *
 * The stack needs the interfaces only when it is configured. The thread makes nothing that anybody
 * else can see, so an error of the main thread is reported as if the thread was not there, and the
 * process just ends. An error of the thread is not reported: stack_up() meets it again.
 *
 * With -v the kernel's log is shown, whose place is behind the interfaces' lines: not ahead then.
 *
 * Limits: with one processor it wins what the main thread waits for the opener.
 */
#include <pthread.h>
#include <stdbool.h>
#include "engine/engine.h"
#include "lib/highfd.h"
#include "stack/ahead.h"
#include "stack/config.h"
#include "stack/up.h"

#define STACK (256 << 10) /* bytes of the thread's stack; the kernel in it has its own */

static struct engine_options options;
static pthread_t thread;
static bool begun;

static void *ahead_run(void *arg)
{
	const char *why;

	engine_prepare(&options, &why);
	return arg;
}

void ahead_begin(const struct config *c)
{
	if (c->verbose)
		return;
	options = stack_options(c);
	highfd_room();
	begun = !engine_thread_create(&thread, STACK, 0, ahead_run, NULL);
}

void ahead_wait(void)
{
	if (begun)
		pthread_join(thread, NULL);
	begun = false;
}
