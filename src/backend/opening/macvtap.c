// SPDX-License-Identifier: GPL-2.0-only
/*
 * macvtap.c - open back end `macvtap`: a station of its own on an Ethernet interface.
 *
 * Theory of operation
 *
 * A macvtap link sits on an Ethernet interface of the host like a second
 * network card with another Ethernet address. The host's kernel sorts frames by
 * destination address: ours never reach its own stack, so it neither answers
 * nor resets anything. Its character device speaks the language of TUN/TAP
 * (backend/tapfd.c), offloads included.
 *
 * Open: make the link by rtnetlink, learn the number of its character device,
 * open that, set the link up. The number is announced by the kernel's own uevent
 * while the link is made. Other sources fail in network namespaces: /sys
 * shows the namespace of whoever mounted it, and /dev/tapN is named after the
 * interface index, which exists once in each namespace. A node of the right
 * number in /dev is used, else one is made in a private place and unlinked at once.
 *
 * The link hears all multicast (IFF_ALLMULTI), since the groups that matter
 * are joined inside, where the host does not see them; IPv6 neighbour discovery
 * lives on them.
 *
 * Its Ethernet address follows from that of the interface below, so that the
 * next run has the same one and neighbours, switches and DHCP servers need not
 * learn again; a second link beside it gets the next such address.
 *
 * Unlike a TAP device the link does not go with its descriptor. @undo deletes
 * it. For killed processes its name has the process id (pmtPID, then pmtPID.1
 * ...) and its alias the pid namespace: each open first deletes those whose
 * process is gone.
 *
 * Ownership: the link is the process's that made it, the descriptor the caller's. Threads:
 * one at a time.
 *
 * Limits: the host itself and the stack cannot talk to each other over this
 * interface (the bridge mode of macvlan joins links, not the interface below);
 * most wireless networks accept no second address from a station.
 */
#include <errno.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "backend/opening/hostif.h"
#include "backend/opening/macvtap.h"
#include "backend/opening/opening.h"
#include "backend/opening/rtlink.h"
#include "lib/rawsys.h"
#include "lib/why.h"

#define PREFIX	     "pmt"
#define LINKS_MAX    16 /* of one process; also most leftovers deleted at a time */
#define UEVENT_GROUP 1	/* the kernel's own, not udev's */

pid_t macvtap_owner(const char *name)
{
	unsigned long pid, nth = 1;
	char *end;

	if (strncmp(name, PREFIX, strlen(PREFIX)))
		return 0;
	name += strlen(PREFIX);
	if (*name < '1' || *name > '9')
		return 0;
	pid = strtoul(name, &end, 10);
	if (*end == '.' && end[1] >= '1' && end[1] <= '9')
		nth = strtoul(end + 1, &end, 10);
	return *end || nth >= LINKS_MAX || pid > 4194304 /* PID_MAX_LIMIT */ ? 0 : (pid_t)pid;
}

/* What tells our pid namespace from others; false if /proc does not say. */
static bool macvtap_alias(char alias[RTLINK_ALIAS])
{
	char ns[32];
	long n = RAWSYS(SYS_readlinkat, AT_FDCWD, "/proc/self/ns/pid", ns, sizeof(ns) - 1);

	ns[n > 0 ? n : 0] = '\0';
	snprintf(alias, RTLINK_ALIAS, "persona %s", n > 0 ? ns : "");
	return n > 0;
}

struct orphans {
	char alias[RTLINK_ALIAS];
	unsigned int n;
	char name[LINKS_MAX][IF_NAMESIZE];
};

static int orphan_collect(const char *name, const char *alias, void *arg)
{
	struct orphans *o = arg;
	pid_t pid = macvtap_owner(name);

	if (pid && !strcmp(alias, o->alias) && o->n < LINKS_MAX &&
	    RAWSYS(SYS_kill, pid, 0) == -ESRCH)
		memcpy(o->name[o->n++], name, IF_NAMESIZE);
	return 0;
}

int macvtap_recover(void)
{
	struct orphans o = {.n = 0};
	int deleted = 0;
	int err;

	if (!macvtap_alias(o.alias))
		return 0;
	err = rtlink_macvtaps(orphan_collect, &o);
	if (err)
		return err;
	for (unsigned int i = 0; i < o.n; i++)
		deleted += !rtlink_del(o.name[i]);
	return deleted;
}

