// SPDX-License-Identifier: GPL-2.0-only
/*
 * program.c - the command to run, see program.h.
 *
 * Limits: a program that starts another one that cannot be preloaded (env, a
 * shell) is not seen through; the inline library looks at execve() itself.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "launch/paths.h"
#include "launch/program.h"
#include "lib/executable.h"
#include "lib/why.h"

/* 0, or why @path cannot be executed. */
static int program_executable(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return access(path, X_OK) ? -errno : 0;
}

int program_find(const char *command, char path[PATH_MAX], const char **why)
{
	const char *dirs = getenv("PATH");
	int err, verdict = -ENOENT;
	struct stat st;

	if (!*command)
		return why_set(why, ENOENT, "COMMAND is empty");
	if (strchr(command, '/')) {
		if (snprintf(path, PATH_MAX, "%s", command) >= PATH_MAX)
			return why_set(why, ENAMETOOLONG, "COMMAND is too long");
		verdict = program_executable(path);
		if (!verdict)
			return 0;
		return why_set(why, -verdict, "%s: %s", command, strerror(-verdict));
	}
	if (!dirs)
		dirs = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";
	for (;;) {
		size_t len = strcspn(dirs, ":");

		if (snprintf(path, PATH_MAX, "%.*s%s%s", (int)len, dirs, len ? "/" : "./",
			     command) < PATH_MAX) {
			err = program_executable(path);
			if (!err)
				return 0;
			if (err == -EACCES && !stat(path, &st))
				verdict = err; /* there, unlike in a directory closed to us */
		}
		if (!dirs[len])
			break;
		dirs += len + 1;
	}
	if (verdict == -ENOENT)
		return why_set(why, ENOENT, "%s: command not found in PATH", command);
	return why_set(why, -verdict, "%s: %s", command, strerror(-verdict));
}

/* Has the loader of @p a C library that we have no inline library for? */
static int foreign_libc(const struct executable *p)
{
	char library[PATH_MAX];
	struct executable self;
	struct stat a, b;

	if (executable_uses_musl(p))
		return path_inline_library(true, library, sizeof(library), NULL);
	if (executable_inspect("/proc/self/exe", &self) || self.kind != EXECUTABLE_DYNAMIC)
		return !strstr(p->loader, "/ld-linux");
	if (!strcmp(self.loader, p->loader))
		return 0;
	return stat(self.loader, &a) || stat(p->loader, &b) || a.st_dev != b.st_dev ||
	       a.st_ino != b.st_ino;
}

bool program_uses_musl(const char *path)
{
	char current[PATH_MAX];
	struct executable p;

	return !executable_resolve(path, current, &p) && p.kind == EXECUTABLE_DYNAMIC &&
	       executable_uses_musl(&p);
}

int program_preloadable(const char *path, const char **why)
{
	static const char host[] = "it would run on the host's stack";
	char current[PATH_MAX];
	const char *reason;
	struct executable p;
	int err = executable_resolve(path, current, &p);

	if (err == -ELOOP)
		return why_set(why, ELOOP, "%s: too many levels of #! interpreters", path);
	if (err)
		return why_set(why, -err, "%s: cannot read %s: %s", path, current, strerror(-err));
	if (p.kind == EXECUTABLE_STATIC)
		return why_set(why, ENOEXEC,
			       "%s is statically linked: inline mode cannot enter it, %s", current,
			       host);
	if (p.kind == EXECUTABLE_FOREIGN)
		return why_set(why, ENOEXEC,
			       "%s is not a program of this processor and word size: "
			       "inline mode cannot enter it, %s",
			       current, host);
	if (p.go)
		return why_set(
			why, ENOEXEC,
			"%s was linked by Go, whose system calls are not libc's: inline mode "
			"does not see them, %s",
			current, host);
	reason = executable_privileged(current);
	if (reason)
		return why_set(why, EPERM, "%s is %s: the loader ignores inline mode's library, %s",
			       current, reason, host);
	if (foreign_libc(&p))
		return why_set(why, ENOEXEC,
			       "%s uses another C library (%s) than persona: inline mode "
			       "cannot enter it, %s",
			       current, p.loader, host);
	if (executable_cramped(&p))
		return why_set(
			why, ENOMEM,
			"%s would have too little memory for inline mode's library (ulimit -v, "
			"-d), %s: raise the limit, or leave out --inline",
			current, host);
	return 0;
}
