/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hostif.h - what a back end must know of a host interface, read by ioctl.
 *
 * Ioctls rather than rtnetlink, because they work on any socket (of the right
 * network namespace) and need no permission, also in an app's sandbox.
 */
#ifndef PERSONA_BACKEND_OPENING_HOSTIF_H
#define PERSONA_BACKEND_OPENING_HOSTIF_H

#include <stdbool.h>
#include <stdint.h>
#include <net/if.h>
#include <net/if_arp.h>

#ifndef ARPHRD_RAWIP /* newer than some C libraries' list */
#define ARPHRD_RAWIP 519
#endif
#ifndef ARPHRD_NONE
#define ARPHRD_NONE 0xfffe
#endif

/**
 * struct hostif - facts about a host interface
 * @index: interface index
 * @type:  ARPHRD_*
 * @flags: IFF_*
 * @mtu:   bytes
 * @mac:   Ethernet address (ARPHRD_ETHER)
 */
struct hostif {
	int index;
	unsigned int type;
	unsigned int flags;
	unsigned int mtu;
	uint8_t mac[6];
};

/**
 * hostif_get() - read the facts
 * @fd:	    any socket in the interface's network namespace, or -1: the caller's
 * @ifname: the host's interface
 *
 * Return: 0, -ENODEV (no such interface), or another -errno.
 */
int hostif_get(int fd, const char *ifname, struct hostif *h);

/**
 * hostif_own_name() - the name of an interface, of which @ifname may be an altname
 *
 * Return: 0 with the name in @ifname, -ENODEV, or another -errno. An altname is at most as long as
 * a name here; the kernel has longer ones for rtnetlink alone.
 */
int hostif_own_name(char ifname[IFNAMSIZ]);

/** hostif_set_flags() - set IFF_* @flags beside those that are; needs CAP_NET_ADMIN; 0 or -errno.
 */
int hostif_set_flags(const char *ifname, unsigned int flags);

/** hostif_set_up() - set IFF_UP; needs CAP_NET_ADMIN; 0 or -errno. */
int hostif_set_up(const char *ifname);

/** hostif_random_mac() - a locally administered station's address; 0 or -errno. */
int hostif_random_mac(uint8_t mac[6]);

/** hostif_set_mac() - set the Ethernet address; needs CAP_NET_ADMIN; 0 or -errno. */
int hostif_set_mac(const char *ifname, const uint8_t mac[6]);

/** hostif_mac_valid() - is @mac usable as a station's address? */
bool hostif_mac_valid(const uint8_t mac[6]);

#endif /* PERSONA_BACKEND_OPENING_HOSTIF_H */
