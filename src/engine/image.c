// SPDX-License-Identifier: GPL-2.0-only
/*
 * image.c - the loader of personality images; see image.h.
 *
 * Reads the ELF header and program headers, reserves one region aligned to
 * 2 MiB (kernel stacks must lie aligned to their size), maps each PT_LOAD
 * privately from the file, adds the R_*_RELATIVE relocations, and looks up the
 * few exports by a linear search of the dynamic symbols. Everything the file
 * says is checked against its size: a damaged file is refused, not trusted.
 */
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "engine/image.h"
#include "lib/rawsys.h"

#if defined(__x86_64__)
#define IMAGE_MACHINE	  EM_X86_64
#define IMAGE_R_RELATIVE  R_X86_64_RELATIVE
#define IMAGE_MACHINE_STR "x86-64"
#elif defined(__aarch64__)
#define IMAGE_MACHINE	  EM_AARCH64
#define IMAGE_R_RELATIVE  R_AARCH64_RELATIVE
#define IMAGE_MACHINE_STR "arm64"
#endif

#define MAX_PHDRS 16

static char why_buf[512];

/* The host's pages: 4 KiB; 16 or 64 on some arm64 machines, which the image is linked for. */
static uint64_t page_down(uint64_t at)
{
	return at & ~(uint64_t)(getauxval(AT_PAGESZ) - 1);
}

static uint64_t page_up(uint64_t at)
{
	return page_down(at + getauxval(AT_PAGESZ) - 1);
}

__attribute__((format(printf, 4, 5))) static int fail(const char **why, int err, const char *path,
						      const char *fmt, ...)
{
	va_list ap;
	int n;

	n = snprintf(why_buf, sizeof(why_buf), "personality image %.300s: ", path);
	va_start(ap, fmt);
	vsnprintf(why_buf + n, sizeof(why_buf) - n, fmt, ap);
	va_end(ap);
	*why = why_buf;
	return err;
}

struct elf {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[MAX_PHDRS];
	uint64_t file_size;
	uint64_t extent; /* end of the last segment */
};

static int read_headers(struct elf *e, int fd, const char *path, const char **why)
{
	struct stat st;
	long n;

	n = RAWSYS(SYS_fstat, fd, &st);
	if (n < 0)
		return fail(why, (int)n, path, "cannot be examined: %s", strerror((int)-n));
	e->file_size = (uint64_t)st.st_size;
	n = RAWSYS(SYS_pread64, fd, &e->eh, sizeof(e->eh), 0);
	if (n != sizeof(e->eh) || memcmp(e->eh.e_ident, ELFMAG, SELFMAG) ||
	    e->eh.e_ident[EI_CLASS] != ELFCLASS64 || e->eh.e_type != ET_DYN)
		return fail(why, -ENOEXEC, path, "is not a personality image");
	if (e->eh.e_machine != IMAGE_MACHINE)
		return fail(why, -ENOEXEC, path,
			    "is for another processor (ELF machine %u; this is " IMAGE_MACHINE_STR
			    "); use the image built for this one",
			    e->eh.e_machine);
	if (e->eh.e_phnum == 0 || e->eh.e_phnum > MAX_PHDRS ||
	    e->eh.e_phentsize != sizeof(Elf64_Phdr))
		return fail(why, -ENOEXEC, path, "is damaged (program headers)");
	n = RAWSYS(SYS_pread64, fd, e->ph, e->eh.e_phnum * sizeof(Elf64_Phdr), e->eh.e_phoff);
	if (n != (long)(e->eh.e_phnum * sizeof(Elf64_Phdr)))
		return fail(why, -ENOEXEC, path, "is truncated");

	e->extent = 0;
	for (unsigned int i = 0; i < e->eh.e_phnum; i++) {
		const Elf64_Phdr *p = &e->ph[i];

		if (p->p_type == PT_TLS)
			return fail(why, -ENOEXEC, path, "has thread-local storage");
		if (p->p_type != PT_LOAD)
			continue;
		if (p->p_filesz > p->p_memsz || p->p_memsz > (1UL << 30) ||
		    p->p_vaddr > (1UL << 30) ||
		    p->p_offset - page_down(p->p_offset) != p->p_vaddr - page_down(p->p_vaddr) ||
		    page_down(p->p_vaddr) < page_up(e->extent))
			return fail(why, -ENOEXEC, path, "is damaged (segment %u)", i);
		if (p->p_offset > e->file_size || p->p_filesz > e->file_size - p->p_offset)
			return fail(why, -ENOEXEC, path, "is truncated");
		e->extent = p->p_vaddr + p->p_memsz;
	}
	if (!e->extent)
		return fail(why, -ENOEXEC, path, "is damaged (no segments)");
	return 0;
}

