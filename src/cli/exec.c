// SPDX-License-Identifier: GPL-2.0-only
/*
 * exec.c - `persona exec ID -- COMMAND`: one more program on a running stack.
 *
 * Theory of operation: this process installs the filter on itself, the run takes its
 * listener and serves it (shadow/join.c), and then it becomes COMMAND: so terminal,
 * streams, signals, directory, environment and exit status need nothing of ours.
 *
 * A filter cannot be taken off again. So the run is asked first whether it could serve us,
 * and if it fails after that, this process ends instead of becoming a COMMAND whose
 * sockets nobody serves.
 *
 * Yama (kernel.yama.ptrace_scope 1) lets only ancestors look into a process, and those
 * that it names: this one names the run. Its children do not inherit that.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "cli/cli.h"
#include "cli/remote.h"
#include "launch/program.h"
#include "launch/supervise.h"
#include "shadow/filter.h"

#define YAMA "/proc/sys/kernel/yama/ptrace_scope"

static int exec_yama_scope(void)
{
	FILE *f = fopen(YAMA, "re");
	int scope = 0;

	if (f && fscanf(f, "%d", &scope) != 1)
		scope = 0;
	if (f)
		fclose(f);
	return scope;
}

/* Everything that can be known before the filter is there. */
static int exec_prepare(struct remote *r, const char *id)
{
	const char *why;
	int scope;

	if (remote_find(r, id, &why))
		return complain(EXIT_PERSONA, "%s", why);
	if (r->uid && r->uid != geteuid())
		return complain(EXIT_PERSONA,
				"run %d belongs to user %u, who may not look into programs of "
				"yours: be that user",
				r->pid, r->uid);
	scope = r->uid ? exec_yama_scope() : 0;
	if (scope)
		prctl(PR_SET_PTRACER, r->pid, 0, 0, 0);
	if (remote_ask(r, "join", NULL, &why))
		return complain(EXIT_PERSONA, "%s", why);
	if (scope)
		complain(0,
			 "warning: kernel.yama.ptrace_scope is %d: programs that COMMAND starts "
			 "have no network: be root, or sysctl kernel.yama.ptrace_scope=0",
			 scope);
	return 0;
}

static int exec_join(struct remote *r)
{
	char request[32];
	const char *why;
	int fd = filter_install();
	int err;

	if (fd == -EBUSY)
		return complain(EXIT_PERSONA,
				"this process is supervised already (container, other persona)");
	if (fd < 0)
		return complain(EXIT_PERSONA, "cannot install the system call filter: %s",
				strerror(-fd));
	snprintf(request, sizeof(request), "listener %d", fd);
	err = remote_ask(r, request, NULL, &why);
	close(fd);
	return err ? complain(EXIT_PERSONA, "%s", why) : 0;
}

static int exec_run(int argc, char **argv)
{
	char path[PATH_MAX];
	struct remote r = {.fd = -1};
	const char *id, *why;
	struct options o;
	int command, status, err;

	options_begin(&o, &command_exec, argc, argv);
	while (options_next(&o))
		;
	if (o.status >= 0)
		return o.status;
	command = optind + 1;
	if (command < argc && !strcmp(argv[command], "--"))
		command++;
	if (command >= argc)
		return complain(EXIT_PERSONA, "exec: write persona exec ID -- COMMAND [ARG]... "
					      "(IDs: persona ps)");
	id = argv[optind];
	err = program_find(argv[command], path, &why);
	if (err)
		return complain(err == -ENOENT ? EXIT_NOCMD : EXIT_NOEXEC, "%s", why);
	status = exec_prepare(&r, id);
	if (!status)
		status = exec_join(&r);
	remote_close(&r);
	return status ? status : supervise_become(path, argv + command);
}

const struct command command_exec = {
	.name = "exec",
	.summary = "one more program on the stack of a run",
	.usage = "ID [--] COMMAND [ARG]...",
	.ordered = true,
	.notes = "ID is what `persona ps` lists; runs in inline mode cannot be joined.\n",
	.examples = "exec 4711 -- ss -tn\nexec 4711 -- sh\n",
	.run = exec_run,
};
