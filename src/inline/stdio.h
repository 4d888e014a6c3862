/* SPDX-License-Identifier: GPL-2.0-only */
/* stdio.h - streams upon descriptors of the stack. */
#ifndef PERSONA_INLINE_STDIO_H
#define PERSONA_INLINE_STDIO_H

/**
 * stdio_changed() - what descriptor @fd is has changed
 *
 * Keeps stdin, stdout and stderr pointing to streams that can serve 0, 1, 2.
 */
void stdio_changed(int fd);

#endif /* PERSONA_INLINE_STDIO_H */
