/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mirror.h - a second pair of eyes on a back end's frames.
 *
 * A wrapper around another back end that, once asked to, also shows every frame that
 * passes, with a virtio_net_hdr in front: received ones are written to a TUN/TAP descriptor,
 * sent ones sent by a packet socket on the same device.
 * Until then it costs one load per batch.
 */
#ifndef PERSONA_BACKEND_MIRROR_H
#define PERSONA_BACKEND_MIRROR_H

#include "backend/backend.h"

#define MIRRORS 8 /* most in one process */

/**
 * mirror_wrap() - put a mirror around @inner
 * @name:  of the interface inside the stack
 * @outer: receives what to use instead; it owns @inner
 *
 * Return: 0; -ENOMEM, -ENOSPC. Not thread-safe.
 */
int mirror_wrap(struct backend *inner, const char *name, struct backend **outer);

/**
 * mirror_at() - mirror number @i, NULL after the last
 * @name: receives the name inside the stack
 */
const struct backend *mirror_at(unsigned int i, const char **name);

/**
 * mirror_show() - from now on show mirror @i's frames; -1: no more
 * @in:	     TUN/TAP descriptor for received ones
 * @out:     packet socket with PACKET_VNET_HDR for sent ones
 * @ifindex: of the device, for @out
 *
 * Thread-safe.
 */
void mirror_show(unsigned int i, int in, int out, int ifindex);

#endif /* PERSONA_BACKEND_MIRROR_H */
