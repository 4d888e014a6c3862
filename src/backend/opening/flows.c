// SPDX-License-Identifier: GPL-2.0-only
/*
 * flows.c - which frames of a host interface are the stack's: what can be said of the table.
 */
#include <netinet/in.h>
#include <sys/socket.h>
#include "backend/opening/flows.h"

bool flows_shared(const struct flows *f, int family)
{
	for (uint32_t i = 0; i < f->naddrs; i++) {
		if (f->addr[i].owner == FLOWS_SHARED && (!family || f->addr[i].family == family))
			return true;
	}
	return false;
}

bool flows_valid(const struct flows *f)
{
	if (f->naddrs > FLOWS_MAX_ADDRS || f->nports > FLOWS_MAX_PORTS || f->first > f->last ||
	    !f->first != !f->last)
		return false;
	for (uint32_t i = 0; i < f->naddrs; i++) {
		if ((f->addr[i].family != AF_INET && f->addr[i].family != AF_INET6) ||
		    f->addr[i].owner > FLOWS_HOST)
			return false;
	}
	for (uint32_t i = 0; i < f->nports; i++) {
		if ((f->port[i].proto != IPPROTO_TCP && f->port[i].proto != IPPROTO_UDP) ||
		    !f->port[i].port)
			return false;
	}
	return true;
}
