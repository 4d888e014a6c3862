// SPDX-License-Identifier: GPL-2.0-only
/*
 * resolve.c - getaddrinfo() and its relatives.
 *
 * Theory of operation: libc does the work, with all of its NSS rules; only the
 * queries to name servers take the way through the stack (dns.c). Numeric addresses
 * need no name server, and go straight to libc.
 *
 * getaddrinfo() looks at the host's interfaces in two places, and is corrected
 * in both. AI_ADDRCONFIG is taken out, and the family restricted by the
 * addresses the stack has. The result is sorted by what the host can reach; so what
 * the stack can reach is moved to the front, in the order it came.
 *
 * Limits: names resolved by other means than the dns module (nscd, systemd-resolved, mDNS) are
 * the host's.
 */
#include "inline/real.h"
#include "sockets/address.h"
#include "inline/dns.h"
#include "inline/edge.h"
#include "inline/life.h"
#include "inline/netif.h"
#include "inline/thread.h"

#include <arpa/inet.h>
#include <string.h>

/* Run @call with the resolver of this thread led through the stack. */
#define THROUGH(state, ret, call)        \
	do {                             \
		struct dns dns_;         \
                                         \
		if (self.bypass) {       \
			ret = call;      \
			break;           \
		}                        \
		dns_begin(&dns_, state); \
		ret = call;              \
		dns_end(&dns_);          \
	} while (0)

static bool resolve_numeric(const char *name)
{
	unsigned char addr[16];
	char text[64];
	size_t n = strcspn(name, "%");

	if (n >= sizeof(text))
		return false;
	memcpy(text, name, n);
	text[n] = '\0';
	return inet_aton(name, (struct in_addr *)addr) || inet_pton(AF_INET6, text, addr) == 1;
}

static bool resolve_reachable(const struct addrinfo *ai)
{
	long fd, ret;

	if (ai->ai_family != AF_INET && ai->ai_family != AF_INET6)
		return true;
	if (address_class(ai->ai_addr, ai->ai_addrlen) != ADDRESS_OTHER)
		return true;
	fd = edge(SYS_socket, ai->ai_family, SOCK_DGRAM, 0, 0, 0, 0);
	if (fd < 0)
		return false;
	ret = edge(SYS_connect, fd, ai->ai_addr, ai->ai_addrlen, 0, 0, 0);
	edge_close((int)fd);
	return ret == 0;
}

/* Unreachable ones last; the canonical name stays with the first. */
static void resolve_sort(struct addrinfo **res)
{
	struct addrinfo *good = NULL, *bad = NULL, **goods = &good, **bads = &bad, *ai;
	char *canon = (*res)->ai_canonname;

	(*res)->ai_canonname = NULL;
	for (ai = *res; ai; ai = ai->ai_next) {
		struct addrinfo ***tail = resolve_reachable(ai) ? &goods : &bads;

		**tail = ai;
		*tail = &ai->ai_next;
	}
	*bads = NULL;
	*goods = bad;
	*res = good ? good : bad;
	(*res)->ai_canonname = canon;
}

/* AI_ADDRCONFIG by the stack's addresses; an EAI_ code or 0. */
static int resolve_restrict_family(struct addrinfo *hints)
{
	bool v4, v6;

	hints->ai_flags &= ~AI_ADDRCONFIG;
	if (netif_families(&v4, &v6) || (!v4 && !v6))
		return 0;
	if ((hints->ai_family == AF_INET && !v4) || (hints->ai_family == AF_INET6 && !v6))
		return EAI_NONAME;
	if (hints->ai_family == AF_UNSPEC && v4 != v6)
		hints->ai_family = v4 ? AF_INET : AF_INET6;
	return 0;
}

HOOK int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		     struct addrinfo **res)
{
	struct addrinfo h = {0};
	int ret;

	/* Without a hints argument glibc means AI_V4MAPPED and AI_ADDRCONFIG. */
	if (hints)
		h = *hints;
	else
		h.ai_flags = AI_V4MAPPED | AI_ADDRCONFIG;
	if (!node || h.ai_flags & AI_NUMERICHOST || self.bypass || resolve_numeric(node)) {
		h.ai_flags &= self.bypass ? ~0 : ~AI_ADDRCONFIG;
		return real(getaddrinfo)(node, service, &h, res);
	}
	if (h.ai_flags & AI_ADDRCONFIG) {
		ret = resolve_restrict_family(&h);
		if (ret)
			return ret;
	}
	THROUGH(&_res, ret, real(getaddrinfo)(node, service, &h, res));
	if (!ret && (*res)->ai_next && stack_is_up()) {
		int saved = errno;

		resolve_sort(res);
		errno = saved;
	}
	return ret;
}

