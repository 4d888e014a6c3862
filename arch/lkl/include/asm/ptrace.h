/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_LKL_PTRACE_H
#define _ASM_LKL_PTRACE_H

#include <linux/types.h>
#include <uapi/asm/ptrace.h>

/* Only what the tick and the tracers ask: where, and whether in user mode. */
struct pt_regs {
	unsigned long ip;
	unsigned long sp;
	unsigned long user;
	unsigned long ret;
};

#define user_mode(regs)			((regs)->user)
#define instruction_pointer(regs)	((regs)->ip)
#define profile_pc(regs)		instruction_pointer(regs)
#define user_stack_pointer(regs)	((regs)->sp)

static inline void instruction_pointer_set(struct pt_regs *regs, unsigned long ip)
{
	regs->ip = ip;
}

static inline long regs_return_value(struct pt_regs *regs)
{
	return regs->ret;
}

#endif /* _ASM_LKL_PTRACE_H */
