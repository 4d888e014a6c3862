// SPDX-License-Identifier: GPL-2.0-only
/*
 * doctor.c - `persona doctor`: check what this machine allows, say what to do.
 *
 * Theory of operation
 *
 * One function per check, in a table. Each really tries what `persona run`
 * will do (open the socket, map the memory) instead of reading about it, gives
 * back what it took, and prints one line: ok, warn (something is missing that
 * not everybody needs) or fail (nothing will run), with the remedy.
 *
 * Exit status: 0 if nothing failed, else 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include "backend/backend.h"
#include "backend/rtlink.h"
#include "backend/xdphost.h"
#include "backend/xdptool.h"
#include "cli/cli.h"
#include "cli/paths.h"
#include "cli/preflight.h"
#include "cli/program.h"
#include "engine/engine.h"
#include "setup/link.h"
#include "shadow/shadow.h"

enum verdict { OK, WARN, FAIL };

static unsigned int failed;

static void say(enum verdict v, const char *thing, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void say(enum verdict v, const char *thing, const char *fmt, ...)
{
	static const char *const words[] = {"ok", "warn", "fail"};
	va_list ap;

	printf("%-5s %-14s ", words[v], thing);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	if (v == FAIL)
		failed++;
}

static void check_kernel(void)
{
	struct utsname u;

	if (uname(&u))
		say(WARN, "host kernel", "unknown: %s", strerror(errno));
	else
		say(OK, "host kernel", "%s %s, %s (whether it has MPTCP does not matter)",
		    u.sysname, u.release, u.machine);
}

static void check_processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	if (n >= 2)
		say(OK, "processors", "%ld: the stack gets two virtual ones (--vcpus)", n);
	else
		say(WARN, "processors", "one: the stack gets one, and never spins");
}

static void check_memory(void)
{
	void *p = mmap(NULL, ENGINE_MEMORY_DEFAULT, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED) {
		say(FAIL, "memory", "%lu MB cannot be reserved: %s: raise ulimit -v, or use --mem",
		    ENGINE_MEMORY_DEFAULT >> 20, strerror(errno));
		return;
	}
	munmap(p, ENGINE_MEMORY_DEFAULT);
	say(OK, "memory", "%lu MB can be reserved for the stack", ENGINE_MEMORY_DEFAULT >> 20);
}

static void check_image(void)
{
	char path[PATH_MAX];
	struct program p;
	const char *why;

	if (path_personality(DEFAULT_PERSONALITY, path, sizeof(path), &why))
		say(FAIL, "personality", "%s", why);
	else if (program_inspect(path, &p))
		say(FAIL, "personality", "%s cannot be read", path);
	else if (p.kind != PROGRAM_STATIC)
		say(FAIL, "personality", "%s is no image for this processor: make personalities",
		    path);
	else
		say(OK, "personality", DEFAULT_PERSONALITY ": %s", path);
}

/* Really start the stack, in a process of its own. */
static void check_start(void)
{
	struct config *c = calloc(1, sizeof(*c));
	struct timespec from, to;
	long us;

	if (!c || path_personality(DEFAULT_PERSONALITY, c->image, sizeof(c->image), NULL))
		goto out; /* was said before */
	clock_gettime(CLOCK_MONOTONIC, &from);
	if (preflight(c)) {
		say(FAIL, "start", "the stack does not start, see above");
		goto out;
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	us = (to.tv_sec - from.tv_sec) * 1000000 + (to.tv_nsec - from.tv_nsec) / 1000;
	say(OK, "start", "the stack starts and is set up, in %ld.%ld ms with its process",
	    us / 1000, us % 1000 / 100);
out:
	free(c);
}

static void check_shadow(void)
{
	const char *why;

	if (shadow_probe(&why))
		say(FAIL, "shadow mode", "%s; or use --inline", why);
	else
		say(OK, "shadow mode", "calls are notified, answered, and read (the default mode)");
}

static void check_library(void)
{
	char path[PATH_MAX];
	const char *why;

	if (path_inline_library(path, sizeof(path), &why))
		say(FAIL, "inline mode", "%s", why);
	else
		say(OK, "inline mode", "%s", path);
}

static void check_packet(void)
{
	int one = 1;
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		say(WARN, "packet, rawip",
		    "no packet socket: %s: run as root, or setcap cap_net_raw,cap_net_admin+ep on "
		    "persona",
		    strerror(errno));
		return;
	}
	if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)))
		say(WARN, "packet, rawip", "the host kernel has no PACKET_VNET_HDR: %s",
		    strerror(errno));
	else
		say(OK, "packet, rawip", "packet sockets with offloads");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &one, sizeof(one)))
		say(WARN, "socket buffers",
		    "bounded by net.core.rmem_max and wmem_max: give persona CAP_NET_ADMIN, or "
		    "raise them for more than about 1 Gbit/s");
	close(fd);
}

