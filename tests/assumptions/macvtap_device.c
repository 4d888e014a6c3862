// SPDX-License-Identifier: GPL-2.0-only
/*
 * macvtap_device.c - which character device is a macvtap link's, where /dev cannot tell.
 *
 * /dev/tapN is named after the interface index, which each network namespace counts
 * for itself. The kernel's uevent says the number, before the request is answered; a node
 * of that number may lie anywhere; the device needs no privilege from then on.
 */
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "tap.h"

static int uevents(void)
{
	struct sockaddr_nl self = {.nl_family = AF_NETLINK, .nl_groups = 1};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);

	if (fd < 0 || bind(fd, (struct sockaddr *)&self, sizeof(self)))
		skip_all("no socket for uevents");
	return fd;
}

/* Number and interface index in the uevent of link @name; 0 if there is none. */
static dev_t announced(int fd, const char *name, int *index)
{
	unsigned int major_nr = 0, minor_nr = 0;
	char event[4096], path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/net/%s/macvtap/tap", name);
	while ((n = recv(fd, event, sizeof(event) - 1, 0)) > 0) {
		char *at;

		event[n] = '\0';
		at = strstr(event, path);
		if (!at)
			continue;
		*index = atoi(at + strlen(path));
		for (at = event; at < event + n; at += strlen(at) + 1) {
			sscanf(at, "MAJOR=%u", &major_nr);
			sscanf(at, "MINOR=%u", &minor_nr);
		}
		return makedev(major_nr, minor_nr);
	}
	return 0;
}

static dev_t make_link(const char *name, int *index)
{
	char cmd[256];
	int fd = uevents();
	dev_t dev;

	snprintf(cmd, sizeof(cmd),
		 "ip link add va type veth peer vb && ip link set va up && "
		 "ip link add link va name %s type macvtap mode bridge 2>/dev/null",
		 name);
	if (system(cmd))
		skip_all("no macvtap in this kernel");
	dev = announced(fd, name, index);
	close(fd);
	return dev;
}

int main(void)
{
	const unsigned char mac[6] = {2, 0, 0, 0, 0, 9};
	char path[] = "/dev/.persona-assumption";
	int index = 0, other_index = 0, fd;
	struct ifreq ifr;
	dev_t dev, other;

	fresh_netns();
	other = make_link("mt0", &other_index);
	ok(other != 0, "a uevent names the device, and is there when the request is answered");
	if (unshare(CLONE_NEWNET)) /* the first namespace goes, in its own time */
		return 1;
	dev = make_link("mt0", &index);
	ok(dev != 0 && index == other_index, "in another network namespace the index is the same");

	if (mknod(path, S_IFCHR | 0600, dev)) {
		skip("opened by a node of our own", strerror(errno));
		return done();
	}
	fd = open(path, O_RDWR | O_NONBLOCK);
	unlink(path);
	ok(fd >= 0, "a node of that number opens it, wherever it lies");
	memset(&ifr, 0, sizeof(ifr));
	ok(!ioctl(fd, TUNGETIFF, &ifr) && !strcmp(ifr.ifr_name, "mt0"), "TUNGETIFF says its name");
	ok(ifr.ifr_flags & IFF_VNET_HDR, "it has a virtio_net_hdr from the start");

	if (setgid(65534) || setuid(65534))
		return 1;
	ifr.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(ifr.ifr_hwaddr.sa_data, mac, sizeof(mac));
	ok(!ioctl(fd, SIOCSIFHWADDR, &ifr), "its Ethernet address is set without privilege");
	ok(!ioctl(fd, TUNSETOFFLOAD, (unsigned long)(TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6)),
	   "offloads, too");
	return done();
}
