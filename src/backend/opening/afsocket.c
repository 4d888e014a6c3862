// SPDX-License-Identifier: GPL-2.0-only
/*
 * afsocket.c - back ends `packet` and `rawip`: a packet socket made ready for frames.
 *
 * Theory of operation
 *
 * A socket filter drops everything, until set_filter says what is the stack's
 * (backend/flowfilter.c): it is in place before bind(), so no stray frame is ever queued.
 *
 * Buffers go beyond the system's maximum with CAP_NET_ADMIN, else up to it.
 *
 * A descriptor that another process has prepared needs no preparation, only a
 * check that it is what it should be: options and filter stay with the socket.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include "backend/opening/afsocket.h"
#include "lib/rawsys.h"
#include "lib/why.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

/*
 * Bytes as setsockopt takes them; the kernel doubles both. Receive: a full TCP
 * window of 64 KiB frames. Send: enough to keep a 20 Gbit/s veth busy, and no
 * more, since it is a queue that the stack's own qdisc does not see.
 */
#define RCVBUF (8 << 20)
#define SNDBUF (1 << 20)

void afsocket_address(struct sockaddr_ll *to, int ifindex, uint16_t protocol)
{
	memset(to, 0, sizeof(*to));
	to->sll_family = AF_PACKET;
	to->sll_ifindex = ifindex;
	to->sll_protocol = htons(protocol);
}

/* Nothing: what is ours is known when the stack is set up (backend/flowfilter.h). */
static int afsocket_reject_all(int fd)
{
	static struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
	struct sock_fprog prog = {.len = 1, .filter = code};

	return raw_setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog));
}

/* Beyond the system's maximum if we may, else as far as it goes. */
static void afsocket_set_buffer(int fd, int force, int plain, int bytes)
{
	if (raw_setsockopt_int(fd, SOL_SOCKET, force, bytes))
		raw_setsockopt_int(fd, SOL_SOCKET, plain, bytes);
}

static int afsocket_prepare(int fd, const char *ifname, const struct hostif *h, const char **why)
{
	struct sockaddr_ll self;
	int err;

	err = raw_setsockopt_int(fd, SOL_PACKET, PACKET_VNET_HDR, 1);
	if (err)
		return why_set(why, -err, "the host kernel has no PACKET_VNET_HDR: %s",
			       strerror(-err));
	raw_setsockopt_int(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
	err = afsocket_reject_all(fd);
	if (err)
		return why_set(why, -err, "cannot filter the packet socket on '%s': %s", ifname,
			       strerror(-err));
	afsocket_set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, RCVBUF);
	afsocket_set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, SNDBUF);

	afsocket_address(&self, h->index, ETH_P_ALL);
	err = (int)RAWSYS(SYS_bind, fd, &self, sizeof(self));
	if (err)
		return why_set(why, -err, "cannot bind a packet socket to '%s': %s", ifname,
			       strerror(-err));
	return 0;
}

/* Is the link type right for this kind? */
static int afsocket_check_type(enum backend_link link, const char *ifname, unsigned int type,
			       const char **why)
{
	switch (type) {
	case ARPHRD_ETHER:
		if (link == BACKEND_LINK_ETHER)
			return 0;
		return why_set(why, EINVAL,
			       "interface '%s' is an Ethernet: use back end packet, not rawip",
			       ifname);
	case ARPHRD_NONE:
	case ARPHRD_RAWIP:
	case ARPHRD_PPP:
		if (link == BACKEND_LINK_RAWIP)
			return 0;
		return why_set(why, EINVAL,
			       "interface '%s' has no link header: use back end rawip, not packet",
			       ifname);
	default:
		return why_set(why, EINVAL,
			       "interface '%s' has link type %u, which no back end serves", ifname,
			       type);
	}
}

int afsocket_check(int fd, enum backend_link link, const char *ifname, struct hostif *h,
		   const char **why)
{
	int domain = AF_PACKET;
	int len = sizeof(domain);
	int err;

	if (fd >= 0)
		err = (int)RAWSYS(SYS_getsockopt, fd, SOL_SOCKET, SO_DOMAIN, &domain, &len);
	else
		err = 0;
	if (err || domain != AF_PACKET)
		return why_set(why, EBADF, "descriptor %d for interface '%s' is no packet socket",
			       fd, ifname);
	err = hostif_get(fd, ifname, h);

	if (err == -ENODEV)
		return why_set(why, ENODEV, "no such interface '%s' (see: ip link)", ifname);
	if (err)
		return why_set(why, -err, "cannot read interface '%s': %s", ifname, strerror(-err));
	err = afsocket_check_type(link, ifname, h->type, why);
	if (err)
		return err;
	if (!(h->flags & IFF_UP))
		return why_set(why, ENETDOWN, "interface '%s' is down: ip link set %s up", ifname,
			       ifname);
	return 0;
}

static int afsocket_open(enum backend_link link, const char *ifname, const char **why)
{
	struct hostif h;
	int fd, err;

	err = afsocket_check(-1, link, ifname, &h, why);
	if (err)
		return err;
	fd = raw_socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -EPERM || fd == -EACCES)
		return why_set(why, -fd,
			       "interface '%s': a packet socket needs CAP_NET_RAW: run as root, or "
			       "setcap cap_net_raw,cap_net_admin+ep on persona-opener",
			       ifname);
	if (fd < 0)
		return why_set(why, -fd, "interface '%s': cannot open a packet socket: %s", ifname,
			       strerror(-fd));
	err = afsocket_prepare(fd, ifname, &h, why);
	if (!err)
		return fd;
	raw_close(fd);
	return err;
}

static int packet_open(const char *ifname, const char **why)
{
	return afsocket_open(BACKEND_LINK_ETHER, ifname, why);
}

static int rawip_open(const char *ifname, const char **why)
{
	return afsocket_open(BACKEND_LINK_RAWIP, ifname, why);
}

const struct backend_opening opening_packet = {
	.name = "packet",
	.opener = BACKEND_OPENER,
	.shares = true,
	.slow_close = true,
	.open = packet_open,
};

const struct backend_opening opening_rawip = {
	.name = "rawip",
	.opener = BACKEND_OPENER,
	.shares = true,
	.slow_close = true,
	.open = rawip_open,
};
