// SPDX-License-Identifier: GPL-2.0-only
/*
 * farend.c - can a tunnel's server be at an address? See farend.h.
 *
 * A datagram to the host itself, or to all of a network, leaves and is lost, or comes back to
 * the host's own programs: better said at the start than after a handshake that never comes.
 *
 * No state. Threads: the one that launches.
 */
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include "launch/farend.h"
#include "netconf/link.h"
#include "netconf/netlink.h"

#define ADDRESSES 64 /* of a host; those beyond are not known */

static bool farend_is_broadcast(const struct ip_addr *a, const struct ip_addr *own)
{
	uint8_t network[16];

	if (a->family != AF_INET || own->family != AF_INET || own->prefix > 30)
		return false;
	ip_network(own, network);
	for (unsigned int i = 0; i < 4; i++) {
		unsigned int bits = own->prefix > i * 8 ? own->prefix - i * 8 : 0;
		uint8_t host = bits >= 8 ? 0 : (uint8_t)(0xff >> bits);

		if (a->bytes[i] != (network[i] | host))
			return false;
	}
	return true;
}

const char *farend_unfit(const struct ip_addr *a, const struct ip_addr *own, unsigned int nown)
{
	static const uint8_t all[4] = {255, 255, 255, 255};

	if (a->family == AF_INET && !memcmp(a->bytes, all, sizeof(all)))
		return "is a broadcast address";
	for (unsigned int i = 0; i < nown; i++) {
		if (ip_equal(a, &own[i]))
			return "is an address of this host";
		if (farend_is_broadcast(a, &own[i]))
			return "is the broadcast address of a network of this host";
	}
	return ip_unfit(a);
}

const char *farend_judge(const struct ip_addr *a)
{
	struct ip_addr own[ADDRESSES];
	struct nl *nl;
	int err, n = 0;

	nl = nl_open(netlink_host_call, NETLINK_ROUTE, &err);
	if (nl) /* an app's sandbox may forbid to look */
		n = link_addrs(nl, 0, own, ADDRESSES);
	nl_close(nl);
	return farend_unfit(a, own, n > 0 ? (unsigned int)n : 0);
}

const char *farend_served(int fd, const struct ip_addr *a)
{
	int domain = 0, only = 0;
	socklen_t len = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) || domain == a->family)
		return NULL;
	if (domain == AF_INET)
		return "an IPv4 socket";
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
	len = sizeof(int);
	if (!getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &len) && only)
		return "a socket for IPv6 alone (IPV6_V6ONLY)";
	return NULL;
}
