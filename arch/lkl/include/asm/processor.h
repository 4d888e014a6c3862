/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_LKL_PROCESSOR_H
#define _ASM_LKL_PROCESSOR_H

#include <asm/lkl_cpu.h>

#define TASK_SIZE	0xfffffffffffff000UL	/* any pointer, tagged ones too */
#define TASK_SIZE_MAX	TASK_SIZE
#define STACK_TOP	TASK_SIZE
#define STACK_TOP_MAX	TASK_SIZE
#define TASK_UNMAPPED_BASE 0

struct task_struct;
struct pt_regs;
struct lkl_thread;

/**
 * struct thread_struct - processor state of a task that does not run
 * @sp:	  its stack pointer; the callee-saved registers lie there
 * @fn:	  kernel thread: its function and argument; else NULL
 * @host: application task: its host thread
 */
struct thread_struct {
	void *sp;
	int (*fn)(void *arg);
	void *arg;
	struct lkl_thread *host;
};

#define INIT_THREAD { }

#define task_pt_regs(tsk) \
	((struct pt_regs *)lkl_top_of((unsigned long)task_stack_page(tsk)) - 1)
#define KSTK_EIP(tsk)	0UL
#define KSTK_ESP(tsk)	0UL

/* Takes events of this vCPU, and now and then lets another one run. */
void cpu_relax(void);

static inline unsigned long __get_wchan(struct task_struct *p)
{
	return 0;
}

static inline void start_thread(struct pt_regs *regs, unsigned long pc, unsigned long sp)
{
}

#endif /* _ASM_LKL_PROCESSOR_H */
