/* SPDX-License-Identifier: GPL-2.0 */
/* No MMU, no mappings: nothing to say, but common code includes it. */
#ifndef _ASM_LKL_VMALLOC_H
#define _ASM_LKL_VMALLOC_H
#endif
