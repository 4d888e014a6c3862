// SPDX-License-Identifier: GPL-2.0-only
/*
 * hostif.c - facts about a host interface by ioctl, see hostif.h.
 */
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include "backend/opening/hostif.h"
#include "lib/rawsys.h"

static int hostif_query(int fd, const char *ifname, unsigned long req, struct ifreq *ifr)
{
	memset(ifr, 0, sizeof(*ifr));
	strncpy(ifr->ifr_name, ifname, sizeof(ifr->ifr_name) - 1);
	return raw_ioctl(fd, req, ifr);
}

/* An AF_UNIX socket answers interface ioctls too, and every sandbox allows it. */
static int hostif_socket(void)
{
	return raw_socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

int hostif_get(int fd, const char *ifname, struct hostif *h)
{
	struct ifreq ifr;
	int own = -1;
	int err;

	if (strlen(ifname) >= sizeof(ifr.ifr_name))
		return -ENODEV;
	if (fd < 0) {
		own = hostif_socket();
		if (own < 0)
			return own;
		fd = own;
	}

	err = hostif_query(fd, ifname, SIOCGIFINDEX, &ifr);
	if (err)
		goto out;
	h->index = ifr.ifr_ifindex;
	err = hostif_query(fd, ifname, SIOCGIFHWADDR, &ifr);
	if (err)
		goto out;
	h->type = ifr.ifr_hwaddr.sa_family;
	memcpy(h->mac, ifr.ifr_hwaddr.sa_data, sizeof(h->mac));
	err = hostif_query(fd, ifname, SIOCGIFFLAGS, &ifr);
	if (err)
		goto out;
	h->flags = (unsigned short)ifr.ifr_flags;
	err = hostif_query(fd, ifname, SIOCGIFMTU, &ifr);
	if (err)
		goto out;
	h->mtu = (unsigned int)ifr.ifr_mtu;
out:
	if (own >= 0)
		raw_close(own);
	return err;
}

int hostif_own_name(char ifname[IFNAMSIZ])
{
	struct ifreq ifr;
	int fd = hostif_socket(), err;

	if (fd < 0)
		return fd;
	err = hostif_query(fd, ifname, SIOCGIFINDEX, &ifr);
	if (!err)
		err = raw_ioctl(fd, SIOCGIFNAME, &ifr);
	if (!err)
		memcpy(ifname, ifr.ifr_name, IFNAMSIZ);
	raw_close(fd);
	return err;
}

int hostif_set_flags(const char *ifname, unsigned int flags)
{
	struct ifreq ifr;
	int fd, err;

	fd = hostif_socket();
	if (fd < 0)
		return fd;
	err = hostif_query(fd, ifname, SIOCGIFFLAGS, &ifr);
	if (!err) {
		ifr.ifr_flags |= (short)flags;
		err = raw_ioctl(fd, SIOCSIFFLAGS, &ifr);
	}
	raw_close(fd);
	return err;
}

int hostif_random_mac(uint8_t mac[6])
{
	long r = RAWSYS(SYS_getrandom, mac, 6, 0);

	mac[0] = (uint8_t)((mac[0] & ~1) | 2);
	return r == 6 ? 0 : -EIO;
}

int hostif_set_up(const char *ifname)
{
	return hostif_set_flags(ifname, IFF_UP);
}

int hostif_set_mac(const char *ifname, const uint8_t mac[6])
{
	struct ifreq ifr;
	int fd, err;

	fd = hostif_socket();
	if (fd < 0)
		return fd;
	err = hostif_query(fd, ifname, SIOCGIFHWADDR, &ifr);
	if (!err) {
		memcpy(ifr.ifr_hwaddr.sa_data, mac, 6);
		err = raw_ioctl(fd, SIOCSIFHWADDR, &ifr);
	}
	raw_close(fd);
	return err;
}

bool hostif_mac_valid(const uint8_t mac[6])
{
	static const uint8_t zero[6];

	return !(mac[0] & 1) && memcmp(mac, zero, sizeof(zero));
}
