/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* The host processor's open flags (arm64 permutes O_DIRECTORY and friends). */
#if defined(__aarch64__)
#include <arch/arm64/include/uapi/asm/fcntl.h>
#else
#include <asm-generic/fcntl.h>
#endif
