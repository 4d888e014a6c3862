/* SPDX-License-Identifier: GPL-2.0-only */
/* dns.h - libc's resolver asks its questions through the stack. */
#ifndef PERSONA_INLINE_DNS_H
#define PERSONA_INLINE_DNS_H

#include <netinet/in.h>
#include <resolv.h>
#include "netconf/nameservers.h"

#define DNS_SERVERS MAXNS

struct dns_proxy;

/* One look-up: what was in the resolver's state, and the proxy in its place; @words: of @search. */
struct dns {
	res_state state;
	int count;
	char *search[MAXDNSRCH + 1];
	char words[NAMESERVERS_SEARCH];
	struct sockaddr_in list[DNS_SERVERS];
	struct sockaddr_in6 ext[DNS_SERVERS];
	struct dns_proxy *proxy;
};

/**
 * dns_begin() - lead @state's name servers through the stack until dns_end()
 *
 * Never fails: without a stack the resolver finds nobody, which it reports.
 */
void dns_begin(struct dns *d, res_state state);
void dns_end(struct dns *d);

/* The proxy itself, dnsproxy.c: */

struct dns_server {
	struct sockaddr_storage addr; /* the real one */
	socklen_t len;
	int index;		  /* in the resolver's list */
	struct sockaddr_in local; /* where the proxy listens for it */
	int udp, tcp;		  /* host sockets of the proxy */
	int query;		  /* stack socket, -1 until the first query */
};

/** dns_proxy_start() - serve @n servers; fills in local. NULL on failure. */
struct dns_proxy *dns_proxy_start(struct dns_server *servers, int n);

/** dns_proxy_local() - where server @i is served. */
const struct dns_server *dns_proxy_server(const struct dns_proxy *p, int i);

/** dns_proxy_stop() - end the thread and free everything. */
void dns_proxy_stop(struct dns_proxy *p);

#endif /* PERSONA_INLINE_DNS_H */
