// SPDX-License-Identifier: GPL-2.0-only
/*
 * gateway.c - from a parsed command line to a running gateway, see launch/gateway.h.
 *
 * Theory of operation
 *
 * Two forms. With an inlet of the host (--in, inlet.c) the gateway runs until a signal ends it.
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
#include "gateway/relay.h"
#include "launch/gateway.h"
#include "launch/inlet.h"
#include "launch/interfaces.h"
#include "launch/paths.h"
#include "launch/preflight.h"
#include "launch/program.h"
#include "launch/supervise.h"
#include "lib/complain.h"
#include "lib/highfd.h"
#include "netconf/nameservers.h"
#include "netconf/spec.h"
#include "stack/config.h"
#include "stack/tunnel.h"

/**
 * struct gate - one launch
 * @inlet: of the host; its addresses are also those of COMMAND's namespace
 * @room:  that namespace
 * @go:    socket pair between parent and child
 * @space: descriptor of COMMAND's namespace
 * @up:    gateway_start() has succeeded
 */
struct gate {
	const struct launch_gateway *l;
	struct inlet inlet;
	struct gateway gateway;
	struct namespace_room room;
	struct socks_server socks;
	struct rlimit limit;
	int go[2];
	int space;
	bool up;
};

/* ---- words ---- */

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

static bool gate_port(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	return end != text && !*end && n > 0 && n < 65536;
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
	if (!colon || colon == text || colon - text >= (long)sizeof(host) || !gate_port(colon + 1))
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

static void gate_say_up(const struct gate *g)
{
	const struct config *c = g->l->config;
	char paths[CONFIG_MAX_IFACES * (IF_NAMESIZE + 2)] = "";
	bool mine = g->inlet.made || g->inlet.kind->opening->opener == BACKEND_SELF;
	size_t len = 0;

	for (unsigned int i = 0; i < c->nifaces; i++)
		len += (size_t)snprintf(paths + len, sizeof(paths) - len, "%s%s", i ? ", " : "",
					c->iface[i].spec.name);
	complain(0, "gateway: what comes by %s goes out by %s%s", g->inlet.text, paths,
		 mine ? "" : " (it was there: its addresses and routes are yours)");
}

/* The largest packet that every path carries, so that none is too long for the next one. */
static unsigned int gate_mtu(const struct config *c)
{
	unsigned int least = GATEWAY_MTU;

	for (unsigned int i = 0; i < c->nifaces; i++) {
		const struct iface_spec *s = &c->iface[i].spec;
		const struct backend_ops *kind = backend_find(s->backend);
		unsigned int mtu = s->mtu;
		struct hostif h;

		if (!mtu && !hostif_get(-1, s->ifname, &h))
			mtu = kind && kind->place == BACKEND_TUNNEL ? tunnel_mtu(s, h.mtu) : h.mtu;
		if (mtu && mtu < least)
			least = mtu;
	}
	return least < GATEWAY_MTU_LEAST ? GATEWAY_MTU_LEAST : least;
}

static void gate_take_inlet(struct gate *g, unsigned int mtu)
{
	struct gateway *w = &g->gateway;

	w->kind = g->inlet.kind;
	w->fd = g->inlet.fd;
	w->mtu = mtu;
	w->naddrs = g->inlet.naddrs;
	memcpy(w->ifname, g->inlet.ifname, sizeof(w->ifname));
	memcpy(w->addr, g->inlet.addr, sizeof(w->addr));
}

/* Until a signal ends it. */
static int gate_serve(struct gate *g)
{
	unsigned int mtu = g->inlet.mtu ? g->inlet.mtu : gate_mtu(g->l->config);
	const char *why;
	sigset_t ends;
	int status;

	if (g->inlet.made) {
		status = inlet_dress(&g->inlet, mtu);
		if (status)
			return status;
	}
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	gate_take_inlet(g, g->inlet.made ? mtu : g->inlet.mtu);
	if (gateway_start(&g->gateway, &why))
		return complain(EXIT_PERSONA, "%s", why);
	gate_say_up(g);
	status = inlet_serve(&g->inlet, mtu);
	gateway_stop();
	return status;
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
		return complain(1, "cannot pass COMMAND's interface on");
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
	g->inlet.kind = backend_find("fd");
	inlet_default_addresses(&g->inlet);
	g->room.mtu = gate_mtu(g->l->config);
	gate_take_inlet(g, g->room.mtu);
	for (unsigned int i = 0; i < g->gateway.naddrs; i++) {
		g->room.gw[i] = g->gateway.addr[i];
		g->room.addr[i] = inlet_beside(&g->gateway.addr[i]);
	}
	g->room.naddrs = g->gateway.naddrs;
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
		.inlet = {.text = l->inlet, .fd = -1, .routes = l->routes},
		.gateway = {.config = l->config, .argv = l->self},
		.go = {-1, -1},
	};
	struct config *c = l->config;
	const char *why;
	int status;

	if (c->nprograms)
		return complain(EXIT_PERSONA,
				"--policy %s=NAME: a gateway does not know its programs: "
				"--policy NAME",
				c->program[0].name);
	status = l->inlet ? inlet_parse(&g.inlet) : 0;
	if (!status)
		status = gate_socks(&g);
	if (!status && path_personality(l->personality, c->image, sizeof(c->image), &why))
		status = complain(EXIT_PERSONA, "%s", why);
	gate_raise_limit(&g.limit);
	if (!status && (strcmp(l->personality, DEFAULT_PERSONALITY) || preflight_due(c)))
		status = preflight(c);
	if (!status)
		status = l->argv ? 0 : inlet_open(&g.inlet, c);
	c->ports = RELAY_MAX; /* others' sockets may stand beside a range that would grow */
	if (!status)
		status = interfaces_open(c, false);
	if (!status)
		status = l->argv ? gate_command(&g) : gate_serve(&g);
	interfaces_end();
	return status;
}
