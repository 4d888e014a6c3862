/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * afpacket.h - back ends `packet` and `rawip`: frames through an AF_PACKET socket.
 */
#ifndef PERSONA_BACKEND_AFPACKET_H
#define PERSONA_BACKEND_AFPACKET_H

#include "backend/backend.h"

extern const struct backend_ops backend_packet; /* Ethernet */
extern const struct backend_ops backend_rawip;	/* header-less point-to-point */

#endif /* PERSONA_BACKEND_AFPACKET_H */
