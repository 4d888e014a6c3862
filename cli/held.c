// SPDX-License-Identifier: GPL-2.0-only
/*
 * held.c - what back ends have made on the host, see held.h.
 *
 * A descriptor is kept for each interface whose kind has something to take back: the
 * stack's own may be in another process, or closed before the end. If this process
 * is killed, the kinds see to it in their own ways (macvtap.c, xdphost.c).
 *
 * Threads: the set-up thread's alone.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "backend/steer.h"
#include "cli/cli.h"
#include "cli/held.h"
#include "setup/config.h"

static struct {
	const struct backend_ops *ops;
	const char *ifname;
	int fd;
} held[CONFIG_MAX_IFACES];
static unsigned int nheld;

/* Frames to the stack's addresses are the stack's. */
static int steer(const struct backend_ops *ops, const struct iface_spec *s)
{
	struct steer ours = {.naddrs = s->naddrs};
	const char *why;

	_Static_assert(SPEC_MAX_ADDRS < STEER_ADDRS, "a link-local address comes on top");
	for (unsigned int i = 0; i < s->naddrs; i++) {
		ours.addr[i].family = (uint8_t)s->addr[i].family;
		memcpy(ours.addr[i].bytes, s->addr[i].bytes, sizeof(ours.addr[i].bytes));
	}
	return ops->steer(s->ifname, &ours, &why) ? complain(EXIT_PERSONA, "%s", why) : 0;
}

int held_add(const struct backend_ops *ops, int fd, const struct iface_spec *spec)
{
	int status = ops->steer ? steer(ops, spec) : 0;
	int copy;

	if (status || !ops->undo)
		return status;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (copy < 0)
		return complain(EXIT_PERSONA, "interface '%s': too many open files: ulimit -n 1024",
				spec->ifname);
	held[nheld].ops = ops;
	held[nheld].ifname = spec->ifname;
	held[nheld++].fd = copy;
	return 0;
}

void held_undo(void)
{
	while (nheld) {
		nheld--;
		held[nheld].ops->undo(held[nheld].fd, held[nheld].ifname);
		close(held[nheld].fd);
	}
}
