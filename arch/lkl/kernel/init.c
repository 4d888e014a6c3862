// SPDX-License-Identifier: GPL-2.0
/*
 * init.c - how kernel_init() becomes an application task.
 *
 * An empty /init in the root file system is "executed" by a binary format of our
 * own: init gets a real mm and returns from kernel_init() into the user loop,
 * as the task that makes the others.
 */
#include <linux/binfmts.h>
#include <linux/cpumask.h>
#include <linux/init.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/fs.h>
#include <asm/host.h>

static int load_init(struct linux_binprm *bprm);

static struct linux_binfmt lkl_format = {
	.load_binary = load_init,
};

static int load_init(struct linux_binprm *bprm)
{
	struct lkl_thread *t = lkl_params.init;
	int ret;

	if (!is_global_init(current) || bprm->buf[0])
		return -ENOEXEC;
	ret = begin_new_exec(bprm);
	if (ret)
		return ret;
	setup_new_exec(bprm);
	set_binfmt(&lkl_format);
	finalize_exec(bprm);

	set_cpus_allowed_ptr(current, cpumask_of(0));
	t->vcpu = 0;
	t->task = current;
	current->thread.host = t;
	smp_store_release(&t->state, LKL_THREAD_DONE);
	return 0;
}

static int __init lkl_init(void)
{
	struct file *file;

	register_binfmt(&lkl_format);
	/* Not for writing: it could not be executed until the delayed fput. */
	file = filp_open("/init", O_CREAT | O_RDONLY, 0755);
	if (IS_ERR(file))
		return PTR_ERR(file);
	return filp_close(file, NULL);
}
late_initcall(lkl_init);

void __init init_IRQ(void)
{
}

void __init trap_init(void)
{
}
