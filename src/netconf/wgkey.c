// SPDX-License-Identifier: GPL-2.0-only
/*
 * wgkey.c - WireGuard's keys: their text form, and memory that may hold them, see wgkey.h.
 *
 * Theory of operation
 *
 * A key's letters select no branch and no place in memory, so that neither time nor caches
 * tell another process about them. Each letter becomes its value by masks, and what is no
 * letter of base64 leaves a bit behind, which is looked at once, at the end.
 *
 * Memory comes from mmap() as pages of its own: MADV_DONTDUMP works on pages, and malloc()
 * would leave copies behind when it moves things. Host calls are raw (rawsys.h).
 *
 * No state; any thread.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include "lib/rawsys.h"
#include "netconf/wgkey.h"

#if defined(__x86_64__)
#define VECTORS                                                                                  \
	"xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", \
		"xmm11", "xmm12", "xmm13", "xmm14", "xmm15"
#elif defined(__aarch64__) /* v8 to v15 are kept by functions, so no copy is left in them */
#define VECTORS                                                                                   \
	"v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v16", "v17", "v18", "v19", "v20", "v21", \
		"v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31"
#endif

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* All ones if @c is one of @first to @last, else 0; for numbers below 256. */
static int wgkey_within(int c, int first, int last)
{
	return ((first - 1 - c) & (c - last - 1)) >> 8;
}

/* The six bits of a letter; negative if it is none. */
static int wgkey_bits(char letter)
{
	int c = (unsigned char)letter;
	int value = -1;

	value += wgkey_within(c, 'A', 'Z') & (c - 'A' + 1);
	value += wgkey_within(c, 'a', 'z') & (c - 'a' + 27);
	value += wgkey_within(c, '0', '9') & (c - '0' + 53);
	value += wgkey_within(c, '+', '+') & 63;
	value += wgkey_within(c, '/', '/') & 64;
	return value;
}

int wgkey_parse(const char *text, size_t len, uint8_t key[WG_KEY_LEN])
{
	unsigned int i, n = 0, have = 0;
	uint32_t bits = 0;
	int bad = 0;

	memset(key, 0, WG_KEY_LEN);
	if (len != WGKEY_TEXT_LEN)
		return -EMSGSIZE;
	for (i = 0; i < WGKEY_TEXT_LEN - 1; i++) {
		int value = wgkey_bits(text[i]);

		bad |= value;
		bits = bits << 6 | ((uint32_t)value & 63);
		have += 6;
		if (have >= 8) {
			have -= 8;
			key[n++] = (uint8_t)(bits >> have);
		}
	}
	/* 43 letters are 258 bits: the last two are not the key's, and zeros. */
	if ((bad < 0) | !!(bits & 3) | (text[i] != '=')) {
		wgkey_wipe(key, WG_KEY_LEN);
		return -EINVAL;
	}
	return 0;
}

/* The letter of six bits, without a look into the table at a place that they tell. */
static char wgkey_letter(unsigned int bits)
{
	int c = 0;

	for (int i = 0; i < 64; i++)
		c |= wgkey_within((int)bits, i, i) & letters[i];
	return (char)c;
}

void wgkey_format(const uint8_t key[WG_KEY_LEN], char text[WGKEY_TEXT_LEN + 1])
{
	unsigned int i, have = 0;
	uint32_t bits = 0;
	char *out = text;

	for (i = 0; i < WG_KEY_LEN; i++) {
		bits = bits << 8 | key[i];
		for (have += 8; have >= 6; have -= 6)
			*out++ = wgkey_letter(bits >> (have - 6) & 63);
	}
	*out++ = wgkey_letter(bits << (6 - have) & 63);
	*out++ = '=';
	*out = '\0';
}

bool wgkey_equal(const uint8_t a[WG_KEY_LEN], const uint8_t b[WG_KEY_LEN])
{
	unsigned int i, differ = 0;

	for (i = 0; i < WG_KEY_LEN; i++)
		differ |= a[i] ^ b[i];
	return !differ;
}

bool wgkey_is_zero(const uint8_t key[WG_KEY_LEN])
{
	static const uint8_t zero[WG_KEY_LEN];

	return wgkey_equal(key, zero);
}

void *wgkey_alloc(size_t size)
{
	long p = RAWSYS(SYS_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			0);

	if (p < 0 && p > -4096)
		return NULL;
	/* A kernel without it dumps the pages; there is nothing to be done about that. */
	RAWSYS(SYS_madvise, p, size, MADV_DONTDUMP);
	return (void *)p;
}

/*
 * Vector registers: what copies memory leaves 512 bytes of it there, for as long as the thread
 * uses no more of them. They are in a core. Those that only AVX-512 has are no compiler's here.
 */
static void wgkey_forget(void)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx512f"))
		__asm__ volatile(".irp n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n\t"
				 "vpxord %%zmm\\n, %%zmm\\n, %%zmm\\n\n\t"
				 ".endr"
				 :
				 :
				 : "memory");
	if (__builtin_cpu_supports("avx"))
		__asm__ volatile("vzeroall" : : : VECTORS, "memory");
	else
		__asm__ volatile(".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\t"
				 "pxor %%xmm\\n, %%xmm\\n\n\t"
				 ".endr"
				 :
				 :
				 : VECTORS, "memory");
#elif defined(__aarch64__)
	__asm__ volatile(
		".irp n, 0,1,2,3,4,5,6,7,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n\t"
		"movi v\\n\\().2d, #0\n\t"
		".endr"
		:
		:
		: VECTORS, "memory");
#endif
}

void wgkey_free(void *p, size_t size)
{
	if (!p)
		return;
	wgkey_wipe(p, size);
	RAWSYS(SYS_munmap, p, size);
	wgkey_forget();
}

void wgkey_wipe(void *p, size_t size)
{
	memset(p, 0, size);
	__asm__ volatile(""
			 :
			 : "r"(p)
			 : "memory"); /* somebody may read it: the zeros are written */
}
