// SPDX-License-Identifier: GPL-2.0-only
/*
 * imports.c - the functions that a program and its libraries take from others.
 *
 * Theory of operation: an undefined symbol matters only if a relocation names it, so
 * the relocations are gone through (DT_JMPREL, DT_RELA): they need no section
 * headers, which may be stripped, and no count of symbols, which is nowhere. Which
 * libraries belong to a program is asked of its own loader by `LOADER --list`, which
 * glibc's and musl's both have: it knows search paths, the cache and $ORIGIN best.
 *
 * Everything in the file is distrusted: each offset is checked against the
 * file's size. One thread; nothing is kept.
 *
 * Limits: libraries that are loaded later (dlopen(), NSS) are not seen. A file that is
 * made shorter while it is looked at is a SIGBUS, as for any program that runs it.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "launch/imports.h"

struct elf {
	const uint8_t *file;
	uint64_t size;
	const Elf64_Phdr *ph;
	unsigned int nph;
};

/* @len bytes at offset @at, aligned for the structures that we look at; or NULL. */
static const void *imports_part(const struct elf *e, uint64_t at, uint64_t len)
{
	if (at > e->size || len > e->size - at || at % 4)
		return NULL;
	return e->file + at;
}

/* What lies at address @addr of the program; @len may be less than the segment has. */
static const void *at_address(const struct elf *e, uint64_t addr, uint64_t len)
{
	for (unsigned int i = 0; i < e->nph; i++) {
		const Elf64_Phdr *p = &e->ph[i];

		if (p->p_type == PT_LOAD && addr >= p->p_vaddr && addr - p->p_vaddr < p->p_filesz &&
		    len <= p->p_filesz - (addr - p->p_vaddr))
			return imports_part(e, p->p_offset + (addr - p->p_vaddr), len);
	}
	return NULL;
}

static int elf_open(struct elf *e, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const Elf64_Ehdr *eh;
	struct stat st;
	void *map;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof(*eh)) {
		close(fd);
		return -ENOEXEC;
	}
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return -errno;
	e->file = map;
	e->size = (uint64_t)st.st_size;
	eh = map;
	if (!memcmp(eh->e_ident, ELFMAG, SELFMAG) && eh->e_ident[EI_CLASS] == ELFCLASS64 &&
	    eh->e_ident[EI_DATA] == ELFDATA2LSB && eh->e_phentsize == sizeof(*e->ph)) {
		e->nph = eh->e_phnum;
		e->ph = imports_part(e, eh->e_phoff, e->nph * sizeof(*e->ph));
		if (e->ph && e->nph)
			return 0;
	}
	munmap(map, (size_t)st.st_size);
	return -ENOEXEC;
}

static void elf_close(struct elf *e)
{
	munmap((void *)e->file, e->size);
}

/* The entries of PT_DYNAMIC that say where relocations, symbols and names are. */
struct dynamic {
	uint64_t rela, rela_size, jmprel, jmprel_size, symbols, strings, strings_size;
};

static int imports_read_dynamic(const struct elf *e, struct dynamic *d)
{
	const Elf64_Dyn *dyn = NULL;
	uint64_t n = 0;

	for (unsigned int i = 0; i < e->nph; i++) {
		if (e->ph[i].p_type != PT_DYNAMIC)
			continue;
		n = e->ph[i].p_filesz / sizeof(*dyn);
		dyn = imports_part(e, e->ph[i].p_offset, n * sizeof(*dyn));
	}
	for (; dyn && n-- && dyn->d_tag != DT_NULL; dyn++) {
		switch (dyn->d_tag) {
		case DT_RELA:
			d->rela = dyn->d_un.d_ptr;
			break;
		case DT_RELASZ:
			d->rela_size = dyn->d_un.d_val;
			break;
		case DT_JMPREL:
			d->jmprel = dyn->d_un.d_ptr;
			break;
		case DT_PLTRELSZ:
			d->jmprel_size = dyn->d_un.d_val;
			break;
		case DT_SYMTAB:
			d->symbols = dyn->d_un.d_ptr;
			break;
		case DT_STRTAB:
			d->strings = dyn->d_un.d_ptr;
			break;
		case DT_STRSZ:
			d->strings_size = dyn->d_un.d_val;
			break;
		}
	}
	return d->symbols && d->strings ? 0 : -ENOEXEC;
}

