// SPDX-License-Identifier: GPL-2.0
/*
 * setup.c - from lkl_boot() to a running init task.
 *
 * lkl_boot() only notes what the host gives and makes vCPU 0's first context,
 * start_kernel() on init_task's stack. The host then runs the vCPUs until the
 * init task reports itself (init.c). All of this happens on one host thread.
 */
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/reboot.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/seq_file.h>
#include <linux/start_kernel.h>
#include <asm/host.h>
#include <asm/sections.h>
#include <asm/setup.h>

struct lkl_host_ops lkl_ops __ro_after_init;
struct lkl_boot_params lkl_params __ro_after_init;
static char command_line[COMMAND_LINE_SIZE] __initdata;

unsigned long lkl_phys_offset __ro_after_init;
unsigned long memory_start;
unsigned long memory_end;

u32 lkl_image_abi(void)
{
	return LKL_ABI;
}

int __ref lkl_boot(const struct lkl_host_ops *ops, const struct lkl_boot_params *params)
{
	struct lkl_stack_top *top = lkl_top_of((unsigned long)init_stack);

	/* memcpy() goes through these two; a structure copy may use it. */
	lkl_ops.copy = ops->copy;
	lkl_ops.set = ops->set;
	lkl_ops = *ops;
	lkl_params = *params;
	strscpy(boot_command_line, params->cmdline ?: "", COMMAND_LINE_SIZE);

	lkl_phys_offset = (unsigned long)params->base - LKL_PHYS_BASE;
	memory_start = (unsigned long)params->base;
	memory_end = memory_start + params->size;

	top->task = &init_task;
	top->irqs_off = ARCH_IRQ_DISABLED;
	params->vcpu[0].kernel_sp = lkl_ctx_make(top);
	return 0;
}

void __init setup_arch(char **cmdline_p)
{
	unsigned int i;

	setup_initial_init_mm(_stext, _etext, _edata, _end);
	strscpy(command_line, boot_command_line, COMMAND_LINE_SIZE);
	*cmdline_p = command_line;
	parse_early_param();

	for (i = 0; i < NR_CPUS; i++)
		set_cpu_possible(i, i < lkl_params.vcpus);
	add_bootloader_randomness(lkl_params.seed, sizeof(lkl_params.seed));
	lkl_mem_init();
}

static void lkl_halt(void)
{
	for (;;)
		lkl_leave(LKL_RUN_HALT);
}

void machine_restart(char *cmd)
{
	lkl_halt();
}

void machine_halt(void)
{
	lkl_halt();
}

void machine_power_off(void)
{
	lkl_halt();
}

void (*pm_power_off)(void);

static int show_cpuinfo(struct seq_file *m, void *v)
{
	return 0;
}

static void *cpuinfo_start(struct seq_file *m, loff_t *pos)
{
	return NULL;
}

static void *cpuinfo_next(struct seq_file *m, void *v, loff_t *pos)
{
	return NULL;
}

static void cpuinfo_stop(struct seq_file *m, void *v)
{
}

const struct seq_operations cpuinfo_op = {
	.start = cpuinfo_start,
	.next = cpuinfo_next,
	.stop = cpuinfo_stop,
	.show = show_cpuinfo,
};
