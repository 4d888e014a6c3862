// SPDX-License-Identifier: GPL-2.0
/*
 * syscall.c - the call table, generated from the host processor's own numbers.
 *
 * Entries that this configuration does not have are weak and stay NULL. Calls
 * that make, replace or end processes belong to the host and never run here.
 * This file must not see the real prototypes (linux/syscalls.h).
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/nospec.h>
#include <linux/reboot.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <uapi/asm/unistd.h>
#include <asm/host.h>

/* drivers/loopback.c */
#ifdef CONFIG_SMP
#define sys_connect lkl_connect
#define sys_accept  lkl_accept
#define sys_accept4 lkl_accept4
#endif

typedef long (*lkl_call_fn)(long, long, long, long, long, long);

#undef __SYSCALL	/* a table that is a header has left one */
#define __SYSCALL(nr, call) \
	asmlinkage long __weak call(long, long, long, long, long, long);
#define __SYSCALL_NORETURN(nr, call)	__SYSCALL(nr, call)
#define __SYSCALL_WITH_COMPAT(nr, native, compat) __SYSCALL(nr, native)
#include <asm/syscall_table_64.h>
#undef __SYSCALL

#define __SYSCALL(nr, call)		[nr] = call,
static const lkl_call_fn call_table[] = {
#include <asm/syscall_table_64.h>
};

static bool is_hosts(long nr)
{
	switch (nr) {
	case __NR_exit:
	case __NR_exit_group:
	case __NR_execve:
	case __NR_execveat:
	case __NR_clone:
	case __NR_clone3:
#ifdef __NR_fork
	case __NR_fork:
	case __NR_vfork:
#endif
	case __NR_rt_sigreturn:
	case __NR_reboot:
		return true;
	}
	return false;
}

long lkl_do_call(struct lkl_thread *t)
{
	unsigned long nr = t->nr;
	const long *a = t->args;

	if (likely(nr < ARRAY_SIZE(call_table))) {
		lkl_call_fn fn = call_table[nr];

		if (!fn || unlikely(is_hosts(nr)))
			return -ENOSYS;
		return fn(a[0], a[1], a[2], a[3], a[4], a[5]);
	}
	switch (nr) {
	case LKL_NR_NEW_TASK:
		return lkl_new_task((struct lkl_thread *)a[0], a[1]);
	case LKL_NR_NETDEV:
		return lkl_netdev_add((struct lkl_netdev_params *)a[0]);
	case LKL_NR_TRUST:
		return lkl_trust(a[0]);
	case LKL_NR_HALT:
		kernel_halt();
		return 0;
	case LKL_NR_EXIT:
		/* The host thread leaves when the vCPU is idle; no way back. */
		t->ret = 0;
		smp_store_release(&t->state, LKL_THREAD_DONE);
		do_exit(0);
	}
	return -ENOSYS;
}
