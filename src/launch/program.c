// SPDX-License-Identifier: GPL-2.0-only
/*
 * program.c - the command to run, see program.h.
 *
 * Limits: a program that starts another one that cannot be preloaded (env, a
 * shell) is not seen through; the inline library looks at execve() itself.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "launch/paths.h"
#include "launch/program.h"
#include "lib/why.h"

#define MAX_SCRIPTS 4 /* as the kernel: an interpreter may be a script again */
#define MAX_PHDRS   64

#if defined(__x86_64__)
#define OWN_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define OWN_MACHINE EM_AARCH64
#endif

/* PT_INTERP's string; a file that ends too early is as good as none. */
static enum program_kind inspect_elf(int fd, const Elf64_Ehdr *e, struct program *p)
{
	Elf64_Phdr ph;
	unsigned int i;

	if (e->e_ident[EI_CLASS] != ELFCLASS64 || e->e_ident[EI_DATA] != ELFDATA2LSB ||
	    e->e_machine != OWN_MACHINE || (e->e_type != ET_EXEC && e->e_type != ET_DYN) ||
	    e->e_phentsize != sizeof(ph) || e->e_phnum > MAX_PHDRS)
		return PROGRAM_FOREIGN;
	for (i = 0; i < e->e_phnum; i++) {
		off_t at = (off_t)(e->e_phoff + i * sizeof(ph));

		if (pread(fd, &ph, sizeof(ph), at) != sizeof(ph))
			return PROGRAM_FOREIGN;
		if (ph.p_type != PT_INTERP)
			continue;
		if (ph.p_filesz < 2 || ph.p_filesz > sizeof(p->loader) ||
		    pread(fd, p->loader, ph.p_filesz, (off_t)ph.p_offset) != (ssize_t)ph.p_filesz ||
		    p->loader[ph.p_filesz - 1])
			return PROGRAM_FOREIGN;
		return PROGRAM_DYNAMIC;
	}
	return PROGRAM_STATIC;
}

/* First word behind #!, on the first line. */
static enum program_kind inspect_script(const char *line, struct program *p)
{
	size_t len;

	line += strspn(line, " \t");
	len = strcspn(line, " \t\r\n");
	if (!len || len >= sizeof(p->loader))
		return PROGRAM_TEXT;
	memcpy(p->loader, line, len);
	p->loader[len] = '\0';
	return PROGRAM_SCRIPT;
}

int program_inspect(const char *path, struct program *p)
{
	union {
		Elf64_Ehdr elf;
		char text[256];
	} head;
	ssize_t len;
	int fd;

	memset(p, 0, sizeof(*p));
	memset(&head, 0, sizeof(head));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = pread(fd, &head, sizeof(head) - 1, 0);
	if (len < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	if (len >= (ssize_t)sizeof(head.elf) && !memcmp(head.elf.e_ident, ELFMAG, SELFMAG))
		p->kind = inspect_elf(fd, &head.elf, p);
	else if (head.text[0] == '#' && head.text[1] == '!')
		p->kind = inspect_script(head.text + 2, p);
	else
		p->kind = PROGRAM_TEXT;
	close(fd);
	return 0;
}

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

/* Does the kernel make the loader drop LD_PRELOAD (AT_SECURE)? */
static const char *program_privileged(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return NULL;
	if (st.st_mode & S_ISUID && st.st_uid != getuid())
		return "set-user-ID";
	if (st.st_mode & S_ISGID && st.st_mode & S_IXGRP && st.st_gid != getgid())
		return "set-group-ID";
	if (getuid() && getxattr(path, "security.capability", NULL, 0) > 0)
		return "endowed with file capabilities";
	return NULL;
}

static bool is_musl(const struct program *p)
{
	const char *name = strrchr(p->loader, '/');

	return !strncmp(name ? name + 1 : p->loader, "ld-musl", 7);
}

/* Has the loader of @p a C library that we have no inline library for? */
static int foreign_libc(const struct program *p)
{
	char library[PATH_MAX];
	struct program self;
	struct stat a, b;

	if (is_musl(p))
		return path_inline_library(true, library, sizeof(library), NULL);
	if (program_inspect("/proc/self/exe", &self) || self.kind != PROGRAM_DYNAMIC)
		return !strstr(p->loader, "/ld-linux");
	if (!strcmp(self.loader, p->loader))
		return 0;
	return stat(self.loader, &a) || stat(p->loader, &b) || a.st_dev != b.st_dev ||
	       a.st_ino != b.st_ino;
}

int program_resolve(const char *path, char current[PATH_MAX], struct program *p)
{
	int depth, err;

	snprintf(current, PATH_MAX, "%s", path);
	for (depth = 0; depth <= MAX_SCRIPTS; depth++) {
		err = program_inspect(current, p);
		if (err)
			return err;
		if (p->kind == PROGRAM_SCRIPT)
			snprintf(current, PATH_MAX, "%s", p->loader);
		else if (p->kind == PROGRAM_TEXT)
			snprintf(current, PATH_MAX, "/bin/sh");
		else
			return 0;
	}
	return -ELOOP;
}

bool program_uses_musl(const char *path)
{
	char current[PATH_MAX];
	struct program p;

	return !program_resolve(path, current, &p) && p.kind == PROGRAM_DYNAMIC && is_musl(&p);
}

int program_preloadable(const char *path, const char **why)
{
	static const char host[] = "it would run on the host's stack";
	char current[PATH_MAX];
	const char *reason;
	struct program p;
	int err = program_resolve(path, current, &p);

	if (err == -ELOOP)
		return why_set(why, ELOOP, "%s: too many levels of #! interpreters", path);
	if (err)
		return why_set(why, -err, "%s: cannot read %s: %s", path, current, strerror(-err));
	if (p.kind == PROGRAM_STATIC)
		return why_set(why, ENOEXEC,
			       "%s is statically linked: inline mode cannot enter it, %s", current,
			       host);
	if (p.kind == PROGRAM_FOREIGN)
		return why_set(why, ENOEXEC,
			       "%s is not a program of this processor and word size: "
			       "inline mode cannot enter it, %s",
			       current, host);
	reason = program_privileged(current);
	if (reason)
		return why_set(why, EPERM, "%s is %s: the loader ignores inline mode's library, %s",
			       current, reason, host);
	if (foreign_libc(&p))
		return why_set(why, ENOEXEC,
			       "%s uses another C library (%s) than persona: inline mode "
			       "cannot enter it, %s",
			       current, p.loader, host);
	return 0;
}
