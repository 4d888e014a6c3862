/* SPDX-License-Identifier: GPL-2.0 */
/*
 * arm64: context switch and user copy.
 *
 * A context that does not run is a stack pointer; on its stack lie, upwards,
 * x29 x30 and x19 to x28. Switches are ordinary calls, so the caller-saved
 * registers are dead. The callee-saved halves of v8 to v15 are not saved: kernel
 * contexts never touch vector registers themselves, and a host context is
 * continued only by the host thread that left it. x18 is the host's, always.
 */
#include <linux/linkage.h>
#include <asm/asm-offsets.h>
#include <asm/thread_info.h>

#define TOP_FAULT_SP	(LKL_TOP_FAULT_SP - LKL_TOP_SIZE + 1)	/* from (sp | mask) */
#define FRAME		96
#define COPY_FRAME	112	/* and the length, which is the result of a fault */

.macro save_callee size
	stp	x29, x30, [sp, #-\size]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
.endm

.macro restore_callee size
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #\size
.endm

/* void *lkl_ctx_switch(void **save, void *load, void *value) */
SYM_FUNC_START(lkl_ctx_switch)
	save_callee FRAME
	mov	x3, sp
	str	x3, [x0]
	mov	sp, x1
	mov	x0, x2
	restore_callee FRAME
	ret
SYM_FUNC_END(lkl_ctx_switch)

/* void *lkl_ctx_make(void *top): a frame that "returns" to lkl_ctx_start */
SYM_FUNC_START(lkl_ctx_make)
	and	x0, x0, #-16
	adrp	x1, lkl_ctx_start
	add	x1, x1, :lo12:lkl_ctx_start
	stp	xzr, x1, [x0, #-FRAME]!
	stp	xzr, xzr, [x0, #16]
	stp	xzr, xzr, [x0, #32]
	stp	xzr, xzr, [x0, #48]
	stp	xzr, xzr, [x0, #64]
	stp	xzr, xzr, [x0, #80]
	ret
SYM_FUNC_END(lkl_ctx_make)

SYM_FUNC_START(lkl_ctx_start)
	bl	lkl_task_start
	brk	#0
SYM_FUNC_END(lkl_ctx_start)

/*
 * unsigned long lkl_ucopy(void *to, const void *from, unsigned long n)
 * unsigned long lkl_uclear(void *to, unsigned long n)
 *
 * Saves all that the host's memcpy may change before it faults, and the stack
 * pointer as recovery point. lkl_ucopy_fault is entered with that stack pointer.
 */
SYM_FUNC_START(lkl_ucopy)
	adrp	x3, lkl_ops
	add	x3, x3, :lo12:lkl_ops
	ldr	x3, [x3, #LKL_OPS_COPY]
.Lcopy:
	save_callee COPY_FRAME
	str	x2, [sp, #FRAME]
	mov	x4, sp
	orr	x19, x4, #(THREAD_SIZE - 1)
	stur	x4, [x19, #TOP_FAULT_SP]
	blr	x3
	stur	xzr, [x19, #TOP_FAULT_SP]
	restore_callee COPY_FRAME
	mov	x0, xzr
	ret
SYM_FUNC_END(lkl_ucopy)

SYM_FUNC_START(lkl_uclear)
	adrp	x3, lkl_ops
	add	x3, x3, :lo12:lkl_ops
	ldr	x3, [x3, #LKL_OPS_SET]
	mov	x2, x1
	mov	x1, xzr
	b	.Lcopy
SYM_FUNC_END(lkl_uclear)

SYM_FUNC_START(lkl_ucopy_fault)
	mov	x4, sp
	orr	x19, x4, #(THREAD_SIZE - 1)
	stur	xzr, [x19, #TOP_FAULT_SP]
	ldr	x0, [sp, #FRAME]
	restore_callee COPY_FRAME
	ret
SYM_FUNC_END(lkl_ucopy_fault)

	.section .note.GNU-stack, "", @progbits
