/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ciphers.h - the ciphers of a kernel image, called inside the running image.
 *
 * Nothing in an image serves this. The program starts the image, reads the symbols that its file
 * has anyway, and puts a function of its own into the image's table of calls: what it runs by that
 * call runs as a kernel task on a kernel stack, and may call any function of the image.
 *
 * What the image's code has chosen at boot are static keys, one or two for each kind of
 * instructions. With some of them off, the code takes the way of a smaller processor; that is how
 * all ways are tried on one machine, and compared in one run.
 */
#ifndef PERSONA_CIPHERS_H
#define PERSONA_CIPHERS_H

#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "engine/engine.h"

struct scatterlist;

static struct {
	uint8_t *base; /* where the image is */
	const uint8_t *file;
	const Elf64_Sym *symbols;
	size_t count;
	const char *names;
} image;

/* The image's functions. */
static void (*seal)(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t *ad, size_t ad_len,
		    uint64_t nonce, const uint8_t *key);
static bool (*open_sealed)(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t *ad,
			   size_t ad_len, uint64_t nonce, const uint8_t *key);
static bool (*seal_sg)(struct scatterlist *sg, size_t len, const uint8_t *ad, size_t ad_len,
		       uint64_t nonce, const uint8_t *key);
static bool (*open_sg)(struct scatterlist *sg, size_t len, const uint8_t *ad, size_t ad_len,
		       uint64_t nonce, const uint8_t *key);
static void *(*alloc_skb)(unsigned int size, unsigned int gfp, int flags, int node);
static uint8_t *(*put_skb)(void *skb, unsigned int len);
static int (*skb_to_sg)(void *skb, void *sg, int offset, int len);
static void (*init_sg)(void *sg, unsigned int count);

/* Each level has the keys of those before it, too. */
static const struct level {
	const char *name;
	const char *keys[2];
} levels[] = {
	{"general registers", {NULL}},
#ifdef __x86_64__
	{"SSSE3", {"chacha_use_simd"}},
	{"AVX", {"poly1305_use_avx"}},
	{"AVX2", {"chacha_use_avx2", "poly1305_use_avx2"}},
	{"AVX-512", {"chacha_use_avx512vl", "poly1305_use_avx512"}},
#else
	{"NEON", {"have_neon"}},
#endif
};

#define LEVELS (sizeof(levels) / sizeof(levels[0]))

static bool level_is_there[LEVELS];

static void ciphers_fail(const char *what, const char *why)
{
	fprintf(stderr, "ciphers: %s: %s\n", what, why);
	exit(1);
}

/* The @nth symbol of that name, or NULL. Static ones may have namesakes. */
static void *symbol(const char *name, unsigned int nth)
{
	for (size_t i = 0; i < image.count; i++) {
		const Elf64_Sym *s = &image.symbols[i];

		if (s->st_shndx != SHN_UNDEF && !strcmp(image.names + s->st_name, name) && !nth--)
			return image.base + s->st_value;
	}
	return NULL;
}

static void *must_have(const char *name)
{
	void *at = symbol(name, 0);

	if (!at)
		ciphers_fail(name, "the image has no such symbol");
	return at;
}

static void read_symbols(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const Elf64_Ehdr *e;
	const Elf64_Shdr *s;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		ciphers_fail(path, "cannot be read");
	image.file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (image.file == MAP_FAILED)
		ciphers_fail(path, "cannot be mapped");
	e = (const void *)image.file;
	s = (const void *)(image.file + e->e_shoff);
	for (int i = 0; i < e->e_shnum; i++) {
		if (s[i].sh_type != SHT_SYMTAB)
			continue;
		image.symbols = (const void *)(image.file + s[i].sh_offset);
		image.count = s[i].sh_size / sizeof(Elf64_Sym);
		image.names = (const char *)(image.file + s[s[i].sh_link].sh_offset);
	}
}

