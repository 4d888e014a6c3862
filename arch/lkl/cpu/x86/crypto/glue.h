/* SPDX-License-Identifier: GPL-2.0 */
/*
 * glue.h - what x86's glue code asks of its architecture; included before it.
 *
 * kernel_fpu_begin() has nothing to save: all vector registers are caller-saved, contexts are
 * switched by calls, and a signal handler of the host restores what it changed. The code itself
 * leaves MXCSR and the direction flag alone, and ends with vzeroupper.
 *
 * Nobody can ask the crypto API for these ciphers, so they are not registered with it.
 */
#ifndef _LKL_X86_GLUE_H
#define _LKL_X86_GLUE_H

#include <linux/compiler.h>
#include <linux/kconfig.h>
#include <linux/types.h>

#undef IS_REACHABLE
#define IS_REACHABLE(option) 0

#define kernel_fpu_begin()	barrier()
#define kernel_fpu_end()	barrier()

/* What can be asked for: features.c. A feature is there if its registers may be used, too. */
enum lkl_x86_feature {
	X86_FEATURE_SSSE3,
	X86_FEATURE_AVX,
	X86_FEATURE_AVX2,
	X86_FEATURE_AVX512F,
	X86_FEATURE_AVX512BW,
	X86_FEATURE_AVX512VL,
};

bool boot_cpu_has(enum lkl_x86_feature feature);

/* Only asked together with the features that imply it. */
#define cpu_has_xfeatures(mask, name)	true

/* poly1305_glue.c spares this one AVX-512: its clock falls too much. */
#define INTEL_SKYLAKE_X		0x655	/* family 6, model 0x55 */
#define INTEL_FAM6_SKYLAKE_X	INTEL_SKYLAKE_X

struct lkl_x86_cpu {
	union {
		u32 x86_vfm;
		u32 x86_model;	/* kernels before 6.12 */
	};
};

extern struct lkl_x86_cpu boot_cpu_data;

#endif /* _LKL_X86_GLUE_H */
