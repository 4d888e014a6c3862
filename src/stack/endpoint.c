// SPDX-License-Identifier: GPL-2.0-only
/*
 * endpoint.c - endpoints that are names are resolved again by the host, see endpoint.h.
 *
 * Theory of operation
 *
 * The stack cannot resolve them: its own name servers may lie behind the tunnel, and inline, libc
 * is the program's. So a process of its own does (launch/resolver.c), which sleeps at the other
 * end of a socket until it is asked. It is asked when a name may have another address:
 *
 *	the back end tells of handshakes without an answer, and of strangers (udp_on_silence())
 *	the path is lost or left (watch.c)
 *	the host's interface has another address, or is back (follow.c)
 *
 * So nothing is asked of a name server while a tunnel is well, and no timer runs for it. A tunnel
 * without an answer sends its handshake each five seconds for a minute and a half when there is
 * something to send, and each time after that.
 *
 * One question for a far end is out at a time; what comes up meanwhile is asked after its answer.
 * What the network can cause alone, by datagrams, is asked each REST_MS at most.
 *
 * Threads: the follower (follow.c) alone, which never waits here. The back end's thread writes to
 * an eventfd, which stays for the next stack, since that thread may be about to. The resolver's
 * socket belongs to the configuration.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include "backend/backend.h"
#include "backend/opening/hostif.h"
#include "backend/udp.h"
#include "engine/engine.h"
#include "lib/clock.h"
#include "lib/rawsys.h"
#include "lib/trace.h"
#include "netconf/netconf.h"
#include "stack/config.h"
#include "stack/endpoint.h"
#include "stack/tunnel.h"
#include "stack/up.h"

#define PATIENCE_MS 60000 /* for an answer: more than libc's resolver takes */
#define REST_MS	    5000

static int resolver_fd = -1, silence_fd = -1;
static uint64_t asked_at[CONFIG_MAX_IFACES]; /* ms */
static uint32_t asked[CONFIG_MAX_IFACES];    /* a bit for each far end: the answer is awaited */
static uint32_t again[CONFIG_MAX_IFACES];    /* ask once more then */

static bool endpoint_among(const struct ip_addr *addr, const struct endpoint_answer *a)
{
	for (uint32_t i = 0; i < a->n; i++)
		if (ip_equal(&a->addr[i], addr))
			return true;
	return false;
}

const struct ip_addr *endpoint_choose(const struct ip_addr *now, const struct endpoint_answer *a,
				      bool (*has_way)(const struct ip_addr *a, void *arg),
				      void *arg)
{
	bool among = endpoint_among(now, a);

	if (among && has_way(now, arg))
		return NULL;
	for (uint32_t i = 0; i < a->n; i++)
		if (has_way(&a->addr[i], arg))
			return &a->addr[i];
	return among || !a->n ? NULL : &a->addr[0];
}

int endpoint_start(int resolver)
{
	struct netconf_iface *ifs;
	unsigned int n;

	if (resolver <= 0)
		return 0;
	memset(asked, 0, sizeof(asked));
	memset(again, 0, sizeof(again));
	if (silence_fd < 0)
		silence_fd = host_fd_keep((int)RAWSYS(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK));
	if (silence_fd < 0)
		return silence_fd;
	resolver_fd = resolver;
	ifs = stack_ifaces(&n);
	for (unsigned int i = 0; i < n; i++)
		if (ifs[i].lower && ifs[i].spec->named)
			udp_on_silence(ifs[i].be, silence_fd);
	return 0;
}

void endpoint_stop(void)
{
	struct netconf_iface *ifs;
	unsigned int n;

	if (resolver_fd < 0)
		return;
	ifs = stack_ifaces(&n);
	for (unsigned int i = 0; i < n; i++)
		if (ifs[i].lower)
			udp_on_silence(ifs[i].be, -1);
	resolver_fd = -1;
}

void endpoint_after_fork(void)
{
	if (silence_fd >= 0)
		host_fd_close(&silence_fd);
	resolver_fd = -1;
}

unsigned int endpoint_fds(struct pollfd *p)
{
	if (resolver_fd < 0)
		return 0;
	p[0] = (struct pollfd){.fd = resolver_fd, .events = POLLIN};
	p[1] = (struct pollfd){.fd = silence_fd, .events = POLLIN};
	return 2;
}

