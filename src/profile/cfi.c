// SPDX-License-Identifier: GPL-2.0-only
/*
 * cfi.c - reading .eh_frame and stepping by it; see cfi.h.
 *
 * Theory of operation
 *
 * The section is walked once, into an array of FDEs (one per function) sorted by
 * address. To step, the CIE's and the FDE's instructions are run up to the address,
 * which gives a row: how to compute the CFA (the stack pointer before the call), and
 * where each register was saved. Rows are cached by address: under load the same
 * few hundred come again and again.
 *
 * Every read is bounded by the section; what is damaged or unknown ends the trace.
 */
#include <stdlib.h>
#include <string.h>
#include "profile/cfi.h"
#include "profile/dwarf.h"

#define CACHE 4096 /* rows; a power of two */
#define DEPTH 8	   /* of remember_state */

struct fde {
	uint64_t start, end;
	uint32_t cie, code, code_end; /* offsets in the section */
};

struct cie {
	uint64_t code_align;
	int64_t data_align;
	uint64_t ra;
	uint8_t encoding;
	bool augmented;
	struct dwarf code;
};

enum where { SAME, UNDEFINED, AT_OFFSET, IS_OFFSET, IN_REG, AT_EXPR, IS_EXPR };

struct rule {
	uint8_t where;
	int64_t off; /* from the CFA, or a register */
	struct dwarf expr;
};

struct row {
	uint64_t vaddr;
	bool valid, known;
	bool cfa_expr;
	uint8_t cfa_reg, ra;
	int64_t cfa_off;
	struct dwarf expr;
	struct rule reg[CFI_NREGS];
};

struct cfi {
	const uint8_t *data;
	size_t size;
	uint64_t vaddr;
	struct fde *fde;
	size_t nfde;
	struct row cache[CACHE];
};

/* The length word: the entry's body in @e; false at the end of the section. */
static bool next_entry(const struct cfi *c, size_t *at, struct dwarf *e)
{
	struct dwarf d = {c->data + *at, c->data + c->size, false};
	uint64_t len = dwarf_u(&d, 4);

	if (len == 0xffffffff)
		len = dwarf_u(&d, 8);
	if (d.bad || !len || len > (uint64_t)(d.end - d.p))
		return false;
	*e = (struct dwarf){d.p, d.p + len, false};
	*at = (size_t)(e->end - c->data);
	return true;
}

static bool read_cie(const struct cfi *c, size_t at, struct cie *cie)
{
	struct dwarf e, aug;
	const char *text;
	uint64_t version;

	memset(cie, 0, sizeof(*cie));
	if (at >= c->size || !next_entry(c, &at, &e) || dwarf_u(&e, 4))
		return false;
	version = dwarf_u(&e, 1);
	text = (const char *)e.p;
	e.p += strnlen(text, (size_t)(e.end - e.p));
	dwarf_u(&e, 1);
	cie->code_align = dwarf_uleb(&e);
	cie->data_align = dwarf_sleb(&e);
	cie->ra = version == 1 ? dwarf_u(&e, 1) : dwarf_uleb(&e);
	if (e.bad || cie->ra >= CFI_NREGS)
		return false;
	if (*text == 'z') {
		uint64_t len = dwarf_uleb(&e);

		if (e.bad || len > (uint64_t)(e.end - e.p))
			return false;
		aug = (struct dwarf){e.p, e.p + len, false};
		e.p = aug.end;
		cie->augmented = true;
		for (const char *t = text + 1; *t; t++) {
			if (*t == 'R')
				cie->encoding = (uint8_t)dwarf_u(&aug, 1);
			else if (*t == 'L')
				dwarf_u(&aug, 1);
			else if (*t == 'P')
				dwarf_pointer(&aug, (uint8_t)dwarf_u(&aug, 1), 0);
		}
		if (aug.bad)
			return false;
	} else if (*text) {
		return false;
	}
	cie->code = e;
	return true;
}

/* Place in the file's addresses of what @d is about to read. */
static uint64_t cfi_here(const struct cfi *c, const struct dwarf *d)
{
	return c->vaddr + (uint64_t)(d->p - c->data);
}

static bool read_fde(const struct cfi *c, size_t cie_at, struct dwarf e, struct fde *f)
{
	struct cie cie;

	if (!read_cie(c, cie_at, &cie))
		return false;
	f->cie = (uint32_t)cie_at;
	f->start = dwarf_pointer(&e, cie.encoding, cfi_here(c, &e));
	f->end = f->start + dwarf_pointer(&e, cie.encoding & 0x0f, 0);
	if (cie.augmented) {
		uint64_t len = dwarf_uleb(&e);

		if (e.bad || len > (uint64_t)(e.end - e.p))
			return false;
		e.p += len;
	}
	f->code = (uint32_t)(e.p - c->data);
	f->code_end = (uint32_t)(e.end - c->data);
	return !e.bad && f->end > f->start;
}

