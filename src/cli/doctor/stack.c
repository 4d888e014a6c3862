// SPDX-License-Identifier: GPL-2.0-only
/*
 * stack.c - does the stack start here, and do programs get to it?
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "cli/cli.h"
#include "cli/doctor/doctor.h"
#include "engine/engine.h"
#include "launch/paths.h"
#include "launch/preflight.h"
#include "lib/clock.h"
#include "lib/executable.h"
#include "lib/rawsys.h"
#include "shadow/shadow.h"

static void check_kernel(void)
{
	struct utsname u;

	if (uname(&u))
		doctor_say(DOCTOR_WARN, "host kernel", NULL, "unknown: %s", strerror(errno));
	else
		doctor_say(DOCTOR_OK, "host kernel", NULL,
			   "%s %s, %s (whether it has MPTCP does not matter)", u.sysname, u.release,
			   u.machine);
}

static void check_processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	if (n >= 2)
		doctor_say(DOCTOR_OK, "processors", NULL,
			   "%ld: the stack gets two virtual ones (--vcpus)", n);
	else
		doctor_say(DOCTOR_WARN, "processors", NULL,
			   "one: the stack gets one, and never spins");
}

static void check_memory(void)
{
	void *p = mmap(NULL, ENGINE_MEMORY_DEFAULT, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED) {
		doctor_say(DOCTOR_FAIL, "memory", "raise ulimit -v, or use --mem",
			   "%lu MB cannot be reserved: %s", ENGINE_MEMORY_DEFAULT >> 20,
			   strerror(errno));
		return;
	}
	munmap(p, ENGINE_MEMORY_DEFAULT);
	doctor_say(DOCTOR_OK, "memory", NULL, "%lu MB can be reserved for the stack",
		   ENGINE_MEMORY_DEFAULT >> 20);
}

static void check_image(void)
{
	char path[PATH_MAX];
	struct executable p;
	const char *why;

	if (path_personality(DEFAULT_PERSONALITY, path, sizeof(path), &why))
		doctor_say(DOCTOR_FAIL, "personality", NULL, "%s", why);
	else if (executable_inspect(path, &p))
		doctor_say(DOCTOR_FAIL, "personality", NULL, "%s cannot be read", path);
	else if (p.kind != EXECUTABLE_STATIC)
		doctor_say(DOCTOR_FAIL, "personality", "make personalities",
			   "%s is no image for this processor", path);
	else
		doctor_say(DOCTOR_OK, "personality", NULL, DEFAULT_PERSONALITY ": %s", path);
}

/* Really start the stack, in a process of its own. */
static void check_start(void)
{
	struct config *c = calloc(1, sizeof(*c));
	uint64_t from, us;

	if (!c || path_personality(DEFAULT_PERSONALITY, c->image, sizeof(c->image), NULL))
		goto out; /* was said before */
	from = clock_mono_ns();
	if (preflight(c)) {
		doctor_say(DOCTOR_FAIL, "start", NULL, "the stack does not start, see above");
		goto out;
	}
	us = (clock_mono_ns() - from) / 1000;
	doctor_say(DOCTOR_OK, "start", NULL,
		   "the stack starts and is set up, in %" PRIu64 ".%" PRIu64 " ms with its process",
		   us / 1000, us % 1000 / 100);
out:
	free(c);
}

static void check_shadow(void)
{
	const char *why;

	if (shadow_probe(&why))
		doctor_say(DOCTOR_FAIL, "shadow mode", "or use --inline", "%s", why);
	else
		doctor_say(DOCTOR_OK, "shadow mode", NULL,
			   "calls are notified, answered, and read (the default mode)");
}

/* The threads of shadow mode that receive calls ask for it. Of this thread alone, and undone. */
static void check_priority(void)
{
	struct sched_param p = {.sched_priority = 1};
	int own = getpriority(PRIO_PROCESS, 0);

	if (!RAWSYS(SYS_sched_setscheduler, 0, SCHED_RR, &p)) {
		p.sched_priority = 0;
		RAWSYS(SYS_sched_setscheduler, 0, SCHED_OTHER, &p);
		doctor_say(DOCTOR_OK, "priority", NULL,
			   "real-time for the thread that answers calls in shadow mode");
	} else if (!setpriority(PRIO_PROCESS, 0, -20)) {
		setpriority(PRIO_PROCESS, 0, own);
		doctor_say(DOCTOR_OK, "priority", NULL,
			   "nice -20 for the thread that answers calls in shadow mode");
	} else {
		doctor_say(DOCTOR_WARN, "priority", "run as root, or with RLIMIT_RTPRIO of 1",
			   "shadow mode waits for a processor as others do: on a busy machine a "
			   "signal can interrupt more calls");
	}
}

/* Yama's ptrace_scope: the supervisor is an ancestor of what it reads, which 1 allows. */
static void check_yama(void)
{
	long scope = doctor_sysctl("kernel/yama/ptrace_scope");

	if (scope >= 2 && geteuid())
		doctor_say(DOCTOR_WARN, "ptrace_scope",
			   "sysctl kernel.yama.ptrace_scope=1, or use --inline",
			   "%ld: an ordinary user's supervisor cannot read its programs", scope);
	else if (scope >= 3)
		doctor_say(DOCTOR_WARN, "ptrace_scope", "boot without it, or use --inline",
			   "%ld: nobody can read another process", scope);
	else
		doctor_say(DOCTOR_OK, "ptrace_scope", NULL, "%s",
			   scope < 0 ? "no Yama here"
				     : "ancestors can read their programs, which shadow mode does");
}

static void check_library(void)
{
	char path[PATH_MAX];
	const char *why;

	if (path_inline_library(false, path, sizeof(path), &why))
		doctor_say(DOCTOR_FAIL, "inline mode", NULL, "%s", why);
	else
		doctor_say(DOCTOR_OK, "inline mode", NULL, "%s", path);
}

void doctor_stack(const struct doctor *d)
{
	static void (*const checks[])(void) = {
		check_kernel, check_processors, check_memory, check_image,   check_start,
		check_shadow, check_priority,	check_yama,   check_library,
	};

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		checks[i]();
}
