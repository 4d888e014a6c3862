// SPDX-License-Identifier: GPL-2.0-only
/*
 * packet_rawip.c - a packet socket on an interface without link header.
 *
 *   packet socket --- tun0 (ARPHRD_NONE, no header) --- TUN descriptor
 *
 * The protocol of a sent packet is the one of the address given (sll_protocol),
 * of a received one the one by its version. Back end `rawip` is built on it.
 */
#include "packet.h"

#define PAYLOAD 100

static void both_ways(int sock, int watcher, int tun, int version)
{
	uint16_t proto = version == 4 ? ETH_P_IP : ETH_P_IPV6;
	struct sockaddr_ll to = {.sll_family = AF_PACKET,
				 .sll_protocol = htons(proto),
				 .sll_ifindex = (int)if_nametoindex("tun0")},
			   from;
	socklen_t fromlen = sizeof(from);
	uint8_t out[256] = {0}, in[2048];
	size_t len = ip_header(out, version, IPPROTO_UDP, PAYLOAD) + PAYLOAD;
	ssize_t n = sendto(sock, out, len, 0, (void *)&to, sizeof(to));

	ok(n == (ssize_t)len, "IPv%d: sent without link header", version);
	ok(recvfrom(watcher, in, sizeof(in), 0, (void *)&from, &fromlen) == (ssize_t)len &&
		   from.sll_protocol == htons(proto),
	   "IPv%d: its protocol is the address's", version);
	ok(read(tun, in, sizeof(in)) == (ssize_t)len && !memcmp(in, out, len),
	   "IPv%d: leaves unchanged", version);

	ok(write(tun, out, len) == (ssize_t)len, "IPv%d: comes in", version);
	fromlen = sizeof(from);
	do
		n = recvfrom(sock, in, sizeof(in), 0, (void *)&from, &fromlen);
	while (n > 0 && from.sll_pkttype == PACKET_OUTGOING);
	ok(n == (ssize_t)len && !memcmp(in, out, len), "IPv%d: is received unchanged", version);
	ok(from.sll_protocol == htons(proto), "IPv%d: with its protocol", version);
	recv(watcher, in, sizeof(in), 0);
}

int main(void)
{
	int tun, sock, watcher;

	fresh_netns();
	tun = tun_device("tun0", 0);
	sock = packet_socket("tun0", false);
	watcher = packet_socket("tun0", false);
	both_ways(sock, watcher, tun, 4);
	both_ways(sock, watcher, tun, 6);
	return done();
}
