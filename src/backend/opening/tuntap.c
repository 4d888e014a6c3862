// SPDX-License-Identifier: GPL-2.0-only
/*
 * tuntap.c - open back ends `tap` (Ethernet) and `tun` (IP packets).
 *
 * Theory of operation
 *
 * An interface that does not exist is created (CAP_NET_ADMIN), brought up, and
 * vanishes with the last descriptor, so a crash leaves nothing behind. A
 * persistent one is attached to, and must be up.
 *
 * Ownership: the descriptor is the caller's. Threads: one at a time.
 */
#include <errno.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include "backend/opening/hostif.h"
#include "backend/opening/opening.h"
#include "lib/rawsys.h"
#include "lib/why.h"

#define TUN_PATH "/dev/net/tun"

static int tuntap_bind(int fd, const struct backend_opening *o, const char *ifname, bool exists,
		       const char **why)
{
	struct ifreq ifr;
	int err;

	memset(&ifr, 0, sizeof(ifr));
	strncpy(ifr.ifr_name, ifname, sizeof(ifr.ifr_name) - 1);
	ifr.ifr_flags = (short)((o == &opening_tap ? IFF_TAP : IFF_TUN) | IFF_NO_PI | IFF_VNET_HDR);
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
			       ifname, o->name);
	default:
		return why_set(why, -err, "cannot attach to interface '%s': %s", ifname,
			       strerror(-err));
	}
}

static int tuntap_open(const struct backend_opening *o, const char *ifname, const char **why)
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
	err = tuntap_bind(fd, o, ifname, exists, why);
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

static int tap_open(const char *ifname, const char **why)
{
	return tuntap_open(&opening_tap, ifname, why);
}

static int tun_open(const char *ifname, const char **why)
{
	return tuntap_open(&opening_tun, ifname, why);
}

const struct backend_opening opening_tap = {
	.name = "tap",
	.opener = BACKEND_EITHER,
	.open = tap_open,
};

const struct backend_opening opening_tun = {
	.name = "tun",
	.opener = BACKEND_EITHER,
	.open = tun_open,
};
