/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_LKL_CURRENT_H
#define _ASM_LKL_CURRENT_H
#include <asm/thread_info.h>
#define get_current()	(lkl_stack_top()->task)
#define current		get_current()
#endif
