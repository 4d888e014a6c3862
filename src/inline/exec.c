// SPDX-License-Identifier: GPL-2.0-only
/*
 * exec.c - the next program in the same process.
 *
 * Theory of operation: exec destroys the stack together with the old program.
 * So what was written is delivered first (drain.c, without closing: exec may
 * fail). The next program must find this library and the configuration in
 * its environment, or it would use the host's network unawares: what is missing
 * there is put back. A program that would not load this library, or not use it, is refused with
 * EACCES and a line: statically linked, linked by Go, of another word size or C library,
 * set-user-ID, behind a chroot() in which the library's file is not there. So are #! scripts of
 * such an interpreter.
 *
 * posix_spawn() likewise, in the parent: its exec is inside libc.
 *
 * Limits: sockets of the stack that are inherited across exec are dead
 * placeholders in the next program (fd_inherited()). What posix_spawn() names by a relative path is
 * looked up in the caller's directory, even if an action changes that in the child.
 */
#include "inline/real.h"
#include "inline/edge.h"
#include "inline/life.h"
#include "inline/say.h"
#include "inline/thread.h"
#include "lib/executable.h"
#include "stack/config.h"

#include <alloca.h>
#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define PRELOAD "LD_PRELOAD"

extern char **environ;

/* As execvp() would find it; @path has PATH_MAX bytes. */
static const char *exec_search(const char *file, char *path)
{
	const char *dirs = getenv("PATH") ?: "/bin:/usr/bin";

	if (strchr(file, '/'))
		return file;
	for (;; dirs++) {
		size_t n = strcspn(dirs, ":");

		if (snprintf(path, PATH_MAX, "%.*s%s%s", (int)n, dirs, n ? "/" : "", file) <
			    PATH_MAX &&
		    access(path, X_OK) == 0)
			return path;
		dirs += n;
		if (!*dirs)
			return NULL;
	}
}

static const char *exec_find(char *const *env, const char *name)
{
	size_t n = strlen(name);

	for (; env && *env; env++)
		if (strncmp(*env, name, n) == 0 && (*env)[n] == '=')
			return *env + n + 1;
	return NULL;
}

/* valgrind's tools are static, and load the client's libraries, ours among them. */
static bool exec_is_valgrind(char *const *envp)
{
	return exec_find(envp, "VALGRIND_LAUNCHER") != NULL;
}

static const char *exec_own_path(void)
{
	Dl_info info;

	return dladdr((void *)exec_own_path, &info) && info.dli_fname ? info.dli_fname : "";
}

/* Why file @path would run without this library, NULL: it would not; @current: what runs. */
static const char *exec_unserved(const char *path, char current[PATH_MAX])
{
	struct executable e, own;
	int err = executable_resolve(path, current, &e);

	if (err == -EACCES && !access(current, X_OK))
		return "may be executed and not be read";
	if (err)
		return NULL; /* the kernel knows what to say */
	if (e.kind == EXECUTABLE_STATIC)
		return "is statically linked";
	if (e.kind == EXECUTABLE_FOREIGN)
		return "is of another processor or word size";
	if (e.go)
		return "was linked by Go, whose system calls are not libc's";
	/* The same objects serve glibc's and musl's programs: ask which this is. */
	if (!executable_inspect("/proc/self/exe", &own) && own.kind == EXECUTABLE_DYNAMIC &&
	    executable_uses_musl(&own) != executable_uses_musl(&e))
		return "has another C library";
	if (executable_privileged(current))
		return "gains privileges, and would drop Persona's library";
	if (*exec_own_path() == '/' && access(exec_own_path(), R_OK))
		return "has another root directory, without Persona's library";
	if (executable_cramped(&e))
		return "has too little memory (ulimit -v, -d) for Persona's library";
	return NULL;
}

/* Once in each process: a shell tries every directory of PATH. */
static void exec_say(const char *current, const char *why)
{
	static pid_t said;

	if (said == getpid())
		return;
	said = getpid();
	say("%s %s: inline mode cannot serve it: " SAY_REMEDY, current, why);
}

static bool exec_refuse(const char *file, char *const *envp)
{
	char path[PATH_MAX], current[PATH_MAX];
	int saved = errno;
	const char *found = file ? exec_search(file, path) : NULL;
	const char *why = NULL;

	if (found && !exec_is_valgrind(envp))
		why = exec_unserved(found, current);
	errno = saved;
	if (!why)
		return false;
	exec_say(current, why);
	errno = EACCES;
	return true;
}

/* Environment for the next program, completed in @room and @text. */
struct env {
	char **list;
	char preload[PATH_MAX + 256];
	char fd[48];
};

static void exec_complete(struct env *e, char *const *from, char **room)
{
	const char *preload = exec_find(from, PRELOAD), *own = exec_own_path();
	bool told = exec_find(from, CONFIG_ENV) != NULL;
	int config = life_config();
	size_t n = 0;

	for (; from && *from; from++) {
		bool drop = preload && !strstr(preload, own) &&
			    strncmp(*from, PRELOAD "=", sizeof(PRELOAD)) == 0;

		if (!drop)
			room[n++] = *from;
	}
	if (!preload || !strstr(preload, own)) {
		snprintf(e->preload, sizeof(e->preload), PRELOAD "=%s%s%s", own, preload ? ":" : "",
			 preload ? preload : "");
		room[n++] = e->preload;
	}
	if (config >= 0 && !told) {
		snprintf(e->fd, sizeof(e->fd), CONFIG_ENV "=%d", config);
		room[n++] = e->fd;
	}
	room[n] = NULL;
	e->list = room;
}

