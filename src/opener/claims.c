// SPDX-License-Identifier: GPL-2.0-only
/*
 * claims.c - addresses that one run at a time has on an interface, see claims.h.
 *
 * Two stacks that both have an address of their own to themselves see each other's segments, know
 * nothing of those connections, and reset them. (On addresses that they share with the host, ports
 * part them.) So each such address is claimed, for as long as holder.c says: by a name in the
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
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "backend/opening/flows.h"
#include "lib/why.h"
#include "opener/claims.h"
#include "lib/netname.h"

#define CLAIMS_MAX  64 /* eight addresses of each of OPENER_SLOTS interfaces */
#define PATIENCE_MS 2000

/**
 * struct claim - an address that is the run's
 * @fd: holds the name, or -1: it has lapsed
 */
static struct claim {
	char ifname[IF_NAMESIZE];
	char addr[INET6_ADDRSTRLEN];
	int fd;
} claims[CLAIMS_MAX];

static unsigned int nclaims;

static struct claim *claims_find(const char *ifname, const char *addr)
{
	for (unsigned int i = 0; i < nclaims; i++) {
		if (!strcmp(claims[i].ifname, ifname) && !strcmp(claims[i].addr, addr))
			return &claims[i];
	}
	return NULL;
}

static int claims_hold(struct claim *c, const char **why)
{
	char name[NETNAME_MAX];
	int fd;

	snprintf(name, sizeof(name), "persona-address/%s/%s", c->ifname, c->addr);
	fd = netname_take(name, PATIENCE_MS);
	if (fd == -EBUSY)
		return why_set(why, EADDRINUSE,
			       "%s: %s is in use by another run: join that (persona exec), or give "
			       "this one another address by ip=",
			       c->ifname, c->addr);
	if (fd < 0)
		return why_set(why, -fd, "%s: persona-opener cannot claim %s: %s", c->ifname,
			       c->addr, strerror(-fd));
	c->fd = fd;
	return 0;
}

static int claims_take_one(const char *ifname, const struct flows_addr *a, const char **why)
{
	struct claim *c = &claims[nclaims];
	char text[INET6_ADDRSTRLEN];
	int err;

	inet_ntop(a->family, a->bytes, text, sizeof(text));
	if (claims_find(ifname, text))
		return 0;
	if (nclaims == CLAIMS_MAX)
		return why_set(why, ENOBUFS, "persona-opener: no more than %d addresses of a run",
			       CLAIMS_MAX);
	snprintf(c->ifname, sizeof(c->ifname), "%s", ifname);
	memcpy(c->addr, text, sizeof(c->addr));
	err = claims_hold(c, why);
	if (!err)
		nclaims++;
	return err;
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

void claims_lapse(void)
{
	for (unsigned int i = 0; i < nclaims; i++) {
		if (claims[i].fd >= 0)
			close(claims[i].fd);
		claims[i].fd = -1;
	}
}

int claims_renew(const char **why)
{
	int err = 0;

	for (unsigned int i = 0; i < nclaims && !err; i++) {
		if (claims[i].fd < 0)
			err = claims_hold(&claims[i], why);
	}
	return err;
}

void claims_release(void)
{
	claims_lapse();
	nclaims = 0;
}
