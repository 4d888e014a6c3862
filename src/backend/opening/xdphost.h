/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xdphost.h - what both halves of back end `xdp` know.
 */
#ifndef PERSONA_BACKEND_OPENING_XDPHOST_H
#define PERSONA_BACKEND_OPENING_XDPHOST_H

#ifndef AF_XDP
#define AF_XDP 44
#endif

#define XDP_MAX_MTU 3500u /* what drivers leave of a page */

#endif /* PERSONA_BACKEND_OPENING_XDPHOST_H */
