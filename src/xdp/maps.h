/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * maps.h - what the steering program and its loader keep in BPF maps.
 */
#ifndef PERSONA_XDP_MAPS_H
#define PERSONA_XDP_MAPS_H

#include <linux/types.h>

enum whose { NOT_OURS, OWN, SHARED };

/* An address; IPv4 as ::ffff:a.b.c.d. */
struct addr_key {
	__u32 word[4]; /* network order */
};

struct port_key {
	__u16 port; /* host order */
	__u8 proto;
	__u8 zero;
};

struct port_range {
	__u16 first, last; /* host order; 0, 0: empty */
};

#endif /* PERSONA_XDP_MAPS_H */
