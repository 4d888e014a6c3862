/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hints.h - socket options that merely tune, and that MPTCP does not have.
 *
 * A program that asked for TCP and was given MPTCP takes a refusal of these for
 * fatal: they are accepted and remembered. Those that change what the bytes on the
 * wire mean (TCP_ULP, TCP_MD5SIG, TCP_REPAIR ...) are not here and stay refused.
 */
#ifndef PERSONA_SOCKETS_HINTS_H
#define PERSONA_SOCKETS_HINTS_H

#include <stdbool.h>

/** hint() - is option @name of @level one of them? Thread-safe. */
bool hint(int level, int name);

#endif /* PERSONA_SOCKETS_HINTS_H */