/* Down to a multiple of the alignment, which is a huge page. */
static size_t image_round(size_t at)
{
	return at & ~(IMAGE_ALIGN - 1);
}

/* One aligned, inaccessible, unbacked region. */
static uint8_t *image_reserve(size_t size)
{
	size_t all = size + IMAGE_ALIGN;
	uint8_t *at, *base;

	at = mmap(NULL, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		return NULL;
	base = (uint8_t *)(((uintptr_t)at + IMAGE_ALIGN - 1) & ~(IMAGE_ALIGN - 1));
	if (base > at)
		munmap(at, (size_t)(base - at));
	if (base + size < at + all)
		munmap(base + size, (size_t)(at + all - base - size));
	return base;
}

static bool map_fixed(uint8_t *at, size_t len, int prot, int flags, int fd, off_t off)
{
	return !len || mmap(at, len, prot, MAP_PRIVATE | MAP_FIXED | flags, fd, off) == at;
}

static bool map_segments(struct image *im, const struct elf *e, int fd)
{
	for (unsigned int i = 0; i < e->eh.e_phnum; i++) {
		const Elf64_Phdr *p = &e->ph[i];
		int prot = (p->p_flags & PF_R ? PROT_READ : 0) |
			   (p->p_flags & PF_W ? PROT_WRITE : 0) |
			   (p->p_flags & PF_X ? PROT_EXEC : 0);
		uint64_t start = page_down(p->p_vaddr), skip = p->p_vaddr - start;
		uint64_t end = p->p_vaddr + p->p_filesz;
		uint64_t page_end = page_up(end);

		if (p->p_type != PT_LOAD)
			continue;
		if (!map_fixed(im->base + start, page_end - start, prot, 0, fd,
			       (off_t)(p->p_offset - skip)))
			return false;
		/* Past the file's end: zeroes, in the last page and beyond. */
		if (p->p_memsz > p->p_filesz) {
			uint64_t mem_end = page_up(p->p_vaddr + p->p_memsz);

			memset(im->base + end, 0, page_end - end);
			if (mem_end > page_end &&
			    !map_fixed(im->base + page_end, mem_end - page_end, prot,
				       MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))
				return false;
		}
	}
	/* Everything behind the image is the stack's memory. */
	return map_fixed(im->base + im->extent, im->size - im->extent, PROT_READ | PROT_WRITE,
			 MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

struct dynamic {
	uint64_t rela, relasz, symtab, strtab, strsz, hash;
};

static void image_read_dynamic(struct dynamic *d, const struct image *im, const struct elf *e)
{
	memset(d, 0, sizeof(*d));
	for (unsigned int i = 0; i < e->eh.e_phnum; i++) {
		const Elf64_Dyn *dyn = (const void *)(im->base + e->ph[i].p_vaddr);
		size_t n = e->ph[i].p_memsz / sizeof(*dyn);

		if (e->ph[i].p_type != PT_DYNAMIC || e->ph[i].p_vaddr > e->extent ||
		    e->ph[i].p_memsz > e->extent - e->ph[i].p_vaddr)
			continue;
		for (; n-- && dyn->d_tag != DT_NULL; dyn++) {
			switch (dyn->d_tag) {
			case DT_RELA:
				d->rela = dyn->d_un.d_ptr;
				break;
			case DT_RELASZ:
				d->relasz = dyn->d_un.d_val;
				break;
			case DT_SYMTAB:
				d->symtab = dyn->d_un.d_ptr;
				break;
			case DT_STRTAB:
				d->strtab = dyn->d_un.d_ptr;
				break;
			case DT_STRSZ:
				d->strsz = dyn->d_un.d_val;
				break;
			case DT_HASH:
				d->hash = dyn->d_un.d_ptr;
				break;
			}
		}
	}
}

static bool image_inside(const struct elf *e, uint64_t at, uint64_t len)
{
	return at && at <= e->extent && len <= e->extent - at;
}

static bool image_relocate(struct image *im, const struct elf *e, const struct dynamic *d)
{
	const Elf64_Rela *r = (const void *)(im->base + d->rela);

	if (!image_inside(e, d->rela, d->relasz))
		return false;
	for (uint64_t n = d->relasz / sizeof(*r); n; n--, r++) {
		uint64_t value = (uint64_t)(uintptr_t)im->base + (uint64_t)r->r_addend;

		if (ELF64_R_TYPE(r->r_info) != IMAGE_R_RELATIVE ||
		    !image_inside(e, r->r_offset, sizeof(value)))
			return false;
		memcpy(im->base + r->r_offset, &value, sizeof(value));
	}
	return true;
}

static void *image_find(const struct image *im, const struct elf *e, const struct dynamic *d,
			const char *name)
{
	const Elf64_Sym *sym = (const void *)(im->base + d->symtab);
	uint32_t n;

	if (!image_inside(e, d->hash, 8) || !image_inside(e, d->strtab, d->strsz))
		return NULL;
	memcpy(&n, im->base + d->hash + 4, sizeof(n)); /* nchain: number of symbols */
	if (!image_inside(e, d->symtab, (uint64_t)n * sizeof(*sym)))
		return NULL;
	for (; n; n--, sym++) {
		const char *s = (const char *)im->base + d->strtab + sym->st_name;
		size_t len = strlen(name) + 1;

		if (sym->st_shndx == SHN_UNDEF || sym->st_name >= d->strsz ||
		    len > d->strsz - sym->st_name || !image_inside(e, sym->st_value, 1))
			continue;
		if (!memcmp(s, name, len))
			return im->base + sym->st_value;
	}
	return NULL;
}

static const struct {
	const char *name;
	size_t offset;
} exports[] = {
	{"lkl_image_abi", offsetof(struct image, abi)},
	{"lkl_boot", offsetof(struct image, boot)},
	{"lkl_run", offsetof(struct image, run)},
	{"lkl_fixup_fault", offsetof(struct image, fixup_fault)},
	{"lkl_symbol", offsetof(struct image, symbol)},
	{"lkl_oops", offsetof(struct image, oops)},
};

/*
 * What a stack fills at its start anyway comes by huge pages where the host has them: one fault in
 * place of 512. That is the page map, 64 bytes for each page, which Linux has at the end of its
 * memory, and the first huge page behind the image: of its 512 pages 448 are in use when a stack of
 * 256 MiB has started.
 */
static void image_ask_huge(const struct image *im)
{
	size_t first = image_round(im->extent + IMAGE_ALIGN - 1), map = image_round(im->size / 64);

	madvise(im->base + first, IMAGE_ALIGN, MADV_HUGEPAGE);
	if (map)
		madvise(im->base + im->size - map, map, MADV_HUGEPAGE);
}

int image_load(struct image *im, const char *path, size_t memory, const char **why)
{
	struct dynamic d;
	struct elf e;
	int fd, err;

	memset(im, 0, sizeof(*im));
	fd = raw_open(path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return fail(why, fd, path,
			    "%s; build it with `make personality`, or choose one with -p",
			    strerror(-fd));
	err = read_headers(&e, fd, path, why);
	if (err)
		goto close;

	im->extent = page_up(e.extent);
	im->size = (im->extent + memory + IMAGE_ALIGN - 1) & ~(IMAGE_ALIGN - 1);
	im->base = image_reserve(im->size);
	if (!im->base || !map_segments(im, &e, fd)) {
		err = fail(why, -ENOMEM, path, "no space for %zu MiB of address space",
			   im->size >> 20);
		goto unload;
	}
	image_read_dynamic(&d, im, &e);
	if (!image_relocate(im, &e, &d)) {
		err = fail(why, -ENOEXEC, path, "is damaged (relocations)");
		goto unload;
	}
	for (size_t i = 0; i < sizeof(exports) / sizeof(exports[0]); i++) {
		void *p = image_find(im, &e, &d, exports[i].name);

		if (!p) {
			err = fail(why, -ENOEXEC, path, "is not a personality image (no %s)",
				   exports[i].name);
			goto unload;
		}
		memcpy((char *)im + exports[i].offset, &p, sizeof(p));
	}
	if (im->abi() != LKL_ABI) {
		err = fail(why, -EPROTO, path,
			   "has interface version %u, this program needs %u; build it again",
			   im->abi(), LKL_ABI);
		goto unload;
	}
	/* The stack belongs to this process alone: a child gets a hole instead. */
	madvise(im->base + im->extent, im->size - im->extent, MADV_DONTFORK);
	image_ask_huge(im);
	raw_close(fd);
	return 0;

unload:
	image_unload(im);
close:
	raw_close(fd);
	return err;
}

void image_unload(struct image *im)
{
	if (im->base)
		munmap(im->base, im->size);
	memset(im, 0, sizeof(*im));
}
