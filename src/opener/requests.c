// SPDX-License-Identifier: GPL-2.0-only
/*
 * requests.c - what the opener does when it is asked, see requests.h.
 *
 * What comes from the connection is checked before it is believed: names
 * against what was opened, ports against what was taken, addresses against the host's own
 * (an address that the host has is shared, whatever the request says).
 *
 * The first request that is none to open, claim or hold ends the time of opening: what holds the
 * rules is made, and what only opening needed is given up (confine.c).
 *
 * Ownership: all state is static, none is allocated. One thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "backend/opening/opening.h"
#include "lib/why.h"
#include "opener/claims.h"
#include "opener/confine.h"
#include "opener/holder.h"
#include "opener/hostports.h"
#include "opener/policy.h"
#include "opener/requests.h"
#include "opener/rules.h"

/**
 * struct slot - an interface that was opened
 * @undo: descriptor to take it back by, or -1
 * A kind that is slow to close has a descriptor more, which goes with this process.
 */
static struct slot {
	const struct backend_opening *kind;
	char ifname[IF_NAMESIZE];
	int undo;
} slots[OPENER_SLOTS];

static unsigned int nslots;
static bool confined;
static char no_rules[OPENER_WHY]; /* why the host cannot be kept from our frames, or "" */

/* ---- what a request says is checked ---- */

static bool request_terminated(const char *s, size_t size)
{
	return memchr(s, '\0', size) != NULL;
}

/* A name that can stand in a rule. */
static bool request_plain_name(const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.@-";

	return *s && *s != '-' && strspn(s, letters) == strlen(s) && strcmp(s, ".") &&
	       strcmp(s, "..");
}

/* Has the host's kernel this address? Then a socket can be bound to it. */
static bool request_is_local(const struct flows_addr *a)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6};
	int fd, err;

	/* A link-local address cannot be bound without its interface; the host may have it. */
	if (a->family == AF_INET6 && a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80)
		return true;
	fd = socket(a->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	memcpy(&sin.sin_addr, a->bytes, sizeof(sin.sin_addr));
	memcpy(&sin6.sin6_addr, a->bytes, sizeof(sin6.sin6_addr));
	err = a->family == AF_INET ? bind(fd, (struct sockaddr *)&sin, sizeof(sin))
				   : bind(fd, (struct sockaddr *)&sin6, sizeof(sin6));
	close(fd);
	return !err;
}

static struct slot *slot_find(const char *ifname)
{
	for (unsigned int i = 0; i < nslots; i++) {
		if (!strcmp(slots[i].ifname, ifname))
			return &slots[i];
	}
	return NULL;
}

/* ---- requests ---- */

static int requests_hold(const char **why)
{
	bool rules = false;
	int err;

	if (confined)
		return 0;
	for (unsigned int i = 0; i < nslots; i++)
		rules |= slots[i].kind->shares && !slots[i].kind->steer;
	if (rules && rules_start(why))
		snprintf(no_rules, sizeof(no_rules), "%s", *why);
	err = confine();
	if (err)
		return why_set(why, -err, "persona-opener cannot confine itself: %s",
			       strerror(-err));
	confined = true;
	return 0;
}

static int request_open(const struct opener_request *q, int *fd, const char **why)
{
	struct slot *s = &slots[nslots];
	int err;

	if (!request_terminated(q->backend, sizeof(q->backend)) ||
	    !request_terminated(q->ifname, sizeof(q->ifname)))
		return why_set(why, EINVAL, "persona-opener: malformed request");
	if (!request_plain_name(q->ifname))
		return why_set(
			why, EINVAL,
			"interface '%s': only letters, digits and _.@- are allowed in a name",
			q->ifname);
	if (confined || nslots == OPENER_SLOTS)
		return why_set(why, EBUSY, "persona-opener: no further interface");
	s->kind = opening_find(q->backend);
	if (!s->kind)
		return why_set(why, EINVAL, "unknown back end '%s'", q->backend);
	err = policy_allows(q->ifname, why);
	if (err)
		return err;
	*fd = s->kind->open(q->ifname, why);
	if (*fd < 0)
		return *fd;
	s->undo = s->kind->undo ? fcntl(*fd, F_DUPFD_CLOEXEC, OPENER_GONE_FD + 1) : -1;
	if (s->kind->slow_close)
		fcntl(*fd, F_DUPFD_CLOEXEC, OPENER_GONE_FD + 1);
	memcpy(s->ifname, q->ifname, sizeof(s->ifname));
	nslots++;
	return 0;
}

