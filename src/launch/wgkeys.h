/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * wgkeys.h - keys of WireGuard: made from the host's random numbers, computed by the stack.
 */
#ifndef PERSONA_LAUNCH_WGKEYS_H
#define PERSONA_LAUNCH_WGKEYS_H

#include "netconf/wgkey.h"

/**
 * wgkeys_make() - @n fresh private keys
 *
 * Return: 0, or -errno with a sentence in @why.
 */
int wgkeys_make(uint8_t (*private)[WG_KEY_LEN], unsigned int n, const char **why);

/**
 * wgkeys_public() - the public keys of @n private ones
 * @image: path of a personality image
 *
 * Starts a stack without interfaces for it (some milliseconds), which is stopped again: none may
 * run in this process. Return: 0, or -errno with a sentence in @why.
 */
int wgkeys_public(const char *image, uint8_t (*private)[WG_KEY_LEN], uint8_t (*public)[WG_KEY_LEN],
		  unsigned int n, const char **why);

#endif /* PERSONA_LAUNCH_WGKEYS_H */
