/* SPDX-License-Identifier: GPL-2.0 */
/*
 * x86-64: context switch and user copy.
 *
 * A context that does not run is a stack pointer; on its stack lie, upwards,
 * r15 r14 r13 r12 rbx rbp and the return address. Switches are ordinary calls,
 * so the caller-saved registers (all vector registers too) are dead, and the
 * stack is 16-byte aligned as the ABI says.
 */
#include <linux/linkage.h>
#include <asm/asm-offsets.h>
#include <asm/thread_info.h>

#define TOP_FAULT_SP	(LKL_TOP_FAULT_SP - LKL_TOP_SIZE + 1)	/* from (sp | mask) */

/* The .cfi_ lines are for profilers and debuggers, which unwind by them. */
.macro push_one reg
	pushq	\reg
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset \reg, 0
.endm

.macro pop_one reg
	popq	\reg
	.cfi_adjust_cfa_offset -8
	.cfi_restore \reg
.endm

.macro push_saved
	push_one %rbp
	push_one %rbx
	push_one %r12
	push_one %r13
	push_one %r14
	push_one %r15
.endm

.macro pop_saved
	pop_one	%r15
	pop_one	%r14
	pop_one	%r13
	pop_one	%r12
	pop_one	%rbx
	pop_one	%rbp
.endm

/* void *lkl_ctx_switch(void **save, void *load, void *value) */
SYM_FUNC_START(lkl_ctx_switch)
	.cfi_startproc
	push_saved
	movq	%rsp, (%rdi)
	movq	%rsi, %rsp
	movq	%rdx, %rax
	pop_saved
	ret
	.cfi_endproc
SYM_FUNC_END(lkl_ctx_switch)

/* void *lkl_ctx_make(void *top): a frame that "returns" to lkl_ctx_start */
SYM_FUNC_START(lkl_ctx_make)
	andq	$-16, %rdi
	leaq	lkl_ctx_start(%rip), %rax
	movq	$0, -8(%rdi)
	movq	%rax, -16(%rdi)
	xorl	%eax, %eax
	movq	%rax, -24(%rdi)
	movq	%rax, -32(%rdi)
	movq	%rax, -40(%rdi)
	movq	%rax, -48(%rdi)
	movq	%rax, -56(%rdi)
	movq	%rax, -64(%rdi)
	leaq	-64(%rdi), %rax
	ret
SYM_FUNC_END(lkl_ctx_make)

SYM_FUNC_START(lkl_ctx_start)
	.cfi_startproc
	.cfi_undefined %rip		/* nobody called it */
	andq	$-16, %rsp
	movq	%rax, %rdi
	call	lkl_task_start
	ud2
	.cfi_endproc
SYM_FUNC_END(lkl_ctx_start)

/*
 * unsigned long lkl_ucopy(void *to, const void *from, unsigned long n)
 * unsigned long lkl_ucopy_past(void *to, const void *from, unsigned long n)
 * unsigned long lkl_uclear(void *to, unsigned long n)
 *
 * Saves all that the host's memcpy may change before it faults, and the stack
 * pointer as recovery point. lkl_ucopy_fault is entered with that stack pointer.
 */
SYM_FUNC_START(lkl_ucopy)
	.cfi_startproc
	movq	lkl_ops + LKL_OPS_COPY(%rip), %rax
.Lcopy:
	push_saved
	pushq	%rdx
	.cfi_adjust_cfa_offset 8
	movq	%rsp, %rbx
	orq	$(THREAD_SIZE - 1), %rbx
	movq	%rsp, TOP_FAULT_SP(%rbx)
	call	*%rax
	movq	$0, TOP_FAULT_SP(%rbx)
	movq	8*5(%rsp), %rbx
	addq	$8*7, %rsp
	.cfi_def_cfa_offset 8
	xorl	%eax, %eax
	ret
	.cfi_endproc
SYM_FUNC_END(lkl_ucopy)

SYM_FUNC_START(lkl_ucopy_past)
	movq	lkl_ops + LKL_OPS_COPY_PAST(%rip), %rax
	jmp	.Lcopy
SYM_FUNC_END(lkl_ucopy_past)

SYM_FUNC_START(lkl_uclear)
	movq	lkl_ops + LKL_OPS_SET(%rip), %rax
	movq	%rsi, %rdx
	xorl	%esi, %esi
	jmp	.Lcopy
SYM_FUNC_END(lkl_uclear)

SYM_FUNC_START(lkl_ucopy_fault)
	movq	%rsp, %rbx
	orq	$(THREAD_SIZE - 1), %rbx
	movq	$0, TOP_FAULT_SP(%rbx)
	popq	%rax
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	ret
SYM_FUNC_END(lkl_ucopy_fault)

	.section .note.GNU-stack, "", @progbits
