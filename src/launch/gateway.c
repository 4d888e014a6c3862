// SPDX-License-Identifier: GPL-2.0-only
/*
 * gateway.c - from a parsed command line to a running gateway, see launch/gateway.h.
 *
 * Theory of operation
 *
 * Two forms. With an inlet of the host (--in) the gateway runs until a signal ends it: an interface
 * that is not there is made, gets the address beside the stack's and, unless forbidden,
 * two routes for each family that together are everything and more specific than a default route,
 * which stays for the paths. All that goes with the interface, and that with our descriptor.
 *
 * With a COMMAND it gets a network namespace of its own, whose interface is the inlet:
 *
 *	parent				child
 *	interfaces_open(), fork
 *					namespace_enter(), namespace_pass()
 *	namespace_take(), gateway_start()
 *	"go"		------->	execute COMMAND
 *	wait for the tree, gateway_deliver(), gateway_stop()
 *
 * A path whose packets the host itself routes would lead back into an inlet that is the
 * host's way out: such paths are refused with it.
 *
 * Descriptors end with the process, so a failure just returns.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "backend/backend.h"
#include "backend/opening/hostif.h"
#include "gateway/gateway.h"
#include "gateway/namespace.h"
#include "launch/gateway.h"
#include "launch/interfaces.h"
#include "launch/paths.h"
#include "launch/preflight.h"
#include "launch/program.h"
#include "launch/supervise.h"
#include "lib/complain.h"
#include "lib/highfd.h"
#include "netconf/link.h"
#include "netconf/nameservers.h"
#include "netconf/netlink.h"
#include "netconf/route.h"
#include "netconf/spec.h"
#include "stack/config.h"

/**
 * struct gate - one launch
 * @room:  of COMMAND's namespace; its addresses are also those of an inlet that we make
 * @go:    socket pair between parent and child
 * @space: descriptor of COMMAND's namespace
 * @made:  the inlet is an interface that was not there before
 * @up:    gateway_start() has succeeded
 */
struct gate {
	const struct launch_gateway *l;
	struct gateway gateway;
	struct namespace_room room;
	struct socks_server socks;
	struct rlimit limit;
	int go[2];
	int space;
	bool made;
	bool up;
};

/* ---- words ---- */

static void gate_address(const char *text, unsigned int prefix, struct ip_addr *a)
{
	ip_parse(text, a);
	a->prefix = (uint16_t)prefix;
}

static void gate_default_addresses(struct gate *g)
{
	gate_address(GATEWAY_ADDR4, GATEWAY_PREFIX4, &g->gateway.addr[0]);
	gate_address(GATEWAY_ADDR6, GATEWAY_PREFIX6, &g->gateway.addr[1]);
	g->gateway.naddrs = 2;
}

/* The clients' end of a link whose other end is the stack's address @a: the one beside it. */
static struct ip_addr gate_beside(const struct ip_addr *a)
{
	struct ip_addr other = *a;
	uint8_t *last = &other.bytes[ip_len(a) - 1];

	/* .1 and .2, .254 and .253; never the network's own address nor its last one */
	*last = (uint8_t)(*last % 4 == 1 ? *last + 1 : *last - 1);
	return other;
}

/* USER:PASSWORD@ in front of HOST:PORT. */
static int gate_socks_user(struct gate *g, const char *text, size_t len)
{
	const char *colon = memchr(text, ':', len);
	size_t user = colon ? (size_t)(colon - text) : len;
	size_t password = colon ? len - user - 1 : 0;

	if (!user || user > SOCKS_NAME_MAX || password > SOCKS_NAME_MAX)
		return complain(EXIT_PERSONA, "--socks: user and password have 1 to %d bytes",
				SOCKS_NAME_MAX);
	memcpy(g->socks.user, text, user);
	if (colon)
		memcpy(g->socks.password, colon + 1, password);
	return 0;
}

