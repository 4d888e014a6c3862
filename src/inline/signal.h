/* SPDX-License-Identifier: GPL-2.0-only */
/* signal.h - the program's handlers, kept out of the stack. */
#ifndef PERSONA_INLINE_SIGNAL_H
#define PERSONA_INLINE_SIGNAL_H

/** signal_stack_started() - the engine has installed its own fault handlers. */
void signal_stack_started(void);

/** signal_fork() - prepare (0), parent (1), child (2). */
void signal_fork(int phase);

#endif /* PERSONA_INLINE_SIGNAL_H */
