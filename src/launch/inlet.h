/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * inlet.h - the host's interface that a gateway's packets come from.
 */
#ifndef PERSONA_LAUNCH_INLET_H
#define PERSONA_LAUNCH_INLET_H

#include <stdbool.h>
#include "netconf/spec.h"

struct backend_ops;
struct config;

/**
 * struct inlet - an interface and how the stack and the host are on it
 * @text:   as the user has it
 * @kind:   of the back end
 * @ifname: the interface, or a descriptor's number
 * @fd:     its descriptor
 * @addr:   the stack's own addresses, @naddrs; the host has those beside them
 * @mtu:    as given; 0: not
 * @made:   it was not there before: its addresses are ours to give
 * @routes: and so are the host's routes into it
 */
struct inlet {
	const char *text;
	const struct backend_ops *kind;
	char ifname[IF_NAMESIZE];
	int fd;
	struct ip_addr addr[2];
	unsigned int naddrs;
	unsigned int mtu;
	bool made;
	bool routes;
};

/** inlet_default_addresses() - give it those of the families that it has none of. */
void inlet_default_addresses(struct inlet *in);

/** inlet_beside() - the other end's address on a link where the stack has @a. */
struct ip_addr inlet_beside(const struct ip_addr *a);

/** inlet_parse() - @in->text is looked at, nothing else; 0 or an exit status, said. */
int inlet_parse(struct inlet *in);

/**
 * inlet_open() - open it, or make it; nothing leads into it yet
 * @c: the paths, as they were given
 *
 * Return: 0 or an exit status; what is wrong has been said.
 */
int inlet_open(struct inlet *in, const struct config *c);

/** inlet_dress() - an interface that was made gets addresses, MTU and routes; as inlet_open(). */
int inlet_dress(const struct inlet *in, unsigned int mtu);

/**
 * inlet_serve() - until one of the signals that are blocked for it, SIGINT, SIGTERM and SIGHUP,
 * comes
 *
 * An interface that goes down loses its routes: it is dressed again when it is up. Return: 0; an
 * exit status if it is gone, said.
 */
int inlet_serve(const struct inlet *in, unsigned int mtu);

#endif /* PERSONA_LAUNCH_INLET_H */