static size_t exec_length(char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

static void exec_leave(void)
{
	int saved = errno;

	if (stack_is_up())
		drain(life_linger(), false);
	errno = saved;
}

#define COMPLETE(e, envp) \
	exec_complete(&(e), envp, alloca((exec_length(envp) + 3) * sizeof(char *)))

HOOK int execve(const char *path, char *const argv[], char *const envp[])
{
	struct env e;

	if (exec_refuse(path, envp))
		return -1;
	COMPLETE(e, envp);
	exec_leave();
	return real(execve)(path, argv, e.list);
}

HOOK int execv(const char *path, char *const argv[])
{
	return execve(path, argv, environ);
}

HOOK int execvpe(const char *file, char *const argv[], char *const envp[])
{
	struct env e;

	if (exec_refuse(file, envp))
		return -1;
	COMPLETE(e, envp);
	exec_leave();
	return real(execvpe)(file, argv, e.list);
}

HOOK int execvp(const char *file, char *const argv[])
{
	return execvpe(file, argv, environ);
}

HOOK int fexecve(int fd, char *const argv[], char *const envp[])
{
	char path[40];
	struct env e;

	snprintf(path, sizeof(path), "/proc/thread-self/fd/%d", fd);
	if (exec_refuse(path, envp))
		return -1;
	COMPLETE(e, envp);
	exec_leave();
	return real(fexecve)(fd, argv, e.list);
}

HOOK int execveat(int dir, const char *path, char *const argv[], char *const envp[], int flags)
{
	char at[PATH_MAX];
	struct env e;

	if (!readable(path)) {
		errno = EFAULT;
		return -1;
	}
	if (*path == '/' || dir == AT_FDCWD)
		snprintf(at, sizeof(at), "%s%s", *path == '/' ? "" : "./", path);
	else
		snprintf(at, sizeof(at), "/proc/thread-self/fd/%d%s%s", dir, *path ? "/" : "",
			 path);
	if (exec_refuse(at, envp))
		return -1;
	COMPLETE(e, envp);
	exec_leave();
	return (int)real(syscall)(SYS_execveat, dir, path, argv, e.list, flags);
}

HOOK int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
		     const posix_spawnattr_t *attr, char *const argv[], char *const envp[])
{
	int saved = errno;
	struct env e;

	if (exec_refuse(path, envp)) {
		errno = saved;
		return EACCES;
	}
	COMPLETE(e, envp);
	return real(posix_spawn)(pid, path, actions, attr, argv, e.list);
}

HOOK int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
		      const posix_spawnattr_t *attr, char *const argv[], char *const envp[])
{
	int saved = errno;
	struct env e;

	if (exec_refuse(file, envp)) {
		errno = saved;
		return EACCES;
	}
	COMPLETE(e, envp);
	return real(posix_spawnp)(pid, file, actions, attr, argv, e.list);
}

/*
 * Libc's own shell gets the program's environment. If the program has taken the library out of
 * it, another one stands in for the time of the call.
 */
static bool exec_is_complete(void)
{
	const char *preload = exec_find(environ, PRELOAD);

	return preload && strstr(preload, exec_own_path()) &&
	       (life_config() < 0 || exec_find(environ, CONFIG_ENV));
}

/* Would the shell that libc starts by itself run without this library? Then errno is EACCES. */
static bool exec_shell_refused(void)
{
	return exec_refuse("/bin/sh", environ);
}

HOOK int system(const char *command)
{
	char **own = environ;
	struct env e;
	int ret;

	if (command && exec_shell_refused())
		return -1;
	if (likely(exec_is_complete()))
		return real(system)(command);
	COMPLETE(e, own);
	environ = e.list;
	ret = real(system)(command);
	environ = own;
	return ret;
}

HOOK FILE *popen(const char *command, const char *type)
{
	char **own = environ;
	struct env e;
	FILE *f;

	if (exec_shell_refused())
		return NULL;
	if (likely(exec_is_complete()))
		return real(popen)(command, type);
	COMPLETE(e, own);
	environ = e.list;
	f = real(popen)(command, type);
	environ = own;
	return f;
}

HOOK int wordexp(const char *words, wordexp_t *out, int flags)
{
	char **own = environ;
	struct env e;
	int ret;

	if (!(flags & WRDE_NOCMD) && exec_shell_refused())
		return WRDE_CMDSUB;
	if (likely(exec_is_complete()))
		return real(wordexp)(words, out, flags);
	COMPLETE(e, own);
	environ = e.list;
	ret = real(wordexp)(words, out, flags);
	environ = own;
	return ret;
}

/* The arguments after @arg up to NULL, as an array in the caller's frame. */
#define COLLECT(argv, arg, ap)                                                 \
	do {                                                                   \
		size_t n = 0, i;                                               \
		const char *a;                                                 \
                                                                               \
		va_start(ap, arg);                                             \
		for (a = arg; a; a = va_arg(ap, const char *))                 \
			n++;                                                   \
		va_end(ap);                                                    \
		argv = alloca((n + 1) * sizeof(*argv));                        \
		va_start(ap, arg);                                             \
		for (i = 0, a = arg; i < n; i++, a = va_arg(ap, const char *)) \
			argv[i] = (char *)a;                                   \
		argv[n] = NULL;                                                \
	} while (0)

HOOK int execl(const char *path, const char *arg, ...)
{
	char **argv;
	va_list ap;

	COLLECT(argv, arg, ap);
	va_end(ap);
	return execv(path, argv);
}

HOOK int execlp(const char *file, const char *arg, ...)
{
	char **argv;
	va_list ap;

	COLLECT(argv, arg, ap);
	va_end(ap);
	return execvp(file, argv);
}

HOOK int execle(const char *path, const char *arg, ...)
{
	char **argv, **envp;
	va_list ap;

	COLLECT(argv, arg, ap);
	envp = va_arg(ap, char **);
	va_end(ap);
	return execve(path, argv, envp);
}
