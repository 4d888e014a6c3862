/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_LKL_EXTABLE_H
#define _ASM_LKL_EXTABLE_H

#define ARCH_HAS_RELATIVE_EXTABLE

/* Both relative to the field itself. */
struct exception_table_entry {
	int insn;
	int fixup;
};

#endif /* _ASM_LKL_EXTABLE_H */
