/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tapfd.h - frames through a descriptor of the TUN/TAP family: what tap, tun,
 * macvtap and fd have in common. The functions are fit for struct backend_ops.
 */
#ifndef PERSONA_BACKEND_TAPFD_H
#define PERSONA_BACKEND_TAPFD_H

#include "backend/backend.h"

/**
 * tapfd_make() - make a back end of a descriptor that is bound to its device
 * @ops:    the kind
 * @fd:	    descriptor; with IFF_VNET_HDR there are offloads, without none; the back end's from
 *	    now on if this succeeds
 * @ifname: the interface as the user named it
 * @device: the device behind @fd, whose MTU and Ethernet address are taken; NULL if it cannot
 *	    be asked (MTU 1500)
 *
 * Return: 0, or -errno with one sentence in @why. To be called by one thread.
 */
int tapfd_make(struct backend **be, const struct backend_ops *ops, enum backend_link link, int fd,
	       const char *ifname, const char *device, const char **why);

int tapfd_tx(struct backend *be, unsigned int queue, struct backend_frame *f, unsigned int n);
int tapfd_rx(struct backend *be, unsigned int queue, struct backend_frame *f, unsigned int n);
void tapfd_close(struct backend *be);

#endif /* PERSONA_BACKEND_TAPFD_H */
