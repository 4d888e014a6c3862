// SPDX-License-Identifier: GPL-2.0
/*
 * trace.c - faults, symbols, stack traces, and the stack's clean death.
 *
 * There are no frame pointers: a trace lists the words of the stack that point
 * into the text. A panic prints the log (console.c) and the trace, then the
 * engine ends the process. Lockdep keeps many traces, so an image with it has frame
 * pointers, and the traces that it keeps are exact.
 */
#include <linux/extable.h>
#include <linux/init.h>
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/notifier.h>
#include <linux/panic_notifier.h>
#include <linux/sched.h>
#include <linux/sched/debug.h>
#include <linux/sched/task_stack.h>
#include <asm/emergency-restart.h>
#include <linux/stacktrace.h>
#include <asm/host.h>
#include <asm/sections.h>

#define TRACE_MAX 40

static bool in_memory(unsigned long addr)
{
	return addr >= memory_start && addr < memory_end;
}

/* Lists return addresses from @sp up to the end of that stack. */
static void trace_from(unsigned long sp, const char *loglvl)
{
	unsigned long *p = (unsigned long *)ALIGN(sp, sizeof(long));
	unsigned long *end = (unsigned long *)lkl_top_of(sp);
	unsigned int n = 0;

	printk("%sCall Trace:\n", loglvl);
	for (; p < end && n < TRACE_MAX; p++) {
		if (!__kernel_text_address(*p))
			continue;
		printk("%s ? %pS\n", loglvl, (void *)*p);
		n++;
	}
}

void show_stack(struct task_struct *task, unsigned long *sp, const char *loglvl)
{
	unsigned long from = (unsigned long)sp;

	if (!from)
		from = task && task != current ? (unsigned long)task->thread.sp :
						 current_stack_pointer;
	trace_from(from, loglvl);
}

#ifdef CONFIG_STACKTRACE
static void trace_add(struct stack_trace *trace, unsigned long addr)
{
	if (trace->skip)
		trace->skip--;
	else
		trace->entries[trace->nr_entries++] = addr;
}

/*
 * Of the current context, the innermost first. With frame pointers, a frame begins with the
 * caller's and the return address, on both processors; without them, as trace_from() does.
 */
void save_stack_trace(struct stack_trace *trace)
{
	unsigned long *fp = __builtin_frame_address(0);
	unsigned long *end = (unsigned long *)lkl_stack_top();

	while (fp < end - 1 && trace->nr_entries < trace->max_entries) {
		unsigned long *up = fp + 1;

		if (__kernel_text_address(fp[1]))
			trace_add(trace, fp[1]);
		if (IS_ENABLED(CONFIG_FRAME_POINTER))
			up = (unsigned long *)fp[0];
		if (up <= fp || (unsigned long)up % sizeof(long))
			break;
		fp = up;
	}
}
EXPORT_SYMBOL_GPL(save_stack_trace);
#endif

int lkl_fixup_fault(unsigned long *ip, unsigned long *sp)
{
	const struct exception_table_entry *e;
	struct lkl_stack_top *top;

	if (!in_memory(*sp))
		return 0;
	e = search_exception_tables(*ip);
	if (e) {
		*ip = (unsigned long)&e->fixup + e->fixup;
		return 1;
	}
	top = lkl_top_of(*sp);
	if (top->fault_sp) {
		*sp = top->fault_sp;
		*ip = (unsigned long)lkl_ucopy_fault;
		return 1;
	}
	return -1;
}

int lkl_symbol(unsigned long addr, char *buf, unsigned int size)
{
	return snprintf(buf, size, "%pS", (void *)addr);
}

void lkl_oops(const char *why, unsigned long addr, unsigned long ip, unsigned long sp)
{
	console_verbose();
	pr_emerg("%s at address %#lx\n", why, addr);
	pr_emerg("IP: %pS\n", (void *)ip);
	if (in_memory(sp)) {
		pr_emerg("task %s, pid %d, vCPU %u\n", lkl_top_of(sp)->task->comm,
			 lkl_top_of(sp)->task->pid, lkl_top_of(sp)->cpu);
		trace_from(sp, KERN_EMERG);
	}
	panic("%s", why);
}

/* The last word: panic() calls this instead of rebooting. */
void machine_emergency_restart(void)
{
	lkl_ops.panic("kernel panic");
}

static int __init lkl_trace_init(void)
{
	panic_timeout = -1;
	return 0;
}
early_initcall(lkl_trace_init);
