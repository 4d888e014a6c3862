// SPDX-License-Identifier: GPL-2.0-only
/*
 * tunfd.c - back end `fd`: a TUN or TAP descriptor, or a socket, that our parent has opened.
 *
 * Theory of operation
 *
 * An app of Android gets a TUN descriptor from its VpnService and has no other;
 * any parent with the right may make one and start us without it. "Interface" N is descriptor
 * number N. TUNGETIFF tells what it is; frames and packets are tapfd.c's matter. With
 * IFF_VNET_HDR there are offloads both ways, without it frames are written and read
 * as they are. The packet-information header (a device made without
 * IFF_NO_PI) is not served: no parent of ours has a reason to ask for it. TUNGETIFF does not
 * tell it (the bit says "no filter" there); sysfs does, where it is to be seen.
 *
 * A socket is one end of a pair, whose packets are pairfd.c's matter.
 *
 * The descriptor is taken over: a device's becomes non-blocking, which its other holders see, too;
 * both are closed on exec, so that the program does not get the number.
 *
 * The interface is asked for its MTU and whether it is up; where it lies in another network
 * namespace and cannot be asked, 1500 and yes.
 *
 * Ownership and threads: as of tapfd.c or pairfd.c.
 */
#include <errno.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include "backend/opening/hostif.h"
#include "backend/pairfd.h"
#include "backend/tapfd.h"
#include "backend/tunfd.h"
#include "lib/rawsys.h"
#include "lib/why.h"

#define FD_LEAST 3
#define FD_MOST	 1048575 /* the kernel's own bound unless fs.nr_open was raised */

int tunfd_number(const char *text)
{
	long n = 0;

	if (!*text || strlen(text) > 7)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		n = n * 10 + (*text - '0');
	}
	return n < FD_LEAST || n > FD_MOST ? -EINVAL : (int)n;
}

/* Has the device of that name been made without IFF_NO_PI? False if nobody tells. */
static bool fd_has_packet_information(const char *name)
{
	char path[64], text[16];
	int fd;
	long n;

	snprintf(path, sizeof(path), "/sys/class/net/%.15s/tun_flags", name);
	fd = raw_open(path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return false;
	n = RAWSYS(SYS_read, fd, text, sizeof(text) - 1);
	raw_close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	return !(strtoul(text, NULL, 16) & IFF_NO_PI);
}

/* What kind of device is it? */
static int fd_ask(int fd, const char *number, struct ifreq *ifr, const char **why)
{
	int err;

	memset(ifr, 0, sizeof(*ifr));
	err = raw_ioctl(fd, TUNGETIFF, ifr);
	if (err == -EBADFD)
		return why_set(why, EBADFD,
			       "fd:%s: the TUN/TAP descriptor has no interface: do TUNSETIFF first",
			       number);
	if (err)
		return why_set(why, -err,
			       "fd:%s: descriptor %s is no TUN/TAP interface, nor a socket: %s",
			       number, number, strerror(-err));
	if (fd_has_packet_information(ifr->ifr_name))
		return why_set(why, EPROTONOSUPPORT,
			       "fd:%s: interface '%s' has a packet information header: make it "
			       "with IFF_NO_PI",
			       number, ifr->ifr_name);
	return 0;
}

static int fd_designates(const char *text, const char **why)
{
	if (tunfd_number(text) >= 0)
		return 0;
	return why_set(
		why, EINVAL,
		"'%s' is no inherited descriptor: write -i fd:N,ip=ADDR/LEN with N from 3 on",
		text);
}

static int fd_check_device(int fd, const char *number, long flags, const char **why)
{
	struct ifreq ifr;
	struct hostif h;
	int err = fd_ask(fd, number, &ifr, why);

	if (err)
		return err;
	if ((flags & O_ACCMODE) != O_RDWR)
		return why_set(why, EBADF,
			       "fd:%s: descriptor %s is not open for reading and writing", number,
			       number);
	if (!hostif_get(-1, ifr.ifr_name, &h) && !(h.flags & IFF_UP))
		return why_set(why, ENETDOWN, "interface '%s' is down: ip link set %s up",
			       ifr.ifr_name, ifr.ifr_name);
	return 0;
}

static int fd_open(const char *number, const char **why)
{
	int fd = tunfd_number(number);
	bool pair;
	long flags;
	int err;

	if (fd < 0)
		return why_set(why, -fd, "fd:%s: no descriptor of that number can be inherited",
			       number);
	flags = RAWSYS(SYS_fcntl, fd, F_GETFL);
	if (flags < 0)
		return why_set(why, (int)-flags,
			       "fd:%s: descriptor %s is not open here: let the program that starts "
			       "persona pass it on",
			       number, number);
	pair = pairfd_is_socket(fd);
	err = pair ? pairfd_check(fd, number, why) : fd_check_device(fd, number, flags, why);
	if (err)
		return err;
	if (!pair)
		RAWSYS(SYS_fcntl, fd, F_SETFL, flags | O_NONBLOCK);
	RAWSYS(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

static int fd_set_mac(struct backend *be, const uint8_t mac[6])
{
	if (be->link != BACKEND_LINK_ETHER)
		return -EOPNOTSUPP;
	memcpy(be->mac, mac, sizeof(be->mac));
	return 0;
}

static const struct backend_opening opening_fd = {
	.name = "fd",
	.opener = BACKEND_SELF,
	.open = fd_open,
};

/* What a socket becomes: the host's packet filter sees none of its frames. */
static const struct backend_ops fd_pair = {
	.opening = &opening_fd,
	.place = BACKEND_FAR_END,
	.link = BACKEND_LINK_RAWIP,
	.close = pairfd_close,
	.tx = pairfd_tx,
	.rx = pairfd_rx,
};

static int fd_attach(struct backend **be, int fd, const char *number, const char **why)
{
	struct ifreq ifr;
	struct hostif h;
	uint8_t mac[6];
	bool tap;
	int err;

	if (pairfd_is_socket(fd))
		return pairfd_make(be, &fd_pair, fd, why);
	err = fd_ask(fd, number, &ifr, why);
	if (err)
		return err;
	tap = ifr.ifr_flags & IFF_TAP;
	err = hostif_random_mac(mac);
	if (err)
		return why_set(why, -err, "no random numbers for an Ethernet address: %s",
			       strerror(-err));
	err = tapfd_make(be, &backend_fd, tap ? BACKEND_LINK_ETHER : BACKEND_LINK_RAWIP, fd,
			 ifr.ifr_name, hostif_get(-1, ifr.ifr_name, &h) ? NULL : ifr.ifr_name, why);
	if (!err && tap)
		memcpy((*be)->mac, mac, sizeof(mac));
	return err;
}

const struct backend_ops backend_fd = {
	.opening = &opening_fd,
	.help = "inherited TUN/TAP descriptor or socket number N (fd:N)",
	.place = BACKEND_FAR_END,
	.hooks = BACKEND_HOOK_ALL,
	.designates = fd_designates,
	.attach = fd_attach,
	.close = tapfd_close,
	.tx = tapfd_tx,
	.rx = tapfd_rx,
	.set_mac = fd_set_mac,
};
