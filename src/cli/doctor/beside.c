// SPDX-License-Identifier: GPL-2.0-only
/*
 * beside.c - can the stack live beside the host on these interfaces?
 *
 * Theory of operation
 *
 * An opener is started as for a run, and asked for all that a run can ask for: each
 * interface (its policy speaks), rules by which the host drops a flow (one of TEST-NET-1,
 * RFC 5737, where nobody is), and a range of ports. Then the connection is closed and the
 * opener takes it all back, as always. So what is said here is what a run would meet.
 *
 * The host's own rules are read by `nft list ruleset`, as root.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "backend/backend.h"
#include "backend/opening/flows.h"
#include "cli/doctor/doctor.h"
#include "cli/ruleset.h"
#include "launch/paths.h"
#include "opener/client.h"
#include "opener/policy.h"

#define GONE_MS	  2000 /* for the opener to take everything back */
#define PORTS	  64
#define MAX_HOOKS 64
#define TEXT_MAX  (1u << 20)

static bool beside_check(const struct iface_spec *s)
{
	const struct backend_ops *ops = backend_find(s->backend);

	return ops && ops->opening->shares && !ops->opening->steer;
}

/* ---- the opener ---- */

/* Does its file give it what opening and holding take? */
static bool has_capabilities(const char *path)
{
	const uint32_t wanted = 1u << CAP_NET_ADMIN | 1u << CAP_NET_RAW;
	struct vfs_ns_cap_data caps = {0};

	return getxattr(path, "security.capability", &caps, sizeof(caps)) >=
		       (ssize_t)XATTR_CAPS_SZ_1 &&
	       (le32toh(caps.data[0].permitted) & wanted) == wanted;
}

static void check_installed(const char *path)
{
	bool has = has_capabilities(path);
	struct stat st;

	if (has)
		doctor_say(DOCTOR_OK, "opener", NULL, "%s, with file capabilities", path);
	else if (!geteuid())
		doctor_say(DOCTOR_OK, "opener", NULL, "%s, for root: it has no file capabilities",
			   path);
	else
		doctor_say(DOCTOR_WARN, "opener",
			   "root can: setcap cap_net_raw,cap_net_admin+ep FILE",
			   "%s has no file capabilities", path);
	if (!has)
		return;
	if (stat(POLICY_FILE, &st))
		doctor_say(DOCTOR_WARN, "opener.conf", "write a line: user NAME INTERFACE...",
			   POLICY_FILE ": %s: only root may use interfaces", strerror(errno));
	else if (st.st_uid || st.st_mode & (S_IWGRP | S_IWOTH))
		doctor_say(DOCTOR_WARN, "opener.conf", "chown root, chmod go-w",
			   POLICY_FILE " must be root's, and writable by nobody else");
	else
		doctor_say(DOCTOR_OK, "opener.conf", NULL, POLICY_FILE " is there");
}

static unsigned int try_open(int opener, const struct doctor *d, int *first)
{
	unsigned int n = 0;
	const char *why;
	char thing[IF_NAMESIZE + 16];

	for (unsigned int i = 0; i < d->n; i++) {
		const struct iface_spec *s = &d->spec[i];
		int fd;

		if (!beside_check(s))
			continue;
		snprintf(thing, sizeof(thing), "%s opened", s->name);
		fd = opener_open(opener, s->backend, s->ifname, &why);
		if (fd < 0) {
			doctor_say(DOCTOR_WARN, thing, NULL, "%s", why);
			continue;
		}
		close(fd);
		doctor_say(DOCTOR_OK, thing, NULL, "this user may use it");
		if (!n++)
			*first = (int)i;
	}
	return n;
}

