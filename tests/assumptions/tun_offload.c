// SPDX-License-Identifier: GPL-2.0-only
/*
 * tun_offload.c - TUN/TAP take a virtio_net_hdr of a chosen size, and offloads.
 */
#include "packet.h"

#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

int main(void)
{
	int size, fd;

	fresh_netns();
	fd = tun_device("tun0", IFF_VNET_HDR);
	size = 12;
	ok(!ioctl(fd, TUNSETVNETHDRSZ, &size), "TUNSETVNETHDRSZ 12");
	size = 10;
	ok(!ioctl(fd, TUNSETVNETHDRSZ, &size), "TUNSETVNETHDRSZ 10");
	size = 0;
	ok(!ioctl(fd, TUNGETVNETHDRSZ, &size) && size == 10, "and it is kept");
	ok(!ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6),
	   "TUNSETOFFLOAD: checksum, TCP segmentation");
	ok(!ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN),
	   "TUNSETOFFLOAD: with ECN");
	if (ioctl(fd, TUNSETOFFLOAD,
		  TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_USO4 | TUN_F_USO6) &&
	    errno == EINVAL)
		ok(true, "TUNSETOFFLOAD: UDP segmentation is refused by EINVAL (before 6.2)");
	else
		ok(true, "TUNSETOFFLOAD: UDP segmentation");
	ok(ioctl(fd, TUNSETOFFLOAD, 0x8000) && errno == EINVAL, "an unknown offload gives EINVAL");
	return done();
}
