/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gateway.h - the stack as a router of connections: packets come in by one interface, and go on
 * over all the others.
 *
 *	clients' packets		in0 (tun, tap, an inherited descriptor)
 *	TCP		ends here: rules.c, relay.c, goes on as MPTCP or TCP by all paths
 *	UDP, ICMP	forwarded, with the address of the path that they leave by (rules.c)
 *
 * A stack of its own for programs that nothing can be loaded into and whose calls nobody can
 * answer: all that they need is a route.
 */
#ifndef PERSONA_GATEWAY_GATEWAY_H
#define PERSONA_GATEWAY_GATEWAY_H

#include <stdbool.h>
#include "gateway/socks.h"
#include "netconf/spec.h"

struct backend_ops;
struct config;

#define GATEWAY_MTU 1500

/*
 * Packets that wait for the stack on the host's end. Thousands of clients send at a time, and again
 * together what was lost of that: a queue of 500, the kernel's own, loses most of it each time.
 */
#define GATEWAY_QUEUE	  8192
#define GATEWAY_MTU_LEAST 1280 /* IPv6's */

/* What an interface has, and what its clients' end is given, where -i and --in name nothing. */
#define GATEWAY_ADDR4	"198.18.0.1"
#define GATEWAY_CLIENT4 "198.18.0.2"
#define GATEWAY_PREFIX4 30
#define GATEWAY_ADDR6	"fd70:6572:736f:6e61::1"
#define GATEWAY_CLIENT6 "fd70:6572:736f:6e61::2"
#define GATEWAY_PREFIX6 64

/**
 * struct gateway - what one gateway is
 * @config: of the stack; its interfaces are the paths
 * @kind:   of the back end that clients' packets come by
 * @fd:	    its descriptor, the gateway's from gateway_start() on
 * @ifname: its interface, as the user named it
 * @addr:   the stack's own addresses there, @naddrs; none: it has none, and needs none without a
 *	    link layer
 * @mtu:    of that interface, 0: as it is
 * @socks:  connections go on by that server; NULL: to where clients want them
 * @argv:   for `persona ps`
 */
struct gateway {
	const struct config *config;
	const struct backend_ops *kind;
	int fd;
	char ifname[IF_NAMESIZE];
	struct ip_addr addr[2];
	unsigned int naddrs;
	unsigned int mtu;
	const struct socks_server *socks;
	char *const *argv;
};

/**
 * gateway_start() - start the stack, its inlet, and the threads that relay
 * @why: on failure one sentence
 *
 * @g stays the gateway's until gateway_stop(). One per process; same thread-safety as
 * stack_up(). Return: 0 or -errno; nothing is left then.
 */
int gateway_start(const struct gateway *g, const char **why);

/**
 * gateway_deliver() - wait until what clients have sent is acknowledged by the far ends
 * @seconds: at most
 *
 * For clients that have ended. Return: how many connections are left.
 */
unsigned int gateway_deliver(int seconds);

/** gateway_stop() - reset what is open, and stop the stack. */
void gateway_stop(void);

#endif /* PERSONA_GATEWAY_GATEWAY_H */
