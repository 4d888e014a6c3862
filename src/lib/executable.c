// SPDX-License-Identifier: GPL-2.0-only
/*
 * executable.c - what kind of file a program is, see executable.h.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "lib/executable.h"

#define MAX_SCRIPTS 4 /* as the kernel: an interpreter may be a script again */
#define MAX_PHDRS   64

#if defined(__x86_64__)
#define OWN_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define OWN_MACHINE EM_AARCH64
#endif

/* PT_INTERP's string; a file that ends too early is as good as none. */
static enum executable_kind executable_elf(int fd, const Elf64_Ehdr *e, struct executable *p)
{
	Elf64_Phdr ph;
	unsigned int i;

	if (e->e_ident[EI_CLASS] != ELFCLASS64 || e->e_ident[EI_DATA] != ELFDATA2LSB ||
	    e->e_machine != OWN_MACHINE || (e->e_type != ET_EXEC && e->e_type != ET_DYN) ||
	    e->e_phentsize != sizeof(ph) || e->e_phnum > MAX_PHDRS)
		return EXECUTABLE_FOREIGN;
	for (i = 0; i < e->e_phnum; i++) {
		off_t at = (off_t)(e->e_phoff + i * sizeof(ph));

		if (pread(fd, &ph, sizeof(ph), at) != sizeof(ph))
			return EXECUTABLE_FOREIGN;
		if (ph.p_type != PT_INTERP)
			continue;
		if (ph.p_filesz < 2 || ph.p_filesz > sizeof(p->loader) ||
		    pread(fd, p->loader, ph.p_filesz, (off_t)ph.p_offset) != (ssize_t)ph.p_filesz ||
		    p->loader[ph.p_filesz - 1])
			return EXECUTABLE_FOREIGN;
		return EXECUTABLE_DYNAMIC;
	}
	return EXECUTABLE_STATIC;
}

/* First word behind #!, on the first line. */
static enum executable_kind executable_script(const char *line, struct executable *p)
{
	size_t len;

	line += strspn(line, " \t");
	len = strcspn(line, " \t\r\n");
	if (!len || len >= sizeof(p->loader))
		return EXECUTABLE_TEXT;
	memcpy(p->loader, line, len);
	p->loader[len] = '\0';
	return EXECUTABLE_SCRIPT;
}

int executable_inspect(const char *path, struct executable *p)
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
		p->kind = executable_elf(fd, &head.elf, p);
	else if (head.text[0] == '#' && head.text[1] == '!')
		p->kind = executable_script(head.text + 2, p);
	else
		p->kind = EXECUTABLE_TEXT;
	close(fd);
	return 0;
}

const char *executable_privileged(const char *path)
{
	struct stat st;

	/* The kernel compares the ids after the exec with the real ones before it. */
	if (getuid() != geteuid() || getgid() != getegid())
		return "run by a process whose real and effective ids differ";
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 || stat(path, &st))
		return NULL;
	if (st.st_mode & S_ISUID && st.st_uid != getuid())
		return "set-user-ID";
	if (st.st_mode & S_ISGID && st.st_mode & S_IXGRP && st.st_gid != getgid())
		return "set-group-ID";
	if (getuid() && getxattr(path, "security.capability", NULL, 0) > 0)
		return "endowed with file capabilities";
	return NULL;
}

bool executable_uses_musl(const struct executable *p)
{
	const char *name = strrchr(p->loader, '/');

	return !strncmp(name ? name + 1 : p->loader, "ld-musl", 7);
}

int executable_resolve(const char *path, char current[PATH_MAX], struct executable *p)
{
	int depth, err;

	snprintf(current, PATH_MAX, "%s", path);
	for (depth = 0; depth <= MAX_SCRIPTS; depth++) {
		err = executable_inspect(current, p);
		if (err)
			return err;
		if (p->kind == EXECUTABLE_SCRIPT)
			snprintf(current, PATH_MAX, "%s", p->loader);
		else if (p->kind == EXECUTABLE_TEXT)
			snprintf(current, PATH_MAX, "/bin/sh");
		else
			return 0;
	}
	return -ELOOP;
}
