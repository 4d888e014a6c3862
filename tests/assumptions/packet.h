/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * packet.h - packet sockets and TUN devices for the assumption programs.
 */
#ifndef PERSONA_ASSUMPTIONS_PACKET_H
#define PERSONA_ASSUMPTIONS_PACKET_H

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "tap.h"

#define IP_HEADER  20
#define TCP_HEADER 20

/* A packet socket on an interface, receiving all protocols, with a time-out. */
__attribute__((unused)) static int packet_socket(const char *ifname, bool vnet_hdr)
{
	struct sockaddr_ll sll = {.sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL),
				  .sll_ifindex = (int)if_nametoindex(ifname)};
	struct timeval tv = {.tv_usec = 300000};
	int one = 1, fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		skip_all("no packet sockets");
	if (vnet_hdr && setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)))
		skip_all("no PACKET_VNET_HDR");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	if (bind(fd, (void *)&sll, sizeof(sll)))
		skip_all("cannot bind a packet socket");
	return fd;
}

/* A TUN device that is up; its descriptor. */
__attribute__((unused)) static int tun_device(const char *ifname, short flags)
{
	struct ifreq ifr = {.ifr_flags = (short)(IFF_TUN | IFF_NO_PI | flags)};
	char cmd[64];
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		skip_all("no /dev/net/tun");
	strcpy(ifr.ifr_name, ifname);
	if (ioctl(fd, TUNSETIFF, &ifr))
		skip_all("cannot make a TUN device");
	snprintf(cmd, sizeof(cmd), "ip link set %s up", ifname);
	if (system(cmd))
		skip_all("cannot set a TUN device up");
	return fd;
}

/* An IPv4 or IPv6 header in front of @payload bytes of @proto; its length. */
__attribute__((unused)) static size_t ip_header(uint8_t *p, int version, uint8_t proto,
						size_t payload)
{
	if (version == 4) {
		static const uint8_t v4[IP_HEADER] = {0x45, 0, 0,  0, 0, 1, 0x40, 0, 64, 0,
						      0,    0, 10, 9, 0, 1, 10,	  9, 0,	 2};
		uint32_t sum = 0;

		memcpy(p, v4, sizeof(v4));
		p[9] = proto;
		p[2] = (uint8_t)((payload + IP_HEADER) >> 8);
		p[3] = (uint8_t)(payload + IP_HEADER);
		for (int i = 0; i < IP_HEADER; i += 2)
			sum += (uint32_t)(p[i] << 8 | p[i + 1]);
		sum = (sum & 0xffff) + (sum >> 16);
		sum = ~(sum + (sum >> 16));
		p[10] = (uint8_t)(sum >> 8);
		p[11] = (uint8_t)sum;
		return IP_HEADER;
	}
	memset(p, 0, 40);
	p[0] = 0x60;
	p[4] = (uint8_t)(payload >> 8);
	p[5] = (uint8_t)payload;
	p[6] = proto;
	p[7] = 64;
	p[8] = p[24] = 0xfd;
	p[23] = 1;
	p[39] = 2;
	return 40;
}

#endif /* PERSONA_ASSUMPTIONS_PACKET_H */