static void check_tun(void)
{
	const char *path = "/dev/net/tun";
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		say(WARN, "tap, tun", "%s: %s: %s", path, strerror(errno),
		    errno == ENOENT || errno == ENODEV ? "modprobe tun" : "run as root");
		return;
	}
	close(fd);
	say(OK, "tap, tun", "%s can be opened", path);
}

/* What a bare `persona run` uses. */
static void check_passt(void)
{
	const char *why;
	int fd = backend_find("passt")->open("", &why);

	if (fd < 0) {
		say(WARN, "passt", "%s", why);
		return;
	}
	close(fd);
	say(OK, "passt", "starts: persona run needs no -i");
}

/* By asking the kernel for a link on no interface: each answer but EOPNOTSUPP means it can. */
static void check_macvtap(void)
{
	int err = rtlink_add_macvtap("persona-doctor", 0);

	if (err == -EPERM)
		say(WARN, "macvtap", "needs CAP_NET_ADMIN: run as root");
	else if (err == -EOPNOTSUPP)
		say(WARN, "macvtap", "the host kernel has none: modprobe macvtap");
	else
		say(OK, "macvtap", "links can be made");
}

static void check_xdp(void)
{
	char path[PATH_MAX];
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		say(WARN, "xdp", "no AF_XDP socket: %s: %s", strerror(errno),
		    errno == EPERM ? "run as root" : "use packet instead");
	else if (xdptool_find(path, sizeof(path)))
		say(WARN, "xdp",
		    "persona-xdp is not there: apt-get install clang libbpf-dev, then make host");
	else
		say(OK, "xdp", "AF_XDP sockets, and %s", path);
	if (fd >= 0)
		close(fd);
}

static int check_interface(const struct link_info *info, void *arg)
{
	const struct backend_ops *ops;
	const char *why;
	char thing[IF_NAMESIZE + 16];

	if (info->flags & IFF_LOOPBACK)
		return 0;
	++*(unsigned int *)arg;
	snprintf(thing, sizeof(thing), "%s", info->name);
	ops = backend_choose(info->name, &why);
	if (!ops)
		say(WARN, thing, "%s", why);
	else if (!(info->flags & IFF_UP))
		say(WARN, thing, "is down: ip link set %s up", info->name);
	else if (!(info->flags & IFF_RUNNING))
		say(WARN, thing, "is up, but has no carrier");
	else
		say(OK, thing, "-i %s uses back end %s, MTU %u", info->name, ops->name, info->mtu);
	return 0;
}

static void check_interfaces(void)
{
	unsigned int n = 0;
	struct nl *nl;
	int err;

	nl = nl_open(netlink_host_call, NETLINK_ROUTE, &err);
	if (nl)
		err = link_list(nl, check_interface, &n);
	nl_close(nl);
	if (err)
		say(WARN, "interfaces", "cannot be listed: %s: name them and ip= yourself",
		    strerror(-err));
	else if (!n)
		say(WARN, "interfaces", "none but the loopback: nothing to give to -i");
}

static void (*const checks[])(void) = {
	check_kernel, check_processors, check_memory,	  check_image, check_start,
	check_shadow, check_library,	check_packet,	  check_tun,   check_macvtap,
	check_xdp,    check_passt,	check_interfaces,
};

int cmd_doctor(int argc, char **argv)
{
	unsigned int i;

	if (argc > 1)
		return complain(EXIT_PERSONA, "doctor: takes no argument");
	for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		checks[i]();
	return failed ? 1 : 0;
}
