/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What truly depends on the processor, in a few macros; the rest of it is the
 * context switch in cpu/.
 */
#ifndef _ASM_LKL_LKL_CPU_H
#define _ASM_LKL_LKL_CPU_H

#ifndef __ASSEMBLY__

#include <linux/types.h>

#if defined(__x86_64__)

register unsigned long current_stack_pointer asm("rsp");

static __always_inline void lkl_cpu_pause(void)
{
	asm volatile("pause" ::: "memory");
}

static __always_inline u64 lkl_cycles(void)
{
	u32 lo, hi;

	asm volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (u64)hi << 32 | lo;
}

/* Total store order: only store-to-load needs an instruction. */
#define lkl_full_barrier() asm volatile("lock addl $0, -4(%%rsp)" ::: "memory", "cc")
#define lkl_read_barrier() asm volatile("" ::: "memory")
#define lkl_write_barrier() asm volatile("" ::: "memory")

#elif defined(__aarch64__)

register unsigned long current_stack_pointer asm("sp");

static __always_inline void lkl_cpu_pause(void)
{
	asm volatile("yield" ::: "memory");
}

static __always_inline u64 lkl_cycles(void)
{
	u64 v;

	asm volatile("mrs %0, cntvct_el0" : "=r"(v) :: "memory");
	return v;
}

#define lkl_full_barrier() asm volatile("dmb ish" ::: "memory")
#define lkl_read_barrier() asm volatile("dmb ishld" ::: "memory")
#define lkl_write_barrier() asm volatile("dmb ishst" ::: "memory")

#else
#error "unsupported processor"
#endif

#endif /* __ASSEMBLY__ */
#endif /* _ASM_LKL_LKL_CPU_H */
