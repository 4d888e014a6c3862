/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * subflows.h - what MPTCP's path manager says of connections, for `--trace=sockets`.
 */
#ifndef PERSONA_STACK_SUBFLOWS_H
#define PERSONA_STACK_SUBFLOWS_H

/**
 * subflows_start() - trace the events of the running stack from now on
 *
 * Does nothing where no sockets are traced, or the stack has no MPTCP. Return: how many threads
 * it has started (0 or 1); they take none of the program's signals.
 */
int subflows_start(void);

/** subflows_stop() - end it, before the engine is stopped. */
void subflows_stop(void);

#endif /* PERSONA_STACK_SUBFLOWS_H */