HOOK int getnameinfo(const struct sockaddr *sa, socklen_t salen, char *host, socklen_t hostlen,
		     char *serv, socklen_t servlen, int flags)
{
	int ret;

	if (!host || !hostlen || flags & NI_NUMERICHOST)
		return real(getnameinfo)(sa, salen, host, hostlen, serv, servlen, flags);
	THROUGH(&_res, ret, real(getnameinfo)(sa, salen, host, hostlen, serv, servlen, flags));
	return ret;
}

HOOK struct hostent *gethostbyname(const char *name)
{
	struct hostent *ret;

	if (resolve_numeric(name))
		return real(gethostbyname)(name);
	THROUGH(&_res, ret, real(gethostbyname)(name));
	return ret;
}

HOOK struct hostent *gethostbyname2(const char *name, int af)
{
	struct hostent *ret;

	THROUGH(&_res, ret, real(gethostbyname2)(name, af));
	return ret;
}

HOOK struct hostent *gethostbyaddr(const void *addr, socklen_t len, int type)
{
	struct hostent *ret;

	THROUGH(&_res, ret, real(gethostbyaddr)(addr, len, type));
	return ret;
}

HOOK int gethostbyname_r(const char *name, struct hostent *he, char *buf, size_t len,
			 struct hostent **res, int *herr)
{
	int ret;

	if (resolve_numeric(name))
		return real(gethostbyname_r)(name, he, buf, len, res, herr);
	THROUGH(&_res, ret, real(gethostbyname_r)(name, he, buf, len, res, herr));
	return ret;
}

HOOK int gethostbyname2_r(const char *name, int af, struct hostent *he, char *buf, size_t len,
			  struct hostent **res, int *herr)
{
	int ret;

	THROUGH(&_res, ret, real(gethostbyname2_r)(name, af, he, buf, len, res, herr));
	return ret;
}

HOOK int gethostbyaddr_r(const void *addr, socklen_t alen, int type, struct hostent *he, char *buf,
			 size_t len, struct hostent **res, int *herr)
{
	int ret;

	THROUGH(&_res, ret, real(gethostbyaddr_r)(addr, alen, type, he, buf, len, res, herr));
	return ret;
}

HOOK int res_query(const char *name, int cls, int type, unsigned char *answer, int len)
{
	int ret;

	THROUGH(&_res, ret, real(res_query)(name, cls, type, answer, len));
	return ret;
}
HOOK_ALIAS(__res_query, res_query);

HOOK int res_search(const char *name, int cls, int type, unsigned char *answer, int len)
{
	int ret;

	THROUGH(&_res, ret, real(res_search)(name, cls, type, answer, len));
	return ret;
}
HOOK_ALIAS(__res_search, res_search);

HOOK int res_querydomain(const char *name, const char *domain, int cls, int type,
			 unsigned char *answer, int len)
{
	int ret;

	THROUGH(&_res, ret, real(res_querydomain)(name, domain, cls, type, answer, len));
	return ret;
}
HOOK_ALIAS(__res_querydomain, res_querydomain);

HOOK int res_send(const unsigned char *msg, int msglen, unsigned char *answer, int len)
{
	int ret;

	THROUGH(&_res, ret, real(res_send)(msg, msglen, answer, len));
	return ret;
}
HOOK_ALIAS(__res_send, res_send);

HOOK int res_nquery(res_state state, const char *name, int cls, int type, unsigned char *answer,
		    int len)
{
	int ret;

	THROUGH(state, ret, real(res_nquery)(state, name, cls, type, answer, len));
	return ret;
}
HOOK_ALIAS(__res_nquery, res_nquery);

HOOK int res_nsearch(res_state state, const char *name, int cls, int type, unsigned char *answer,
		     int len)
{
	int ret;

	THROUGH(state, ret, real(res_nsearch)(state, name, cls, type, answer, len));
	return ret;
}
HOOK_ALIAS(__res_nsearch, res_nsearch);

HOOK int res_nquerydomain(res_state state, const char *name, const char *domain, int cls, int type,
			  unsigned char *answer, int len)
{
	int ret;

	THROUGH(state, ret, real(res_nquerydomain)(state, name, domain, cls, type, answer, len));
	return ret;
}
HOOK_ALIAS(__res_nquerydomain, res_nquerydomain);

HOOK int res_nsend(res_state state, const unsigned char *msg, int msglen, unsigned char *answer,
		   int len)
{
	int ret;

	THROUGH(state, ret, real(res_nsend)(state, msg, msglen, answer, len));
	return ret;
}
HOOK_ALIAS(__res_nsend, res_nsend);
