/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* The host processor's layout, so that calls pass through as they come. */
#if defined(__x86_64__)
#include <arch/x86/include/uapi/asm/stat.h>
#else
#include <asm-generic/stat.h>
#endif
