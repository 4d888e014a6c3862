/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xdp.h - back end `xdp`: frames through an AF_XDP socket.
 */
#ifndef PERSONA_BACKEND_XDP_H
#define PERSONA_BACKEND_XDP_H

#include "backend/backend.h"

extern const struct backend_ops backend_xdp;

#endif /* PERSONA_BACKEND_XDP_H */
