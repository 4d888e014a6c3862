/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kernel stacks and what is found from the stack pointer.
 *
 * A kernel stack is THREAD_SIZE bytes, aligned to THREAD_SIZE. Its topmost
 * words (struct lkl_stack_top) hold the task, the per-CPU offset and number of
 * the vCPU it runs on, the interrupt flag, and the recovery point of a user
 * access: one or-instruction from the stack pointer, no register, no
 * thread-local storage, hence nothing bound to the host thread. The lowest page
 * is a guard page.
 */
#ifndef _ASM_LKL_THREAD_INFO_H
#define _ASM_LKL_THREAD_INFO_H

#include <asm/page.h>

#define THREAD_SIZE_ORDER	3
#define THREAD_SIZE		(PAGE_SIZE << THREAD_SIZE_ORDER)
#define THREAD_SHIFT		(PAGE_SHIFT + THREAD_SIZE_ORDER)

#ifndef __ASSEMBLY__

#include <asm/lkl_cpu.h>

struct task_struct;

/**
 * struct lkl_stack_top - topmost words of a kernel stack
 * @task:	 whose stack this is; never changes
 * @cpu_offset:	 per-CPU offset of @cpu; set when the task is switched to
 * @fault_sp:	 if not 0, a fault on this stack continues in lkl_ucopy's recovery
 * @irqs_off:	 interrupts are "disabled": events must wait
 * @cpu:	 vCPU the task runs on
 */
struct lkl_stack_top {
	struct task_struct *task;
	unsigned long cpu_offset;
	unsigned long fault_sp;
	unsigned int irqs_off;
	unsigned int cpu;
	unsigned long pad[4];
};

static __always_inline struct lkl_stack_top *lkl_top_of(unsigned long sp)
{
	return (struct lkl_stack_top *)((sp | (THREAD_SIZE - 1)) + 1) - 1;
}

static __always_inline struct lkl_stack_top *lkl_stack_top(void)
{
	return lkl_top_of(current_stack_pointer);
}

struct thread_info {
	unsigned long flags;
	int preempt_count;
	unsigned int cpu;
};

#define INIT_THREAD_INFO(tsk)			\
{						\
	.preempt_count = INIT_PREEMPT_COUNT,	\
}

#endif /* __ASSEMBLY__ */

#define TIF_SYSCALL_TRACE	0
#define TIF_NOTIFY_RESUME	1
#define TIF_SIGPENDING		2
#define TIF_NEED_RESCHED	3
#define TIF_RESTORE_SIGMASK	4
#define TIF_MEMDIE		5
#define TIF_NOTIFY_SIGNAL	6
#define TIF_POLLING_NRFLAG	7

#define _TIF_SYSCALL_TRACE	(1 << TIF_SYSCALL_TRACE)
#define _TIF_NOTIFY_RESUME	(1 << TIF_NOTIFY_RESUME)
#define _TIF_SIGPENDING		(1 << TIF_SIGPENDING)
#define _TIF_NEED_RESCHED	(1 << TIF_NEED_RESCHED)
#define _TIF_NOTIFY_SIGNAL	(1 << TIF_NOTIFY_SIGNAL)
#define _TIF_POLLING_NRFLAG	(1 << TIF_POLLING_NRFLAG)

/* What an application task must look at before it leaves to its application. */
#define _TIF_WORK_MASK	(_TIF_NOTIFY_RESUME | _TIF_SIGPENDING | \
			 _TIF_NEED_RESCHED | _TIF_NOTIFY_SIGNAL)

#endif /* _ASM_LKL_THREAD_INFO_H */
