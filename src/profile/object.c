// SPDX-License-Identifier: GPL-2.0-only
/*
 * object.c - ELF files: symbols and where they lie; see object.h.
 *
 * Functions come from .symtab, and from .dynsym of stripped files. What the file says is
 * checked against its size: a damaged file has fewer symbols, and nothing worse.
 *
 * Roles: an image exports lkl_image_abi; the engine is the running executable and the
 * preload library; the C library is known by its file name.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "profile/cfi.h"
#include "profile/object.h"

#define VDSO_SIZE 16384 /* it has no size but its section headers' end; two to four pages */

static struct object *objects;

static const void *object_bytes_at(const struct object *o, uint64_t offset, uint64_t len)
{
	return offset <= o->size && len <= o->size - offset ? o->data + offset : NULL;
}

static const Elf64_Shdr *object_sections(const struct object *o, unsigned int *n)
{
	const Elf64_Ehdr *eh = object_bytes_at(o, 0, sizeof(*eh));
	const Elf64_Shdr *sh;

	*n = 0;
	if (!eh || eh->e_shentsize != sizeof(*sh) || eh->e_shoff % 8)
		return NULL;
	sh = object_bytes_at(o, eh->e_shoff, (uint64_t)eh->e_shnum * sizeof(*sh));
	if (sh)
		*n = eh->e_shnum;
	return sh;
}

/* Fewer underscores first, then global before weak before local. */
static uint8_t object_rank_of(const char *name, unsigned int bind)
{
	unsigned int under = 0;

	while (under < 20 && name[under] == '_')
		under++;
	return (uint8_t)(under * 4 + (bind == STB_GLOBAL ? 0 : bind == STB_WEAK ? 1 : 2));
}

static void add_symbols(struct object *o, const Elf64_Shdr *sh, unsigned int nsh,
			const Elf64_Shdr *table)
{
	const Elf64_Shdr *str = table->sh_link < nsh ? &sh[table->sh_link] : NULL;
	const Elf64_Sym *sym = object_bytes_at(o, table->sh_offset, table->sh_size);
	size_t n = table->sh_size / sizeof(*sym);
	const char *names;
	struct symbol *s;

	names = str && str->sh_size ? object_bytes_at(o, str->sh_offset, str->sh_size) : NULL;
	if (!sym || table->sh_offset % 8 || !names || names[str->sh_size - 1])
		return;
	s = reallocarray(o->symbols, o->nsymbols + n, sizeof(*s));
	if (!s)
		return;
	o->symbols = s;
	for (; n; n--, sym++) {
		unsigned int type = ELF64_ST_TYPE(sym->st_info);

		if ((type != STT_FUNC && type != STT_NOTYPE && type != STT_GNU_IFUNC) ||
		    sym->st_shndx == SHN_UNDEF || sym->st_shndx >= nsh ||
		    !(sh[sym->st_shndx].sh_flags & SHF_EXECINSTR) || sym->st_name >= str->sh_size ||
		    !names[sym->st_name] || names[sym->st_name] == '.' ||
		    names[sym->st_name] == '$')
			continue;
		o->symbols[o->nsymbols++] = (struct symbol){
			.at = sym->st_value,
			.size = sym->st_size,
			.name = names + sym->st_name,
			.rank = object_rank_of(names + sym->st_name, ELF64_ST_BIND(sym->st_info)),
		};
	}
}

static int object_by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return (int)x->rank - (int)y->rank;
}

static void read_symbols(struct object *o, const Elf64_Shdr *sh, unsigned int nsh)
{
	size_t kept = 0;

	for (unsigned int i = 0; i < nsh; i++) {
		if (sh[i].sh_type == SHT_SYMTAB || sh[i].sh_type == SHT_DYNSYM)
			add_symbols(o, sh, nsh, &sh[i]);
	}
	if (!o->nsymbols)
		return;
	qsort(o->symbols, o->nsymbols, sizeof(o->symbols[0]), object_by_address);
	for (size_t i = 0; i < o->nsymbols; i++) {
		if (!kept || o->symbols[kept - 1].at != o->symbols[i].at)
			o->symbols[kept++] = o->symbols[i];
	}
	o->nsymbols = kept;
}

/* The section of that name that has contents in the file, or NULL. */
static const Elf64_Shdr *object_find_section(const struct object *o, const Elf64_Shdr *sh,
					     unsigned int nsh, const char *name)
{
	const Elf64_Ehdr *eh = (const void *)o->data;
	const Elf64_Shdr *str = nsh && eh->e_shstrndx < nsh ? &sh[eh->e_shstrndx] : NULL;
	const char *names =
		str && str->sh_size ? object_bytes_at(o, str->sh_offset, str->sh_size) : NULL;

	if (!names || names[str->sh_size - 1])
		return NULL;
	for (unsigned int i = 0; i < nsh; i++) {
		if (sh[i].sh_name < str->sh_size && !strcmp(names + sh[i].sh_name, name) &&
		    sh[i].sh_type != SHT_NOBITS)
			return &sh[i];
	}
	return NULL;
}

