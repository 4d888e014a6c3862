/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Vector registers belong to whoever runs: a context is left by a call only, never by an
 * interrupt, so no section that uses them is inside another one.
 */
#ifndef _ASM_LKL_SIMD_H
#define _ASM_LKL_SIMD_H

#include <linux/types.h>

static __must_check inline bool may_use_simd(void)
{
	return true;
}

#endif /* _ASM_LKL_SIMD_H */
