/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * leak_detour.h - what leads a datagram for loopback out by another interface, for leak.c.
 *
 * The destination says loopback; ancillary data, a socket's options or a source route name the
 * interface or the first hop. Linux then routes by these, and the datagram leaves.
 */
#ifndef PERSONA_PROGRAMS_LEAK_DETOUR_H
#define PERSONA_PROGRAMS_LEAK_DETOUR_H

#include <net/if.h>
#include <netinet/ip.h>

#include "leak_socket.h"

#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif

static const char *interface = "wlan0";

/* The host's number of the interface: if_nametoindex() would ask the stack. */
static int host_index(void)
{
	char path[128];
	int index = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/net/%s/ifindex", interface);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%d", &index) != 1)
		die(path);
	fclose(f);
	return index;
}

static void pktinfo(int fd)
{
	struct in_pktinfo info = {.ipi_ifindex = host_index()};
	struct iovec v;
	struct msghdr msg = message(&to, &v);

	attach(&msg, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	do_sendmsg(fd, 0, &msg);
}

static void pktinfo6(int fd)
{
	struct in6_pktinfo info = {.ipi6_ifindex = (unsigned int)host_index()};
	struct iovec v;
	struct msghdr msg = message(&to, &v);

	attach(&msg, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	do_sendmsg(fd, 0, &msg);
}

/* With a v4-mapped destination IPv6's ancillary data is IPv4's, and so must be its address. */
static void pktinfo_mapped(int fd)
{
	struct in6_pktinfo info = {.ipi6_ifindex = (unsigned int)host_index()};
	struct iovec v;
	struct msghdr msg = message(&to, &v);

	inet_pton(AF_INET6, "::ffff:0.0.0.0", &info.ipi6_addr);
	attach(&msg, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	do_sendmsg(fd, 0, &msg);
}

static void pktinfo_sendmmsg(int fd)
{
	struct in_pktinfo info = {.ipi_ifindex = host_index()};
	struct iovec v;
	struct mmsghdr m[2] = {{message(&loop, &v)}, {message(&to, &v)}};

	attach(&m[1].msg_hdr, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	step("sendmmsg", call(SYS_sendmmsg, fd, (long)m, 2, 0, 0, 0));
}

static void set_device(int fd)
{
	do_set(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, strlen(interface));
}

static void set_unicast_if(int fd)
{
	uint32_t index = htonl((uint32_t)host_index());

	do_set(fd, IPPROTO_IP, IP_UNICAST_IF, &index, sizeof(index));
}

/* A loose source route by way of ADDRESS: the first hop decides where a datagram leaves. */
static void set_route(int fd)
{
	unsigned char opt[8] = {IPOPT_NOP, IPOPT_LSRR, 7, 4};

	memcpy(opt + 4, &((struct sockaddr_in *)&to.sa)->sin_addr, 4);
	do_set(fd, IPPROTO_IP, IP_OPTIONS, opt, sizeof(opt));
}

static void device(int fd)
{
	set_device(fd);
	do_sendto(fd, 0, &to);
	plain_sendmsg(fd);
}

static void device_index(int fd)
{
	int index = host_index();

	do_set(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &index, sizeof(index));
	do_sendto(fd, 0, &to);
}

static void device_connect(int fd)
{
	set_device(fd);
	connect_send(fd);
}

static void unicast_if(int fd)
{
	set_unicast_if(fd);
	do_sendto(fd, 0, &to);
	plain_sendmsg(fd);
}

static void multicast_if(int fd)
{
	struct ip_mreqn r = {.imr_ifindex = host_index()};

	do_set(fd, IPPROTO_IP, IP_MULTICAST_IF, &r, sizeof(r));
	do_sendto(fd, 0, &to);
	plain_sendmsg(fd);
}

static void source_route(int fd)
{
	uint16_t port = *port_of(&to);

	set_route(fd);
	*port_of(&loop) = port;
	do_sendto(fd, 0, &loop);
}

/* IPv6's: a segment routing header by way of ADDRESS. */
static void segment_route(int fd)
{
	unsigned char header[24] = {0, 2 /* units of 8 bytes */, 4 /* type */};

	memcpy(header + 8, &((struct sockaddr_in6 *)&to.sa)->sin6_addr, 16);
	do_set(fd, IPPROTO_IPV6, IPV6_RTHDR, header, sizeof(header));
	*port_of(&loop) = *port_of(&to);
	do_sendto(fd, 0, &loop);
}

/* The same set before the socket moves: it takes its options along. */
static void before(int fd, void (*set)(int))
{
	set(fd);
	loop = address("127.0.0.1", "0");
	*port_of(&loop) = *port_of(&to);
	do_sendto(fd, 0, &loop);
	do_sendto(fd, 0, &to);
}

static void device_before(int fd)
{
	before(fd, set_device);
}

static void unicast_if_before(int fd)
{
	before(fd, set_unicast_if);
}

static void source_route_before(int fd)
{
	before(fd, set_route);
}

#endif /* PERSONA_PROGRAMS_LEAK_DETOUR_H */
