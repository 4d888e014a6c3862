// SPDX-License-Identifier: GPL-2.0-only
/*
 * ports.c - live beside the host on its interfaces, see ports.h.
 *
 * Theory of operation
 *
 * Whose an address is: the stack's are those of its interfaces' specifications, the host's
 * are asked of its rtnetlink; what both have is shared. From that, the stack's range of ports
 * and the reserved ones comes a struct flows per interface, which goes two ways: as a BPF
 * program to the back end's socket, and by the opener to the host's packet filter.
 *
 *	order when something is added:	host drops it, then we receive it
 *
 * so that the host never answers what we do; a moment without either is a lost frame.
 *
 * A port outside the range is reserved before bind() and listen(): the opener binds it on the
 * host, which may refuse. When sockets are closed, at most ten times a second, the stack
 * is asked (sock_diag) which reserved ports its sockets still have; the others are released.
 *
 * The range is small at first, since other runs want theirs. Every BIRTHS sockets the stack is
 * asked how many it has, those that wait for the end of a connection (TIME-WAIT) included; from
 * half of the range on, the opener is asked for more.
 *
 * Host calls and netlink are raw, since in inline mode this runs in the program; its signals are
 * blocked while the lock is held.
 *
 * Ownership: all state here, under one mutex. Limits: FLOWS_MAX_ADDRS addresses of an interface,
 * the host's others are left out first; FLOWS_MAX_PORTS reserved ports.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/inet_diag.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "backend/backend.h"
#include "backend/flowfilter.h"
#include "engine/engine.h"
#include "lib/clock.h"
#include "lib/rawsys.h"
#include "lib/why.h"
#include "netconf/netconf.h"
#include "netconf/sysctl.h"
#include "opener/client.h"
#include "stack/config.h"
#include "stack/ports.h"
#include "stack/up.h"

#define MAX_HOST_ADDRS 256
#define SWEEP_NS       100000000L /* at least from sweep to sweep */
#define BIRTHS	       32 /* sockets from look to look; far less than half of the least range */
#define SOCKSTAT       "/proc/net/sockstat"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int opener; /* its connection, 0: none */
static struct flows flows[CONFIG_MAX_IFACES];
static uint16_t first, last; /* the stack's range */
static _Atomic bool sharing; /* some address is shared */
static struct flows_port reserved[FLOWS_MAX_PORTS];
static _Atomic uint32_t nreserved;
static uint64_t swept; /* monotonic, ns */
static _Atomic uint32_t born;
static bool grown_out; /* there is no more to be had: asked once */

static void ports_lock(sigset_t *old)
{
	sigset_t all;

	sigfillset(&all);
	RAWSYS(SYS_rt_sigprocmask, SIG_SETMASK, &all, old, 8);
	pthread_mutex_lock(&mutex);
}

static void ports_unlock(const sigset_t *old)
{
	pthread_mutex_unlock(&mutex);
	RAWSYS(SYS_rt_sigprocmask, SIG_SETMASK, old, NULL, 8);
}

/* ---- addresses ---- */

struct host_addrs {
	unsigned int n;
	struct {
		uint32_t index;
		struct flows_addr a;
	} at[MAX_HOST_ADDRS];
};

static int ports_host_addr(const struct nlmsghdr *m, void *arg)
{
	const struct ifaddrmsg *ifa = NLMSG_DATA(m);
	const struct nlattr *attrs[IFA_LOCAL + 1];
	struct host_addrs *h = arg;
	const void *bytes;
	size_t len;

	if (m->nlmsg_type != RTM_NEWADDR || m->nlmsg_len < NLMSG_LENGTH(sizeof(*ifa)) ||
	    (ifa->ifa_family != AF_INET && ifa->ifa_family != AF_INET6) ||
	    ifa->ifa_scope == RT_SCOPE_HOST || h->n == MAX_HOST_ADDRS)
		return 0;
	nl_attrs(m, sizeof(*ifa), attrs, IFA_LOCAL);
	len = ifa->ifa_family == AF_INET ? 4 : 16;
	bytes = nl_payload(attrs[IFA_LOCAL] ? attrs[IFA_LOCAL] : attrs[IFA_ADDRESS], len);
	if (!bytes)
		return 0;
	h->at[h->n].index = ifa->ifa_index;
	h->at[h->n].a = (struct flows_addr){.family = ifa->ifa_family, .owner = FLOWS_HOST};
	memcpy(h->at[h->n++].a.bytes, bytes, len);
	return 0;
}

