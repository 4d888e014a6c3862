/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_LKL_IRQ_H
#define _ASM_LKL_IRQ_H
#define NR_IRQS 8
#define irq_canonicalize(irq) (irq)

#endif
