// SPDX-License-Identifier: GPL-2.0
/* Offsets for cpu/: struct members that assembler code touches. */
#define COMPILE_OFFSETS
#include <linux/kbuild.h>
#include <linux/stddef.h>
#include <asm/image.h>
#include <asm/thread_info.h>

int main(void);
int main(void)
{
	DEFINE(LKL_OPS_COPY, offsetof(struct lkl_host_ops, copy));
	DEFINE(LKL_OPS_COPY_PAST, offsetof(struct lkl_host_ops, copy_past));
	DEFINE(LKL_OPS_SET, offsetof(struct lkl_host_ops, set));
	DEFINE(LKL_TOP_FAULT_SP, offsetof(struct lkl_stack_top, fault_sp));
	DEFINE(LKL_TOP_SIZE, sizeof(struct lkl_stack_top));
	return 0;
}