static void endpoint_ask_one(unsigned int i, unsigned int far)
{
	const struct endpoint_question q = {i, far};
	uint64_t now = clock_mono_ms();

	if (asked[i] & 1u << far && now - asked_at[i] < PATIENCE_MS) {
		again[i] |= 1u << far;
		return;
	}
	if (RAWSYS(SYS_sendto, resolver_fd, &q, sizeof(q), MSG_DONTWAIT | MSG_NOSIGNAL, NULL, 0) ==
	    sizeof(q)) {
		asked[i] |= 1u << far;
		asked_at[i] = now;
	}
}

static void endpoint_ask_some(unsigned int i, uint32_t fars)
{
	const struct iface_spec *s = stack_spec(i);

	for (unsigned int far = 0; far < s->nfars; far++)
		if (fars & s->named & 1u << far)
			endpoint_ask_one(i, far);
}

void endpoint_ask(unsigned int i)
{
	if (resolver_fd >= 0)
		endpoint_ask_some(i, ~0u);
}

static bool endpoint_has_way(const struct ip_addr *a, void *arg)
{
	const struct netconf_iface *ifc = arg;
	struct iface_spec s = {.nfars = 1, .far = {{.addr = *a}}};
	socklen_t len = sizeof(int);
	struct hostif h;
	int domain = 0;

	RAWSYS(SYS_getsockopt, ifc->be->fd, SOL_SOCKET, SO_DOMAIN, &domain, &len);
	if (domain == AF_INET && a->family != AF_INET)
		return false;
	return hostif_get(-1, ifc->be->ifname, &h) || tunnel_has_way(&s, h.index);
}

/* True if it has another address now. */
static bool endpoint_take(const struct endpoint_answer *a)
{
	struct netconf_iface *ifc;
	struct iface_spec next;
	const struct ip_addr *to;
	char text[IP_ADDR_TEXT];
	unsigned int n;

	ifc = &stack_ifaces(&n)[a->iface];
	next = *stack_spec(a->iface);
	to = endpoint_choose(&next.far[a->far].addr, a, endpoint_has_way, ifc);
	if (!to)
		return false;
	next.far[a->far].addr = *to;
	stack_set_spec(a->iface, &next);
	tunnel_tell_backend(ifc, a->iface);
	tunnel_greet(ifc);
	trace(TRACE_PATHS, "%s has another endpoint: %s port %u", next.name,
	      ip_format(to, false, text), next.far[a->far].port);
	return true;
}

static bool endpoint_valid(const struct endpoint_answer *a, unsigned int nifaces)
{
	return a->iface < nifaces && a->far < stack_spec(a->iface)->nfars &&
	       stack_spec(a->iface)->named & 1u << a->far && a->n <= ENDPOINT_ADDRS;
}

/* Those whose handshakes have no answer. */
static void endpoint_ask_silent(void)
{
	struct netconf_iface *ifs;
	unsigned int n;
	uint64_t count, now = clock_mono_ms();

	if (RAWSYS(SYS_read, silence_fd, &count, sizeof(count)) != sizeof(count))
		return;
	ifs = stack_ifaces(&n);
	for (unsigned int i = 0; i < n; i++) {
		uint32_t fars = ifs[i].lower ? udp_take_silent(ifs[i].be) : 0;

		if (fars && now - asked_at[i] >= REST_MS)
			endpoint_ask_some(i, fars);
	}
}

uint32_t endpoint_serve(void)
{
	struct endpoint_answer a;
	uint32_t changed = 0, bit;
	unsigned int n;
	long r;

	if (resolver_fd < 0)
		return 0;
	endpoint_ask_silent();
	stack_ifaces(&n);
	while ((r = RAWSYS(SYS_recvfrom, resolver_fd, &a, sizeof(a), MSG_DONTWAIT, NULL, NULL)) >
	       0) {
		if (r != sizeof(a) || !endpoint_valid(&a, n))
			continue;
		bit = 1u << a.far;
		asked[a.iface] &= ~bit;
		if (endpoint_take(&a))
			changed |= 1u << a.iface;
		if (again[a.iface] & bit) {
			again[a.iface] &= ~bit;
			endpoint_ask_one(a.iface, a.far);
		}
	}
	if (!r || (r != -EAGAIN && r != -EINTR))
		resolver_fd = -1; /* it has ended: names stay as they are */
	return changed;
}
