// SPDX-License-Identifier: GPL-2.0-only
/*
 * claims.c - addresses that one run at a time has on an interface, see claims.h.
 *
 * Two stacks that both have an address of their own to themselves see each other's segments, know
 * nothing of those connections, and reset them. (On addresses that they share with the host, ports
 * part them.) So each such address is claimed for as long as the opener lives: by a name in the
 * network namespace (netname.h) made of the interface's name and the address. The interface's name
 * rather than its index, since a run goes on when its interface was removed and is there again.
 *
 * A run that has just ended may still be releasing what it had, after a kill above all; so a claim
 * waits for it a little.
 *
 * Ownership: all state is static. One thread.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "backend/opening/flows.h"
#include "lib/why.h"
#include "opener/claims.h"
#include "opener/netname.h"

#define CLAIMS_MAX  64 /* eight addresses of each of OPENER_SLOTS interfaces */
#define PATIENCE_MS 2000

static struct claim {
	char name[NETNAME_MAX];
	int fd;
} claims[CLAIMS_MAX];

static unsigned int nclaims;

static bool claims_ours(const char *name)
{
	for (unsigned int i = 0; i < nclaims; i++) {
		if (!strcmp(claims[i].name, name))
			return true;
	}
	return false;
}

static int claims_take_one(const char *ifname, const struct flows_addr *a, const char **why)
{
	struct claim *c = &claims[nclaims];
	char text[INET6_ADDRSTRLEN], name[NETNAME_MAX];
	int fd;

	inet_ntop(a->family, a->bytes, text, sizeof(text));
	snprintf(name, sizeof(name), "persona-address/%.*s/%s", IF_NAMESIZE, ifname, text);
	if (claims_ours(name))
		return 0;
	if (nclaims == CLAIMS_MAX)
		return why_set(why, ENOBUFS, "persona-opener: no more than %d addresses of a run",
			       CLAIMS_MAX);
	fd = netname_take(name, PATIENCE_MS);
	if (fd == -EBUSY)
		return why_set(why, EADDRINUSE,
			       "%s: %s is in use by another run: join that (persona exec), or give "
			       "this one another address by ip=",
			       ifname, text);
	if (fd < 0)
		return why_set(why, -fd, "%s: persona-opener cannot claim %s: %s", ifname, text,
			       strerror(-fd));
	memcpy(c->name, name, sizeof(name));
	c->fd = fd;
	nclaims++;
	return 0;
}

int claims_take(const char *ifname, const struct flows *f, const char **why)
{
	int err = 0;

	for (uint32_t i = 0; i < f->naddrs && !err; i++) {
		if (f->addr[i].owner == FLOWS_OWN)
			err = claims_take_one(ifname, &f->addr[i], why);
	}
	return err;
}

void claims_release(void)
{
	while (nclaims)
		close(claims[--nclaims].fd);
}
