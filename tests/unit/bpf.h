/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bpf.h - an interpreter of the classic BPF that flows_filter() writes, for tests.
 *
 * As the kernel's: a load beyond the frame ends the program with 0. Whatever else
 * flows_filter() never writes aborts. Frames are what a packet socket sees.
 */
#ifndef PERSONA_BPF_H
#define PERSONA_BPF_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/**
 * struct bpf_frame - a frame and what the kernel knows beside it
 * @type: PACKET_HOST, PACKET_OUTGOING ...
 * @vlan: had a VLAN tag, which the kernel took off
 */
struct bpf_frame {
	const uint8_t *data;
	size_t len;
	uint8_t type;
	bool vlan;
};

static inline void bpf_broken(const char *what, unsigned int pc)
{
	fprintf(stderr, "BPF program: %s at %u\n", what, pc);
	abort();
}

static inline bool bpf_load(const struct bpf_frame *f, uint32_t at, unsigned int size, uint32_t *a)
{
	if (at == (uint32_t)SKF_AD_OFF + SKF_AD_PKTTYPE) {
		*a = f->type;
		return true;
	}
	if (at == (uint32_t)SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT) {
		*a = f->vlan;
		return true;
	}
	if (at > f->len || f->len - at < size)
		return false;
	for (*a = 0; size--; at++)
		*a = *a << 8 | f->data[at];
	return true;
}

static inline unsigned int bpf_size(uint16_t code)
{
	return BPF_SIZE(code) == BPF_W ? 4 : BPF_SIZE(code) == BPF_H ? 2 : 1;
}

static inline bool bpf_compare(uint16_t op, uint32_t a, uint32_t k, unsigned int pc)
{
	switch (op) {
	case BPF_JEQ:
		return a == k;
	case BPF_JGT:
		return a > k;
	case BPF_JGE:
		return a >= k;
	case BPF_JSET:
		return a & k;
	}
	bpf_broken("unknown jump", pc);
	return false;
}

/* Return: what the program returns: bytes to keep, 0: none. */
static inline uint32_t bpf_run(const struct sock_filter *code, unsigned int n,
			       const struct bpf_frame *f)
{
	uint32_t a = 0, x = 0;

	for (unsigned int pc = 0; pc < n; pc++) {
		const struct sock_filter *i = &code[pc];

		switch (BPF_CLASS(i->code)) {
		case BPF_LD:
			if (!bpf_load(f, i->k + (BPF_MODE(i->code) == BPF_IND ? x : 0),
				      bpf_size(i->code), &a))
				return 0;
			break;
		case BPF_LDX:
			if (i->code != (BPF_LDX | BPF_MSH | BPF_B))
				bpf_broken("unknown load of X", pc);
			if (!bpf_load(f, i->k, 1, &x))
				return 0;
			x = (x & 15) * 4;
			break;
		case BPF_ALU:
			if (i->code != (BPF_ALU | BPF_RSH | BPF_K))
				bpf_broken("unknown arithmetic", pc);
			a >>= i->k;
			break;
		case BPF_JMP:
			if (BPF_OP(i->code) == BPF_JA)
				pc += i->k;
			else
				pc += bpf_compare(BPF_OP(i->code), a, i->k, pc) ? i->jt : i->jf;
			break;
		case BPF_RET:
			return i->k;
		default:
			bpf_broken("unknown instruction", pc);
		}
	}
	bpf_broken("runs off the end", n);
	return 0;
}

#endif /* PERSONA_BPF_H */
