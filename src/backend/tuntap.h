/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tuntap.h - back ends `tap` and `tun`: frames through /dev/net/tun.
 */
#ifndef PERSONA_BACKEND_TUNTAP_H
#define PERSONA_BACKEND_TUNTAP_H

#include "backend/backend.h"

extern const struct backend_ops backend_tap; /* Ethernet */
extern const struct backend_ops backend_tun; /* IP packets */

#endif /* PERSONA_BACKEND_TUNTAP_H */
