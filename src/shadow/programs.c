// SPDX-License-Identifier: GPL-2.0-only
/*
 * programs.c - connections of a program that has a policy of its own, see programs.h.
 *
 * Theory of operation: a program is known by the last part of its file's path, or by the name of
 * its process, which it may have given itself; a script by its own name only in the second way.
 * Both are read from /proc when it makes a socket, so a name that changes later counts for later
 * sockets. A connection that a listening socket accepts has the listener's scheduler.
 *
 * Threads: any of those that answer calls. No state.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "lib/rawsys.h"
#include "shadow/programs.h"
#include "shadow/sock.h"
#include "stack/sender.h"
#include "stack/steering.h"

#define PROGRAMS_DELETED " (deleted)" /* what the kernel puts behind a file that has gone */

static void programs_file(pid_t tid, char name[NAME_MAX + 1])
{
	char path[32], target[PATH_MAX], *last, *gone;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", tid);
	n = readlink(path, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = '\0';
	gone = strstr(target, PROGRAMS_DELETED);
	if (gone && !gone[strlen(PROGRAMS_DELETED)])
		*gone = '\0';
	last = strrchr(target, '/');
	snprintf(name, NAME_MAX + 1, "%.*s", NAME_MAX, last ? last + 1 : "");
}

/* Of the process, whichever of its threads @tid is. */
static void programs_process(pid_t tid, char name[32])
{
	char path[64], text[512], *tgid;
	ssize_t n;
	int fd;

	name[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	text[n < 0 ? 0 : n] = '\0';
	tgid = strstr(text, "\nTgid:");
	if (!tgid || sscanf(tgid, "\nTgid: %d", &tid) != 1)
		return;
	snprintf(path, sizeof(path), "/proc/%d/comm", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, name, 31);
	if (fd >= 0)
		close(fd);
	name[n < 0 ? 0 : n] = '\0';
	name[strcspn(name, "\n")] = '\0';
}

void programs_steer(pid_t tid, int stack)
{
	char file[NAME_MAX + 1], process[32], scheduler[PATHPOLICY_NAME];

	if (!steering_programs())
		return;
	programs_file(tid, file);
	programs_process(tid, process);
	if (steering_scheduler_of(file, process, scheduler))
		stack_call(SYS_setsockopt, stack, SENDER_SOL_MPTCP, SENDER_MPTCP_SCHEDULER,
			   scheduler, strlen(scheduler), 0);
}
