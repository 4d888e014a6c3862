// SPDX-License-Identifier: GPL-2.0-only
/*
 * up.c - from a configuration to a running, configured stack.
 *
 * Theory of operation
 *
 * The order matters: sysctl defaults before interfaces (they inherit), then
 * back ends become interfaces, then the policy (steering.h), which says what endpoints are,
 * then addresses and routes, and the user's own sysctls last, when every key exists that ever will
 * and nothing of ours can overwrite them. All system calls into the stack are made by the calling
 * thread through engine_syscall().
 *
 * All or nothing: any failure stops the engine again, which closes the back
 * ends that it already owns; the descriptors of the others are left to the
 * caller, which can only exit.
 */
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include "backend/backend.h"
#include "backend/mirror.h"
#include "backend/pcap.h"
#include "engine/engine.h"
#include "lib/why.h"
#include "netconf/netconf.h"
#include "netconf/sysctl.h"
#include "stack/ahead.h"
#include "stack/capture.h"
#include "stack/config.h"
#include "stack/follow.h"
#include "stack/ports.h"
#include "stack/steering.h"
#include "stack/tunnel.h"
#include "stack/up.h"

/*
 * The interfaces of the running stack. @specs are theirs, the present and the former ones, so
 * that a thread that reads one by the pointer while the follower changes it finds it whole.
 */
static struct iface_spec specs[CONFIG_MAX_IFACES][2];
static struct netconf_iface ifaces[CONFIG_MAX_IFACES];
static unsigned int nifaces;
static bool verbose;
static int resolver;

struct netconf_iface *stack_ifaces(unsigned int *n)
{
	*n = nifaces;
	return ifaces;
}

const struct iface_spec *stack_spec(unsigned int i)
{
	return __atomic_load_n(&ifaces[i].spec, __ATOMIC_ACQUIRE);
}

void stack_set_spec(unsigned int i, const struct iface_spec *s)
{
	struct iface_spec *other = &specs[i][stack_spec(i) == &specs[i][0]];

	*other = *s;
	__atomic_store_n(&ifaces[i].spec, other, __ATOMIC_RELEASE);
}

bool stack_verbose(void)
{
	return verbose;
}

int stack_resolver(void)
{
	return resolver;
}

/* The back end of one interface: inherited descriptor, or opened here. */
static int open_backend(const struct config_iface *ci, struct backend **be, const char **why)
{
	const struct iface_spec *s = &ci->spec;
	const struct backend_ops *ops;

	if (s->backend[0]) {
		ops = backend_find(s->backend);
		if (!ops) {
			why_set(why, EINVAL, "unknown back end '%s'", s->backend);
			return -EINVAL;
		}
	} else {
		ops = backend_choose(s->ifname, why);
		if (!ops)
			return -ENODEV;
	}
	if (ci->fd >= 0)
		return ops->attach(be, ci->fd, s->ifname, why);
	return backend_open(be, ops, s->ifname, why);
}

/* @name: of the interface inside whose frames it carries */
static int dress_backend(struct backend **be, const struct iface_spec *s, const char *name,
			 struct pcap *capture, bool mirror, const char **why)
{
	struct backend *wrapped;
	int err;

	if (s->has_mac) {
		err = (*be)->ops->set_mac ? (*be)->ops->set_mac(*be, s->mac) : -EOPNOTSUPP;
		if (err)
			return why_set(why, -err, "%s: cannot use address mac=: %s", s->ifname,
				       strerror(-err));
	}
	if (s->mtu && (*be)->ops->place != BACKEND_TUNNEL)
		(*be)->mtu = s->mtu;
	if (capture) {
		err = pcap_wrap(capture, *be, name, &wrapped);
		if (err)
			return why_set(why, -err, "%s: cannot capture: %s", s->ifname,
				       strerror(-err));
		*be = wrapped;
	}
	if (mirror && !mirror_wrap(*be, name, &wrapped))
		*be = wrapped;
	return 0;
}

