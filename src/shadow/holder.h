/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * holder.h - which process has an end of a pair, whatever its number there.
 */
#ifndef PERSONA_SHADOW_HOLDER_H
#define PERSONA_SHADOW_HOLDER_H

#include <sys/types.h>

/**
 * holder_peek() - duplicate of the socket with inode @ino, from any process that has it open
 *
 * @tid, @number: receive where it was found: a thread, and its number there
 *
 * Looks through the descriptors of all processes of the tree, then of all that may be looked
 * into: some microseconds for each descriptor. For rare events alone.
 *
 * Return: a descriptor, close-on-exec; -ESRCH: nobody has it (it may be on its way through
 * another socket), or we may not look. Any thread.
 */
int holder_peek(ino_t ino, pid_t *tid, int *number);

#endif /* PERSONA_SHADOW_HOLDER_H */