static int gate_socks(struct gate *g)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *found;
	const char *text = g->l->socks, *at, *colon;
	char host[256];
	int status, err;

	if (!text)
		return 0;
	at = strrchr(text, '@');
	if (at) {
		status = gate_socks_user(g, text, (size_t)(at - text));
		if (status)
			return status;
		text = at + 1;
	}
	colon = strrchr(text, ':');
	if (!colon || colon == text || !colon[1] || colon - text >= (long)sizeof(host))
		return complain(EXIT_PERSONA, "--socks %s: write [USER:PASSWORD@]HOST:PORT", text);
	if (*text == '[' && colon[-1] == ']')
		snprintf(host, sizeof(host), "%.*s", (int)(colon - text - 2), text + 1);
	else
		snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
	err = getaddrinfo(host, colon + 1, &hints, &found);
	if (err)
		return complain(EXIT_PERSONA, "--socks %s: %s", text, gai_strerror(err));
	memcpy(&g->socks.addr, found->ai_addr, found->ai_addrlen);
	g->socks.len = found->ai_addrlen;
	freeaddrinfo(found);
	g->gateway.socks = &g->socks;
	return 0;
}

/* ---- an inlet of the host ---- */

static const struct backend_ops *gate_kind(const struct iface_spec *s)
{
	const struct backend_ops *kind = backend_find(s->backend);

	return kind && kind->place == BACKEND_FAR_END ? kind : NULL;
}

static int gate_inlet_spec(struct gate *g)
{
	struct iface_spec spec, *s = &spec;
	const char *why;

	if (!g->l->inlet)
		return 0;
	if (spec_parse(g->l->inlet, s, &why))
		return complain(EXIT_PERSONA, "--in: %s", why);
	g->gateway.kind = gate_kind(s);
	if (!g->gateway.kind)
		return complain(EXIT_PERSONA,
				"--in %s: write tun:NAME, tap:NAME or fd:N (an inherited TUN "
				"descriptor), and perhaps ip=ADDR/LEN or mtu=N behind it",
				g->l->inlet);
	if (s->naddrs > 2 || s->gw4.family || s->gw6.family)
		return complain(EXIT_PERSONA,
				"--in %s: takes the stack's own addresses, one of each family, and "
				"no gateway",
				g->l->inlet);
	memcpy(g->gateway.addr, s->addr, s->naddrs * sizeof(s->addr[0]));
	g->gateway.naddrs = s->naddrs;
	g->gateway.mtu = s->mtu;
	memcpy(g->gateway.ifname, s->ifname, sizeof(g->gateway.ifname));
	return 0;
}

/* The host would send what leaves by such a path into the inlet again. */
static int gate_check_loop(const struct gate *g)
{
	const struct config *c = g->l->config;

	for (unsigned int i = 0; i < c->nifaces; i++) {
		const struct iface_spec *s = &c->iface[i].spec;
		const struct backend_ops *kind = backend_find(s->backend);

		if (kind && (kind->place == BACKEND_RELAY || kind->place == BACKEND_FAR_END))
			return complain(EXIT_PERSONA,
					"-i %s:%s: the host routes what leaves by it, and would "
					"route it back into the gateway: use another kind of "
					"path, or --no-routes and routes of your own",
					s->backend, s->ifname);
	}
	return 0;
}

static int gate_halves(struct nl *nl, int index, int family)
{
	int err = 0;

	for (unsigned int half = 0; !err && half < 2; half++) {
		struct ip_addr dst = {.family = (uint16_t)family, .prefix = 1};
		struct link_route r = {
			.oif = index,
			.family = family,
			.dst = &dst,
			.table = LINK_TABLE_MAIN,
		};

		dst.bytes[0] = half ? 0x80 : 0;
		err = link_route_add(nl, &r);
	}
	return err;
}

/* Addresses of the host's end, and its routes. */
static int gate_dress(const struct gate *g, struct nl *nl)
{
	struct link_info link;
	int err = link_get(nl, g->gateway.ifname, &link);

	if (!err)
		err = link_set(nl, link.index, g->room.mtu, NULL);
	for (unsigned int i = 0; !err && i < g->gateway.naddrs; i++) {
		struct ip_addr a = gate_beside(&g->gateway.addr[i]);

		err = link_addr_add(nl, link.index, &a);
		if (!err && g->l->routes)
			err = gate_halves(nl, link.index, a.family);
		if (a.family == AF_INET6 && (err == -EACCES || err == -EOPNOTSUPP))
			err = 0; /* a host without IPv6 */
	}
	return err;
}

