// SPDX-License-Identifier: GPL-2.0
/*
 * smp.c - several vCPUs: bring-up, and "interrupts" between them.
 *
 * An interrupt is a bit in the other vCPU's pending word, and a note for the
 * engine to wake its thread once our own lock is released.
 */
#include <linux/cpu.h>
#include <linux/init.h>
#include <linux/irq_work.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/hotplug.h>
#include <linux/sched/mm.h>
#include <linux/sched/task_stack.h>
#include <linux/smp.h>
#include <asm/host.h>

void __init smp_prepare_boot_cpu(void)
{
	lkl_stack_top()->cpu_offset = per_cpu_offset(0);
}

void __init smp_prepare_cpus(unsigned int max_cpus)
{
	init_cpu_present(cpu_possible_mask);
}

void __init smp_cpus_done(unsigned int max_cpus)
{
}

int __cpu_up(unsigned int cpu, struct task_struct *idle)
{
	struct lkl_stack_top *top = lkl_top_of((unsigned long)task_stack_page(idle));
	struct lkl_vcpu *v = lkl_vcpu_of(cpu);

	top->cpu = cpu;
	top->cpu_offset = per_cpu_offset(cpu);
	v->deadline = LKL_NO_DEADLINE;
	smp_store_release(&v->kernel_sp, idle->thread.sp);
	lkl_kick(cpu, LKL_PENDING_RESCHED);
	while (!cpu_online(cpu))
		cpu_relax();
	return 0;
}

void lkl_secondary_start(void)
{
	unsigned int cpu = raw_smp_processor_id();

	mmgrab(&init_mm);
	current->active_mm = &init_mm;
	notify_cpu_starting(cpu);
	lkl_clockevent_init(cpu);
	set_cpu_online(cpu, true);
	local_irq_enable();
	cpu_startup_entry(CPUHP_AP_ONLINE_IDLE);
}

/* A macro around the port's function since 6.4, the port's own before. */
#ifdef smp_send_reschedule
void arch_smp_send_reschedule(int cpu)
#else
void smp_send_reschedule(int cpu)
#endif
{
	lkl_kick(cpu, LKL_PENDING_RESCHED);
}

void arch_send_call_function_single_ipi(int cpu)
{
	lkl_kick(cpu, LKL_PENDING_CALL);
}

void arch_send_call_function_ipi_mask(const struct cpumask *mask)
{
	unsigned int cpu;

	for_each_cpu(cpu, mask)
		lkl_kick(cpu, LKL_PENDING_CALL);
}

void arch_irq_work_raise(void)
{
	lkl_kick(raw_smp_processor_id(), LKL_PENDING_IRQ_WORK);
}

/* Only on panic, which does not come back. */
void smp_send_stop(void)
{
}
