// SPDX-License-Identifier: GPL-2.0-only
/*
 * gateway.c - the stack as a router of connections, see gateway.h.
 *
 * Theory of operation
 *
 * The stack comes up as for a program, with the paths as its interfaces; then the inlet is added,
 * which is none of them: no MPTCP endpoint, no default route, nothing that follows the host.
 * rules.c sends what comes by it to the relay, or forwards it.
 *
 * Clients that have ended (a COMMAND and all that it started) may have left data in their
 * kernel, on the way here or in the stack. It is delivered when all that they have sent, and their
 * end, has been passed on by the relay, and nothing of it is unacknowledged.
 *
 * Threads: one starts and stops it. The relay's, the follower's and the control server's are their
 * own.
 */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include "backend/backend.h"
#include "control/server.h"
#include "engine/engine.h"
#include "gateway/call.h"
#include "gateway/gateway.h"
#include "gateway/relay.h"
#include "gateway/rules.h"
#include "lib/clock.h"
#include "lib/complain.h"
#include "lib/rawsys.h"
#include "lib/trace.h"
#include "lib/why.h"
#include "netconf/link.h"
#include "stack/capture.h"
#include "stack/config.h"
#include "stack/drain.h"
#include "stack/follow.h"
#include "stack/ports.h"
#include "stack/subflows.h"
#include "stack/up.h"

#define INLET	"inlet"
#define FILES	(1 << 17)
#define NAP_MAX 50

static struct flow_options options;
static struct control_run control;

static void gateway_tell(const char *sentence)
{
	complain(0, "%s", sentence);
}

/* Address, MTU and link of the inlet inside. */
static int gateway_configure(const struct gateway *g, int index)
{
	struct nl *nl;
	int err;

	nl = nl_open(engine_syscall, NETLINK_ROUTE, &err);
	if (!nl)
		return err;
	if (g->kind->link == BACKEND_LINK_RAWIP)
		link_no_addrgen(nl, index);
	err = link_set(nl, index, g->mtu, NULL);
	for (unsigned int i = 0; !err && i < g->naddrs; i++)
		err = link_addr_add(nl, index, &g->addr[i]);
	nl_close(nl);
	return err;
}

static int gateway_inlet(const struct gateway *g, const char **why)
{
	const struct config *c = g->config;
	struct rules rules = {.name = INLET, .first = c->first_port, .last = c->last_port};
	struct backend *be;
	int err;

	err = g->kind->attach(&be, g->fd, g->ifname, why);
	if (err)
		return err;
	if (g->mtu)
		be->mtu = g->mtu;
	rules.index = engine_add_netif(be, INLET);
	if (rules.index < 0)
		return why_set(why, -rules.index, "the stack refuses the inlet: %s",
			       strerror(-rules.index));
	err = gateway_configure(g, rules.index);
	if (err)
		return why_set(why, -err, "cannot configure the inlet in the stack: %s",
			       strerror(-err));
	return rules_make(&rules, why);
}

static int gateway_up(const struct gateway *g, const char **why)
{
	struct rlimit many = {FILES, FILES};
	int err = gateway_inlet(g, why);

	if (err)
		return err;
	gate_call(SYS_prlimit64, 0, RLIMIT_NOFILE, &many, 0);
	options = (struct flow_options){.mptcp = g->config->mptcp, .socks = g->socks};
	return relay_start(&options, why);
}

int gateway_start(const struct gateway *g, const char **why)
{
	const struct config *c = g->config;
	int err;

	if (c->trace)
		trace_start(c->trace, gateway_tell);
	err = stack_up(c, why);
	if (err)
		return err;
	stack_hide(c);
	err = gateway_up(g, why);
	if (err) {
		capture_stop();
		engine_stop();
		ports_down();
		return err;
	}
	err = follow_start(gateway_tell);
	if (err && c->verbose)
		complain(0, "the host's interfaces are not followed: %s", strerror(-err));
	subflows_start();
	capture_start(gateway_tell);
	control = (struct control_run){
		.mode = "gateway",
		.image = c->image,
		.argv = g->argv,
		.alone = "a gateway cannot be joined: what has a route to it is served",
	};
	err = control_start(&control);
	if (err)
		complain(0, "warning: persona ps will not find this gateway: %s", strerror(-err));
	return 0;
}

static void gateway_nap(long ms)
{
	struct timespec t = {.tv_nsec = ms * CLOCK_NS_PER_MS};

	RAWSYS(SYS_nanosleep, &t, NULL);
}

unsigned int gateway_deliver(int seconds)
{
	uint64_t start = clock_mono_ms();
	unsigned int left;
	long ms = 1;

	while ((left = relay_unsent()) || (left = (unsigned int)drain_pending(engine_syscall))) {
		if (clock_mono_ms() - start >= (uint64_t)seconds * 1000)
			return left;
		gateway_nap(ms);
		ms = ms < NAP_MAX ? ms * 2 : NAP_MAX;
	}
	return 0;
}

void gateway_stop(void)
{
	control_stop();
	relay_stop();
	follow_stop();
	subflows_stop();
	capture_stop();
	engine_stop();
	ports_down();
}
