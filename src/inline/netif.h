/* SPDX-License-Identifier: GPL-2.0-only */
/* netif.h - the stack's interfaces and addresses. */
#ifndef PERSONA_INLINE_NETIF_H
#define PERSONA_INLINE_NETIF_H

#include <stdbool.h>

/** netif_families() - has the stack addresses of this family, loopback aside? */
int netif_families(bool *v4, bool *v6);

#endif /* PERSONA_INLINE_NETIF_H */
