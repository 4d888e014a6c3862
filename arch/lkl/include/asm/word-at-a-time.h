/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Little endian. load_unaligned_zeropad() must not touch a second page, which
 * may not be mapped: near a page's end it loads the aligned word and shifts.
 */
#ifndef _ASM_LKL_WORD_AT_A_TIME_H
#define _ASM_LKL_WORD_AT_A_TIME_H

#include <linux/bitops.h>
#if __has_include(<linux/wordpart.h>)
#include <linux/wordpart.h>
#else
#include <linux/kernel.h>
#endif
#include <asm/page.h>

struct word_at_a_time {
	const unsigned long one_bits, high_bits;
};

#define WORD_AT_A_TIME_CONSTANTS { REPEAT_BYTE(0x01), REPEAT_BYTE(0x80) }

static inline unsigned long has_zero(unsigned long a, unsigned long *bits,
				     const struct word_at_a_time *c)
{
	unsigned long mask = ((a - c->one_bits) & ~a) & c->high_bits;

	*bits = mask;
	return mask;
}

#define prep_zero_mask(a, bits, c) (bits)

static inline unsigned long create_zero_mask(unsigned long bits)
{
	bits = (bits - 1) & ~bits;
	return bits >> 7;
}

static inline unsigned long find_zero(unsigned long mask)
{
	return fls64(mask) >> 3;
}

#define zero_bytemask(mask) (mask)

static inline unsigned long load_unaligned_zeropad(const void *addr)
{
	unsigned long at = (unsigned long)addr;
	unsigned int off = at & (sizeof(long) - 1);

	if (likely((at & (PAGE_SIZE - 1)) <= PAGE_SIZE - sizeof(long)))
		return *(const unsigned long *)addr;
	return *(const unsigned long *)(at - off) >> (8 * off);
}

#endif /* _ASM_LKL_WORD_AT_A_TIME_H */