static void read_unwind(struct object *o, const Elf64_Shdr *sh, unsigned int nsh)
{
	const Elf64_Shdr *frames = object_find_section(o, sh, nsh, ".eh_frame");
	const uint8_t *data;

	if (!frames)
		return;
	data = object_bytes_at(o, frames->sh_offset, frames->sh_size);
	if (data)
		o->cfi = cfi_parse(data, frames->sh_size, frames->sh_addr);
}

static bool map_file(struct object *o)
{
	int fd = open(o->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	void *p = MAP_FAILED;

	if (fd < 0)
		return false;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > 0)
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (p == MAP_FAILED)
		return false;
	o->data = p;
	o->size = (size_t)st.st_size;
	o->mapped = true;
	return true;
}

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static enum object_role role_of(const struct object *o)
{
	static const char *const libc[] = {"libc.so", "libc-",	    "libm.so",	"libpthread", "ld-",
					   "[vdso]",  "libc.musl-", "libdl.so", "libresolv"};

	for (size_t i = 0; i < o->nsymbols; i++) {
		if (!strcmp(o->symbols[i].name, "lkl_image_abi"))
			return OBJECT_IMAGE;
	}
	if (!strncmp(o->name, "libpersona-hijack", 17) || same_file(o->path, "/proc/self/exe"))
		return OBJECT_ENGINE;
	for (unsigned int i = 0; i < sizeof(libc) / sizeof(libc[0]); i++) {
		if (!strncmp(o->name, libc[i], strlen(libc[i])))
			return OBJECT_LIBC;
	}
	return OBJECT_PROGRAM;
}

static void object_load(struct object *o)
{
	const Elf64_Ehdr *eh;
	const Elf64_Shdr *sh;
	unsigned int nsh;

	if (!strcmp(o->path, "[vdso]")) {
		o->data = (const uint8_t *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);
		if (!o->data)
			return;
		eh = (const void *)o->data;
		o->size = eh->e_shoff + (size_t)eh->e_shnum * eh->e_shentsize;
		if (o->size > VDSO_SIZE)
			o->size = 0;
	} else if (!map_file(o)) {
		return;
	}
	eh = object_bytes_at(o, 0, sizeof(*eh));
	if (!eh || memcmp(eh->e_ident, ELFMAG, SELFMAG) || eh->e_ident[EI_CLASS] != ELFCLASS64 ||
	    eh->e_phentsize != sizeof(*o->phdr) || eh->e_phoff % 8)
		return;
	o->phdr = object_bytes_at(o, eh->e_phoff, (uint64_t)eh->e_phnum * sizeof(*o->phdr));
	if (o->phdr)
		o->nphdr = eh->e_phnum;
	sh = object_sections(o, &nsh);
	read_symbols(o, sh, nsh);
	if (nsh)
		read_unwind(o, sh, nsh);
}

struct object *object_get(const char *path)
{
	struct object *o;
	const char *slash;

	for (o = objects; o; o = o->next) {
		if (!strcmp(o->path, path))
			return o;
	}
	o = calloc(1, sizeof(*o));
	if (!o)
		return NULL;
	o->path = strdup(path);
	if (!o->path) {
		free(o);
		return NULL;
	}
	slash = strrchr(o->path, '/');
	o->name = slash ? slash + 1 : o->path;
	object_load(o);
	o->role = role_of(o);
	o->next = objects;
	objects = o;
	return o;
}

uint64_t object_vaddr(const struct object *o, uint64_t offset)
{
	for (unsigned int i = 0; i < o->nphdr; i++) {
		const Elf64_Phdr *p = &o->phdr[i];
		uint64_t start = p->p_offset & ~4095ULL;

		if (p->p_type == PT_LOAD && offset >= start && offset < p->p_offset + p->p_filesz)
			return offset - p->p_offset + p->p_vaddr;
	}
	return (uint64_t)-1;
}

const uint8_t *object_bytes(const struct object *o, uint64_t vaddr, size_t len)
{
	for (unsigned int i = 0; i < o->nphdr; i++) {
		const Elf64_Phdr *p = &o->phdr[i];

		if (p->p_type == PT_LOAD && vaddr >= p->p_vaddr && len <= p->p_filesz &&
		    vaddr - p->p_vaddr <= p->p_filesz - len)
			return object_bytes_at(o, p->p_offset + (vaddr - p->p_vaddr), len);
	}
	return NULL;
}

const struct symbol *object_symbol(const struct object *o, uint64_t vaddr)
{
	size_t low = 0, high = o->nsymbols;
	const struct symbol *s;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (o->symbols[mid].at <= vaddr)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return NULL;
	s = &o->symbols[low - 1];
	return s->size && vaddr - s->at >= s->size ? NULL : s;
}

void objects_close(void)
{
	while (objects) {
		struct object *o = objects;

		objects = o->next;
		if (o->mapped)
			munmap((void *)(uintptr_t)o->data, o->size);
		cfi_free(o->cfi);
		free(o->symbols);
		free(o->path);
		free(o);
	}
}

const uint8_t *object_section(const struct object *o, const char *name, size_t *len)
{
	const Elf64_Shdr *sh, *section;
	unsigned int nsh;

	if (!o->data)
		return NULL;
	sh = object_sections(o, &nsh);
	section = object_find_section(o, sh, nsh, name);
	if (!section)
		return NULL;
	*len = section->sh_size;
	return object_bytes_at(o, section->sh_offset, section->sh_size);
}
