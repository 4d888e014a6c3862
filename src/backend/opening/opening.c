// SPDX-License-Identifier: GPL-2.0-only
/*
 * opening.c - the table of what persona-opener can open.
 */
#include <stddef.h>
#include <string.h>
#include "backend/opening/opening.h"

static const struct backend_opening *const openings[] = {
	&opening_packet, &opening_rawip, &opening_tap, &opening_tun, &opening_macvtap, &opening_xdp,
};

const struct backend_opening *opening_find(const char *name)
{
	for (size_t i = 0; i < sizeof(openings) / sizeof(openings[0]); i++) {
		if (!strcmp(openings[i]->name, name))
			return openings[i];
	}
	return NULL;
}
