/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cfi.h - call frame information (DWARF, as in .eh_frame): where a function's caller is.
 *
 * Numbers of registers are DWARF's for this processor. A parsed table points into
 * the caller's data, which must outlive it. Not for use by several threads.
 */
#ifndef PERSONA_PROFILE_CFI_H
#define PERSONA_PROFILE_CFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
#define CFI_NREGS 17 /* 16: return address */
#define CFI_SP	  7
#define CFI_FP	  6
#define CFI_IP	  16
#elif defined(__aarch64__)
#define CFI_NREGS 33 /* 32: ours, for the instruction pointer */
#define CFI_SP	  31
#define CFI_FP	  29
#define CFI_LR	  30
#define CFI_IP	  32
#endif

/**
 * struct cfi_frame - a frame of a stack
 * @reg: registers as they are (first frame) or will be on return (others)
 */
struct cfi_frame {
	uint64_t reg[CFI_NREGS];
};

/**
 * struct cfi_stack - memory of the thread that was sampled
 * @read: 8 bytes at @addr into @value; false if they are not known
 */
struct cfi_stack {
	bool (*read)(const struct cfi_stack *s, uint64_t addr, uint64_t *value);
	uint64_t start;
	const uint8_t *data;
	size_t size;
};

/** cfi_read_copy() - a cfi_stack's @read where @size bytes from @start on were copied to @data. */
bool cfi_read_copy(const struct cfi_stack *s, uint64_t addr, uint64_t *value);

/** enum cfi_step - what cfi_step() found */
enum cfi_step {
	CFI_CALLER,  /* the frame is the caller's now */
	CFI_OUTMOST, /* nobody called this function */
	CFI_UNKNOWN, /* the table says nothing, or the stack is not at hand */
};

/** cfi_parse() - index the section of @size bytes that is linked at @vaddr; NULL if there is
 * nothing. */
struct cfi *cfi_parse(const uint8_t *data, size_t size, uint64_t vaddr);

/** cfi_free() - forget it; NULL is nothing. */
void cfi_free(struct cfi *cfi);

/**
 * cfi_step() - from a frame to its caller's
 * @vaddr: of the instruction, in the file's addresses; in the middle of a call
 *	   that is the return address less one
 * @frame: changed if CFI_CALLER is returned
 */
enum cfi_step cfi_step(struct cfi *cfi, uint64_t vaddr, struct cfi_frame *frame,
		       const struct cfi_stack *stack);

#endif /* PERSONA_PROFILE_CFI_H */
