/* SPDX-License-Identifier: GPL-2.0-only */
/* number.h - descriptor numbers: made, copied, closed. */
#ifndef PERSONA_INLINE_NUMBER_H
#define PERSONA_INLINE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>
#include "inline/fdtable.h"

/**
 * number_place() - give the stack's descriptor @stack a number of the program
 * @d: its description; the reference passes to the number
 *
 * Return: the number, or -errno; then @stack is closed and @d is put.
 */
int number_place(enum fd_kind kind, struct desc *d, int stack, bool cloexec);

/**
 * number_fill() - placeholder @fd, which is close-on-exec and internal, becomes a number of the
 * program; the reference to @d passes to it
 */
void number_fill(int fd, enum fd_kind kind, struct desc *d, int stack, bool cloexec);

/** number_ours() - a descriptor that our own code made while self.bypass. */
int number_ours(int fd);

#endif /* PERSONA_INLINE_NUMBER_H */