/* None where the host forbids rtnetlink: then nothing is known to be shared. */
static void ports_ask_host(struct host_addrs *h)
{
	struct ifaddrmsg ifa = {.ifa_family = AF_UNSPEC};
	struct nl *nl;
	int err;

	h->n = 0;
	nl = nl_open(netlink_host_call, NETLINK_ROUTE, &err);
	if (!nl)
		return;
	nl_begin(nl, RTM_GETADDR, NLM_F_DUMP, &ifa, sizeof(ifa));
	nl_dump(nl, ports_host_addr, h);
	nl_close(nl);
}

static struct flows_addr *ports_find(struct flows *f, const struct flows_addr *a)
{
	for (uint32_t i = 0; i < f->naddrs; i++) {
		if (f->addr[i].family == a->family &&
		    !memcmp(f->addr[i].bytes, a->bytes, sizeof(a->bytes)))
			return &f->addr[i];
	}
	return NULL;
}

static void ports_fill(struct flows *f, const struct iface_spec *s, struct host_addrs *h)
{
	memset(f, 0, sizeof(*f));
	for (uint32_t i = 0; i < s->naddrs && f->naddrs < FLOWS_MAX_ADDRS; i++) {
		struct flows_addr *a = &f->addr[f->naddrs++];

		a->family = s->addr[i].family;
		a->owner = FLOWS_OWN;
		memcpy(a->bytes, s->addr[i].bytes, ip_len(&s->addr[i]));
	}
	for (unsigned int i = 0; i < h->n; i++) {
		struct flows_addr *a = ports_find(f, &h->at[i].a);

		if (a)
			a->owner = a->owner == FLOWS_OWN ? FLOWS_SHARED : a->owner;
		else if (f->naddrs < FLOWS_MAX_ADDRS)
			f->addr[f->naddrs++] = h->at[i].a;
	}
	if (!flows_shared(f, 0))
		return;
	f->first = first;
	f->last = last;
	f->nports = nreserved;
	memcpy(f->port, reserved, sizeof(reserved));
}

/* ---- to both filters ---- */

static int ports_to_back_end(const struct netconf_iface *ifc, const struct flows *f,
			     const char **why)
{
	static struct sock_filter code[FLOWS_MAX_CODE];
	struct sock_fprog prog = {.filter = code};
	int n = flows_filter(f, ifc->be->link, code);

	if (n >= 0) {
		prog.len = (unsigned short)n;
		n = ifc->be->ops->set_filter(ifc->be, &prog);
	}
	return n < 0 ? why_set(why, -n, "%s: cannot set the packet filter: %s", ifc->be->ifname,
			       strerror(-n))
		     : 0;
}

static int ports_apply(const struct netconf_iface *ifc, const struct flows *f, const char **why)
{
	int err = 0;

	if (opener)
		err = opener_flows(opener, ifc->be->ifname, f, why);
	else if (flows_shared(f, 0))
		err = why_set(why, ENOTCONN,
			      "%s: addresses shared with the host need "
			      "persona-opener",
			      ifc->be->ifname);
	return err || !ifc->be->ops->set_filter ? err : ports_to_back_end(ifc, f, why);
}

static int ports_refresh_locked(const char **why)
{
	static struct host_addrs host;
	struct netconf_iface *ifs;
	bool any = false;
	unsigned int n;
	int err = 0;

	ifs = stack_ifaces(&n);
	ports_ask_host(&host);
	for (unsigned int i = 0; i < n; i++) {
		struct flows f;
		int bad;

		if (!ifs[i].be->ops->opening->shares)
			continue;
		ports_fill(&f, stack_spec(i), &host);
		any |= flows_shared(&f, 0);
		bad = ports_apply(&ifs[i], &f, why);
		if (!bad)
			flows[i] = f;
		else if (!err)
			err = bad;
	}
	sharing = any;
	return err;
}

int ports_refresh(const char **why)
{
	sigset_t old;
	int err;

	ports_lock(&old);
	err = ports_refresh_locked(why);
	ports_unlock(&old);
	return err;
}

