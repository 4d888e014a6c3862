// SPDX-License-Identifier: GPL-2.0-only
/*
 * turn.c - one opener at a time, see turn.h.
 *
 * The turn is a name in the network namespace (netname.h), to which the settings belong, too.
 *
 * Why turns: the list of reserved ports is read, changed and written, and so is iptables' table,
 * whose tools read all of it and begin again if it has changed meanwhile. A hundred of them at once
 * get nowhere. (nf_tables by itself does one transaction after the other.)
 *
 * Limits: not fair; any user of the machine can take the name, and so keep others waiting for
 * PATIENCE_MS.
 */
#include <errno.h>
#include <string.h>
#include "lib/why.h"
#include "lib/netname.h"
#include "opener/turn.h"

#define PATIENCE_MS 90000 /* below OPENER_PATIENCE: our sentence comes first */

int turn_take(const char **why)
{
	int fd = netname_take("persona-opener-turn", PATIENCE_MS);

	if (fd == -EBUSY)
		return why_set(why, EBUSY,
			       "other runs have been changing the host's settings for %d s: try "
			       "again",
			       PATIENCE_MS / 1000);
	if (fd < 0)
		return why_set(why, -fd, "persona-opener cannot take its turn: %s", strerror(-fd));
	return fd;
}
