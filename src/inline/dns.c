// SPDX-License-Identifier: GPL-2.0-only
/*
 * dns.c - the resolver's state, with our proxy as its name servers.
 *
 * Theory of operation: the list of name servers in a res_state belongs to the
 * application, and glibc honours a changed one (and does not reload
 * resolv.conf over it). For one look-up the addresses are replaced by the proxy's
 * on 127.0.0.1, one for one, so the order, time-outs and rotation remain
 * the resolver's. Name servers on loopback are the host's and stay.
 *
 * If the run has name servers of its own (netconf/nameservers.h), these and their domains take the
 * place of all that the host's file says but its options. glibc reads that file by calls that no
 * hook sees, and its list is shorter: the first DNS_SERVERS are asked.
 *
 * Limits: with musl names are resolved through the host.
 *
 * An IPv6 name server stands behind the pointer _u._ext.nsaddrs[i] while
 * sin_family is 0. The resolver copies IPv4 addresses to the same place, so what
 * stood there is saved and put back too.
 */
#include "inline/real.h"
#include "sockets/address.h"
#include "inline/dns.h"
#include "inline/life.h"
#include "inline/thread.h"

#include <arpa/nameser.h>
#include <string.h>

/* Not there in musl, whose resolver has no state that could be changed: its queries are the host's.
 */
#pragma weak __res_ninit

#define NOBODY 1 /* a port on which nobody listens */

static int dns_server_at(res_state st, int i, struct dns_server *s)
{
	memset(s, 0, sizeof(*s));
	s->index = i;
	if (st->nsaddr_list[i].sin_family == AF_INET) {
		s->len = sizeof(st->nsaddr_list[i]);
		memcpy(&s->addr, &st->nsaddr_list[i], s->len);
	} else if (st->_u._ext.nsaddrs[i]) {
		s->len = sizeof(*st->_u._ext.nsaddrs[i]);
		memcpy(&s->addr, st->_u._ext.nsaddrs[i], s->len);
	} else {
		return -ENOENT;
	}
	return address_class((void *)&s->addr, s->len) == ADDRESS_OTHER ? 0 : -ENOENT;
}

static void dns_save(struct dns *d)
{
	memcpy(d->search, d->state->dnsrch, sizeof(d->search));
	d->count = d->state->nscount;
	memcpy(d->list, d->state->nsaddr_list, sizeof(d->list));
	for (int i = 0; i < DNS_SERVERS; i++)
		if (d->state->_u._ext.nsaddrs[i])
			d->ext[i] = *d->state->_u._ext.nsaddrs[i];
}

static void dns_restore(struct dns *d)
{
	memcpy(d->state->dnsrch, d->search, sizeof(d->search));
	d->state->nscount = d->count;
	memcpy(d->state->nsaddr_list, d->list, sizeof(d->list));
	for (int i = 0; i < DNS_SERVERS; i++)
		if (d->state->_u._ext.nsaddrs[i] && d->ext[i].sin6_family)
			*d->state->_u._ext.nsaddrs[i] = d->ext[i];
}

/* libc's rule: without domains the host's own name has one. */
static void dns_replace_search(struct dns *d, const char *search)
{
	char host[NAMESERVERS_SEARCH] = "", *word, *rest;
	const char *dot;
	int n = 0;

	if (!*search && !gethostname(host, sizeof(host) - 1) && (dot = strchr(host, '.')))
		search = dot + 1;
	memcpy(d->words, search, strlen(search) + 1);
	for (word = strtok_r(d->words, " ", &rest); word && n < MAXDNSRCH;
	     word = strtok_r(NULL, " ", &rest))
		d->state->dnsrch[n++] = word;
	d->state->dnsrch[n] = NULL;
}

/* Those on loopback are the host's, and must be IPv4's: the list has no room for others here. */
static int dns_replace(struct dns *d, const struct nameservers *ns, struct dns_server *servers)
{
	res_state st = d->state;
	int n = 0;

	dns_replace_search(d, ns->search);
	st->nscount = 0;
	for (unsigned int i = 0; i < ns->n && st->nscount < DNS_SERVERS; i++) {
		const struct ip_addr *a = &ns->server[i];
		struct dns_server *s = &servers[n];
		struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(NAMESERVER_PORT)};
		struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
					   .sin6_port = htons(NAMESERVER_PORT)};
		bool v4 = a->family == AF_INET;

		memset(s, 0, sizeof(*s));
		memcpy(v4 ? (void *)&in.sin_addr : (void *)&in6.sin6_addr, a->bytes, v4 ? 4 : 16);
		s->len = v4 ? sizeof(in) : sizeof(in6);
		memcpy(&s->addr, v4 ? (void *)&in : (void *)&in6, s->len);
		s->index = st->nscount;
		if (address_class((void *)&s->addr, s->len) == ADDRESS_OTHER)
			n++;
		else if (!v4)
			continue;
		st->nsaddr_list[st->nscount++] = in;
	}
	return n;
}

static int dns_servers(struct dns *d, struct dns_server *servers)
{
	const struct nameservers *ns = life_names();
	int n = 0;

	if (ns)
		return dns_replace(d, ns, servers);
	for (int i = 0; i < d->count && i < DNS_SERVERS; i++)
		if (dns_server_at(d->state, i, &servers[n]) == 0)
			n++;
	return n;
}

void dns_begin(struct dns *d, res_state state)
{
	struct dns_server servers[DNS_SERVERS];
	int n, saved = errno;

	memset(d, 0, sizeof(*d));
	if (!res_ninit)
		goto out;
	if (!(state->options & RES_INIT) && res_ninit(state) < 0)
		goto out;
	d->state = state;
	dns_save(d);
	n = dns_servers(d, servers);
	if (!n)
		goto out;
	self.bypass++;
	if (stack_is_up() || life_start() == 0)
		d->proxy = dns_proxy_start(servers, n);
	self.bypass--;
	for (int i = 0; i < n; i++) {
		struct sockaddr_in nobody = {.sin_family = AF_INET,
					     .sin_port = htons(NOBODY),
					     .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

		state->nsaddr_list[servers[i].index] =
			d->proxy ? dns_proxy_server(d->proxy, i)->local : nobody;
	}
out:
	errno = saved;
}

void dns_end(struct dns *d)
{
	int saved = errno;

	if (d->state)
		dns_restore(d);
	if (d->proxy)
		dns_proxy_stop(d->proxy);
	errno = saved;
}