static int by_start(const void *a, const void *b)
{
	const struct fde *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

struct cfi *cfi_parse(const uint8_t *data, size_t size, uint64_t vaddr)
{
	struct cfi *c = calloc(1, sizeof(*c));
	size_t at = 0, capacity = 0;
	struct dwarf e;

	if (!c || size > UINT32_MAX) {
		free(c);
		return NULL;
	}
	*c = (struct cfi){.data = data, .size = size, .vaddr = vaddr};
	while (at < size && next_entry(c, &at, &e)) {
		size_t where = (size_t)(e.p - data);
		uint64_t id = dwarf_u(&e, 4);

		if (!id || id > where)
			continue; /* a CIE */
		if (c->nfde == capacity) {
			struct fde *more;

			capacity = capacity ? capacity * 2 : 1024;
			more = reallocarray(c->fde, capacity, sizeof(*more));
			if (!more)
				break;
			c->fde = more;
		}
		if (read_fde(c, where - id, e, &c->fde[c->nfde]))
			c->nfde++;
	}
	if (!c->nfde) {
		cfi_free(c);
		return NULL;
	}
	qsort(c->fde, c->nfde, sizeof(c->fde[0]), by_start);
	return c;
}

void cfi_free(struct cfi *cfi)
{
	if (cfi)
		free(cfi->fde);
	free(cfi);
}

static const struct fde *find_fde(const struct cfi *c, uint64_t vaddr)
{
	size_t low = 0, high = c->nfde;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (c->fde[mid].start <= vaddr)
			low = mid + 1;
		else
			high = mid;
	}
	return low && vaddr < c->fde[low - 1].end ? &c->fde[low - 1] : NULL;
}

static void set_rule(struct row *row, uint64_t reg, enum where where, int64_t off)
{
	if (reg < CFI_NREGS)
		row->reg[reg] = (struct rule){.where = (uint8_t)where, .off = off};
}

static void set_expr(struct row *row, uint64_t reg, enum where where, struct dwarf *d)
{
	struct dwarf expr = dwarf_block(d);

	if (reg < CFI_NREGS)
		row->reg[reg] = (struct rule){.where = (uint8_t)where, .expr = expr};
}

static void set_cfa(struct row *row, uint64_t reg, int64_t off, bool *ok)
{
	if (reg >= CFI_NREGS)
		*ok = false;
	row->cfa_expr = false;
	row->cfa_reg = (uint8_t)reg;
	row->cfa_off = off;
}

/* Run @d for rows from @pc on, until the one that @target lies in. */
static bool cfi_run(struct dwarf d, const struct cfi *c, const struct cie *cie, uint64_t pc,
		    uint64_t target, struct row *row, const struct row *initial)
{
	struct row saved[DEPTH];
	unsigned int depth = 0;
	bool ok = true;

	while (ok && !d.bad && d.p < d.end) {
		uint8_t op = (uint8_t)dwarf_u(&d, 1), low = op & 0x3f;
		uint64_t reg;

		switch (op & 0xc0) {
		case DW_CFA_advance_loc:
			pc += low * cie->code_align;
			if (pc > target)
				return true;
			continue;
		case DW_CFA_offset:
			set_rule(row, low, AT_OFFSET, (int64_t)dwarf_uleb(&d) * cie->data_align);
			continue;
		case DW_CFA_restore:
			if (initial && low < CFI_NREGS)
				row->reg[low] = initial->reg[low];
			continue;
		}
		switch (op) {
		case DW_CFA_nop:
			break;
		case DW_CFA_set_loc:
			pc = dwarf_pointer(&d, cie->encoding, cfi_here(c, &d));
			if (pc > target)
				return true;
			break;
		case DW_CFA_advance_loc1:
		case DW_CFA_advance_loc2:
		case DW_CFA_advance_loc4:
			pc += dwarf_u(&d, 1U << (op - DW_CFA_advance_loc1)) * cie->code_align;
			if (pc > target)
				return true;
			break;
		case DW_CFA_offset_extended:
			reg = dwarf_uleb(&d);
			set_rule(row, reg, AT_OFFSET, (int64_t)dwarf_uleb(&d) * cie->data_align);
			break;
		case DW_CFA_offset_extended_sf:
			reg = dwarf_uleb(&d);
			set_rule(row, reg, AT_OFFSET, dwarf_sleb(&d) * cie->data_align);
			break;
		case DW_CFA_val_offset:
			reg = dwarf_uleb(&d);
			set_rule(row, reg, IS_OFFSET, (int64_t)dwarf_uleb(&d) * cie->data_align);
			break;
		case DW_CFA_restore_extended:
			reg = dwarf_uleb(&d);
			if (initial && reg < CFI_NREGS)
				row->reg[reg] = initial->reg[reg];
			break;
		case DW_CFA_undefined:
			set_rule(row, dwarf_uleb(&d), UNDEFINED, 0);
			break;
		case DW_CFA_same_value:
			set_rule(row, dwarf_uleb(&d), SAME, 0);
			break;
		case DW_CFA_register:
			reg = dwarf_uleb(&d);
			set_rule(row, reg, IN_REG, (int64_t)dwarf_uleb(&d));
			break;
		case DW_CFA_remember_state:
			ok = depth < DEPTH;
			if (ok)
				saved[depth++] = *row;
			break;
		case DW_CFA_restore_state:
			ok = depth > 0;
			if (ok)
				*row = saved[--depth];
			break;
		case DW_CFA_def_cfa:
			reg = dwarf_uleb(&d);
			set_cfa(row, reg, (int64_t)dwarf_uleb(&d), &ok);
			break;
		case DW_CFA_def_cfa_sf:
			reg = dwarf_uleb(&d);
			set_cfa(row, reg, dwarf_sleb(&d) * cie->data_align, &ok);
			break;
		case DW_CFA_def_cfa_register:
			set_cfa(row, dwarf_uleb(&d), row->cfa_off, &ok);
			break;
		case DW_CFA_def_cfa_offset:
			row->cfa_off = (int64_t)dwarf_uleb(&d);
			break;
		case DW_CFA_def_cfa_offset_sf:
			row->cfa_off = dwarf_sleb(&d) * cie->data_align;
			break;
		case DW_CFA_def_cfa_expression:
			row->expr = dwarf_block(&d);
			row->cfa_expr = true;
			break;
		case DW_CFA_expression:
			reg = dwarf_uleb(&d);
			set_expr(row, reg, AT_EXPR, &d);
			break;
		case DW_CFA_val_expression:
			reg = dwarf_uleb(&d);
			set_expr(row, reg, IS_EXPR, &d);
			break;
		case DW_CFA_GNU_args_size:
			dwarf_uleb(&d);
			break;
		case DW_CFA_AARCH64_negate_ra_state:
			break; /* kernel and user pointers are stripped where they are read */
		default:
			ok = false;
		}
	}
	return ok && !d.bad;
}