/* The stack's automatic ports are these. */
static int ports_use_range(uint16_t from, uint16_t to, const char **why)
{
	char range[32];
	int err;

	snprintf(range, sizeof(range), "%u %u", from, to);
	err = sysctl_set(engine_syscall, "net.ipv4.ip_local_port_range", range);
	return err ? why_set(why, -err, "cannot give the stack its ports %s: %s", range,
			     strerror(-err))
		   : 0;
}

int ports_up(const struct config *c, const char **why)
{
	int err;

	opener = c->opener;
	if (opener) {
		err = opener_stack(opener, why);
		if (err)
			return err;
	}
	first = c->first_port;
	last = c->last_port;
	nreserved = 0;
	born = 0;
	grown_out = false;
	err = first ? ports_use_range(first, last, why) : 0;
	return err ? err : ports_refresh(why);
}

void ports_down(void)
{
	sigset_t old;

	ports_lock(&old);
	sharing = false;
	nreserved = 0;
	if (opener)
		raw_close(opener);
	opener = 0;
	ports_unlock(&old);
}

/* ---- single ports ---- */

static struct flows_port *ports_find_reserved(int proto, uint16_t port)
{
	for (uint32_t i = 0; i < nreserved; i++) {
		if (reserved[i].proto == proto && reserved[i].port == port)
			return &reserved[i];
	}
	return NULL;
}

/* The address of @addr in @a, its port in @port; false if it is of no interest. */
static bool ports_parse_address(const struct sockaddr *addr, socklen_t len, struct flows_addr *a,
				uint16_t *port)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct sockaddr_in6 sin6;
	struct sockaddr_in sin;

	memset(a, 0, sizeof(*a));
	if (len >= sizeof(sin) && addr->sa_family == AF_INET) {
		memcpy(&sin, addr, sizeof(sin));
		a->family = AF_INET;
		memcpy(a->bytes, &sin.sin_addr, 4);
		*port = ntohs(sin.sin_port);
	} else if (len >= sizeof(sin6) && addr->sa_family == AF_INET6) {
		memcpy(&sin6, addr, sizeof(sin6));
		a->family = AF_INET6;
		memcpy(a->bytes, &sin6.sin6_addr, 16);
		*port = ntohs(sin6.sin6_port);
		if (!memcmp(a->bytes, mapped, sizeof(mapped))) {
			a->family = AF_INET;
			memcpy(a->bytes, a->bytes + 12, 4);
			memset(a->bytes + 4, 0, 12);
		}
	} else {
		return false;
	}
	return *port != 0;
}

/* Is it the wildcard, or an address that some interface shares? */
static bool ports_concern_host(const struct flows_addr *a)
{
	static const uint8_t zero[16];

	if (!memcmp(a->bytes, zero, sizeof(zero)))
		return true;
	for (unsigned int i = 0; i < CONFIG_MAX_IFACES; i++) {
		const struct flows_addr *have = ports_find(&flows[i], a);

		if (have && have->owner == FLOWS_SHARED)
			return true;
	}
	return false;
}

static int ports_reserve_one(int proto, const struct flows_addr *a, uint16_t port)
{
	const char *why;
	int err;

	if ((first && port >= first && port <= last) || ports_find_reserved(proto, port) ||
	    !ports_concern_host(a))
		return 0;
	if (nreserved == FLOWS_MAX_PORTS)
		return -ENOBUFS;
	err = opener_reserve_port(opener, proto, port, a->family, a->bytes, &why);
	if (err)
		return err;
	reserved[nreserved++] = (struct flows_port){.proto = (uint16_t)proto, .port = port};
	err = ports_refresh_locked(&why);
	if (err) {
		nreserved--;
		opener_release_port(opener, proto, port, &why);
	}
	return err;
}

long ports_reserve(int type, const struct sockaddr *addr, socklen_t len)
{
	struct flows_addr a;
	uint16_t port;
	sigset_t old;
	long err;

	if (!sharing || (type != SOCK_STREAM && type != SOCK_DGRAM) ||
	    !ports_parse_address(addr, len, &a, &port))
		return 0;
	ports_lock(&old);
	err = ports_reserve_one(type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP, &a, port);
	ports_unlock(&old);
	return err;
}

/* Reserved ports that a socket of the stack has; by index. */
struct used {
	int proto;
	bool is[FLOWS_MAX_PORTS];
};

