// SPDX-License-Identifier: GPL-2.0
/*
 * process.c - tasks: their stacks, the switch between them, their making.
 *
 * The lowest page of each kernel stack but init_task's is inaccessible while
 * the task lives: an overflow is a clean crash.
 */
#include <linux/cpumask.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/debug.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <asm/host.h>
#include <asm/switch_to.h>

static void guard_page(struct task_struct *tsk, bool on)
{
	lkl_ops.protect(task_stack_page(tsk), PAGE_SIZE, !on);
}

/* In the context that follows @last, before common code lets go of its stack. */
void lkl_switched_from(struct task_struct *last)
{
	if (unlikely(READ_ONCE(last->__state) == TASK_DEAD))
		guard_page(last, false);
}

struct task_struct *__switch_to(struct task_struct *prev, struct task_struct *next)
{
	struct lkl_stack_top *from = lkl_stack_top();
	struct lkl_stack_top *to = lkl_top_of((unsigned long)task_stack_page(next));
	struct task_struct *last;

	to->cpu = from->cpu;
	to->cpu_offset = from->cpu_offset;
	last = lkl_ctx_switch(&prev->thread.sp, next->thread.sp, prev);
	lkl_switched_from(last);
	return last;
}

int copy_thread(struct task_struct *p, const struct kernel_clone_args *args)
{
	struct lkl_stack_top *top = lkl_top_of((unsigned long)task_stack_page(p));

	memset(top, 0, sizeof(*top));
	top->task = p;
	top->irqs_off = ARCH_IRQ_DISABLED;
	p->thread.sp = lkl_ctx_make(task_pt_regs(p));
	p->thread.fn = args->fn;
	p->thread.arg = args->fn_arg;
	p->thread.host = NULL;
	if (!args->fn) {
		/* An application thread's task: pinned to its vCPU. */
		struct lkl_thread *t = (struct lkl_thread *)args->stack;

		p->thread.host = t;
		t->task = p;
		cpumask_copy(&p->cpus_mask, cpumask_of(t->vcpu));
		p->nr_cpus_allowed = 1;
	}
	guard_page(p, true);
	return 0;
}

/* Also called when a fork fails after copy_thread(). */
void exit_thread(struct task_struct *tsk)
{
	if (tsk != current)
		guard_page(tsk, false);
}

void flush_thread(void)
{
}

/* Runs as a call of the init task. */
long lkl_new_task(struct lkl_thread *t, unsigned int cpu)
{
	struct kernel_clone_args args = {
		.flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
			 CLONE_THREAD | CLONE_SYSVSEM,
		.stack = (unsigned long)t,
	};
	long ret;

	t->vcpu = cpu;
	t->task = NULL;
	ret = kernel_clone(&args);
	if (ret < 0)
		t->task = NULL;
	return ret;
}

void show_regs(struct pt_regs *regs)
{
}

void ptrace_disable(struct task_struct *child)
{
}

long arch_ptrace(struct task_struct *child, long request, unsigned long addr, unsigned long data)
{
	return -EIO;
}