static int uevent_socket(void)
{
	struct sockaddr_nl self = {.nl_family = AF_NETLINK, .nl_groups = UEVENT_GROUP};
	int fd, err;

	fd = raw_socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_KOBJECT_UEVENT);
	if (fd < 0)
		return fd;
	err = (int)RAWSYS(SYS_bind, fd, &self, sizeof(self));
	if (!err)
		return fd;
	raw_close(fd);
	return err;
}

/* Number of the device in one uevent, if it tells of link @name's: strings, each with its NUL. */
static dev_t uevent_device(const char *event, const char *end, const char *name)
{
	unsigned int major_nr = 0, minor_nr = 0;
	char path[IF_NAMESIZE + 16];

	snprintf(path, sizeof(path), "/%s/macvtap/", name);
	if (strncmp(event, "add@", 4) || !strstr(event, path))
		return 0;
	for (; event < end; event += strlen(event) + 1) {
		if (!strncmp(event, "MAJOR=", 6))
			major_nr = (unsigned int)strtoul(event + 6, NULL, 10);
		else if (!strncmp(event, "MINOR=", 6))
			minor_nr = (unsigned int)strtoul(event + 6, NULL, 10);
	}
	return makedev(major_nr, minor_nr);
}

/* The uevent was sent before the link's request was acknowledged: no waiting. */
static dev_t macvtap_device_number(int uevents, const char *name)
{
	char event[4096];
	dev_t dev = 0;
	long n;

	do {
		n = RAWSYS(SYS_recvfrom, uevents, event, sizeof(event) - 1, 0, NULL, NULL);
		if (n > 0) {
			event[n] = '\0';
			dev = uevent_device(event, event + n, name);
		}
	} while (!dev && (n >= 0 || n == -EINTR || n == -ENOBUFS));
	return dev;
}

/* Open a node that is what it should be: another namespace's may have its name. */
static int macvtap_open_node(const char *path, dev_t dev)
{
	int fd = raw_open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW, 0);
	struct stat st;

	if (fd >= 0 && (fstat(fd, &st) || !S_ISCHR(st.st_mode) || st.st_rdev != dev)) {
		raw_close(fd);
		return -ENODEV;
	}
	return fd;
}

static int macvtap_open_device(dev_t dev, int index)
{
	static const char *const places[] = {"/dev", "/run", "/tmp"}; /* some allow no devices */
	struct stat st;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/tap%d", index);
	if (!stat(path, &st) && S_ISCHR(st.st_mode) && st.st_rdev == dev) {
		fd = macvtap_open_node(path, dev);
		if (fd >= 0)
			return fd;
	}
	fd = -EACCES;
	for (unsigned int i = 0; fd < 0 && i < sizeof(places) / sizeof(places[0]); i++) {
		int err;

		snprintf(path, sizeof(path), "%s/.persona-%d", places[i], (int)getpid());
		err = (int)RAWSYS(SYS_mknodat, AT_FDCWD, path, S_IFCHR | 0600, dev);
		if (err) {
			fd = err;
			continue;
		}
		fd = macvtap_open_node(path, dev);
		RAWSYS(SYS_unlinkat, AT_FDCWD, path, 0);
	}
	return fd;
}

/* Make the link under the first free name of ours. */
static int macvtap_add_link(char name[IF_NAMESIZE], int lower)
{
	int err = -EEXIST;

	for (unsigned int i = 0; err == -EEXIST && i < LINKS_MAX; i++) {
		snprintf(name, IF_NAMESIZE, i ? PREFIX "%d.%u" : PREFIX "%d", (int)getpid(), i);
		err = rtlink_add_macvtap(name, lower);
	}
	return err;
}

static int macvtap_explain(const char **why, int err, const char *ifname)
{
	switch (err) {
	case -EPERM:
		return why_set(why, EPERM,
			       "interface '%s': a macvtap link on it needs CAP_NET_ADMIN: run as "
			       "root",
			       ifname);
	case -EOPNOTSUPP:
		return why_set(why, EOPNOTSUPP,
			       "interface '%s': the host kernel has no macvtap: modprobe macvtap",
			       ifname);
	case -EBUSY:
		return why_set(why, EBUSY,
			       "interface '%s' is part of a bridge or bond: name that instead",
			       ifname);
	default:
		return why_set(why, -err, "interface '%s': cannot make a macvtap link on it: %s",
			       ifname, strerror(-err));
	}
}

