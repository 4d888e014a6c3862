// SPDX-License-Identifier: GPL-2.0
/* string.c - bulk memory operations are the host libc's: vector code. */
#include <linux/export.h>
#include <linux/string.h>
#include <asm/host.h>

void *memcpy(void *to, const void *from, size_t n)
{
	return lkl_ops.copy(to, from, n);
}
EXPORT_SYMBOL(memcpy);

void *memmove(void *to, const void *from, size_t n)
{
	return lkl_ops.move(to, from, n);
}
EXPORT_SYMBOL(memmove);

void *memset(void *to, int c, size_t n)
{
	return lkl_ops.set(to, c, n);
}
EXPORT_SYMBOL(memset);
