/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xdphost.h - the part of back end xdp that needs privileges, see struct backend_ops.
 */
#ifndef PERSONA_BACKEND_XDPHOST_H
#define PERSONA_BACKEND_XDPHOST_H

#include "backend/backend.h"

#ifndef AF_XDP
#define AF_XDP 44
#endif

#define XDP_MAX_MTU 3500u /* what drivers leave of a page */

int xdphost_open(const char *ifname, const char **why);
int xdphost_steer(const char *ifname, const struct flows *f, const char **why);
void xdphost_undo(int fd, const char *ifname);

#endif /* PERSONA_BACKEND_XDPHOST_H */