static const struct row *cfi_row_of(struct cfi *c, uint64_t vaddr)
{
	struct row *row = &c->cache[(vaddr ^ vaddr >> 12) & (CACHE - 1)];
	const struct fde *f;
	struct row initial;
	struct cie cie;

	if (row->valid && row->vaddr == vaddr)
		return row;
	memset(row, 0, sizeof(*row));
	row->vaddr = vaddr;
	row->valid = true;
	f = find_fde(c, vaddr);
	if (!f || !read_cie(c, f->cie, &cie))
		return row;
	row->ra = (uint8_t)cie.ra;
	if (!cfi_run(cie.code, c, &cie, 0, 0, row, NULL))
		return row;
	initial = *row;
	row->known = cfi_run((struct dwarf){c->data + f->code, c->data + f->code_end, false}, c,
			     &cie, f->start, vaddr, row, &initial);
	return row;
}

bool cfi_read_copy(const struct cfi_stack *s, uint64_t addr, uint64_t *value)
{
	if (addr < s->start || addr - s->start > s->size || s->size - (addr - s->start) < 8)
		return false;
	memcpy(value, s->data + (addr - s->start), 8);
	return true;
}

enum cfi_step cfi_step(struct cfi *cfi, uint64_t vaddr, struct cfi_frame *frame,
		       const struct cfi_stack *stack)
{
	const struct row *row = cfi_row_of(cfi, vaddr);
	struct cfi_frame new = *frame;
	uint64_t cfa;

	if (!row->known)
		return CFI_UNKNOWN;
	if (row->reg[row->ra].where == UNDEFINED)
		return CFI_OUTMOST;
	cfa = frame->reg[row->cfa_reg] + (uint64_t)row->cfa_off;
	if (row->cfa_expr && !dwarf_eval(row->expr, frame, stack, NULL, &cfa))
		return CFI_UNKNOWN;
	for (unsigned int i = 0; i < CFI_NREGS; i++) {
		const struct rule *r = &row->reg[i];
		uint64_t value = 0;

		switch (r->where) {
		case AT_OFFSET:
			/* Only what the trace needs must be known. */
			if (!stack->read(stack, cfa + (uint64_t)r->off, &value) && i == row->ra)
				return CFI_UNKNOWN;
			break;
		case IS_OFFSET:
			value = cfa + (uint64_t)r->off;
			break;
		case IN_REG:
			value = r->off < CFI_NREGS ? frame->reg[r->off] : 0;
			break;
		case AT_EXPR:
		case IS_EXPR:
			if (!dwarf_eval(r->expr, frame, stack, &cfa, &value) ||
			    (r->where == AT_EXPR && !stack->read(stack, value, &value))) {
				if (i == row->ra)
					return CFI_UNKNOWN;
				value = 0;
			}
			break;
		default:
			continue;
		}
		new.reg[i] = value;
	}
	if (row->reg[CFI_SP].where == SAME)
		new.reg[CFI_SP] = cfa;
	new.reg[CFI_IP] = new.reg[row->ra];
	if (new.reg[CFI_IP] == frame->reg[CFI_IP] && new.reg[CFI_SP] == frame->reg[CFI_SP])
		return CFI_UNKNOWN; /* would go on for ever */
	*frame = new;
	return CFI_CALLER;
}
