/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dwarf.h - reading DWARF's numbers, pointers and expressions; constants of call frame information.
 */
#ifndef PERSONA_PROFILE_DWARF_H
#define PERSONA_PROFILE_DWARF_H

#include <stdbool.h>
#include <stdint.h>

struct cfi_frame;
struct cfi_stack;

enum {
	DW_CFA_advance_loc = 0x40,
	DW_CFA_offset = 0x80,
	DW_CFA_restore = 0xc0,
	DW_CFA_nop = 0,
	DW_CFA_set_loc,
	DW_CFA_advance_loc1,
	DW_CFA_advance_loc2,
	DW_CFA_advance_loc4,
	DW_CFA_offset_extended,
	DW_CFA_restore_extended,
	DW_CFA_undefined,
	DW_CFA_same_value,
	DW_CFA_register,
	DW_CFA_remember_state,
	DW_CFA_restore_state,
	DW_CFA_def_cfa,
	DW_CFA_def_cfa_register,
	DW_CFA_def_cfa_offset,
	DW_CFA_def_cfa_expression,
	DW_CFA_expression,
	DW_CFA_offset_extended_sf,
	DW_CFA_def_cfa_sf,
	DW_CFA_def_cfa_offset_sf,
	DW_CFA_val_offset,
	DW_CFA_val_offset_sf,
	DW_CFA_val_expression,
	DW_CFA_AARCH64_negate_ra_state = 0x2d,
	DW_CFA_GNU_args_size,
};

/**
 * struct dwarf - a reader
 * @bad: it was read past the end; what was read since is 0
 */
struct dwarf {
	const uint8_t *p, *end;
	bool bad;
};

/** dwarf_u() - the next @bytes (1, 2, 4, 8) as a number of the host's byte order. */
uint64_t dwarf_u(struct dwarf *d, unsigned int bytes);

/** dwarf_uleb(), dwarf_sleb() - the next number of variable length. */
uint64_t dwarf_uleb(struct dwarf *d);
int64_t dwarf_sleb(struct dwarf *d);

/** dwarf_pointer() - a pointer in an encoding of .eh_frame; @here is the place it is at. */
uint64_t dwarf_pointer(struct dwarf *d, uint8_t encoding, uint64_t here);

/** dwarf_block() - a length and so many bytes. */
struct dwarf dwarf_block(struct dwarf *d);

/**
 * dwarf_eval() - the value of an expression
 * @initial: what the stack of numbers begins with, or NULL
 *
 * Return: false if it has an operator that call frames do not use, or needs memory that is
 * not known.
 */
bool dwarf_eval(struct dwarf expr, const struct cfi_frame *frame, const struct cfi_stack *stack,
		const uint64_t *initial, uint64_t *value);

#endif /* PERSONA_PROFILE_DWARF_H */
