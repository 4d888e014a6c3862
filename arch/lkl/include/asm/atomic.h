/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_LKL_ATOMIC_H
#define _ASM_LKL_ATOMIC_H

#include <linux/types.h>
#include <asm/cmpxchg.h>
#include <asm/barrier.h>

#define LKL_ATOMIC_OP(pfx, type, vtype, op)				\
static __always_inline void arch_##pfx##_##op(type i, vtype *v)		\
{									\
	__atomic_fetch_##op(&v->counter, i, __ATOMIC_RELAXED);		\
}

#define LKL_ATOMIC_FETCH(pfx, type, vtype, op)				\
static __always_inline type arch_##pfx##_fetch_##op(type i, vtype *v)	\
{									\
	return __sync_fetch_and_##op(&v->counter, i);			\
}

#define LKL_ATOMIC_RETURN(pfx, type, vtype, op)				\
static __always_inline type arch_##pfx##_##op##_return(type i, vtype *v) \
{									\
	return __sync_##op##_and_fetch(&v->counter, i);			\
}

#define LKL_ATOMICS(pfx, type, vtype)					\
static __always_inline type arch_##pfx##_read(const vtype *v)		\
{									\
	return READ_ONCE(v->counter);					\
}									\
static __always_inline void arch_##pfx##_set(vtype *v, type i)		\
{									\
	WRITE_ONCE(v->counter, i);					\
}									\
LKL_ATOMIC_OP(pfx, type, vtype, add)					\
LKL_ATOMIC_OP(pfx, type, vtype, sub)					\
LKL_ATOMIC_OP(pfx, type, vtype, and)					\
LKL_ATOMIC_OP(pfx, type, vtype, or)					\
LKL_ATOMIC_OP(pfx, type, vtype, xor)					\
LKL_ATOMIC_FETCH(pfx, type, vtype, add)					\
LKL_ATOMIC_FETCH(pfx, type, vtype, sub)					\
LKL_ATOMIC_FETCH(pfx, type, vtype, and)					\
LKL_ATOMIC_FETCH(pfx, type, vtype, or)					\
LKL_ATOMIC_FETCH(pfx, type, vtype, xor)					\
LKL_ATOMIC_RETURN(pfx, type, vtype, add)				\
LKL_ATOMIC_RETURN(pfx, type, vtype, sub)

LKL_ATOMICS(atomic, int, atomic_t)
LKL_ATOMICS(atomic64, s64, atomic64_t)

#define arch_atomic_add_return		arch_atomic_add_return
#define arch_atomic_sub_return		arch_atomic_sub_return
#define arch_atomic_fetch_add		arch_atomic_fetch_add
#define arch_atomic_fetch_sub		arch_atomic_fetch_sub
#define arch_atomic_fetch_and		arch_atomic_fetch_and
#define arch_atomic_fetch_or		arch_atomic_fetch_or
#define arch_atomic_fetch_xor		arch_atomic_fetch_xor
#define arch_atomic64_add_return	arch_atomic64_add_return
#define arch_atomic64_sub_return	arch_atomic64_sub_return
#define arch_atomic64_fetch_add		arch_atomic64_fetch_add
#define arch_atomic64_fetch_sub		arch_atomic64_fetch_sub
#define arch_atomic64_fetch_and		arch_atomic64_fetch_and
#define arch_atomic64_fetch_or		arch_atomic64_fetch_or
#define arch_atomic64_fetch_xor		arch_atomic64_fetch_xor

#define arch_atomic_cmpxchg(v, o, n)	(arch_cmpxchg(&((v)->counter), (o), (n)))
#define arch_atomic_xchg(v, n)		(arch_xchg(&((v)->counter), (n)))
#define arch_atomic64_cmpxchg(v, o, n)	(arch_cmpxchg(&((v)->counter), (o), (n)))
#define arch_atomic64_xchg(v, n)	(arch_xchg(&((v)->counter), (n)))

#define ATOMIC64_INIT(i)	{ (i) }

#endif /* _ASM_LKL_ATOMIC_H */