static int request_claim(const struct opener_request *q, const char **why)
{
	const struct slot *s =
		request_terminated(q->ifname, sizeof(q->ifname)) ? slot_find(q->ifname) : NULL;

	if (!s || !flows_valid(&q->flows))
		return why_set(why, EINVAL, "persona-opener: malformed request");
	return claims_take(s->ifname, &q->flows, why);
}

static int request_reserve_range(const struct opener_request *q, struct opener_reply *r,
				 const char **why)
{
	int err = requests_hold(why);

	if (err || !q->ports)
		return err;
	if (no_rules[0])
		return why_set(why, EOPNOTSUPP, "%s", no_rules);
	return hostports_reserve_range(q->ports, &r->first, &r->last, why);
}

static bool request_port_valid(const struct opener_request *q)
{
	return (q->proto == IPPROTO_TCP || q->proto == IPPROTO_UDP) && q->port &&
	       (q->family == AF_INET || q->family == AF_INET6);
}

static int request_reserve_port(const struct opener_request *q, const char **why)
{
	int err = requests_hold(why);

	if (err)
		return err;
	if (!request_port_valid(q))
		return why_set(why, EINVAL, "persona-opener: malformed request");
	return hostports_reserve_port(q->proto, q->port, q->family, q->bytes, why);
}

static int request_flows(struct opener_request *q, const char **why)
{
	struct flows *f = &q->flows;
	struct slot *s;
	int err = requests_hold(why);

	if (err)
		return err;
	s = request_terminated(q->ifname, sizeof(q->ifname)) ? slot_find(q->ifname) : NULL;
	if (!s || !flows_valid(f) || (f->first && !hostports_has_range(f->first, f->last)))
		return why_set(why, EINVAL, "persona-opener: malformed request");
	for (uint32_t i = 0; i < f->nports; i++) {
		if (!hostports_ours(f->port[i].proto, f->port[i].port))
			return why_set(why, EINVAL, "persona-opener: port %u was not taken",
				       f->port[i].port);
	}
	for (uint32_t i = 0; i < f->naddrs; i++) {
		if (f->addr[i].owner == FLOWS_OWN && request_is_local(&f->addr[i]))
			f->addr[i].owner = FLOWS_SHARED;
	}
	if (s->kind->steer)
		return s->kind->steer(s->ifname, f, why);
	/* Own addresses alone work without rules, too: the host has nothing to answer. */
	if (no_rules[0])
		return flows_shared(f, 0) ? why_set(why, EOPNOTSUPP, "%s", no_rules) : 0;
	return rules_set((unsigned int)(s - slots), s->ifname, f, why);
}

static int request_serve(struct opener_request *q, pid_t from, struct opener_reply *r, int *fd,
			 const char **why)
{
	switch (q->op) {
	case OPENER_OPEN:
		return request_open(q, fd, why);
	case OPENER_CLAIM:
		return request_claim(q, why);
	case OPENER_STACK:
		return holder_stack(from, why);
	case OPENER_RANGE:
		return request_reserve_range(q, r, why);
	case OPENER_RESERVE:
		return request_reserve_port(q, why);
	case OPENER_RELEASE:
		hostports_release_port(q->proto, q->port);
		return 0;
	case OPENER_FLOWS:
		return request_flows(q, why);
	}
	return why_set(why, EINVAL, "persona-opener: malformed request");
}

int requests_serve(struct opener_request *q, size_t len, pid_t from, struct opener_reply *r)
{
	const char *why = "";
	int fd = -1;

	memset(r, 0, sizeof(*r));
	r->number = len == sizeof(*q) ? q->number : 0;
	if (len == sizeof(*q) && q->magic == OPENER_MAGIC)
		r->err = request_serve(q, from, r, &fd, &why);
	else
		r->err = why_set(&why, EPROTO, "persona-opener is of another build than persona");
	snprintf(r->why, sizeof(r->why), "%s", r->err ? why : "");
	return fd;
}

void requests_take_back(void)
{
	claims_release(); /* first: the next run may be waiting, and we for our turn */
	holder_end();
	rules_stop();
	hostports_restore();
	for (unsigned int i = 0; i < nslots; i++) {
		if (slots[i].undo < 0)
			continue;
		slots[i].kind->undo(slots[i].undo, slots[i].ifname);
		close(slots[i].undo);
	}
	nslots = 0;
	confined = false; /* nothing is held any more; the process stays so */
	no_rules[0] = '\0';
}
