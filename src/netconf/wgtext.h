/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * wgtext.h - words of a WireGuard configuration file.
 *
 * Letters are those of ASCII, and not what the program's locale says: isalnum() and
 * strcasecmp() of a Turkish program do not find "Interface" in "INTERFACE".
 */
#ifndef PERSONA_NETCONF_WGTEXT_H
#define PERSONA_NETCONF_WGTEXT_H

#include <stdbool.h>
#include <stdint.h>

#define WGTEXT_SHOWN 80 /* bytes for wgtext_shown() */
#define WGTEXT_LONG  24 /* letters and digits in a row that may be of a key */

bool wgtext_blank(char c);
char wgtext_lower(char c);
bool wgtext_digit(char c);
bool wgtext_alnum(char c);

/** wgtext_same() - the same but for capitals? */
bool wgtext_same(const char *a, const char *b);

/** wgtext_squeeze() - leave blanks out, in place; wg(8) does so wherever they are. */
void wgtext_squeeze(char *text);

/** wgtext_number() - decimal or, with @hex, also 0x..., up to @max: 0 or -EINVAL. */
int wgtext_number(const char *text, bool hex, uint32_t max, uint32_t *out);

/**
 * wgtext_shown() - text of the file for a message: cut, harmless, and nothing of a key
 * @text: what stands in the file
 * @buf:  for the result
 *
 * A key can stand where none belongs. What has WGTEXT_LONG letters and digits in a row,
 * blanks or not, is not shown. Return: @buf or a constant.
 */
const char *wgtext_shown(const char *text, char buf[WGTEXT_SHOWN]);

#endif /* PERSONA_NETCONF_WGTEXT_H */
