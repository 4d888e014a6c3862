/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * macvtap.h - back end `macvtap`: a station of its own on an Ethernet interface.
 */
#ifndef PERSONA_BACKEND_MACVTAP_H
#define PERSONA_BACKEND_MACVTAP_H

#include "backend/backend.h"

extern const struct backend_ops backend_macvtap;

#endif /* PERSONA_BACKEND_MACVTAP_H */
