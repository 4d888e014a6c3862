/* SPDX-License-Identifier: GPL-2.0-only */
/* leader.h - a process whose main thread has ended before the others. */
#ifndef PERSONA_INLINE_LEADER_H
#define PERSONA_INLINE_LEADER_H

/** leader_gone() - the calling thread, the main one, ends now and the process goes on. */
void leader_gone(void);

/**
 * leader_stack_up() - the stack runs now
 * @own: so many threads of the process are Persona's
 *
 * The caller holds the lock of the start; called once.
 */
void leader_stack_up(int own);

/** leader_end() - the process ends: before the first of Persona's threads does. */
void leader_end(void);

/** leader_fork() - in a forked child (2): its one thread is the main one. */
void leader_fork(int phase);

#endif /* PERSONA_INLINE_LEADER_H */
