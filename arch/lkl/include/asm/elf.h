/* SPDX-License-Identifier: GPL-2.0 */
/* Names that common code wants; no ELF program is ever loaded in here. */
#ifndef _ASM_LKL_ELF_H
#define _ASM_LKL_ELF_H

#include <linux/types.h>
#include <linux/elf-em.h>

#ifdef __x86_64__
#define ELF_ARCH	EM_X86_64
#else
#define ELF_ARCH	EM_AARCH64
#endif
#define ELF_CLASS	ELFCLASS64
#define ELF_DATA	ELFDATA2LSB
#define ELF_HWCAP	0
#define ELF_PLATFORM	NULL
#define ELF_EXEC_PAGESIZE 4096
#define ELF_ET_DYN_BASE	0
#define elf_check_arch(x) ((x)->e_machine == ELF_ARCH)

typedef unsigned long elf_greg_t;
typedef elf_greg_t elf_gregset_t[4];
typedef struct { } elf_fpregset_t;

#endif /* _ASM_LKL_ELF_H */
