/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Test and set. A fair lock would be worse: the host may preempt the thread
 * whose turn it is, and everybody behind it would wait.
 */
#ifndef _ASM_LKL_SPINLOCK_H
#define _ASM_LKL_SPINLOCK_H

#include <asm/barrier.h>
#include <asm/processor.h>
#include <asm/spinlock_types.h>

static __always_inline int arch_spin_trylock(arch_spinlock_t *lock)
{
	return !__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE);
}

static __always_inline void arch_spin_lock(arch_spinlock_t *lock)
{
	while (unlikely(!arch_spin_trylock(lock)))
		while (READ_ONCE(lock->locked))
			cpu_relax();
}

static __always_inline void arch_spin_unlock(arch_spinlock_t *lock)
{
	smp_store_release(&lock->locked, 0);
}

static __always_inline int arch_spin_is_locked(arch_spinlock_t *lock)
{
	return READ_ONCE(lock->locked) != 0;
}

static __always_inline int arch_spin_value_unlocked(arch_spinlock_t lock)
{
	return !lock.locked;
}

#define arch_spin_is_contended(l)	(((void)(l), 0))

#ifndef __x86_64__
#define smp_mb__after_spinlock()	smp_mb()
#else
#define smp_mb__after_spinlock()	do { } while (0)
#endif

#include <asm/qrwlock.h>

#endif /* _ASM_LKL_SPINLOCK_H */
