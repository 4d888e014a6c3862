/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * peek.h - MSG_PEEK with MSG_WAITALL on MPTCP.
 */
#ifndef PERSONA_INLINE_PEEK_H
#define PERSONA_INLINE_PEEK_H

#include <stddef.h>
#include <stdint.h>

/**
 * peek_wait() - before a receiving call of a socket of the stack
 * @n:	   bytes that the program wants
 * @flags: of the call; become those for the stack
 *
 * Waits where MPTCP would wait wrongly. Return: 0; -EINTR; -EAGAIN after the socket's time-out.
 */
int peek_wait(uint64_t slot, size_t n, int *flags);

#endif /* PERSONA_INLINE_PEEK_H */
