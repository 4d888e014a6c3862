/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * afsocket.h - a packet socket made ready for frames with offloads.
 */
#ifndef PERSONA_BACKEND_AFSOCKET_H
#define PERSONA_BACKEND_AFSOCKET_H

#include <linux/if_packet.h>
#include "backend/backend.h"
#include "backend/hostif.h"

/**
 * afsocket_check() - is the interface there, of the right type, and up?
 * @fd: -1, or a descriptor that must be a packet socket of its network namespace
 * @h:	receives the interface's facts
 *
 * Return: 0, or -errno with the sentence in @why.
 */
int afsocket_check(int fd, enum backend_link link, const char *ifname, struct hostif *h,
		   const char **why);

/**
 * afsocket_open() - open, prepare and bind a packet socket
 * @h: what afsocket_check() has found
 *
 * Return: descriptor (non-blocking, CLOEXEC), or -errno with the sentence in @why.
 */
int afsocket_open(enum backend_link link, const char *ifname, const struct hostif *h,
		  const char **why);

/** afsocket_address() - address of @protocol (ETH_P_*) on an interface. */
void afsocket_address(struct sockaddr_ll *to, int ifindex, uint16_t protocol);

/** afsocket_gone() - after ENETDOWN: was the interface removed, or is it just down? */
bool afsocket_gone(int fd);

#endif /* PERSONA_BACKEND_AFSOCKET_H */
