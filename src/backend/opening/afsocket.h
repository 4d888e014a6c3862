/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * afsocket.h - packet sockets of back ends `packet` and `rawip`, as both halves see them.
 */
#ifndef PERSONA_BACKEND_OPENING_AFSOCKET_H
#define PERSONA_BACKEND_OPENING_AFSOCKET_H

#include <linux/if_packet.h>
#include "backend/opening/hostif.h"
#include "backend/opening/opening.h"

/**
 * afsocket_check() - is the interface there, of the right type, and up?
 * @fd: -1, or a descriptor that must be a packet socket of its network namespace
 * @h:	receives the interface's facts
 *
 * Return: 0, or -errno with the sentence in @why.
 */
int afsocket_check(int fd, enum backend_link link, const char *ifname, struct hostif *h,
		   const char **why);

/** afsocket_address() - address of @protocol (ETH_P_*) on an interface. */
void afsocket_address(struct sockaddr_ll *to, int ifindex, uint16_t protocol);

#endif /* PERSONA_BACKEND_OPENING_AFSOCKET_H */
