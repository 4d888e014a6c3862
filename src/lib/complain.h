/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * complain.h - how Persona speaks to its user, and the exit statuses of its own.
 */
#ifndef PERSONA_LIB_COMPLAIN_H
#define PERSONA_LIB_COMPLAIN_H

#define EXIT_PERSONA 125 /* Persona itself failed */
#define EXIT_NOEXEC  126 /* COMMAND cannot be executed */
#define EXIT_NOCMD   127 /* COMMAND not found */

/**
 * complain() - one line "persona: ..." on stderr, by one write(2)
 * @status: given back, so that a caller can write `return complain(EXIT_PERSONA, ...)`
 * @fmt:    the line without prefix and newline; cut at 2 KiB
 *
 * A closed stderr loses the line. Return: @status. Thread-safe; not for inline mode, whose
 * descriptor 2 may be a socket of the stack (inline/say.h).
 */
int complain(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif /* PERSONA_LIB_COMPLAIN_H */
