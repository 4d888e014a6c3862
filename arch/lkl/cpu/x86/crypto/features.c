// SPDX-License-Identifier: GPL-2.0
/*
 * features.c - which vector instructions this processor has, for the crypto code.
 *
 * AVX needs more than its bit of CPUID: the host's kernel must keep the wider registers
 * (OSXSAVE, XCR0). A feature whose registers are not kept is not there.
 */
#include <linux/bits.h>
#include <linux/cache.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include "glue.h"

#define SSSE3	 BIT(9)		/* leaf 1, ecx */
#define OSXSAVE	 BIT(27)
#define AVX	 BIT(28)
#define AVX2	 BIT(5)		/* leaf 7, ebx */
#define AVX512F	 BIT(16)
#define AVX512BW BIT(30)
#define AVX512VL BIT(31)
#define XCR0_YMM 0x06U		/* SSE and AVX state */
#define XCR0_ZMM 0xe6U		/* and that of AVX-512 */

struct cpuid {
	u32 eax, ebx, ecx, edx;
};

struct lkl_x86_cpu boot_cpu_data __ro_after_init;
static u32 features __ro_after_init;

static struct cpuid __init cpuid(u32 leaf)
{
	struct cpuid r;

	asm volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			     : "a"(leaf), "c"(0));
	return r;
}

static u32 __init xcr0(void)
{
	u32 lo, hi;

	asm volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return lo;
}

bool boot_cpu_has(enum lkl_x86_feature feature)
{
	return features & BIT(feature);
}

static void __init found(bool there, enum lkl_x86_feature feature)
{
	if (there)
		features |= BIT(feature);
}

/* Family and model, with Intel's extensions; others' processors never equal one of Intel's. */
static u32 __init vfm(const struct cpuid *vendor, const struct cpuid *one)
{
	bool intel = vendor->ebx == 0x756e6547;		/* "Genu", ineIntel */
	u32 family = one->eax >> 8 & 0xf, model = one->eax >> 4 & 0xf;

	if (family == 6 || family == 15)
		model |= one->eax >> 12 & 0xf0;
	if (family == 15)
		family += one->eax >> 20 & 0xff;
	return family << 8 | model | (intel ? 0 : 0xff << 16);
}

static int __init features_init(void)
{
	struct cpuid zero = cpuid(0), one = cpuid(1), seven = { };
	u32 state = one.ecx & OSXSAVE ? xcr0() : 0;
	bool ymm = (state & XCR0_YMM) == XCR0_YMM && one.ecx & AVX;
	bool zmm = (state & XCR0_ZMM) == XCR0_ZMM && ymm;

	if (zero.eax >= 7)
		seven = cpuid(7);
	found(one.ecx & SSSE3, X86_FEATURE_SSSE3);
	found(ymm, X86_FEATURE_AVX);
	found(ymm && seven.ebx & AVX2, X86_FEATURE_AVX2);
	found(zmm && seven.ebx & AVX512F, X86_FEATURE_AVX512F);
	found(zmm && seven.ebx & AVX512BW, X86_FEATURE_AVX512BW);
	found(zmm && seven.ebx & AVX512VL, X86_FEATURE_AVX512VL);
	boot_cpu_data.x86_vfm = vfm(&zero, &one);
	pr_info("ChaCha20-Poly1305 by%s%s%s%s\n",
		boot_cpu_has(X86_FEATURE_SSSE3) ? " SSSE3" : " general registers",
		boot_cpu_has(X86_FEATURE_AVX) ? " AVX" : "",
		boot_cpu_has(X86_FEATURE_AVX2) ? " AVX2" : "",
		boot_cpu_has(X86_FEATURE_AVX512VL) ? " AVX-512" : "");
	return 0;
}
/* Before the glue code, which asks at its device_initcall(). */
arch_initcall(features_init);
