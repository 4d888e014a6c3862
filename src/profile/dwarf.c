// SPDX-License-Identifier: GPL-2.0-only
/*
 * dwarf.c - numbers and expressions of DWARF; see dwarf.h.
 *
 * Expressions occur in two places: procedure linkage tables, and the signal
 * trampoline. So there is a small part of the operators.
 */
#include <string.h>
#include "profile/cfi.h"
#include "profile/dwarf.h"

#define NUMBERS 16

uint64_t dwarf_u(struct dwarf *d, unsigned int bytes)
{
	uint64_t v = 0;

	if (d->bad || (uint64_t)(d->end - d->p) < bytes) {
		d->bad = true;
		return 0;
	}
	memcpy(&v, d->p, bytes); /* both processors are little endian */
	d->p += bytes;
	return v;
}

uint64_t dwarf_uleb(struct dwarf *d)
{
	uint64_t v = 0;

	for (unsigned int shift = 0;; shift += 7) {
		uint64_t b = dwarf_u(d, 1);

		if (shift < 64)
			v |= (b & 0x7f) << shift;
		if (!(b & 0x80))
			return v;
	}
}

int64_t dwarf_sleb(struct dwarf *d)
{
	uint64_t v = 0;

	for (unsigned int shift = 0;;) {
		uint64_t b = dwarf_u(d, 1);

		if (shift < 64)
			v |= (b & 0x7f) << shift;
		shift += 7;
		if (b & 0x80)
			continue;
		if (b & 0x40 && shift < 64)
			v |= ~0ULL << shift;
		return (int64_t)v;
	}
}

static uint64_t sign_extend(uint64_t v, unsigned int bytes)
{
	unsigned int shift = 64 - 8 * bytes;

	return (uint64_t)((int64_t)(v << shift) >> shift);
}

uint64_t dwarf_pointer(struct dwarf *d, uint8_t encoding, uint64_t here)
{
	static const uint8_t bytes[16] = {8, 0, 2, 4, 8, 0, 0, 0, 8, 0, 2, 4, 8};
	unsigned int format = encoding & 0x0f;
	uint64_t v;

	if (encoding == 0xff)
		return 0;
	if (format == 0x01)
		v = dwarf_uleb(d);
	else if (format == 0x09)
		v = (uint64_t)dwarf_sleb(d);
	else if (!bytes[format])
		return d->bad = true, 0;
	else
		v = dwarf_u(d, bytes[format]);
	if (format & 0x08 && bytes[format])
		v = sign_extend(v, bytes[format]);
	return (encoding & 0x70) == 0x10 ? v + here : v;
}

struct dwarf dwarf_block(struct dwarf *d)
{
	uint64_t len = dwarf_uleb(d);
	struct dwarf b = {d->p, d->p, false};

	if (d->bad || len > (uint64_t)(d->end - d->p)) {
		d->bad = true;
		return b;
	}
	d->p += len;
	b.end = d->p;
	return b;
}

enum {
	OP_deref = 0x06,
	OP_const1u = 0x08,
	OP_const8s = 0x0f,
	OP_dup = 0x12,
	OP_and = 0x1a,
	OP_minus = 0x1c,
	OP_plus = 0x22,
	OP_plus_uconst = 0x23,
	OP_shl = 0x24,
	OP_shr = 0x25,
	OP_ge = 0x2a,
	OP_lit0 = 0x30,
	OP_breg0 = 0x70,
	OP_breg31 = 0x8f,
};

static bool dwarf_binary(uint8_t op, uint64_t a, uint64_t b, uint64_t *v)
{
	switch (op) {
	case OP_and:
		*v = a & b;
		break;
	case OP_minus:
		*v = a - b;
		break;
	case OP_plus:
		*v = a + b;
		break;
	case OP_shl:
		*v = b < 64 ? a << b : 0;
		break;
	case OP_shr:
		*v = b < 64 ? a >> b : 0;
		break;
	case OP_ge:
		*v = (int64_t)a >= (int64_t)b;
		break;
	default:
		return false;
	}
	return true;
}

bool dwarf_eval(struct dwarf expr, const struct cfi_frame *frame, const struct cfi_stack *stack,
		const uint64_t *initial, uint64_t *value)
{
	uint64_t n[NUMBERS];
	unsigned int top = 0;

	if (initial)
		n[top++] = *initial;
	while (expr.p < expr.end && !expr.bad) {
		uint8_t op = (uint8_t)dwarf_u(&expr, 1);

		if (top == NUMBERS)
			return false;
		if (op >= OP_lit0 && op < OP_lit0 + 32) {
			n[top++] = op - OP_lit0;
		} else if (op >= OP_breg0 && op <= OP_breg31) {
			if (op - OP_breg0 >= CFI_NREGS)
				return false;
			n[top++] = frame->reg[op - OP_breg0] + (uint64_t)dwarf_sleb(&expr);
		} else if (op >= OP_const1u && op <= OP_const8s) {
			unsigned int bytes = 1U << (op - OP_const1u) / 2;
			uint64_t v = dwarf_u(&expr, bytes);

			n[top++] = op & 1 ? sign_extend(v, bytes) : v;
		} else if (!top) {
			return false;
		} else if (op == OP_dup) {
			n[top] = n[top - 1];
			top++;
		} else if (op == OP_plus_uconst) {
			n[top - 1] += dwarf_uleb(&expr);
		} else if (op == OP_deref) {
			if (!stack->read(stack, n[top - 1], &n[top - 1]))
				return false;
		} else {
			if (top < 2 || !dwarf_binary(op, n[top - 2], n[top - 1], &n[top - 2]))
				return false;
			top--;
		}
	}
	if (!top || expr.bad)
		return false;
	*value = n[top - 1];
	return true;
}
