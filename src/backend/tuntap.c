// SPDX-License-Identifier: GPL-2.0-only
/*
 * tuntap.c - back ends `tap` (Ethernet) and `tun` (IP packets).
 *
 * Theory of operation
 *
 * A TUN/TAP descriptor is the far end of a link to the host's own kernel: what
 * is written there the host receives on the interface, what the host sends to
 * the interface is read there (tapfd.c).
 *
 * How it is opened: opening/tuntap.c.
 *
 * Inside, a TAP end needs an address of its own (the interface's belongs to
 * the host's side): a random, locally administered one unless mac= names it.
 *
 * Ownership and threads: as of tapfd.c.
 */
#include <errno.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include "backend/opening/hostif.h"
#include "backend/tapfd.h"
#include "backend/tuntap.h"
#include "lib/rawsys.h"
#include "lib/why.h"

static int tap_set_mac(struct backend *be, const uint8_t mac[6])
{
	memcpy(be->mac, mac, sizeof(be->mac));
	return 0;
}

/* Make the struct for prepared descriptor @fd. */
static int tuntap_make(struct backend **be, const struct backend_ops *ops, int fd,
		       const char *ifname, const char **why)
{
	enum backend_link link = ops == &backend_tap ? BACKEND_LINK_ETHER : BACKEND_LINK_RAWIP;
	uint8_t mac[6];
	int err;

	err = hostif_random_mac(mac);
	if (err)
		return why_set(why, -err, "no random numbers for an Ethernet address: %s",
			       strerror(-err));
	err = tapfd_make(be, ops, link, fd, ifname, ifname, why);
	if (!err)
		memcpy((*be)->mac, mac, sizeof(mac));
	return err;
}

static int tuntap_attach(struct backend **be, const struct backend_ops *ops, int fd,
			 const char *ifname, const char **why)
{
	int kind = ops == &backend_tap ? IFF_TAP : IFF_TUN;
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	if (raw_ioctl(fd, TUNGETIFF, &ifr) || !(ifr.ifr_flags & kind) ||
	    !(ifr.ifr_flags & IFF_VNET_HDR) || strcmp(ifr.ifr_name, ifname))
		return why_set(why, EBADF, "descriptor %d is not %s interface '%s'", fd,
			       ops->opening->name, ifname);
	return tuntap_make(be, ops, fd, ifname, why);
}

static int tap_attach(struct backend **be, int fd, const char *ifname, const char **why)
{
	return tuntap_attach(be, &backend_tap, fd, ifname, why);
}

static int tun_attach(struct backend **be, int fd, const char *ifname, const char **why)
{
	return tuntap_attach(be, &backend_tun, fd, ifname, why);
}

const struct backend_ops backend_tap = {
	.opening = &opening_tap,
	.help = "a TAP interface, created if it does not exist",
	.place = BACKEND_FAR_END,
	.link = BACKEND_LINK_ETHER,
	.hooks = BACKEND_HOOK_ALL,
	.attach = tap_attach,
	.close = tapfd_close,
	.tx = tapfd_tx,
	.rx = tapfd_rx,
	.set_mac = tap_set_mac,
};

const struct backend_ops backend_tun = {
	.opening = &opening_tun,
	.help = "a TUN interface (IP packets), created if it does not exist",
	.place = BACKEND_FAR_END,
	.link = BACKEND_LINK_RAWIP,
	.hooks = BACKEND_HOOK_ALL,
	.attach = tun_attach,
	.close = tapfd_close,
	.tx = tapfd_tx,
	.rx = tapfd_rx,
};