static void try_rules(int opener, const char *ifname)
{
	struct flows f = {.naddrs = 2,
			  .addr = {{.family = AF_INET, .owner = FLOWS_OWN},
				   {.family = AF_INET, .owner = FLOWS_SHARED}}};
	uint16_t first, last;
	const char *why;

	inet_pton(AF_INET, "192.0.2.1", f.addr[0].bytes);
	inet_pton(AF_INET, "192.0.2.2", f.addr[1].bytes);
	if (opener_reserve_range(opener, 0, &first, &last, &why) ||
	    opener_flows(opener, ifname, &f, &why)) {
		doctor_say(DOCTOR_WARN, "drop rules",
			   "or give the stack addresses of its own by ip=", "%s", why);
		return;
	}
	doctor_say(DOCTOR_OK, "drop rules", NULL,
		   "the host can be kept from the stack's packets on %s", ifname);
	if (opener_reserve_range(opener, PORTS, &first, &last, &why))
		doctor_say(DOCTOR_WARN, "shared ports", NULL, "%s", why);
	else
		doctor_say(DOCTOR_OK, "shared ports", NULL,
			   "%u to %u were free and could be reserved", first, last);
}

static void check_opener(const struct doctor *d)
{
	struct pollfd gone = {.fd = -1, .events = POLLIN};
	char path[PATH_MAX];
	const char *why;
	int opener, first = 0;

	if (path_opener(path, sizeof(path), &why)) {
		doctor_say(DOCTOR_WARN, "opener", NULL, "%s", why);
		return;
	}
	check_installed(path);
	opener = opener_spawn(path, &gone.fd, &why);
	if (opener < 0) {
		doctor_say(DOCTOR_WARN, "opener", NULL, "%s", why);
		return;
	}
	if (try_open(opener, d, &first))
		try_rules(opener, d->spec[first].ifname);
	close(opener);
	if (poll(&gone, 1, GONE_MS) != 1)
		doctor_say(DOCTOR_WARN, "opener", NULL, "has not ended yet");
	close(gone.fd);
}

/* ---- the host's own rules ---- */

static char *host_ruleset(int *status)
{
	char *text = malloc(TEXT_MAX);
	size_t len = 0, n;
	FILE *f;

	f = text ? popen("PATH=$PATH:/usr/sbin:/sbin exec nft list ruleset 2>&1", "re") : NULL;
	if (!f) {
		free(text);
		return NULL;
	}
	while ((n = fread(text + len, 1, TEXT_MAX - 1 - len, f)) > 0)
		len += n;
	text[len] = '\0';
	*status = pclose(f);
	return text;
}

static unsigned int say_hooks(const struct ruleset_hook *hooks, unsigned int n,
			      const struct iface_spec *s)
{
	const struct backend_ops *kind = backend_find(s->backend);
	char thing[IF_NAMESIZE + 16], remedy[192];
	unsigned int concern = 0;

	for (unsigned int k = 0; k < n; k++) {
		const struct ruleset_hook *h = &hooks[k];

		if (!ruleset_concerns(h, kind ? kind->hooks : 0, s->ifname))
			continue;
		snprintf(thing, sizeof(thing), "%s rules", s->name);
		snprintf(remedy, sizeof(remedy), "nft list chain %.15s %.63s %.63s", h->family,
			 h->table, h->chain);
		doctor_say(DOCTOR_WARN, thing, remedy,
			   "the host's chain %s of table %s %s (hook %s) may drop the stack's "
			   "packets",
			   h->chain, h->family, h->table, h->hook);
		concern++;
	}
	return concern;
}

static void check_ruleset(const struct doctor *d)
{
	static struct ruleset_hook hooks[MAX_HOOKS];
	unsigned int n, drop = 0, concern = 0;
	int status = -1;
	char *text = host_ruleset(&status);

	if (!text || status) {
		if (text)
			text[strcspn(text, "\n")] = '\0';
		doctor_say(DOCTOR_WARN, "host's rules",
			   geteuid() ? "run as root" : "apt-get install nftables",
			   "cannot be read: nft: %s", text && *text ? text : "out of memory");
		free(text);
		return;
	}
	n = ruleset_hooks(text, hooks, MAX_HOOKS);
	free(text);
	for (unsigned int i = 0; i < d->n; i++)
		concern += say_hooks(hooks, n, &d->spec[i]);
	for (unsigned int k = 0; k < n; k++)
		drop += hooks[k].drops;
	if (!concern)
		doctor_say(DOCTOR_OK, "host's rules", NULL,
			   drop ? "%u chains can drop, none in the stack's way (its packets come "
				  "and go before prerouting and input, conntrack's too)"
				: "%u chains can drop",
			   drop);
}

void doctor_beside(const struct doctor *d)
{
	check_opener(d);
	check_ruleset(d);
}
