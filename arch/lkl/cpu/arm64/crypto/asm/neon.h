/* SPDX-License-Identifier: GPL-2.0 */
/*
 * neon.h - around code that uses vector registers; for arm64's glue code.
 *
 * Of them a call must keep the lower halves of v8 to v15, and the tree's assembly does not:
 * these are the host's, saved for the length of a section (neon.c). The others are dead in
 * every context that does not run, since contexts are switched by calls.
 */
#ifndef _LKL_ARM64_NEON_H
#define _LKL_ARM64_NEON_H

#include <linux/kconfig.h>
#include <linux/sizes.h>

void kernel_neon_begin(void);
void kernel_neon_end(void);

/* Linux and Android on 64-bit Arm demand it, so it is not asked for. */
#define cpu_have_named_feature(name) true

/* Nobody can ask the crypto API for these ciphers, so they are not registered with it. */
#undef IS_REACHABLE
#define IS_REACHABLE(option) 0

#endif /* _LKL_ARM64_NEON_H */