/* The @nth address that goes with the interface below, by FNV-1a; locally administered. */
static void macvtap_derive_mac(uint8_t mac[6], const uint8_t lower[6], unsigned int nth)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (unsigned int i = 0; i < 6; i++)
		h = (h ^ lower[i]) * 0x100000001b3u;
	h = (h ^ nth) * 0x100000001b3u;
	for (unsigned int i = 0; i < 6; i++)
		mac[i] = (uint8_t)(h >> (8 * (7 - i)));
	mac[0] = (uint8_t)((mac[0] & ~1) | 2);
}

/* Up with the first address that no other link on the interface has. */
static int macvtap_set_up(const char *name, const uint8_t lower[6])
{
	int err = -EADDRINUSE;

	for (unsigned int nth = 0; err == -EADDRINUSE && nth < 4 * LINKS_MAX; nth++) {
		uint8_t mac[6];

		macvtap_derive_mac(mac, lower, nth);
		err = hostif_set_mac(name, mac);
		if (!err)
			err = hostif_set_flags(name, IFF_UP | IFF_ALLMULTI);
	}
	return err;
}

/* From the new link to its open descriptor, the link up. */
static int macvtap_open_link(int uevents, const char *name, const char *ifname,
			     const struct hostif *lower, const char **why)
{
	char alias[RTLINK_ALIAS];
	struct hostif h;
	dev_t dev;
	int fd, err;

	dev = macvtap_device_number(uevents, name);
	if (!dev)
		return why_set(why, ENODEV,
			       "interface '%s': the host kernel does not say which device is "
			       "macvtap link '%s'",
			       ifname, name);
	macvtap_alias(alias);
	err = rtlink_dress(name, alias);
	if (!err)
		err = hostif_get(-1, name, &h);
	if (!err)
		err = macvtap_set_up(name, lower->mac);
	if (err)
		return why_set(why, -err, "interface '%s': cannot set macvtap link '%s' up: %s",
			       ifname, name, strerror(-err));
	fd = macvtap_open_device(dev, h.index);
	if (fd < 0)
		return why_set(why, -fd,
			       "interface '%s': cannot open its macvtap device: %s: needs "
			       "CAP_MKNOD, and /dev, /run or /tmp that may hold devices",
			       ifname, strerror(-fd));
	return fd;
}

static int macvtap_check_lower(const char *ifname, struct hostif *h, const char **why)
{
	int err = hostif_get(-1, ifname, h);

	if (err == -ENODEV)
		return why_set(why, ENODEV, "no such interface '%s' (see: ip link)", ifname);
	if (err)
		return why_set(why, -err, "cannot read interface '%s': %s", ifname, strerror(-err));
	if (h->type != ARPHRD_ETHER)
		return why_set(why, EINVAL,
			       "interface '%s' is no Ethernet, which macvtap needs: use rawip",
			       ifname);
	if (!(h->flags & IFF_UP))
		return why_set(why, ENETDOWN, "interface '%s' is down: ip link set %s up", ifname,
			       ifname);
	return 0;
}

static int macvtap_open(const char *ifname, const char **why)
{
	char name[IF_NAMESIZE];
	struct hostif lower;
	int uevents, fd;
	int err;

	err = macvtap_check_lower(ifname, &lower, why);
	if (err)
		return err;
	macvtap_recover(); /* what it cannot delete is in nobody's way */
	uevents = uevent_socket();
	if (uevents < 0)
		return why_set(why, -uevents, "interface '%s': cannot listen for its device: %s",
			       ifname, strerror(-uevents));
	err = macvtap_add_link(name, lower.index);
	if (err) {
		fd = macvtap_explain(why, err, ifname);
		goto out;
	}
	fd = macvtap_open_link(uevents, name, ifname, &lower, why);
	if (fd < 0)
		rtlink_del(name);
out:
	raw_close(uevents);
	return fd;
}

int macvtap_link_of(int fd, char name[IF_NAMESIZE])
{
	struct ifreq ifr;
	int err;

	memset(&ifr, 0, sizeof(ifr));
	err = raw_ioctl(fd, TUNGETIFF, &ifr);
	if (err)
		return err;
	if (!macvtap_owner(ifr.ifr_name) || !(ifr.ifr_flags & IFF_VNET_HDR))
		return -EBADF;
	memcpy(name, ifr.ifr_name, IF_NAMESIZE);
	return 0;
}

static void macvtap_undo(int fd, const char *ifname)
{
	char name[IF_NAMESIZE];

	if (!macvtap_link_of(fd, name))
		rtlink_del(name);
}

const struct backend_opening opening_macvtap = {
	.name = "macvtap",
	.opener = BACKEND_OPENER,
	.open = macvtap_open,
	.undo = macvtap_undo,
};
