// SPDX-License-Identifier: GPL-2.0-only
/*
 * probe.c - ask whether a path inside the stack is alive.
 *
 * Theory of operation
 *
 *	Ethernet   the gateway is asked for its address: the kernel's own neighbour
 *		   entry is sent to verify, and is REACHABLE when an answer came. ARP
 *		   and neighbour solicitation alike, and needs no route
 *	raw IP	   an ICMP echo to an address that belongs to nobody, with a hop limit
 *		   of one: the first router answers that the time is exceeded. From the
 *		   interface's address by its device, so by its own routing table
 *
 * An answer to a raw probe is recognised by the identifier in it: in an echo reply
 * behind the header, in an error in the packet quoted.
 *
 * Owner: one raw socket of the stack per raw IP interface, from a probe to its answer or
 * probe_end(), so that the program's own `ss` finds none of ours while all is well; it
 * receives ICMP alone. Threads: the caller's one.
 *
 * Limits: of an interface with both families IPv4 is asked. An Ethernet without a gateway
 * is not asked at all. Raw IP: a first router that keeps silent about what it drops.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include "engine/engine.h"
#include "netconf/netconf.h"
#include "netconf/route.h"
#include "stack/config.h"
#include "stack/probe.h"

#define IDENT 0x7050 /* + number of the interface */

/**
 * struct raw - the socket of a raw IP interface
 * @fd: the stack's; 0 is none (the stack's first descriptors are others')
 * @from: bound to
 */
struct raw {
	int fd;
	struct ip_addr from;
};

static struct raw raws[CONFIG_MAX_IFACES];

struct echo {
	uint8_t type, code;
	uint16_t sum, ident, seq;
};

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static const struct kind {
	int family, protocol;
	uint8_t echo;
	int level, hops;
	const char *nobody; /* RFC 5737, RFC 3849: documentation */
} kinds[] = {
	{AF_INET, IPPROTO_ICMP, ICMP_ECHO, IPPROTO_IP, IP_TTL, "198.51.100.1"},
	{AF_INET6, IPPROTO_ICMPV6, ICMP6_ECHO_REQUEST, IPPROTO_IPV6, IPV6_UNICAST_HOPS,
	 "2001:db8::1"},
};

static long in_stack(long nr, long a, long b, long c, long d, long e, long f)
{
	return engine_syscall(nr, (const long[6]){a, b, c, d, e, f});
}

static const struct ip_addr *probe_gateway(const struct iface_spec *s)
{
	if (s->gw4.family)
		return &s->gw4;
	return s->gw6.family ? &s->gw6 : NULL;
}

static const struct ip_addr *probe_sender(const struct iface_spec *s, const struct kind **k)
{
	unsigned int i, n;

	for (n = 0; n < 2; n++) {
		for (i = 0; i < s->naddrs; i++) {
			*k = &kinds[n];
			if (s->addr[i].family == kinds[n].family)
				return &s->addr[i];
		}
	}
	return NULL;
}

static socklen_t probe_fill(union address *to, const struct kind *k, const void *bytes)
{
	memset(to, 0, sizeof(*to));
	to->sa.sa_family = (sa_family_t)k->family;
	if (k->family == AF_INET) {
		memcpy(&to->in.sin_addr, bytes, 4);
		return sizeof(to->in);
	}
	memcpy(&to->in6.sin6_addr, bytes, 16);
	return sizeof(to->in6);
}

static int open_raw(const struct kind *k, const char *device, const struct ip_addr *from)
{
	union address self;
	int one = 1;
	long fd, err;

	fd = in_stack(SYS_socket, k->family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, k->protocol,
		      0, 0, 0);
	if (fd < 0)
		return (int)fd;
	err = in_stack(SYS_setsockopt, fd, SOL_SOCKET, SO_BINDTODEVICE, (long)device,
		       (long)strlen(device), 0);
	if (!err)
		err = in_stack(SYS_setsockopt, fd, k->level, k->hops, (long)&one, sizeof(one), 0);
	if (!err)
		err = in_stack(SYS_bind, fd, (long)&self, probe_fill(&self, k, from->bytes), 0, 0,
			       0);
	if (!err)
		return (int)fd;
	in_stack(SYS_close, fd, 0, 0, 0, 0, 0);
	return (int)err;
}

void probe_end(unsigned int ident)
{
	struct raw *r = &raws[ident];

	if (r->fd > 0)
		in_stack(SYS_close, r->fd, 0, 0, 0, 0, 0);
	r->fd = 0;
}

