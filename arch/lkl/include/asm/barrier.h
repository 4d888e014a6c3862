/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_LKL_BARRIER_H
#define _ASM_LKL_BARRIER_H

#include <asm/lkl_cpu.h>

#define mb()	lkl_full_barrier()
#define rmb()	lkl_read_barrier()
#define wmb()	lkl_write_barrier()

#ifdef __x86_64__
#define __smp_store_release(p, v)					\
do {									\
	barrier();							\
	WRITE_ONCE(*p, v);						\
} while (0)

#define __smp_load_acquire(p)						\
({									\
	typeof(*p) ___p1 = READ_ONCE(*p);				\
	barrier();							\
	___p1;								\
})

#define __smp_mb__before_atomic()	do { } while (0)
#define __smp_mb__after_atomic()	do { } while (0)
#endif

#include <asm-generic/barrier.h>

#endif /* _ASM_LKL_BARRIER_H */
