/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_LKL_TIMEX_H
#define _ASM_LKL_TIMEX_H
#include <asm/lkl_cpu.h>
typedef unsigned long cycles_t;
#define get_cycles()	((cycles_t)lkl_cycles())
#endif
