// SPDX-License-Identifier: GPL-2.0-only
/*
 * launch.c - from a parsed command line to a running program, see launch.h.
 *
 * Theory of operation
 *
 * Everything that can be wrong is found before the program starts, in the order in which a
 * user wants to hear of it: the command (program.c), the mode (mode.c), the personality, whether
 * the mode can serve the command, memory and sysctls (preflight.c), then each interface
 * (interfaces.c). The way down is the same in both modes up to supervise(), which runs
 * the program; the modes differ in what surrounds its start:
 *
 *	inline	the program inherits the interfaces' descriptors and a sealed memfd with the
 *		configuration; LD_PRELOAD names the library that starts the stack in it
 *	shadow	this process starts the stack, whose image boots while the interfaces are opened
 *		(stack/ahead.h), and serves the program's tree: the callbacks of shadow/shadow.h
 *
 * A failure on the way just returns: descriptors end with the process, and interfaces
 * created by us end with their descriptors.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include "launch/interfaces.h"
#include "launch/launch.h"
#include "launch/paths.h"
#include "launch/preflight.h"
#include "launch/program.h"
#include "launch/supervise.h"
#include "lib/complain.h"
#include "lib/highfd.h"
#include "shadow/shadow.h"
#include "stack/ahead.h"
#include "stack/config.h"

/* LD_PRELOAD for the program's loader, the configuration's descriptor for our library in it. */
static int launch_environment(const char *path, int config_fd)
{
	char library[PATH_MAX], number[16];
	const char *old = getenv("LD_PRELOAD");
	const char *why;
	char *preload;

	if (path_inline_library(program_uses_musl(path), library, sizeof(library), &why))
		return complain(EXIT_PERSONA, "%s", why);
	if (strpbrk(library, " :"))
		return complain(EXIT_PERSONA,
				"%s: the loader takes no library whose path has blanks or colons",
				library);
	if (asprintf(&preload, "%s%s%s", library, old && *old ? ":" : "", old ? old : "") < 0)
		return complain(EXIT_PERSONA, "out of memory");
	snprintf(number, sizeof(number), "%d", config_fd);
	if (setenv("LD_PRELOAD", preload, 1) || setenv(CONFIG_ENV, number, 1)) {
		free(preload);
		return complain(EXIT_PERSONA, "out of memory");
	}
	free(preload);
	return 0;
}

/* The stack inside the program: it inherits the interfaces and the configuration. */
static int launch_inline(const struct launch *l, const char *path)
{
	const struct config *c = l->config;
	int keep[2 * CONFIG_MAX_IFACES + 3];
	unsigned int n = 0;
	int fd, status;

	for (unsigned int i = 0; i < c->nifaces; i++) {
		keep[n++] = c->iface[i].fd;
		if (c->iface[i].lock)
			keep[n++] = c->iface[i].lock;
	}
	if (c->opener)
		keep[n++] = c->opener;
	if (c->resolver)
		keep[n++] = c->resolver;
	fd = config_to_fd(c);
	if (fd < 0)
		return complain(EXIT_PERSONA, "cannot make the configuration: %s", strerror(-fd));
	keep[n] = highfd_move(fd, F_DUPFD_CLOEXEC);
	if (keep[n] < 0)
		return complain(EXIT_PERSONA, "too many open files: ulimit -n 1024");
	status = launch_environment(path, keep[n]);
	if (status)
		return status;
	return supervise(path, l->argv, keep, n + 1, NULL);
}

/* The stack in this process, which serves the program and all that it starts. */
static int launch_shadow(const struct launch *l, const char *path)
{
	struct supervise_ops ops = {
		.in_child = shadow_in_child, .in_parent = shadow_in_parent, .tree = true};
	struct shadow *shadow;
	int status = shadow_new(&shadow, l->config, l->argv);

	if (status)
		return status;
	ops.arg = shadow;
	ahead_wait();
	status = supervise(path, l->argv, NULL, 0, &ops);
	shadow_finish(shadow, l->config->linger);
	return status;
}

/* What must hold before the program starts with the stack inside. */
static int launch_check_inline(const char *path)
{
	const char *why;

	if (program_preloadable(path, &why))
		return complain(EXIT_PERSONA, "%s", why);
	return 0;
}

/*
 * Is there a filter upon this process, another persona's? The kernel then takes no second one
 * with a listener, and persona-opener's calls would be answered by that persona.
 */
static int launch_check_shadow(void)
{
	const char *why;

	if (prctl(PR_GET_SECCOMP) == SECCOMP_MODE_FILTER && shadow_probe(&why) == -EBUSY)
		return complain(EXIT_PERSONA, SHADOW_SUPERVISED);
	return 0;
}

/*
 * Is the inline library of another run in this process? Its stack would be our sockets', and what
 * opens interfaces would ask it instead of the host.
 */
static int launch_check_inside(void)
{
	const char *preload = getenv("LD_PRELOAD");

	if (!getenv(CONFIG_ENV) || !preload || !strstr(preload, "libpersona-hijack"))
		return 0;
	return complain(EXIT_PERSONA, "this process is in an --inline run already, whose stack is "
				      "its network: no second one can be inside");
}

/* `--mode auto` decides by the command; -v says what was decided, and why. */
static enum mode launch_mode(const struct launch *l, const char *path)
{
	enum mode mode = l->mode;
	const char *why;

	if (mode != MODE_AUTO)
		return mode;
	if (l->config->nprograms) {
		mode = MODE_SHADOW;
		why = "a program has a policy of its own";
	} else {
		mode = mode_choose(path, l->argv, &why);
	}
	if (l->config->verbose)
		complain(0, "mode %s: %s", mode_name(mode), why);
	return mode;
}

/* Its resolver is no symbol that a library could stand in for. */
static void launch_check_names(const struct config *c, const char *path)
{
	if (nameservers_given(&c->names) && program_uses_musl(path))
		complain(0,
			 "%s: DNS is not used inline: musl's resolver asks the host's servers; use "
			 "--mode shadow",
			 path);
}

static bool sampled;

void launch_sampled(void)
{
	sampled = true;
}

int launch(const struct launch *l)
{
	struct config *c = l->config;
	char path[PATH_MAX];
	const char *why;
	int status, err;
	bool inside;

	err = program_find(l->argv[0], path, &why);
	if (err)
		return complain(err == -ENOENT ? EXIT_NOCMD : EXIT_NOEXEC, "%s", why);
	inside = launch_mode(l, path) == MODE_INLINE;
	if (path_personality(l->personality, c->image, sizeof(c->image), &why))
		return complain(EXIT_PERSONA, "%s", why);
	status = launch_check_inside();
	if (!status && inside && c->nprograms)
		status =
			complain(EXIT_PERSONA,
				 "--policy %s=NAME: inline mode has one program: --policy NAME, or "
				 "--mode shadow",
				 c->program[0].name);
	if (!status)
		status = inside ? launch_check_inline(path) : launch_check_shadow();
	if (status)
		return status;
	/* What the user gave that can be wrong is heard of before the interfaces. */
	if (strcmp(l->personality, DEFAULT_PERSONALITY) || preflight_due(c)) {
		status = preflight(c);
		if (status)
			return status;
	}
	status = interfaces_open(c, !inside);
	if (!status) {
		c->mirror = !inside;
		c->sampled = sampled;
		if (inside)
			launch_check_names(c, path);
		status = inside ? launch_inline(l, path) : launch_shadow(l, path);
	}
	interfaces_end();
	return status;
}
