/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One stretch of memory at a run-time address: image first, then free pages. A
 * "physical" address is an offset into it plus LKL_PHYS_BASE (small, since
 * the page allocator walks all frames below the first one).
 */
#ifndef _ASM_LKL_PAGE_H
#define _ASM_LKL_PAGE_H

#define PAGE_SHIFT	12
#ifdef __ASSEMBLY__
#define PAGE_SIZE	(1 << PAGE_SHIFT)
#else
#define PAGE_SIZE	(1UL << PAGE_SHIFT)
#endif
#define PAGE_MASK	(~(PAGE_SIZE - 1))

#ifndef __ASSEMBLY__

#include <linux/types.h>

#define clear_page(page)	memset((page), 0, PAGE_SIZE)
#define copy_page(to, from)	memcpy((to), (from), PAGE_SIZE)
#define clear_user_page(page, vaddr, pg)	clear_page(page)
#define copy_user_page(to, from, vaddr, pg)	copy_page(to, from)

typedef struct { unsigned long pte; } pte_t;
typedef struct { unsigned long pmd[16]; } pmd_t;
typedef struct { unsigned long pgd; } pgd_t;
typedef struct { unsigned long pgprot; } pgprot_t;
typedef struct page *pgtable_t;

#define pte_val(x)	((x).pte)
#define pmd_val(x)	((&x)->pmd[0])
#define pgd_val(x)	((x).pgd)
#define pgprot_val(x)	((x).pgprot)
#define __pte(x)	((pte_t) { (x) })
#define __pmd(x)	((pmd_t) { (x) })
#define __pgd(x)	((pgd_t) { (x) })
#define __pgprot(x)	((pgprot_t) { (x) })

extern unsigned long lkl_phys_offset;	/* virtual minus physical */
extern unsigned long memory_start;
extern unsigned long memory_end;

#define LKL_PHYS	0x200000UL	/* LKL_PHYS_BASE of asm/image.h */
#define PAGE_OFFSET	(lkl_phys_offset + LKL_PHYS)
#define ARCH_PFN_OFFSET	(LKL_PHYS >> PAGE_SHIFT)

#define __va(x)		((void *)((unsigned long)(x) + lkl_phys_offset))
#define __pa(x)		((unsigned long)(x) - lkl_phys_offset)
#define __pa_symbol(x)	__pa(x)

#define virt_to_pfn(kaddr)	(__pa(kaddr) >> PAGE_SHIFT)
#define pfn_to_virt(pfn)	__va((phys_addr_t)(pfn) << PAGE_SHIFT)
#define virt_to_page(addr)	pfn_to_page(virt_to_pfn(addr))
#define page_to_virt(page)	pfn_to_virt(page_to_pfn(page))
#define page_to_phys(page)	((phys_addr_t)page_to_pfn(page) << PAGE_SHIFT)
#define phys_to_page(phys)	pfn_to_page((phys) >> PAGE_SHIFT)
#define virt_addr_valid(kaddr)	((unsigned long)(kaddr) >= PAGE_OFFSET && \
				 (unsigned long)(kaddr) < memory_end)

#endif /* __ASSEMBLY__ */

#include <asm-generic/memory_model.h>

/* Kernels before 6.4 leave it to the port. */
#if !defined(pfn_valid) && !defined(__ASSEMBLY__)
extern unsigned long max_mapnr;
#define pfn_valid(pfn) \
	((pfn) >= ARCH_PFN_OFFSET && (pfn) - ARCH_PFN_OFFSET < max_mapnr)
#endif

#include <asm-generic/getorder.h>

#endif /* _ASM_LKL_PAGE_H */
