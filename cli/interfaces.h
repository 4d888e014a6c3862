/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * interfaces.h - open the interfaces of a run.
 */
#ifndef PERSONA_INTERFACES_H
#define PERSONA_INTERFACES_H

struct config;

/**
 * interfaces_open() - open all interfaces of @c, complete their specifications
 *
 * Starts persona-opener where one of them needs it, and has it reserve ports where an
 * address is shared with the host. Descriptors in @c have high numbers, close-on-exec.
 *
 * Return: 0 or an exit status; what is wrong has been said.
 */
int interfaces_open(struct config *c);

/**
 * interfaces_end() - the stack has ended: wait until nothing of it is left on the host
 *
 * At most a second (a daemon that was started inline may still hold the interfaces).
 */
void interfaces_end(void);

/** interfaces_move_high() - @fd out of the way of programs that use numbers; -errno. */
int interfaces_move_high(int fd);

#endif /* PERSONA_INTERFACES_H */
