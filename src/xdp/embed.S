/* SPDX-License-Identifier: GPL-2.0-only */
/* The compiled steering program (xdp/steer.bpf.c), as data of the loader. */
	.section .rodata
	.balign 8
	.globl steer_object, steer_object_size
steer_object:
	.incbin STEER_OBJECT
1:	.balign 8
steer_object_size:
	.quad 1b - steer_object
	.section .note.GNU-stack, "", %progbits
