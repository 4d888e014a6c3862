/* SPDX-License-Identifier: GPL-2.0-only */
/* gai.h - asynchronous name look-ups: what fork() must know of them. */
#ifndef PERSONA_INLINE_GAI_H
#define PERSONA_INLINE_GAI_H

/**
 * gai_fork() - handler of pthread_atfork()
 * @phase: 0 before, 1 behind it in the parent, 2 in the child, whose queue is empty
 */
void gai_fork(int phase);

#endif /* PERSONA_INLINE_GAI_H */
