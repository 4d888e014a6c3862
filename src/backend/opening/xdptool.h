/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xdptool.h - the process persona-xdp, which holds an XDP program on an interface.
 */
#ifndef PERSONA_BACKEND_OPENING_XDPTOOL_H
#define PERSONA_BACKEND_OPENING_XDPTOOL_H

#include <stddef.h>
#include "backend/opening/steer.h"

/** xdptool_find() - its path, in @path; 0, or -ENOENT if it was not built or installed. */
int xdptool_find(char *path, size_t size);

/**
 * xdptool_start() - start it, and wait until its program is attached
 * @ifname: interface
 * @xsk:    AF_XDP socket that is to receive
 *
 * It is no child of ours and in a session of its own: neither waited for nor
 * reached by the terminal's signals. It ends when the last copy of the
 * returned descriptor is closed.
 *
 * Return: control socket (CLOEXEC), or -errno with one sentence in @why. Forks;
 * one thread at a time.
 */
int xdptool_start(const char *ifname, int xsk, const char **why);

/** xdptool_steer() - tell it what is ours, all of it; 0, or -errno with a sentence in @why. */
int xdptool_steer(int control, const char *ifname, const struct steer *s, const char **why);

/** xdptool_end() - end it; back when its program is detached. */
void xdptool_end(int control);

#endif /* PERSONA_BACKEND_OPENING_XDPTOOL_H */
