// SPDX-License-Identifier: GPL-2.0-only
/*
 * macvtap.c - back end `macvtap`: a station of its own on an Ethernet interface.
 *
 * The link is made by opening/macvtap.c; frames are tapfd.c's matter. Left is
 * the Ethernet address, which the descriptor sets without a privilege.
 *
 * Ownership and threads: as of tapfd.c.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include "backend/macvtap.h"
#include "backend/opening/hostif.h"
#include "backend/opening/macvtap.h"
#include "backend/tapfd.h"
#include "lib/rawsys.h"
#include "lib/why.h"

static int macvtap_attach(struct backend **be, int fd, const char *ifname, const char **why)
{
	char name[IF_NAMESIZE];

	if (macvtap_link_of(fd, name))
		return why_set(why, EBADF, "descriptor %d is no macvtap link on '%s'", fd, ifname);
	return tapfd_make(be, &backend_macvtap, BACKEND_LINK_ETHER, fd, ifname, name, why);
}

/* By the descriptor it needs no privilege. */
static int macvtap_set_mac(struct backend *be, const uint8_t mac[6])
{
	struct ifreq ifr;
	int err;

	memset(&ifr, 0, sizeof(ifr));
	ifr.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(ifr.ifr_hwaddr.sa_data, mac, 6);
	err = raw_ioctl(be->fd, SIOCSIFHWADDR, &ifr);
	if (!err)
		memcpy(be->mac, mac, sizeof(be->mac));
	return err;
}

const struct backend_ops backend_macvtap = {
	.opening = &opening_macvtap,
	.help = "a station of its own on an Ethernet interface, by macvtap",
	.place = BACKEND_STATION,
	.link = BACKEND_LINK_ETHER,
	.hooks = BACKEND_HOOK_EGRESS | BACKEND_HOOK_INGRESS,
	.attach = macvtap_attach,
	.close = tapfd_close,
	.tx = tapfd_tx,
	.rx = tapfd_rx,
	.set_mac = macvtap_set_mac,
};
