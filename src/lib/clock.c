// SPDX-License-Identifier: GPL-2.0-only
/*
 * clock.c - the host kernel's clocks, not libc's, see clock.h.
 *
 * Theory of operation: clock_gettime() may be another library's (libfaketime by LD_PRELOAD,
 * a program's own), and then its time is not the time that packets and futexes live in. So the
 * kernel's function is looked up in the vDSO, the object that the kernel maps into each process
 * (AT_SYSINFO_EHDR): a small shared object, whose symbols are read here as vdso(7) says. Without
 * one, as below valgrind, a system call is made.
 *
 * Any thread; whoever comes first finds what all others would find.
 */
#include <elf.h>
#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>
#include "lib/clock.h"
#include "lib/rawsys.h"

#ifdef __aarch64__
#define CLOCK_NAME "__kernel_clock_gettime"
#else
#define CLOCK_NAME "__vdso_clock_gettime"
#endif

typedef int (*clock_fn)(clockid_t id, struct timespec *t);

static clock_fn clock_found; /* set once, always to the same */

static int clock_call(clockid_t id, struct timespec *t)
{
	return (int)RAWSYS(SYS_clock_gettime, id, t);
}

/* How many symbols there are: a GNU hash table says which is the last of the longest chain. */
static size_t clock_gnu_symbols(const uint32_t *hash)
{
	uint32_t buckets = hash[0], offset = hash[1], last = 0;
	const uint32_t *bucket = hash + 4 + (size_t)hash[2] * (sizeof(Elf64_Addr) / 4);
	const uint32_t *chain = bucket + buckets;

	for (uint32_t i = 0; i < buckets; i++)
		last = bucket[i] > last ? bucket[i] : last;
	if (last < offset)
		return offset;
	while (!(chain[last - offset] & 1))
		last++;
	return (size_t)last + 1;
}

static clock_fn clock_look_up(const char *base)
{
	const Elf64_Ehdr *eh = (const void *)base;
	const Elf64_Phdr *ph = (const void *)(base + eh->e_phoff);
	const Elf64_Dyn *dyn = NULL;
	const Elf64_Sym *sym = NULL;
	const char *names = NULL;
	uint64_t load = 0;
	size_t n = 0;

	for (unsigned int i = 0; i < eh->e_phnum; i++) {
		if (ph[i].p_type == PT_LOAD && !load)
			load = (uint64_t)base + ph[i].p_offset - ph[i].p_vaddr;
		else if (ph[i].p_type == PT_DYNAMIC)
			dyn = (const void *)(base + ph[i].p_offset);
	}
	for (; dyn && load && dyn->d_tag != DT_NULL; dyn++) {
		const void *at = (const void *)(load + dyn->d_un.d_ptr);

		if (dyn->d_tag == DT_SYMTAB)
			sym = at;
		else if (dyn->d_tag == DT_STRTAB)
			names = at;
		else if (dyn->d_tag == DT_HASH)
			n = ((const uint32_t *)at)[1];
		else if (dyn->d_tag == DT_GNU_HASH && !n)
			n = clock_gnu_symbols(at);
	}
	for (size_t i = 0; sym && names && i < n; i++)
		if (sym[i].st_shndx != SHN_UNDEF && !strcmp(names + sym[i].st_name, CLOCK_NAME))
			return (clock_fn)(load + sym[i].st_value);
	return NULL;
}

void clock_read(clockid_t id, struct timespec *t)
{
	clock_fn f = __atomic_load_n(&clock_found, __ATOMIC_RELAXED);

	if (__builtin_expect(!f, 0)) {
		unsigned long vdso = getauxval(AT_SYSINFO_EHDR);

		f = vdso ? clock_look_up((const char *)vdso) : NULL;
		if (!f)
			f = clock_call;
		__atomic_store_n(&clock_found, f, __ATOMIC_RELAXED);
	}
	if (f(id, t))
		clock_call(id, t);
}
