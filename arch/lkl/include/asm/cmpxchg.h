/* SPDX-License-Identifier: GPL-2.0 */
/*
 * By the compiler's builtins: one instruction where the processor has one. The
 * __sync family, not __atomic: with load-linked/store-conditional an __atomic
 * SEQ_CST operation is no full barrier, and the kernel wants one.
 */
#ifndef _ASM_LKL_CMPXCHG_H
#define _ASM_LKL_CMPXCHG_H

#include <asm/lkl_cpu.h>

#ifdef __x86_64__
#define arch_xchg(ptr, x)						\
	__atomic_exchange_n((ptr), (typeof(*(ptr)))(x), __ATOMIC_SEQ_CST)
#else
#define arch_xchg(ptr, x)						\
({									\
	typeof(*(ptr)) __xr;						\
	lkl_full_barrier();						\
	__xr = __atomic_exchange_n((ptr), (typeof(*(ptr)))(x), __ATOMIC_RELAXED); \
	lkl_full_barrier();						\
	__xr;								\
})
#endif

#define arch_cmpxchg(ptr, o, n)						\
	((typeof(*(ptr)))__sync_val_compare_and_swap((ptr),		\
		(typeof(*(ptr)))(o), (typeof(*(ptr)))(n)))
#define arch_cmpxchg_local(ptr, o, n)	arch_cmpxchg(ptr, o, n)
#define arch_cmpxchg64(ptr, o, n)	arch_cmpxchg(ptr, o, n)
#define arch_cmpxchg64_local(ptr, o, n)	arch_cmpxchg(ptr, o, n)

#endif /* _ASM_LKL_CMPXCHG_H */
