/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * namespace.h - a network namespace for one program tree, whose only way out is an inlet.
 */
#ifndef PERSONA_GATEWAY_NAMESPACE_H
#define PERSONA_GATEWAY_NAMESPACE_H

#include <stdbool.h>
#include "netconf/nameservers.h"
#include "netconf/spec.h"

#define NAMESPACE_DEVICE "persona0"

/**
 * struct namespace_room - what the namespace gets
 * @addr:    the client's addresses, @naddrs
 * @gw:      for each of them the gateway of its family's default route
 * @mtu:     of its interface
 * @resolv:  text for /etc/resolv.conf there; "": the host's
 */
struct namespace_room {
	struct ip_addr addr[2], gw[2];
	unsigned int naddrs;
	unsigned int mtu;
	char resolv[NAMESERVERS_TEXT];
};

/**
 * namespace_enter() - in the child that becomes the program: make the namespace and enter it
 * @fds: receives the descriptors of the TUN interface and of the namespace
 * @why: on failure one sentence
 *
 * Without root it is made in a user namespace of its own, where the user is the same. One thread.
 * Return: 0 or -errno.
 */
int namespace_enter(const struct namespace_room *r, int fds[2], const char **why);

/** namespace_pass() - send both descriptors by socket @sock; 0 or -errno. */
int namespace_pass(int sock, const int fds[2]);

/** namespace_take() - receive them, close-on-exec; 0 or -errno (-EPIPE: the other end has died). */
int namespace_take(int sock, int fds[2]);

#endif /* PERSONA_GATEWAY_NAMESPACE_H */
