// SPDX-License-Identifier: GPL-2.0-only
/*
 * interfaces.c - open the interfaces of a run, see interfaces.h.
 *
 * Theory of operation
 *
 * Back ends that need privileges are opened by persona-opener, one process per run that is
 * started at the first need and stays (it also holds the host's rules and ports);
 * its connection goes with the stack, so that the end of the stack is its end. The others are
 * opened here. `tap` and `tun` may be the user's own: tried here first.
 *
 * While it works, the image of a stack that will be this process's boots (stack/ahead.h).
 *
 * If an address turns out to be the host's too, a range of the host's ports is reserved:
 * stack/ports.c tells the two stacks' packets apart by it.
 *
 * Addresses that are the stack's own are claimed: no other run may have them on that interface.
 *
 * Descriptors are moved to high numbers, where they are not in the way of programs that
 * use small ones by number (shell scripts). A failure just returns: all ends
 * with the process.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "backend/backend.h"
#include "backend/opening/flows.h"
#include "backend/opening/hostif.h"
#include "launch/host.h"
#include "launch/interfaces.h"
#include "launch/paths.h"
#include "launch/resolver.h"
#include "launch/tunnel.h"
#include "lib/complain.h"
#include "lib/highfd.h"
#include "lib/rawsys.h"
#include "lib/why.h"
#include "opener/client.h"
#include "stack/ahead.h"
#include "stack/config.h"

#define END_S	   1 /* for the opener to take everything back */
#define MTU_MAX	   65535
#define PORT_RANGE 256 /* at first, if no more are asked for; see stack/ports.c */

static int opener_gone = -1;
static bool ahead; /* the stack is this process's, and may boot while the opener works */

static int interfaces_start_opener(struct config *c, const char **why)
{
	char path[PATH_MAX];
	int fd, err;

	if (c->opener)
		return 0;
	err = path_opener(path, sizeof(path), why);
	if (err)
		return err;
	fd = opener_spawn(path, &opener_gone, why);
	if (fd < 0)
		return fd;
	fd = highfd_move(fd, F_DUPFD_CLOEXEC);
	if (fd < 0)
		return why_set(why, -fd, "too many open files: ulimit -n 1024");
	c->opener = fd;
	if (ahead)
		ahead_begin(c); /* not before: a fork would wait for what maps memory */
	return 0;
}

/* The descriptor of one back end, or -errno with the sentence in @why. */
static int interfaces_open_fd(struct config *c, const struct backend_ops *ops, const char *ifname,
			      const char **why)
{
	int fd = -EPERM;

	if (ops->opening->opener != BACKEND_OPENER)
		fd = ops->opening->open(ifname, why);
	if (ops->opening->opener == BACKEND_SELF || (fd != -EPERM && fd != -EACCES))
		return fd;
	fd = interfaces_start_opener(c, why);
	return fd ? fd : opener_open(c->opener, ops->opening->name, ifname, why);
}

bool interfaces_name_taken(const struct config *c, const struct config_iface *ci)
{
	for (unsigned int i = 0; i < c->nifaces; i++) {
		const struct config_iface *other = &c->iface[i];

		if (other != ci && *ci->spec.name && !strcmp(other->spec.name, ci->spec.name))
			return true;
	}
	return false;
}

/* The device's own name, where only its descriptor was given. */
static int interfaces_name(const struct config *c, struct config_iface *ci, const char *device)
{
	struct iface_spec *s = &ci->spec;

	if (s->name[0])
		return 0;
	if (ifname_valid(device) && strcmp(device, "lo"))
		snprintf(s->name, sizeof(s->name), "%s", device);
	else
		snprintf(s->name, sizeof(s->name), "tun%.12s", s->ifname);
	if (interfaces_name_taken(c, ci))
		return complain(EXIT_PERSONA,
				"-i %s:%s: name '%s' is taken: give another by name=", s->backend,
				s->ifname, s->name);
	return 0;
}

/*
 * Name, MTU and kind of the link. By the interface's name; where there may be none, by attaching
 * for a moment: the kinds that need no privileges allow it.
 */
static int interfaces_learn(const struct backend_ops *ops, const struct config_iface *ci,
			    struct backend *link)
{
	const struct iface_spec *s = &ci->spec;
	struct backend *be;
	struct hostif h;
	const char *why;
	int fd, err;