static int imports_walk(const struct elf *e, const struct dynamic *d, uint64_t addr, uint64_t size,
			int (*each)(const char *symbol, void *arg), void *arg)
{
	const Elf64_Rela *r = at_address(e, addr, size);
	/* Strings are found at any address, so they are not asked for by imports_part(). */
	const char *strings = at_address(e, d->strings, d->strings_size);
	int ret = 0;

	if (!size)
		return 0;
	if (!r || !strings || !d->strings_size || strings[d->strings_size - 1])
		return -ENOEXEC;
	for (uint64_t i = 0; i < size / sizeof(*r) && !ret; i++) {
		uint64_t number = ELF64_R_SYM(r[i].r_info);
		const Elf64_Sym *s;

		if (!number)
			continue;
		s = at_address(e, d->symbols + number * sizeof(*s), sizeof(*s));
		if (!s || s->st_name >= d->strings_size)
			return -ENOEXEC;
		if (s->st_shndx == SHN_UNDEF)
			ret = each(strings + s->st_name, arg);
	}
	return ret;
}

int imports_of(const char *path, int (*each)(const char *symbol, void *arg), void *arg)
{
	struct dynamic d = {0};
	struct elf e = {0};
	int err = elf_open(&e, path);

	if (err)
		return err;
	err = imports_read_dynamic(&e, &d);
	if (!err)
		err = imports_walk(&e, &d, d.jmprel, d.jmprel_size, each, arg);
	if (!err)
		err = imports_walk(&e, &d, d.rela, d.rela_size, each, arg);
	elf_close(&e);
	return err;
}

/* Each has functions of its own in every program, in a shared runtime or in the program. */
static const struct {
	const char *prefix, *name;
} sanitizers[] = {
	{"__asan_", "AddressSanitizer"},
	{"__tsan_", "ThreadSanitizer"},
	{"__msan_", "MemorySanitizer"},
	{"__hwasan_", "HWAddressSanitizer"},
	{"__ubsan_", "UndefinedBehaviorSanitizer"},
	{"__lsan_", "LeakSanitizer"},
};

const char *imports_sanitizer(const char *path)
{
	const char *found = NULL, *strings, *s;
	struct dynamic d = {0};
	struct elf e = {0};

	if (elf_open(&e, path))
		return NULL;
	strings = imports_read_dynamic(&e, &d) ? NULL : at_address(&e, d.strings, d.strings_size);
	if (!strings || !d.strings_size || strings[d.strings_size - 1])
		d.strings_size = 0;
	/* All names of its dynamic symbols: those that it takes, and those that it has. */
	for (unsigned int i = 0; i < sizeof(sanitizers) / sizeof(*sanitizers) && !found; i++)
		for (s = strings; s && s < strings + d.strings_size && !found; s += strlen(s) + 1)
			if (!strncmp(s, sanitizers[i].prefix, strlen(sanitizers[i].prefix)))
				found = sanitizers[i].name;
	elf_close(&e);
	return found;
}

/* `LOADER --list PATH`, its output in @out. */
static pid_t start_loader(const char *loader, const char *path, int *out)
{
	int p[2];
	pid_t pid;
	int null;

	if (pipe2(p, O_CLOEXEC))
		return -errno;
	fflush(NULL);
	pid = fork();
	if (!pid) {
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		dup2(null, STDIN_FILENO);
		dup2(null, STDERR_FILENO);
		dup2(p[1], STDOUT_FILENO);
		execl(loader, loader, "--list", path, (char *)NULL);
		_exit(127);
	}
	close(p[1]);
	if (pid < 0) {
		pid = -errno;
		close(p[0]);
	}
	*out = p[0];
	return pid;
}

/* "	NAME => PATH (0x...)", "	PATH (0x...)", "	NAME => not found" */
static int one_line(char *line, int (*each)(const char *library, const char *name, void *arg),
		    void *arg)
{
	char *name = line + strspn(line, " \t"), *arrow = strstr(name, " => "), *end;

	if (arrow && !strncmp(arrow + 4, "not found", 9)) {
		*arrow = '\0';
		return each(NULL, name, arg);
	}
	if (arrow)
		name = arrow + 4;
	end = strstr(name, " (0x");
	if (*name != '/' || !end)
		return 0;
	*end = '\0';
	return each(name, strrchr(name, '/') + 1, arg);
}

int imports_libraries(const char *path, const char *loader,
		      int (*each)(const char *library, const char *name, void *arg), void *arg)
{
	char line[4096 + 64];
	int fd = -1, status, ret = 0;
	pid_t pid = start_loader(loader, path, &fd);
	FILE *f;

	if (pid < 0)
		return pid;
	f = fdopen(fd, "r");
	while (f && fgets(line, sizeof(line), f))
		if (!ret)
			ret = one_line(line, each, arg);
	if (f)
		fclose(f);
	else
		close(fd);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	/* glibc's loader ends with 1 or 127 if it could not load all. */
	return ret ? ret : f && WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -ENOEXEC;
}