static int gate_dress_host(const struct gate *g)
{
	struct nl *nl;
	int err;

	nl = nl_open(netlink_host_call, NETLINK_ROUTE, &err);
	if (nl)
		err = gate_dress(g, nl);
	nl_close(nl);
	if (err)
		return complain(EXIT_PERSONA,
				"cannot give interface '%s' its addresses and routes: %s%s",
				g->gateway.ifname, strerror(-err),
				err == -EPERM ? ": run as root, or write a COMMAND behind --" : "");
	return 0;
}

/* Before the paths, since this may fail; what leads into it comes after them. */
static int gate_open_inlet(struct gate *g)
{
	const struct backend_opening *opening = g->gateway.kind->opening;
	const char *ifname = g->gateway.ifname, *why;
	struct hostif h;

	g->made = opening->opener != BACKEND_SELF && hostif_get(-1, ifname, &h) == -ENODEV;
	if (g->made && g->l->routes && gate_check_loop(g))
		return EXIT_PERSONA;
	g->gateway.fd = opening->open(ifname, &why);
	if (g->gateway.fd < 0)
		return complain(EXIT_PERSONA, "--in: %s%s", why,
				g->gateway.fd == -EPERM
					? ", or write a COMMAND behind --, which needs no privilege"
					: "");
	if (g->made && !g->gateway.naddrs)
		gate_default_addresses(g);
	g->room.mtu = g->gateway.mtu ? g->gateway.mtu : GATEWAY_MTU;
	return 0;
}

static void gate_say_up(const struct gate *g)
{
	const struct config *c = g->l->config;
	char paths[CONFIG_MAX_IFACES * (IF_NAMESIZE + 2)] = "";
	size_t len = 0;

	for (unsigned int i = 0; i < c->nifaces; i++)
		len += (size_t)snprintf(paths + len, sizeof(paths) - len, "%s%s", i ? ", " : "",
					c->iface[i].spec.name);
	complain(0, "gateway: what comes by %s goes out by %s", g->l->inlet, paths);
}

/* Until a signal ends it. */
static int gate_serve(struct gate *g)
{
	const char *why;
	sigset_t ends;
	int sig, err;

	if (g->made && gate_dress_host(g))
		return EXIT_PERSONA;
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	err = gateway_start(&g->gateway, &why);
	if (err)
		return complain(EXIT_PERSONA, "%s", why);
	gate_say_up(g);
	while (sigwait(&ends, &sig))
		;
	gateway_stop();
	return 0;
}

/* ---- COMMAND in a namespace ---- */

static int gate_in_child(void *arg)
{
	struct gate *g = arg;
	const char *why;
	int fds[2];
	char go;

	close(g->go[0]);
	setrlimit(RLIMIT_NOFILE, &g->limit);
	if (namespace_enter(&g->room, fds, &why))
		return complain(1, "%s", why);
	if (namespace_pass(g->go[1], fds))
		return 1;
	close(fds[0]);
	close(fds[1]);
	if (read(g->go[1], &go, 1) != 1)
		return 1; /* the parent has failed, and said so */
	close(g->go[1]);
	return 0;
}

static int gate_in_parent(void *arg, pid_t child)
{
	struct gate *g = arg;
	const char *why;
	int fds[2], err;

	close(g->go[1]);
	if (namespace_take(g->go[0], fds))
		return EXIT_PERSONA; /* the child has said why */
	g->gateway.fd = highfd_move(fds[0], F_DUPFD_CLOEXEC);
	g->space = fds[1];
	if (g->gateway.fd < 0)
		return complain(EXIT_PERSONA, "too many open files: ulimit -n 1024");
	snprintf(g->gateway.ifname, sizeof(g->gateway.ifname), "%d", g->gateway.fd);
	err = gateway_start(&g->gateway, &why);
	if (err)
		return complain(EXIT_PERSONA, "%s", why);
	g->up = true;
	if (write(g->go[0], "g", 1) != 1)
		return EXIT_PERSONA;
	close(g->go[0]);
	return 0;
}

