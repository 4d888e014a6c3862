// SPDX-License-Identifier: GPL-2.0
/* neon.c - the callee-saved vector registers, kept while crypto code runs: asm/neon.h. */
#include <linux/init.h>
#include <linux/percpu.h>
#include <linux/printk.h>
#include <asm/neon.h>

struct neon_saved {
	u64 d[8];
};

/* No section is inside another (asm/simd.h), and none sleeps: one for each vCPU. */
static DEFINE_PER_CPU(struct neon_saved, neon_saved);

void kernel_neon_begin(void)
{
	asm volatile("stp d8, d9, [%0]\n"
		     "stp d10, d11, [%0, #16]\n"
		     "stp d12, d13, [%0, #32]\n"
		     "stp d14, d15, [%0, #48]\n"
		     :: "r"(this_cpu_ptr(&neon_saved)) : "memory");
}

void kernel_neon_end(void)
{
	asm volatile("ldp d8, d9, [%0]\n"
		     "ldp d10, d11, [%0, #16]\n"
		     "ldp d12, d13, [%0, #32]\n"
		     "ldp d14, d15, [%0, #48]\n"
		     :: "r"(this_cpu_ptr(&neon_saved)) : "memory");
}

static int __init neon_init(void)
{
	pr_info("ChaCha20-Poly1305 by NEON\n");
	return 0;
}
arch_initcall(neon_init);
