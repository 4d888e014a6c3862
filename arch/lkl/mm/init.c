// SPDX-License-Identifier: GPL-2.0
/*
 * init.c - one bank of memory: the image at its start, the rest free.
 */
#include <linux/init.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <asm/host.h>
#include <asm/sections.h>

unsigned long empty_zero_page[PAGE_SIZE / sizeof(long)] __page_aligned_bss;

void __init lkl_mem_init(void)
{
	unsigned long pfns[MAX_NR_ZONES] = { 0 };
	phys_addr_t start = __pa(memory_start);

	memblock_add(start, lkl_params.size);
	memblock_reserve(start, PAGE_ALIGN(lkl_params.image));
	/* Below the first frame nothing exists: page tables are not our business. */
	min_low_pfn = PFN_UP(start);
	max_low_pfn = PFN_DOWN(start + lkl_params.size);
	max_pfn = max_low_pfn;
	high_memory = (void *)memory_end;
	pfns[ZONE_NORMAL] = max_low_pfn;
	free_area_init(pfns);
}

void __init mem_init(void)
{
	memblock_free_all();
}

/* The image stays as it is mapped: part of it is a file mapping of the host. */
void free_initmem(void)
{
}
