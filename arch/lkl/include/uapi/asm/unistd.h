/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* Numbers of the host processor, generated from its own table. */
#include <asm/unistd_64.h>
