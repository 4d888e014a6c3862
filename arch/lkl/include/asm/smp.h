/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_LKL_SMP_H
#define _ASM_LKL_SMP_H

#include <linux/cpumask.h>
#include <asm/thread_info.h>

#define raw_smp_processor_id()	(lkl_stack_top()->cpu)

void arch_send_call_function_single_ipi(int cpu);
void arch_send_call_function_ipi_mask(const struct cpumask *mask);

#endif /* _ASM_LKL_SMP_H */
