/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
#ifndef _UAPI_ASM_LKL_SIGCONTEXT_H
#define _UAPI_ASM_LKL_SIGCONTEXT_H
/* Signals are delivered by the host; no frame is ever built here. */
struct sigcontext {
	unsigned long ip;
	unsigned long sp;
};
#endif
