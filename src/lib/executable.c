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
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "lib/executable.h"

#define MAX_SCRIPTS 4 /* as the kernel: an interpreter may be a script again */
#define MAX_PHDRS   64
#define MAX_NOTES   64

/*
 * Bytes that are surely enough for what is mapped beside a program before its first instruction:
 * its stack, the loader, what LD_AUDIT names, and inline mode's library, whose tables are 41 MB. A
 * stack of its own wants more in any case.
 */
#define BESIDE (128ull << 20)

#if defined(__x86_64__)
#define OWN_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define OWN_MACHINE EM_AARCH64
#endif

/* A note of the Go tool chain: owner "Go", type 4 is its build identity. */
static bool executable_go_note(int fd, const Elf64_Phdr *ph)
{
	struct {
		Elf64_Nhdr head;
		char owner[4];
	} note;
	uint64_t at = 0;

	for (unsigned int i = 0; i < MAX_NOTES && at + sizeof(note) <= ph->p_filesz; i++) {
		if (pread(fd, &note, sizeof(note), (off_t)(ph->p_offset + at)) != sizeof(note))
			return false;
		if (note.head.n_type == 4 && note.head.n_namesz == 4 &&
		    !memcmp(note.owner, "Go\0\0", 4))
			return true;
		at += sizeof(note.head) + ((note.head.n_namesz + 3ull) & ~3ull) +
		      ((note.head.n_descsz + 3ull) & ~3ull);
	}
	return false;
}

/* PT_INTERP's string; a file that ends too early is as good as none. */
static enum executable_kind executable_elf(int fd, const Elf64_Ehdr *e, struct executable *p)
{
	enum executable_kind kind = EXECUTABLE_STATIC;
	uint64_t first = UINT64_MAX, end = 0;
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
		if (ph.p_type == PT_NOTE)
			p->go |= executable_go_note(fd, &ph);
		if (ph.p_type == PT_LOAD && ph.p_vaddr < first)
			first = ph.p_vaddr;
		if (ph.p_type == PT_LOAD && ph.p_vaddr + ph.p_memsz > end)
			end = ph.p_vaddr + ph.p_memsz;
		if (ph.p_type != PT_INTERP)
			continue;
		if (ph.p_filesz < 2 || ph.p_filesz > sizeof(p->loader) ||
		    pread(fd, p->loader, ph.p_filesz, (off_t)ph.p_offset) != (ssize_t)ph.p_filesz ||
		    p->loader[ph.p_filesz - 1])
			return EXECUTABLE_FOREIGN;
		kind = EXECUTABLE_DYNAMIC;
	}
	p->span = end > first ? end - first : 0;
	return kind;
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

bool executable_cramped(const struct executable *p)
{
	static const int limits[] = {RLIMIT_AS, RLIMIT_DATA};
	struct rlimit r;

	for (unsigned int i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (!getrlimit(limits[i], &r) && r.rlim_cur != RLIM_INFINITY &&
		    r.rlim_cur < BESIDE + p->span)
			return true;
	return false;
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
