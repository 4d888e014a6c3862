/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * printable.h - text of others on a terminal.
 */
#ifndef PERSONA_LIB_PRINTABLE_H
#define PERSONA_LIB_PRINTABLE_H

/**
 * printable() - make @text harmless to a terminal, in place
 *
 * Control characters (also those of 8 bits, alone or in UTF-8) and what is no UTF-8 become '?':
 * another user's command line, an interface's name.
 *
 * Return: @text.
 */
char *printable(char *text);

#endif /* PERSONA_LIB_PRINTABLE_H */
