// SPDX-License-Identifier: GPL-2.0-only
/*
 * xdphost.c - open back end `xdp`: its socket, and the program that steers frames to it.
 *
 * Theory of operation
 *
 * Open makes the AF_XDP socket (CAP_NET_RAW) and starts persona-xdp (xdptool.c),
 * which holds an XDP program on the interface (CAP_BPF, CAP_NET_ADMIN): it hands
 * frames for the addresses that steer names to the socket, and all others to the
 * host. Until the first steer, none.
 *
 * The control socket of the tool is kept here, by interface, until undo; if this
 * process is killed, the kernel closes it, the tool ends and the program goes.
 *
 * Ownership: a table of control sockets. Threads: the set-up thread's alone.
 */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <string.h>
#include "backend/opening/flows.h"
#include "backend/opening/hostif.h"
#include "backend/opening/opening.h"
#include "backend/opening/steer.h"
#include "backend/opening/xdphost.h"
#include "backend/opening/xdptool.h"
#include "lib/rawsys.h"
#include "lib/why.h"

#define SNDBUF	 (4 << 20) /* bytes: all that can be in the tx ring with the kernel's overhead */
#define MAX_HELD 8

/* Control sockets of the interfaces that this process has opened. */
static struct {
	char ifname[IF_NAMESIZE];
	int control;
} held[MAX_HELD];
static unsigned int nheld;

/* Receive queues of the interface; 1 where the driver does not say. */
static unsigned int xdphost_queues(const char *ifname)
{
	struct ethtool_channels ch = {.cmd = ETHTOOL_GCHANNELS};
	struct ifreq ifr;
	int fd = raw_socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err;

	memset(&ifr, 0, sizeof(ifr));
	strncpy(ifr.ifr_name, ifname, sizeof(ifr.ifr_name) - 1);
	ifr.ifr_data = (void *)&ch;
	err = fd < 0 ? fd : raw_ioctl(fd, SIOCETHTOOL, &ifr);
	if (fd >= 0)
		raw_close(fd);
	return err || ch.rx_count + ch.combined_count == 0 ? 1 : ch.rx_count + ch.combined_count;
}

static int xdphost_check(const char *ifname, struct hostif *h, const char **why)
{
	int err = hostif_get(-1, ifname, h);
	unsigned int queues;

	if (err == -ENODEV)
		return why_set(why, ENODEV, "no such interface '%s' (see: ip link)", ifname);
	if (err)
		return why_set(why, -err, "cannot read interface '%s': %s", ifname, strerror(-err));
	if (h->type != ARPHRD_ETHER)
		return why_set(why, EINVAL,
			       "interface '%s' is no Ethernet, which xdp needs: use rawip", ifname);
	if (!(h->flags & IFF_UP))
		return why_set(why, ENETDOWN, "interface '%s' is down: ip link set %s up", ifname,
			       ifname);
	if (h->mtu > XDP_MAX_MTU)
		return why_set(why, EMSGSIZE,
			       "interface '%s' has MTU %u, xdp serves up to %u: ip link set %s mtu "
			       "1500, or use packet",
			       ifname, h->mtu, XDP_MAX_MTU, ifname);
	queues = xdphost_queues(ifname);
	if (queues > 1)
		return why_set(
			why, EINVAL,
			"interface '%s' has %u receive queues, xdp serves one: ethtool -L %s "
			"combined 1 (or rx 1), or use packet",
			ifname, queues, ifname);
	return 0;
}

static int xdphost_open_socket(const char *ifname, const char **why)
{
	int fd = raw_socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd == -EPERM)
		return why_set(why, EPERM,
			       "interface '%s': an AF_XDP socket needs CAP_NET_RAW: run as root",
			       ifname);
	if (fd == -EAFNOSUPPORT)
		return why_set(why, EAFNOSUPPORT,
			       "interface '%s': the host kernel has no AF_XDP: use packet", ifname);
	if (fd < 0)
		return why_set(why, -fd, "interface '%s': cannot open an AF_XDP socket: %s", ifname,
			       strerror(-fd));
	raw_setsockopt_int(fd, SOL_SOCKET, SO_SNDBUFFORCE, SNDBUF);
	return fd;
}

static int xdphost_open(const char *ifname, const char **why)
{
	struct hostif h;
	int fd, err;

	err = xdphost_check(ifname, &h, why);
	if (err)
		return err;
	if (nheld == MAX_HELD)
		return why_set(why, EMFILE, "interface '%s': more than %d interfaces by xdp",
			       ifname, MAX_HELD);
	fd = xdphost_open_socket(ifname, why);
	if (fd < 0)
		return fd;
	err = xdptool_start(ifname, fd, why);
	if (err < 0) {
		raw_close(fd);
		return err;
	}
	strncpy(held[nheld].ifname, ifname, IF_NAMESIZE - 1);
	held[nheld++].control = err;
	return fd;
}

static int xdphost_control_of(const char *ifname)
{
	for (unsigned int i = 0; i < nheld; i++) {
		if (!strcmp(held[i].ifname, ifname))
			return (int)i;
	}
	return -1;
}

static void xdphost_undo(int fd, const char *ifname)
{
	int i = xdphost_control_of(ifname);

	if (i < 0)
		return;
	xdptool_end(held[i].control);
	held[i] = held[--nheld];
}

/* The link-local address inside follows from the Ethernet address, as the host's may. */
static void steer_add_link_local(struct steer *s, const uint8_t mac[6])
{
	struct steer_addr a = {.family = AF_INET6, .shared = true};

	if (s->naddrs == STEER_ADDRS)
		return;
	a.bytes[0] = 0xfe;
	a.bytes[1] = 0x80;
	memcpy(a.bytes + 8, mac, 3);
	a.bytes[8] ^= 2;
	a.bytes[11] = 0xff;
	a.bytes[12] = 0xfe;
	memcpy(a.bytes + 13, mac + 3, 3);
	s->addr[s->naddrs++] = a;
}

/* The stack's addresses and ports; the host's are its own where nothing is said. */
static void xdphost_from_flows(struct steer *s, const struct flows *f)
{
	memset(s, 0, sizeof(*s));
	for (uint32_t i = 0; i < f->naddrs && s->naddrs < STEER_ADDRS; i++) {
		const struct flows_addr *a = &f->addr[i];
		struct steer_addr *to = &s->addr[s->naddrs];

		if (a->owner == FLOWS_HOST)
			continue;
		to->family = (uint8_t)a->family;
		to->shared = a->owner == FLOWS_SHARED;
		memcpy(to->bytes, a->bytes, sizeof(to->bytes));
		s->naddrs++;
	}
	s->first = f->first;
	s->last = f->last;
	for (uint32_t i = 0; i < f->nports && i < STEER_PORTS; i++)
		s->port[s->nports++] =
			(struct steer_port){(uint8_t)f->port[i].proto, f->port[i].port};
}

static int xdphost_steer(const char *ifname, const struct flows *f, const char **why)
{
	struct steer all;
	struct hostif h;
	int i = xdphost_control_of(ifname);
	int err = hostif_get(-1, ifname, &h);

	if (err || i < 0)
		return why_set(why, err ? -err : ENODEV, "interface '%s' is not served by xdp",
			       ifname);
	xdphost_from_flows(&all, f);
	steer_add_link_local(&all, h.mac);
	return xdptool_steer(held[i].control, ifname, &all, why);
}

const struct backend_opening opening_xdp = {
	.name = "xdp",
	.opener = BACKEND_OPENER,
	.shares = true,
	.open = xdphost_open,
	.undo = xdphost_undo,
	.steer = xdphost_steer,
};
