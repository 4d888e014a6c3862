// SPDX-License-Identifier: GPL-2.0-only
/*
 * backend.c - the table of back ends, and the choice among them by link type.
 */
#include <errno.h>
#include <string.h>
#include "backend/afpacket.h"
#include "backend/backend.h"
#include "backend/opening/hostif.h"
#include "backend/macvtap.h"
#include "backend/passt.h"
#include "backend/tunfd.h"
#include "backend/tuntap.h"
#include "backend/udp.h"
#include "backend/xdp.h"
#include "lib/rawsys.h"
#include "lib/why.h"

static const struct backend_ops *const backends[] = {
	&backend_packet, &backend_rawip, &backend_tap,	 &backend_tun, &backend_macvtap,
	&backend_xdp,	 &backend_fd,	 &backend_passt, &backend_wg,
};

#define NBACKENDS (sizeof(backends) / sizeof(backends[0]))

const struct backend_ops *backend_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < NBACKENDS; i++) {
		if (!strcmp(backends[i]->opening->name, name))
			return backends[i];
	}
	return NULL;
}

const struct backend_ops *backend_at(unsigned int i)
{
	return i < NBACKENDS ? backends[i] : NULL;
}

int backend_open(struct backend **be, const struct backend_ops *ops, const char *ifname,
		 const char **why)
{
	int fd = ops->opening->open(ifname, why);
	int err;

	if (fd < 0)
		return fd;
	err = ops->attach(be, fd, ifname, why);
	if (!err)
		return 0;
	if (ops->opening->undo)
		ops->opening->undo(fd, ifname);
	raw_close(fd);
	return err;
}

const struct backend_ops *backend_choose(const char *ifname, const char **why)
{
	struct hostif h;
	int err;

	err = hostif_get(-1, ifname, &h);
	if (err) {
		if (err == -ENODEV)
			why_set(why, ENODEV, "no such interface '%s' (see: ip link)", ifname);
		else
			why_set(why, -err, "cannot read interface '%s': %s", ifname,
				strerror(-err));
		return NULL;
	}
	switch (h.type) {
	case ARPHRD_ETHER:
		return &backend_packet;
	case ARPHRD_NONE:
	case ARPHRD_RAWIP:
	case ARPHRD_PPP:
		return &backend_rawip;
	case ARPHRD_LOOPBACK:
		why_set(why, EINVAL,
			"interface '%s' is the host's loopback: the stack has its own; name a link",
			ifname);
		return NULL;
	default:
		why_set(why, EINVAL,
			"interface '%s' has link type %u, which no back end serves (see: persona "
			"list)",
			ifname, h.type);
		return NULL;
	}
}
