/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel as a shared object at address 0: text, read-only data, data that
 * relocations touch once, data, init, per-CPU template, bss. Kernel stacks must be
 * aligned to their size; the loader places the image at a 2 MiB boundary.
 */
#define LOAD_OFFSET 0

#include <asm/page.h>
#include <asm/cache.h>
#include <asm/thread_info.h>
#define RO_EXCEPTION_TABLE_ALIGN 8
#include <asm-generic/vmlinux.lds.h>

#ifdef __x86_64__
OUTPUT_FORMAT("elf64-x86-64")
#else
OUTPUT_FORMAT("elf64-littleaarch64")
#endif

PHDRS {
	headers PT_PHDR PHDRS;
	text PT_LOAD FILEHDR PHDRS FLAGS(5);
	data PT_LOAD FLAGS(6);
	dynamic PT_DYNAMIC FLAGS(6);
	note PT_NOTE FLAGS(4);
}

jiffies = jiffies_64;

SECTIONS
{
	. = SIZEOF_HEADERS;
	.hash		: { *(.hash) } :text
	.gnu.hash	: { *(.gnu.hash) }
	.dynsym		: { *(.dynsym) }
	.dynstr		: { *(.dynstr) }
	.gnu.version	: { *(.gnu.version) }
	.gnu.version_d	: { *(.gnu.version_d) }
	.gnu.version_r	: { *(.gnu.version_r) }
	.rela.plt	: { *(.rela.plt .rela.iplt) }
	.rela.dyn	: { *(.rela.*) }

	. = ALIGN(PAGE_SIZE);
	_text = .;
	.text : {
		_stext = .;
		TEXT_TEXT
		SCHED_TEXT
		LOCK_TEXT
		KPROBES_TEXT
		IRQENTRY_TEXT
		SOFTIRQENTRY_TEXT
#ifdef CPUIDLE_TEXT
		CPUIDLE_TEXT
#endif
		*(.fixup)
		*(.text.*)
		_etext = .;
	} :text
	/* Executable like the rest of the text, so in its segment. */
	INIT_TEXT_SECTION(PAGE_SIZE)
	.exit.text : { EXIT_TEXT }
	.plt : { *(.plt .plt.* .iplt) }

	. = ALIGN(0x10000);
	_sdata = .;
	.dynamic : { *(.dynamic) } :data :dynamic
	.got : { *(.got) *(.got.plt) } :data
	RO_DATA(PAGE_SIZE)
	RW_DATA(L1_CACHE_BYTES, PAGE_SIZE, THREAD_SIZE)
	_edata = .;

	. = ALIGN(PAGE_SIZE);
	__init_begin = .;
	INIT_DATA_SECTION(16)
	.exit.data : { EXIT_DATA }
	PERCPU_SECTION(L1_CACHE_BYTES)
	. = ALIGN(PAGE_SIZE);
	__init_end = .;

	BSS_SECTION(PAGE_SIZE, PAGE_SIZE, PAGE_SIZE)
	_end = .;

	/* Not loaded: read from the file by persona profile and gdb. */
	.eh_frame 0 (INFO) : { KEEP(*(.eh_frame)) }
	DWARF_DEBUG
	ELF_DETAILS
	DISCARDS
}
