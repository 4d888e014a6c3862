/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rtlink.h - make, find and delete macvtap links of the host by rtnetlink.
 *
 * What netconf/netlink.c does for everybody else is done here without memory
 * allocation, for the part of a back end that runs with privileges. All
 * functions open a socket for their own use, and are thread-safe.
 */
#ifndef PERSONA_BACKEND_OPENING_RTLINK_H
#define PERSONA_BACKEND_OPENING_RTLINK_H

#include <net/if.h>

#define RTLINK_ALIAS 64 /* bytes of an alias that are looked at */

/**
 * rtlink_add_macvtap() - make a macvtap link in bridge mode; it is down
 * @name:  its name; -EEXIST if that is taken
 * @lower: index of the interface it sits on, whose MTU it takes over
 *
 * Return: 0 or -errno (-EPERM without CAP_NET_ADMIN, -EOPNOTSUPP if the kernel has no macvtap).
 */
int rtlink_add_macvtap(const char *name, int lower);

/**
 * rtlink_dress() - give a link an alias, and keep the host's IPv6 off it
 * @alias: text that `ip link` shows
 *
 * Return: 0 or -errno; a kernel without IPv6 is no error.
 */
int rtlink_dress(const char *name, const char *alias);

/** rtlink_del() - delete a link; 0 or -errno (-ENODEV: there is none). */
int rtlink_del(const char *name);

/**
 * rtlink_macvtaps() - call @each for all macvtap links of the network namespace
 * @each: non-zero ends the walk and is returned; must not change links
 */
int rtlink_macvtaps(int (*each)(const char *name, const char *alias, void *arg), void *arg);

#endif /* PERSONA_BACKEND_OPENING_RTLINK_H */