static int up_add_iface(const struct config_iface *ci, struct pcap *capture, bool mirror,
			size_t memory, struct netconf_iface *ifc, const char **why)
{
	unsigned int number = (unsigned int)(ifc - ifaces);
	const char *name = ci->spec.name;
	struct backend *be;
	bool tunnel;
	int index, err;

	err = open_backend(ci, &be, why);
	if (err)
		return err;
	ifc->be = be;
	tunnel = be->ops->place == BACKEND_TUNNEL;
	if (tunnel)
		name = tunnel_lower(number);
	err = dress_backend(&be, &ci->spec, name, tunnel ? NULL : capture, mirror, why);
	if (err) {
		be->ops->close(be);
		return err;
	}
	specs[number][0] = ci->spec;
	ifc->spec = &specs[number][0];
	ifc->rawip = be->link == BACKEND_LINK_RAWIP;
	index = engine_add_netif(be, tunnel ? tunnel_lower(number)
					    : ci->spec.name); /* owns be, whatever comes */
	if (index < 0)
		return why_set(why, -index, "%s: the stack refuses the interface: %s",
			       ci->spec.name, strerror(-index));
	ifc->index = index;
	ifc->lower = 0;
	err = tunnel ? tunnel_up(ifc, number, why) : 0;
	if (err || !tunnel || !capture)
		return err;
	err = capture_add(capture, ifc->index, ci->spec.name, memory);
	return err ? why_set(why, -err, "%s: cannot capture: %s", ci->spec.name, strerror(-err))
		   : 0;
}

static int user_sysctls(const struct config *c, const char **why)
{
	unsigned int i;
	int err;

	for (i = 0; i < c->nsysctls; i++) {
		const struct config_sysctl *s = &c->sysctl[i];

		err = sysctl_set(engine_syscall, s->name, s->value);
		if (err == -ENOENT || err == -ENOTDIR)
			return why_set(why, ENOENT, "-o %s: this personality has no such key",
				       s->name);
		if (err == -EINVAL || err == -ERANGE)
			return why_set(why, -err, "-o %s: value '%s' is refused", s->name,
				       s->value);
		if (err == -EACCES || err == -EPERM || err == -EISDIR)
			return why_set(why, -err, "-o %s: the key cannot be written", s->name);
		if (err)
			return why_set(why, -err, "-o %s=%s: %s", s->name, s->value,
				       strerror(-err));
	}
	return 0;
}

/* An interface that is gone cannot be filtered: it is, when it is back, by the next call. */
static void refresh_beside(void)
{
	const char *why;

	ports_refresh(&why);
}

static int up_configure(const struct config *c, struct pcap *capture, const char **why)
{
	size_t memory = c->memory ? c->memory : ENGINE_MEMORY_DEFAULT;
	unsigned int i;
	int err;

	err = sysctl_mount(engine_syscall);
	if (err)
		return why_set(why, -err, "cannot mount /proc in the stack: %s", strerror(-err));
	err = sysctl_defaults(engine_syscall, memory);
	if (err)
		return why_set(why, -err, "cannot set the stack's sysctls: %s", strerror(-err));
	nifaces = 0;
	for (i = 0; i < c->nifaces; i++) {
		err = up_add_iface(&c->iface[i], capture, c->mirror, memory, &ifaces[i], why);
		if (err)
			return err;
	}
	nifaces = i;
	err = ports_up(c, why);
	if (err)
		return err;
	follow_on_change(refresh_beside);
	err = steering_start(c, ifaces, nifaces, why);
	if (!err)
		err = netconf_apply(engine_syscall, ifaces, nifaces, why);
	if (err)
		return err;
	return user_sysctls(c, why);
}

struct engine_options stack_options(const struct config *c)
{
	return (struct engine_options){
		.image = c->image,
		.memory = c->memory,
		.vcpus = c->vcpus,
		.verbose = c->verbose,
	};
}

int stack_up(const struct config *c, const char **why)
{
	struct engine_options opt = stack_options(c);
	struct pcap *capture = NULL;
	int err;

	ahead_wait();
	verbose = c->verbose;
	resolver = c->resolver;
	err = engine_start(&opt, why);
	if (err)
		return err;
	if (c->pcap[0])
		err = pcap_create(&capture, c->pcap, why);
	if (!err)
		err = up_configure(c, capture, why);
	if (err) {
		capture_stop();
		engine_stop();
		ports_down();
	}
	pcap_put(capture); /* the interfaces hold their own references */
	return err;
}

void stack_hide(const struct config *c)
{
	for (unsigned int i = 0; i < nifaces && !c->sampled; i++)
		if (ifaces[i].lower)
			prctl(PR_SET_DUMPABLE, 0);
}
