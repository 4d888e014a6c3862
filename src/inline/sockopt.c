// SPDX-License-Identifier: GPL-2.0-only
/*
 * sockopt.c - the hooks of socket options: sockets/option.c says what they mean.
 *
 * A socket of the host keeps the host kernel's options, but for those that would name another
 * interface than loopback (route_option()).
 */
#include "inline/real.h"
#include "inline/edge.h"
#include "inline/fdtable.h"
#include "inline/move.h"
#include "sockets/event.h"
#include "sockets/option.h"

/* On a socket of the host: 0, or -EPERM for one that would lead it to a network. */
static int sockopt_host(int fd, uint64_t slot, int level, int name)
{
	static const struct socket_core moved = {.moved = true};
	static const struct sockaddr any = {.sa_family = AF_UNSPEC};
	struct socket_core core;

	return route_option(&moved, level, name) && move_judged(fd, slot, &any, sizeof(any), &core)
		       ? -EPERM
		       : 0;
}

HOOK int setsockopt(int fd, int level, int name, const void *val, socklen_t len)
{
	uint64_t slot = fd_slot(fd);
	struct socket_ref ref;
	int err;

	if (!slot_ours(slot)) {
		err = sockopt_host(fd, slot, level, name);
		return err ? (int)edge_ret(err) : real(setsockopt)(fd, level, name, val, len);
	}
	ref = move_ref(slot);
	return (int)edge_ret(option_set(&ref, level, name, val, len));
}

/* SO_ERROR of a connection that began without waiting: what it has come to. */
static void sockopt_traced(const struct socket_ref *ref, int err)
{
	if (err)
		event_failed(ref->core, err);
	else
		event_connected(ref->ops, ref->core, ref->stack);
}

HOOK int getsockopt(int fd, int level, int name, void *val, socklen_t *len)
{
	uint64_t slot = fd_slot(fd);
	struct socket_ref ref;
	long ret;

	if (!slot_ours(slot))
		return real(getsockopt)(fd, level, name, val, len);
	ref = move_ref(slot);
	ret = option_get(&ref, level, name, val, len);
	if (unlikely(trace_mask) && !ret && level == SOL_SOCKET && name == SO_ERROR &&
	    ref.core->connecting)
		sockopt_traced(&ref, *(int *)val);
	return (int)edge_ret(ret);
}
