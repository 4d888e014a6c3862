// SPDX-License-Identifier: GPL-2.0-only
/*
 * preflight.c - try a configuration before a program depends on it.
 *
 * Theory of operation
 *
 * In inline mode the stack starts inside the program, at its first network
 * call: too late to find that the image is no image, that the memory is too
 * small or a sysctl unknown. So a child process starts the same stack first,
 * without interfaces, and ends. It takes a few milliseconds, and is done only
 * where the user gave something that can be wrong.
 *
 * Sysctls of an interface cannot be tried, since no interface is there: those
 * that have its name in them are left to the real start.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "launch/preflight.h"
#include "lib/complain.h"
#include "stack/steering.h"
#include "stack/up.h"

/* Does the key belong to one of the interfaces? */
static bool of_interface(const struct config *c, const char *key)
{
	char part[IF_NAMESIZE + 2];
	unsigned int i;

	for (i = 0; i < c->nifaces; i++) {
		snprintf(part, sizeof(part), ".%s.", c->iface[i].spec.name);
		if (strstr(key, part))
			return true;
		snprintf(part, sizeof(part), "/%s/", c->iface[i].spec.name);
		if (strstr(key, part))
			return true;
	}
	return false;
}

static int preflight_try(const struct config *c)
{
	struct config *bare = malloc(sizeof(*bare));
	const char *why;
	unsigned int i;

	if (!bare)
		return complain(EXIT_PERSONA, "out of memory");
	*bare = *c;
	bare->nifaces = 0;
	bare->opener = 0;
	bare->verbose = false;
	bare->pcap[0] = '\0';
	bare->nsysctls = 0;
	for (i = 0; i < c->nsysctls; i++) {
		if (!of_interface(c, c->sysctl[i].name))
			bare->sysctl[bare->nsysctls++] = c->sysctl[i];
	}
	if (stack_up(bare, &why))
		return complain(EXIT_PERSONA, "%s", why);
	if (steering_lack()[0])
		complain(0, "%s", steering_lack());
	return 0;
}

bool preflight_due(const struct config *c)
{
	return c->memory || c->nsysctls || c->has_policy || c->scheduler[0] || c->congestion[0] ||
	       c->nprograms;
}

int preflight(const struct config *c)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return complain(EXIT_PERSONA, "cannot start a process: %s", strerror(errno));
	if (!pid)
		_exit(preflight_try(c)); /* the process is the clean-up */
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return complain(EXIT_PERSONA, "cannot wait: %s", strerror(errno));
	}
	if (WIFSIGNALED(status))
		return complain(EXIT_PERSONA, "%s: the stack died at its start by signal %d (%s)",
				c->image, WTERMSIG(status), strsignal(WTERMSIG(status)));
	return WEXITSTATUS(status) ? EXIT_PERSONA : 0;
}
