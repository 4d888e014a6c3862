/* SPDX-License-Identifier: GPL-2.0 */
/* For chacha-neon-core.S: what it uses of arm64's header of this name. Little-endian. */
#define CPU_BE(code...)

.macro adr_l dst, sym
	adrp	\dst, \sym
	add	\dst, \dst, :lo12:\sym
.endm

/* Keeps x19 to x28: all that the one user asks for. */
.macro frame_push regcount
	.ifc	\regcount, 10
	stp	x29, x30, [sp, #-96]!
	mov	x29, sp
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	.else
	.error	"frame_push: 10 registers are expected"
	.endif
.endm

.macro frame_pop
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #96
.endm