/* The first mapping of the file, but for our own. */
static uint8_t *find_base(const char *path)
{
	char *full = realpath(path, NULL), line[4352];
	FILE *f = fopen("/proc/self/maps", "re");
	unsigned long start, offset, found = 0;

	while (full && f && !found && fgets(line, sizeof(line), f))
		if (strstr(line, full) && sscanf(line, "%lx-%*x %*s %lx", &start, &offset) == 2 &&
		    !offset && start != (unsigned long)image.file)
			found = start;
	if (f)
		fclose(f);
	free(full);
	if (!found)
		ciphers_fail(path, "is not mapped");
	return (uint8_t *)found; /* NOLINT(performance-no-int-to-ptr) */
}

static long enter(long fn, long arg)
{
	((void (*)(void *))fn)((void *)arg); /* NOLINT(performance-no-int-to-ptr) */
	return 0;
}

/* Run fn(arg) inside: on a kernel stack, so without calls of the C library that may need much. */
static void inside(void (*fn)(void *arg), void *arg)
{
	const long args[6] = {(long)fn, (long)arg};

	if (engine_syscall(SYS_acct, args) != 0)
		ciphers_fail("call into the image", "it failed");
}

static void set_level(size_t level)
{
	for (size_t i = 0; i < LEVELS; i++)
		for (size_t k = 0; k < 2 && levels[i].keys[k]; k++) {
			int *key;

			for (unsigned int n = 0; (key = symbol(levels[i].keys[k], n)); n++)
				*key = i <= level;
		}
}

static void ciphers_start(const char *path)
{
	struct engine_options opt = {.image = path, .vcpus = 1};
	const char *why = "";
	long (**calls)(long, long);

	if (engine_start(&opt, &why) != 0)
		ciphers_fail(path, why);
	read_symbols(path);
	image.base = find_base(path);
	calls = must_have("call_table");
	calls[SYS_acct] = enter;
	seal = must_have("chacha20poly1305_encrypt");
	open_sealed = must_have("chacha20poly1305_decrypt");
	seal_sg = must_have("chacha20poly1305_encrypt_sg_inplace");
	open_sg = must_have("chacha20poly1305_decrypt_sg_inplace");
	alloc_skb = must_have("__alloc_skb");
	put_skb = must_have("skb_put");
	skb_to_sg = must_have("skb_to_sgvec");
	init_sg = must_have("sg_init_table");
	for (size_t i = 0; i < LEVELS; i++) {
		level_is_there[i] = true;
		for (size_t k = 0; k < 2 && levels[i].keys[k]; k++) {
			const int *key = symbol(levels[i].keys[k], 0);

			level_is_there[i] &= key && *key;
		}
	}
}

/*
 * Scatterlists. A socket buffer's bytes are memory that a scatterlist may name; its entries are
 * made by the image, since their layout is the image's own.
 */
#define BYTES_MAX   32768
#define ENTRIES_MAX 16
#define SG_ROOM	    64
#define SG_END	    2UL
#define GFP_KERNEL  0xcc0

static struct {
	void *skb;
	uint8_t *bytes;
	size_t size; /* of an entry */
	uint64_t entries[ENTRIES_MAX * SG_ROOM / 8];
} scattered;

static void scatter_init(void *unused)
{
	(void)unused;
	scattered.skb = alloc_skb(BYTES_MAX, GFP_KERNEL, 0, -1);
	if (!scattered.skb)
		return;
	scattered.bytes = put_skb(scattered.skb, BYTES_MAX);
	init_sg(scattered.entries, 2); /* marks the end in the second */
	for (size_t i = 1; i < sizeof(scattered.entries) / 8 && !scattered.size; i++)
		if (scattered.entries[i] & SG_END)
			scattered.size = i * 8;
}

/* Entry @n is @len bytes from @offset; the caller has all of them made, the last one last. */
static void scatter(unsigned int n, int offset, int len)
{
	uint8_t *at = (uint8_t *)scattered.entries + n * scattered.size;

	if (n)
		*(uint64_t *)(void *)(at - scattered.size) &= ~SG_END;
	skb_to_sg(scattered.skb, at, offset, len);
}

#define SCATTERED ((struct scatterlist *)(void *)scattered.entries)

#endif /* PERSONA_CIPHERS_H */