/* The servers of one file that are not the host's own addresses; false: there are none. */
static bool gate_read_resolv(struct gate *g, const char *path)
{
	char line[256], address[128];
	FILE *f = fopen(path, "re");
	bool found = false;
	struct ip_addr a;
	size_t len = 0;

	while (f && fgets(line, sizeof(line), f)) {
		bool server = sscanf(line, "nameserver %127s", address) == 1;

		if ((server && !ip_parse(address, &a) && ip_unfit(&a)) ||
		    len + strlen(line) >= sizeof(g->room.resolv))
			continue;
		found |= server;
		len += (size_t)sprintf(g->room.resolv + len, "%s", line);
	}
	if (f)
		fclose(f);
	return found;
}

/* COMMAND's name servers: the tunnels', else the host's that can be reached by the paths. */
static void gate_resolv(struct gate *g)
{
	const struct nameservers *names = &g->l->config->names;

	if (nameservers_given(names)) {
		nameservers_text(names, g->room.resolv);
		return;
	}
	if (gate_read_resolv(g, "/etc/resolv.conf") ||
	    gate_read_resolv(g, "/run/systemd/resolve/resolv.conf"))
		return;
	g->room.resolv[0] = '\0';
	complain(0, "warning: the host's name servers are its own addresses, which COMMAND cannot "
		    "reach: names will not resolve");
}

static int gate_command(struct gate *g)
{
	const struct supervise_ops ops = {
		.in_child = gate_in_child, .in_parent = gate_in_parent, .arg = g, .tree = true};
	unsigned int left;
	char path[PATH_MAX];
	const char *why;
	int status, err;

	err = program_find(g->l->argv[0], path, &why);
	if (err)
		return complain(err == -ENOENT ? EXIT_NOCMD : EXIT_NOEXEC, "%s", why);
	g->gateway.kind = backend_find("fd");
	gate_default_addresses(g);
	for (unsigned int i = 0; i < g->gateway.naddrs; i++)
		g->room.addr[i] = gate_beside(&g->gateway.addr[i]);
	g->room.naddrs = g->gateway.naddrs;
	g->room.mtu = g->gateway.mtu = GATEWAY_MTU;
	gate_resolv(g);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, g->go))
		return complain(EXIT_PERSONA, "cannot make a socket pair: %s", strerror(errno));
	status = supervise(path, g->l->argv, NULL, 0, &ops);
	if (!g->up)
		return status;
	left = gateway_deliver(g->l->config->linger);
	if (left)
		complain(0,
			 "gave up on %u connection%s: after %d s not all data, or not its end, was "
			 "acknowledged",
			 left, left == 1 ? "" : "s", g->l->config->linger);
	gateway_stop();
	return status;
}

static void gate_raise_limit(struct rlimit *old)
{
	struct rlimit more;

	if (getrlimit(RLIMIT_NOFILE, old))
		*old = (struct rlimit){1024, 1024};
	more = *old;
	more.rlim_cur = more.rlim_max;
	setrlimit(RLIMIT_NOFILE, &more);
}

int launch_gateway(const struct launch_gateway *l)
{
	struct gate g = {
		.l = l,
		.gateway = {.config = l->config, .argv = l->self},
		.go = {-1, -1},
	};
	struct config *c = l->config;
	const char *why;
	int status;

	status = gate_inlet_spec(&g);
	if (!status)
		status = gate_socks(&g);
	if (!status && path_personality(l->personality, c->image, sizeof(c->image), &why))
		status = complain(EXIT_PERSONA, "%s", why);
	gate_raise_limit(&g.limit);
	if (!status && (strcmp(l->personality, DEFAULT_PERSONALITY) || c->memory || c->nsysctls))
		status = preflight(c);
	if (!status)
		status = l->argv ? 0 : gate_open_inlet(&g);
	if (!status)
		status = interfaces_open(c);
	if (!status)
		status = l->argv ? gate_command(&g) : gate_serve(&g);
	interfaces_end();
	return status;
}
