// SPDX-License-Identifier: GPL-2.0-only
/*
 * packet_vnet_hdr.c - a packet socket sends and receives segments beyond the MTU.
 *
 *   packet socket a --- veth pair, MTU 1500 --- packet socket b
 *
 * A frame of 20000 bytes with a virtio_net_hdr (TCP, gso_size 1448, checksum to
 * be completed) crosses the pair in one piece and arrives with the same header.
 * Back end `packet` is as fast as it is by this.
 */
#include "packet.h"

#define PAYLOAD 20000
#define MSS	1448

struct gso_frame {
	struct virtio_net_hdr vh;
	uint8_t data[ETH_HLEN + 40 + TCP_HEADER + PAYLOAD];
} __attribute__((packed));

static void cross(int a, int b, int version)
{
	static struct gso_frame out, in;
	size_t ip, len;
	ssize_t n;

	memset(&out, 0, sizeof(out));
	memset(out.data, 0xff, 6);
	out.data[6] = 2;
	out.data[12] = version == 4 ? 0x08 : 0x86;
	out.data[13] = version == 4 ? 0x00 : 0xdd;
	ip = ip_header(out.data + ETH_HLEN, version, IPPROTO_TCP, TCP_HEADER + PAYLOAD);
	out.data[ETH_HLEN + ip + 12] = TCP_HEADER / 4 << 4;
	len = ETH_HLEN + ip + TCP_HEADER + PAYLOAD;
	memset(out.data + len - PAYLOAD, 'x', PAYLOAD);
	out.vh.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	out.vh.gso_type = version == 4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
	out.vh.gso_size = MSS;
	out.vh.hdr_len = (uint16_t)(ETH_HLEN + ip + TCP_HEADER);
	out.vh.csum_start = (uint16_t)(ETH_HLEN + ip);
	out.vh.csum_offset = 16;

	n = send(a, &out, sizeof(out.vh) + len, 0);
	ok(n == (ssize_t)(sizeof(out.vh) + len), "IPv%d: a GSO frame of %zu bytes is sent (%s)",
	   version, len, n < 0 ? strerror(errno) : "whole");
	do
		n = recv(b, &in, sizeof(in), 0);
	while (n > 0 && n < 1000);
	ok(n == (ssize_t)(sizeof(in.vh) + len), "IPv%d: and received in one piece", version);
	ok(in.vh.gso_type == out.vh.gso_type && in.vh.gso_size == MSS,
	   "IPv%d: with its segment size", version);
	ok(in.vh.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM && in.vh.csum_start == out.vh.csum_start &&
		   in.vh.csum_offset == 16,
	   "IPv%d: with its checksum still to be made", version);
}

int main(void)
{
	int a, b;

	fresh_netns();
	veth_pair();
	a = packet_socket("va", true);
	b = packet_socket("vb", true);
	cross(a, b, 4);
	cross(a, b, 6);
	return done();
}
