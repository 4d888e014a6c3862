/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * interfaces.h - open the interfaces of a run.
 */
#ifndef PERSONA_LAUNCH_INTERFACES_H
#define PERSONA_LAUNCH_INTERFACES_H

#include <stdbool.h>

struct config;
struct config_iface;

/**
 * interfaces_open() - open all interfaces of @c, complete their specifications
 *
 * Starts persona-opener where one of them needs it, and has it reserve ports where an
 * address is shared with the host. Descriptors in @c have high numbers, close-on-exec.
 * @boot: the stack will be this process's: boot its image while persona-opener works, by a thread
 *	  that ahead_wait() (stack/ahead.h) waits for
 *
 * Return: 0 or an exit status; what is wrong has been said.
 */
int interfaces_open(struct config *c, bool boot);

/** interfaces_name_taken() - has another interface of @c the name that @ci is to have inside? */
bool interfaces_name_taken(const struct config *c, const struct config_iface *ci);

/**
 * interfaces_end() - the stack has ended: wait until nothing of it is left on the host
 *
 * At most a second (a daemon that was started inline may still hold the interfaces).
 */
void interfaces_end(void);

#endif /* PERSONA_LAUNCH_INTERFACES_H */
