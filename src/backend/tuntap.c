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
 * An interface that does not exist is created (CAP_NET_ADMIN), brought up, and
 * vanishes with the last descriptor, so a crash leaves nothing behind. A
 * persistent one is attached to, and must be up.
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
#include "backend/hostif.h"
#include "backend/tapfd.h"
#include "backend/tuntap.h"
#include "lib/rawsys.h"
#include "lib/why.h"

#define TUN_PATH "/dev/net/tun"

static int set_mac(struct backend *be, const uint8_t mac[6])
{
	memcpy(be->mac, mac, sizeof(be->mac));
	return 0;
}

/* Make the struct for prepared descriptor @fd. */
static int make(struct backend **be, const struct backend_ops *ops, int fd, const char *ifname,
		const char **why)
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

static int bind_interface(int fd, const struct backend_ops *ops, const char *ifname, bool exists,
			  const char **why)
{
	struct ifreq ifr;
	int err;

	memset(&ifr, 0, sizeof(ifr));
	strncpy(ifr.ifr_name, ifname, sizeof(ifr.ifr_name) - 1);
	ifr.ifr_flags =
		(short)((ops == &backend_tap ? IFF_TAP : IFF_TUN) | IFF_NO_PI | IFF_VNET_HDR);
	err = raw_ioctl(fd, TUNSETIFF, &ifr);
	switch (err) {
	case 0:
		return 0;
	case -EPERM:
	case -EACCES:
		return why_set(
			why, -err,
			exists ? "interface '%s' is not yours: needs CAP_NET_ADMIN: run as root"
			       : "creating interface '%s' needs CAP_NET_ADMIN: run as root",
			ifname);
	case -EBUSY:
		return why_set(why, EBUSY, "interface '%s' is in use by another program", ifname);
	case -EINVAL:
		return why_set(why, EINVAL, "interface '%s' is not a single-queue %s interface",
			       ifname, ops->name);
	default:
		return why_set(why, -err, "cannot attach to interface '%s': %s", ifname,
			       strerror(-err));
	}
}

static int tuntap_open(const struct backend_ops *ops, const char *ifname, const char **why)
{
	struct hostif h;
	bool exists;
	int fd, err;

	err = hostif_get(-1, ifname, &h);
	if (err && err != -ENODEV)
		return why_set(why, -err, "cannot read interface '%s': %s", ifname, strerror(-err));
	exists = !err;

	fd = raw_open(TUN_PATH, O_RDWR | O_NONBLOCK | O_CLOEXEC, 0);
	if (fd < 0)
		return why_set(why, -fd, "interface '%s': cannot open " TUN_PATH ": %s%s", ifname,
			       strerror(-fd),
			       fd == -EACCES || fd == -EPERM ? ": run as root" : ": modprobe tun");
	err = bind_interface(fd, ops, ifname, exists, why);
	if (err)
		goto out_close;
	if (!exists) {
		err = hostif_set_up(ifname);
		if (err) {
			why_set(why, -err, "cannot bring '%s' up: %s", ifname, strerror(-err));
			goto out_close;
		}
	} else if (!(h.flags & IFF_UP)) {
		err = why_set(why, ENETDOWN, "interface '%s' is down: ip link set %s up", ifname,
			      ifname);
		goto out_close;
	}
	return fd;

out_close:
	raw_close(fd);
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
		return why_set(why, EBADF, "descriptor %d is not %s interface '%s'", fd, ops->name,
			       ifname);
	return make(be, ops, fd, ifname, why);
}

static int tap_open(const char *ifname, const char **why)
{
	return tuntap_open(&backend_tap, ifname, why);
}

static int tap_attach(struct backend **be, int fd, const char *ifname, const char **why)
{
	return tuntap_attach(be, &backend_tap, fd, ifname, why);
}

static int tun_open(const char *ifname, const char **why)
{
	return tuntap_open(&backend_tun, ifname, why);
}

static int tun_attach(struct backend **be, int fd, const char *ifname, const char **why)
{
	return tuntap_attach(be, &backend_tun, fd, ifname, why);
}

const struct backend_ops backend_tap = {
	.name = "tap",
	.help = "a TAP interface, created if it does not exist",
	.opener = BACKEND_EITHER,
	.open = tap_open,
	.attach = tap_attach,
	.close = tapfd_close,
	.tx = tapfd_tx,
	.rx = tapfd_rx,
	.set_mac = set_mac,
};

const struct backend_ops backend_tun = {
	.name = "tun",
	.help = "a TUN interface (IP packets), created if it does not exist",
	.opener = BACKEND_EITHER,
	.open = tun_open,
	.attach = tun_attach,
	.close = tapfd_close,
	.tx = tapfd_tx,
	.rx = tapfd_rx,
};