static int ports_used_by(const struct nlmsghdr *m, void *arg)
{
	const struct inet_diag_msg *d = NLMSG_DATA(m);
	struct used *u = arg;
	struct flows_port *c;

	if (m->nlmsg_type != SOCK_DIAG_BY_FAMILY || m->nlmsg_len < NLMSG_LENGTH(sizeof(*d)))
		return 0;
	c = ports_find_reserved(u->proto, ntohs(d->id.idiag_sport));
	if (c)
		u->is[c - reserved] = true;
	return 0;
}

static int ports_ask_stack(struct used *u)
{
	static const int families[2] = {AF_INET, AF_INET6}, protos[2] = {IPPROTO_TCP, IPPROTO_UDP};
	struct nl *nl;
	int err;

	nl = nl_open(engine_syscall, NETLINK_SOCK_DIAG, &err);
	if (!nl)
		return err;
	for (unsigned int i = 0; i < 4 && !err; i++) {
		struct inet_diag_req_v2 q = {.sdiag_family = (uint8_t)families[i & 1],
					     .sdiag_protocol = (uint8_t)protos[i >> 1],
					     .idiag_states = ~0u};

		u->proto = q.sdiag_protocol;
		nl_begin(nl, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &q, sizeof(q));
		err = nl_dump(nl, ports_used_by, u);
	}
	nl_close(nl);
	return err;
}

/* ---- a larger range ---- */

/* The number behind @word in a line that begins with @line of the text @s, or 0. */
static unsigned long ports_number(const char *s, const char *line, const char *word)
{
	const char *at = strstr(s, line), *end;

	if (!at)
		return 0;
	end = strchrnul(at, '\n');
	at = strstr(at, word);
	return at && at < end ? strtoul(at + strlen(word), NULL, 10) : 0;
}

/*
 * About how many ports the stack's sockets have: rather too many, since some are counted twice (a
 * socket, and what TCP has for it), and some have none yet.
 */
static unsigned long ports_in_use(void)
{
	char text[1024];
	long fd = engine_syscall(SYS_openat, (const long[6]){AT_FDCWD, (long)SOCKSTAT, O_RDONLY}),
	     n;

	if (fd < 0)
		return 0;
	n = engine_syscall(SYS_read, (const long[6]){fd, (long)text, sizeof(text) - 1});
	engine_syscall(SYS_close, (const long[6]){fd});
	text[n > 0 ? n : 0] = '\0';
	return ports_number(text, "sockets:", "used ") + ports_number(text, "TCP:", "tw ") +
	       ports_number(text, "TCP:", "alloc ");
}

/* The host drops frames to the new ones before the stack uses them. */
static void ports_grow(void)
{
	const uint16_t old[2] = {first, last};
	const char *why;

	if (opener_reserve_range(opener, (uint16_t)(last - first + 1), &first, &last, &why)) {
		grown_out = true; /* neighbours: what there is must do */
		return;
	}
	if (ports_refresh_locked(&why) || ports_use_range(first, last, &why)) {
		first = old[0];
		last = old[1];
		grown_out = true;
	}
}

void ports_born(void)
{
	sigset_t old;

	if (!sharing || ++born % BIRTHS || grown_out)
		return;
	ports_lock(&old);
	if (first && !grown_out && ports_in_use() > (last - first + 1u) / 2)
		ports_grow();
	ports_unlock(&old);
}

/* ---- ports that are free again ---- */

static void ports_sweep(void)
{
	struct used u = {0};
	const char *why;
	uint32_t kept = 0, n = nreserved;

	if (ports_ask_stack(&u))
		return;
	for (uint32_t i = 0; i < n; i++) {
		if (u.is[i])
			reserved[kept++] = reserved[i];
		else
			opener_release_port(opener, reserved[i].proto, reserved[i].port, &why);
	}
	nreserved = kept;
	if (kept != n)
		ports_refresh_locked(&why);
}

void ports_released(void)
{
	sigset_t old;
	uint64_t ns;

	if (!nreserved)
		return;
	ns = clock_mono_ns();
	ports_lock(&old);
	if (nreserved && ns - swept >= SWEEP_NS) {
		swept = ns;
		ports_sweep();
	}
	ports_unlock(&old);
}
