/* SPDX-License-Identifier: GPL-2.0 */
/* There is no I/O memory; the generic accessors are never called. */
#ifndef _ASM_LKL_IO_H
#define _ASM_LKL_IO_H
#include <asm/page.h>
#include <asm-generic/io.h>
#endif