	if (ops->opening->opener != BACKEND_SELF) {
		err = hostif_get(-1, s->ifname, &h);
		if (err)
			return complain(EXIT_PERSONA, "cannot read interface '%s': %s", s->ifname,
					strerror(-err));
		*link = (struct backend){.mtu = h.mtu < MTU_MAX ? h.mtu : MTU_MAX,
					 .link = ops->link};
		snprintf(link->ifname, sizeof(link->ifname), "%s", s->ifname);
		return 0;
	}
	fd = fcntl(ci->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return complain(EXIT_PERSONA, "too many open files: ulimit -n 1024");
	if (ops->attach(&be, fd, s->ifname, &why)) {
		close(fd);
		return complain(EXIT_PERSONA, "%s", why);
	}
	*link = *be;
	ops->close(be);
	return 0;
}

/*
 * Two stacks with one address of their own reset each other's connections. Those that the host has
 * (@shared, or all that were taken over) are parted by ports.
 */
static int interfaces_claim(const struct config *c, const struct iface_spec *s, uint32_t shared)
{
	struct flows f = {0};
	const char *why;

	for (uint32_t i = 0; i < s->naddrs; i++) {
		struct flows_addr *a = &f.addr[f.naddrs];

		if (s->follow || shared & 1u << i)
			continue;
		a->family = s->addr[i].family;
		a->owner = FLOWS_OWN;
		memcpy(a->bytes, s->addr[i].bytes, ip_len(&s->addr[i]));
		f.naddrs++;
	}
	if (f.naddrs && opener_claim(c->opener, s->ifname, &f, &why))
		return complain(EXIT_PERSONA, "%s", why);
	return 0;
}

/* What the interface knows, and what is still open: name, addresses. */
static int interfaces_complete(struct config *c, struct config_iface *ci,
			       const struct backend_ops *ops, bool *shared)
{
	struct iface_spec *s = &ci->spec;
	struct backend link;
	const char *host, *why;
	uint32_t also;
	int err;

	if (ops->place == BACKEND_TUNNEL)
		return launch_tunnel_fill(c, ci);
	err = interfaces_learn(ops, ci, &link);
	if (err)
		return err;
	if (interfaces_name(c, ci, link.ifname))
		return EXIT_PERSONA;
	host = link.ifname[0] ? link.ifname : s->name;
	if (s->has_mac && link.link != BACKEND_LINK_ETHER)
		return complain(EXIT_PERSONA, "mac=: interface '%s' has no link address", host);
	if (link.ifname[0] && s->mtu > link.mtu)
		return complain(
			EXIT_PERSONA,
			"mtu=%u is more than the %u of interface '%s': ip link set %s mtu %u",
			s->mtu, link.mtu, host, host, s->mtu);
	if (host_fill(s, &also, &why))
		return complain(EXIT_PERSONA, "%s", why);
	*shared |= also && ops->opening->shares;
	if (c->verbose)
		complain(0, "%s: back end %s on '%s', MTU %u%s", s->name, s->backend, host,
			 s->mtu ? s->mtu : link.mtu,
			 also ? ", addresses shared with the host" : "");
	return ops->opening->opener == BACKEND_OPENER ? interfaces_claim(c, s, also) : 0;
}

/* Attaching is left to the process that has the stack: some kinds allow no second time. */
static int interfaces_open_one(struct config *c, struct config_iface *ci, bool *shared)
{
	struct iface_spec *s = &ci->spec;
	const struct backend_ops *ops;
	const char *why = "no such back end";
	char own[IFNAMSIZ];
	int fd;

	/* An altname means the interface to some calls, and nothing to rules and to news. */
	snprintf(own, sizeof(own), "%s", s->ifname);
	if (!hostif_own_name(own) && strcmp(own, s->ifname)) {
		if (c->verbose)
			complain(0, "%s: another name of interface '%s'", s->ifname, own);
		snprintf(s->ifname, sizeof(s->ifname), "%s", own);
	}

	ops = s->backend[0] ? backend_find(s->backend) : backend_choose(s->ifname, &why);
	if (!ops)
		return complain(EXIT_PERSONA, "%s", why);
	snprintf(s->backend, sizeof(s->backend), "%s", ops->opening->name);
	if (s->has_mac && !ops->set_mac)
		return complain(EXIT_PERSONA, "mac=: interface '%s' has no link address",
				s->ifname);
	fd = interfaces_open_fd(c, ops, s->ifname, &why);
	if (fd < 0)
		return complain(EXIT_PERSONA, "%s", why);
	ci->fd = highfd_move(fd, F_DUPFD_CLOEXEC);
	if (ci->fd < 0)
		return complain(EXIT_PERSONA, "interface '%s': too many open files: ulimit -n 1024",
				s->ifname);
	return interfaces_complete(c, ci, ops, shared);
}

/* The opener needs no more than to hold what it has; @shared: and ports. */
static int interfaces_all_open(struct config *c, bool shared)
{
	const char *why;

	for (unsigned int i = 0; shared && i < c->nsysctls; i++) {
		if (strstr(c->sysctl[i].name, "ip_local_port_range"))
			return complain(
				EXIT_PERSONA,
				"-o %s: on addresses that the host has too, the stack's ports "
				"are a part of the host's: give it addresses of its own by ip=",
				c->sysctl[i].name);
	}
	if (opener_reserve_range(c->opener, shared ? c->ports ?: PORT_RANGE : 0, &c->first_port,
				 &c->last_port, &why))
		return complain(EXIT_PERSONA, "%s", why);
	if (shared && c->verbose)
		complain(0, "ports %u to %u of shared addresses are the stack's, at first",
			 c->first_port, c->last_port);
	return 0;
}

int interfaces_open(struct config *c, bool boot)
{
	bool shared = false;
	int status = 0;

	ahead = boot;
	for (unsigned int i = 0; i < c->nifaces && !status; i++)
		status = interfaces_open_one(c, &c->iface[i], &shared);
	if (!status && c->opener)
		status = interfaces_all_open(c, shared);
	if (!status)
		status = resolver_start(c);
	if (status && c->opener) {
		close(c->opener);
		c->opener = 0;
	}
	return status;
}

void interfaces_end(void)
{
	struct timespec patience = {.tv_sec = END_S};
	struct pollfd p = {.fd = opener_gone, .events = POLLIN};

	if (opener_gone < 0)
		return;
	RAWSYS(SYS_ppoll, &p, 1, &patience, NULL, 0);
	close(opener_gone);
	opener_gone = -1;
}