static int raw_socket_of(unsigned int ident, const struct kind *k, const char *device,
			 const struct ip_addr *from)
{
	struct raw *r = &raws[ident];

	if (r->fd > 0 && ip_equal(&r->from, from))
		return 0;
	probe_end(ident);
	r->from = *from;
	r->fd = open_raw(k, device, from);
	return r->fd < 0 ? r->fd : 0;
}

static uint16_t probe_checksum(const struct echo *m)
{
	uint16_t words[sizeof(*m) / 2];
	uint32_t sum = 0;
	unsigned int i;

	memcpy(words, m, sizeof(*m));
	for (i = 0; i < sizeof(*m) / 2; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

static int send_raw(const struct netconf_iface *ifc, const struct iface_spec *spec,
		    unsigned int ident)
{
	struct echo m = {.ident = htons((uint16_t)(IDENT + ident))};
	struct raw *r = &raws[ident];
	const struct ip_addr *from;
	const struct kind *k;
	uint8_t nobody[16];
	union address to;
	socklen_t len;
	long ret;

	from = probe_sender(spec, &k);
	if (!from)
		return -EDESTADDRREQ;
	ret = raw_socket_of(ident, k, spec->name, from);
	if (ret)
		return (int)ret;
	m.type = k->echo;
	if (k->family == AF_INET) /* the kernel does ICMPv6's itself */
		m.sum = probe_checksum(&m);
	inet_pton(k->family, k->nobody, nobody);
	len = probe_fill(&to, k, nobody);
	ret = in_stack(SYS_sendto, r->fd, (long)&m, sizeof(m), MSG_DONTWAIT, (long)&to, len);
	return ret < 0 ? (int)ret : 0;
}

/* Is this packet, as the socket gives it, an answer to a probe of ours? */
static bool is_answer(const uint8_t *p, size_t len, int family, unsigned int ident)
{
	size_t at = family == AF_INET && len ? (size_t)(p[0] & 15) * 4 : 0;
	struct echo m;
	bool error;

	if (len < at + sizeof(m))
		return false;
	memcpy(&m, p + at, sizeof(m));
	error = family == AF_INET ? m.type == ICMP_TIME_EXCEEDED || m.type == ICMP_DEST_UNREACH
				  : m.type >= ICMP6_DST_UNREACH && m.type <= ICMP6_TIME_EXCEEDED;
	if (error) {
		at += sizeof(m);
		if (len <= at)
			return false;
		at += family == AF_INET ? (size_t)(p[at] & 15) * 4 : 40;
		if (len < at + sizeof(m))
			return false;
		memcpy(&m, p + at, sizeof(m));
	} else if (m.type != (family == AF_INET ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY)) {
		return false;
	}
	return m.ident == htons((uint16_t)(IDENT + ident));
}

static bool raw_answered(unsigned int ident)
{
	struct raw *r = &raws[ident];
	bool answered = false;
	uint8_t buf[256];
	long len;

	if (r->fd <= 0)
		return false;
	while ((len = in_stack(SYS_recvfrom, r->fd, (long)buf, sizeof(buf), MSG_DONTWAIT, 0, 0)) >=
	       0)
		answered |= is_answer(buf, (size_t)len, r->from.family, ident);
	if (answered)
		probe_end(ident);
	return answered;
}

int probe_send(const struct netconf_iface *ifc, const struct iface_spec *spec, unsigned int ident)
{
	const struct ip_addr *gw = probe_gateway(spec);
	struct nl *nl;
	int err;

	if (ifc->rawip)
		return send_raw(ifc, spec, ident);
	if (!gw)
		return -EDESTADDRREQ;
	nl = nl_open(engine_syscall, NETLINK_ROUTE, &err);
	if (!nl)
		return err;
	err = link_neigh_ask(nl, ifc->index, gw);
	nl_close(nl);
	return err;
}

bool probe_answered(const struct netconf_iface *ifc, const struct iface_spec *spec,
		    unsigned int ident)
{
	const struct ip_addr *gw = probe_gateway(spec);
	struct nl *nl;
	int err;

	if (ifc->rawip)
		return raw_answered(ident);
	if (!gw)
		return false;
	nl = nl_open(engine_syscall, NETLINK_ROUTE, &err);
	if (!nl)
		return false;
	err = link_neigh_answered(nl, ifc->index, gw);
	nl_close(nl);
	return !err;
}

void probe_close(void)
{
	memset(raws, 0, sizeof(raws));
}
