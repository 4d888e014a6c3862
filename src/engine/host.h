/* SPDX-License-Identifier: GPL-2.0-only */
/* host.h - what the engine gives the image, and the host's clock. Internal. */
#ifndef PERSONA_ENGINE_HOST_H
#define PERSONA_ENGINE_HOST_H

#include "engine/image.h"

/** host_ops_init() - fill in the host operations. */
void host_ops_init(struct lkl_host_ops *ops);

/** host_cycles_per_ns() - frequency of the cycle counter; takes 0.2 ms on x86-64. */
double host_cycles_per_ns(void);

#endif /* PERSONA_ENGINE_HOST_H */
