// SPDX-License-Identifier: GPL-2.0
/*
 * mptcp_token.c - as many MPTCP connections as the stack has memory for.
 *
 * Theory of operation
 *
 * Linux finds a connection by its token in a hash table with a slot for each MiB of memory, and
 * lets a slot have four (TOKEN_MAX_CHAIN_LEN): enough for a machine's gigabytes, 1024 connections
 * with 256 MiB. What comes after them falls back to TCP without a word. An MPTCP connection with
 * two subflows takes some 10 KiB when idle; so there is a slot for each 32 KiB, 192 KiB of table by
 * default: the memory ends first, and a slot is hardly ever full when a connection tries four.
 *
 * alloc_large_system_hash() is wrapped by the linker (--wrap, arch/lkl/Makefile); the other tables
 * are as they were. Runs at boot, once.
 */
#include <linux/init.h>
#include <linux/memblock.h>
#include <linux/string.h>

#define TOKEN_SCALE 15 /* log2 of the bytes of memory for a slot */

extern typeof(alloc_large_system_hash) __real_alloc_large_system_hash;

void *__wrap_alloc_large_system_hash(const char *name, unsigned long bucket, unsigned long entries,
				     int scale, int flags, unsigned int *shift, unsigned int *mask,
				     unsigned long low, unsigned long high);

void *__init __wrap_alloc_large_system_hash(const char *name, unsigned long bucket,
					    unsigned long entries, int scale, int flags,
					    unsigned int *shift, unsigned int *mask,
					    unsigned long low, unsigned long high)
{
	if (!strcmp(name, "MPTCP token"))
		scale = TOKEN_SCALE;
	return __real_alloc_large_system_hash(name, bucket, entries, scale, flags, shift, mask,
					      low, high);
}
