/* SPDX-License-Identifier: GPL-2.0 */
/*
 * "Interrupts" are events taken at fixed places (call entry, idle, cpu_relax),
 * never asynchronously; disabling them is a word on the kernel stack.
 */
#ifndef _ASM_LKL_IRQFLAGS_H
#define _ASM_LKL_IRQFLAGS_H

#include <asm/thread_info.h>

#define ARCH_IRQ_DISABLED	1
#define ARCH_IRQ_ENABLED	0

static __always_inline unsigned long arch_local_save_flags(void)
{
	return READ_ONCE(lkl_stack_top()->irqs_off);
}
#define arch_local_save_flags arch_local_save_flags

static __always_inline void arch_local_irq_restore(unsigned long flags)
{
	barrier();
	WRITE_ONCE(lkl_stack_top()->irqs_off, flags);
}
#define arch_local_irq_restore arch_local_irq_restore

#include <asm-generic/irqflags.h>

#endif /* _ASM_LKL_IRQFLAGS_H */
