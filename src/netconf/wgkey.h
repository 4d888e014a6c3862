/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * wgkey.h - WireGuard's keys: their text form, and memory that may hold them.
 */
#ifndef PERSONA_NETCONF_WGKEY_H
#define PERSONA_NETCONF_WGKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WG_KEY_LEN     32
#define WGKEY_TEXT_LEN 44 /* letters of its base64 form, the '=' at the end among them */

/**
 * wgkey_parse() - read the base64 form of a key
 * @text: not necessarily terminated
 * @len:  its length
 * @key:  result; zeros on failure
 *
 * Takes the same time for each text of a length. Return: 0; -EMSGSIZE (not 44 letters),
 * -EINVAL (no base64, or more than 32 bytes).
 */
int wgkey_parse(const char *text, size_t len, uint8_t key[WG_KEY_LEN]);

/** wgkey_format() - write the base64 form, with a zero at the end. */
void wgkey_format(const uint8_t key[WG_KEY_LEN], char text[WGKEY_TEXT_LEN + 1]);

/** wgkey_equal() - the same key? Takes the same time in either case. */
bool wgkey_equal(const uint8_t a[WG_KEY_LEN], const uint8_t b[WG_KEY_LEN]);

/** wgkey_is_zero() - is it 32 zeros, which is WireGuard's "no key"? */
bool wgkey_is_zero(const uint8_t key[WG_KEY_LEN]);

/**
 * wgkey_alloc() - zeroed memory for what may hold keys
 * @size: bytes; more than 0
 *
 * Pages of their own, left out of core dumps. Return: memory for wgkey_free(), or NULL.
 */
void *wgkey_alloc(size_t size);

/**
 * wgkey_free() - wipe what wgkey_alloc() gave for @size bytes, and give it back; NULL is fine
 *
 * The thread's vector registers are cleared, too: copies have passed through them.
 */
void wgkey_free(void *p, size_t size);

/** wgkey_wipe() - overwrite @size bytes, which the compiler does not leave out. */
void wgkey_wipe(void *p, size_t size);

#endif /* PERSONA_NETCONF_WGKEY_H */
