/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * address.h - what kind of place a socket address names.
 */
#ifndef PERSONA_SOCKETS_ADDRESS_H
#define PERSONA_SOCKETS_ADDRESS_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

enum address_class {
	ADDRESS_OTHER,
	ADDRESS_LOOPBACK, /* 127.0.0.0/8, ::1, ::ffff:127.0.0.0/104 */
	ADDRESS_ANY,	  /* 0.0.0.0, :: */
};

/** address_class() - of @len bytes at @addr; too short or another family: other. */
static inline enum address_class address_class(const struct sockaddr *addr, socklen_t len)
{
	const struct sockaddr_in *in = (const void *)addr;
	const struct sockaddr_in6 *in6 = (const void *)addr;
	uint32_t v4;

	if (len < sizeof(sa_family_t))
		return ADDRESS_OTHER;
	if (addr->sa_family == AF_INET && len >= sizeof(*in)) {
		v4 = ntohl(in->sin_addr.s_addr);
	} else if (addr->sa_family == AF_INET6 && len >= 24) {
		if (IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr))
			return ADDRESS_LOOPBACK;
		if (IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr))
			return ADDRESS_ANY;
		if (!IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
			return ADDRESS_OTHER;
		memcpy(&v4, &in6->sin6_addr.s6_addr[12], sizeof(v4));
		v4 = ntohl(v4);
	} else {
		return ADDRESS_OTHER;
	}
	if (v4 >> 24 == 127)
		return ADDRESS_LOOPBACK;
	return v4 ? ADDRESS_OTHER : ADDRESS_ANY;
}

/** address_port() - host order; it stands at the same place in both families. */
static inline uint16_t address_port(const struct sockaddr *addr)
{
	return ntohs(((const struct sockaddr_in *)(const void *)addr)->sin_port);
}

#endif /* PERSONA_SOCKETS_ADDRESS_H */
