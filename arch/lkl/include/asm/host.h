/* SPDX-License-Identifier: GPL-2.0 */
/*
 * host.h - inside of the port: the host's operations and the vCPUs.
 */
#ifndef _ASM_LKL_HOST_H
#define _ASM_LKL_HOST_H

#include <asm/image.h>
#include <asm/smp.h>

extern struct lkl_host_ops lkl_ops;
extern struct lkl_boot_params lkl_params;

static __always_inline struct lkl_vcpu *lkl_vcpu_of(unsigned int cpu)
{
	return &lkl_params.vcpu[cpu];
}

static __always_inline struct lkl_vcpu *lkl_this_vcpu(void)
{
	return lkl_vcpu_of(raw_smp_processor_id());
}

/* cpu/: save the context at *save, continue the one at @load, which sees @value. */
void *lkl_ctx_switch(void **save, void *load, void *value);
/* cpu/: the first instructions of a fresh context; calls lkl_task_start(value). */
void lkl_ctx_start(void);
/* cpu/: put a fresh frame below @top; returns the stack pointer to load. */
void *lkl_ctx_make(void *top);
/* cpu/: recovery of lkl_ucopy() */
extern char lkl_ucopy_fault[];

/* vcpu.c */
void lkl_leave(enum lkl_run_reason reason);
void lkl_kick(unsigned int cpu, u32 pending);
void __noreturn lkl_user_loop(void);
asmlinkage void lkl_task_start(struct task_struct *prev);

/* syscall.c */
long lkl_do_call(struct lkl_thread *t);

/* smp.c */
void lkl_secondary_start(void);

/* process.c */
void lkl_switched_from(struct task_struct *last);
long lkl_new_task(struct lkl_thread *t, unsigned int cpu);

/* mm/init.c */
void lkl_mem_init(void);

/* time.c */
void lkl_timer_event(struct lkl_vcpu *v);
void lkl_clockevent_init(unsigned int cpu);

/* An application that never blocks still receives: poll devices this often. */
#define LKL_POLL_NS 50000
extern u64 lkl_poll_cycles;

/* drivers/netdev.c */
long lkl_netdev_add(struct lkl_netdev_params *p);
void lkl_netdev_events(u32 pending);
u32 lkl_netdev_mask(void);

/* net/wireguard.c */
#ifdef CONFIG_WIREGUARD
long lkl_trust(int fd);
#else
static inline long lkl_trust(int fd)
{
	return 0;
}
#endif

#endif /* _ASM_LKL_HOST_H */
