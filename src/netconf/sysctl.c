// SPDX-License-Identifier: GPL-2.0-only
/*
 * sysctl.c - /proc/sys of a Linux reached by system calls, see sysctl.h.
 *
 * The defaults, and why they differ from the kernel's:
 *
 * - Several interfaces may share a network: an address answers ARP only where
 *   it lives, and requests name a sender that belongs to the interface. Reverse
 *   path filtering is off, since traffic leaves by its source address.
 * - IPv6 addresses are given, not learned: no router advertisements, no
 *   autoconfiguration; and no duplicate detection, which would keep link-local
 *   addresses unusable for a second or two.
 * - An interface whose link is down takes no traffic: its routes are passed over as
 *   if they were not there, until the link is back (follow.c).
 * - A new address may come before the old one of the same network goes: it must
 *   not go with it.
 * - Since 6.12 an MPTCP connection whose SYN comes through only without the option switches MPTCP
 *   off for all others, for an hour, doubled each time: the option may be filtered. On a phone a
 *   path that was away for three seconds looks the same. So it is a minute, and is forgotten with
 *   each loss and return of a path (netconf.c).
 * - A thread of the program that calls in is a task of the stack. The kernel allows as many as
 *   take an eighth of the memory: 1024, which a server of a thread per connection exceeds.
 * - Buffers: the kernel derives its bounds from the memory it finds; here 256 MB means a receive
 *   buffer of at most a fortieth of it (6 MB, which fills 100 Mbit/s at 100 ms several times
 *   over). Of all TCP together: beyond a quarter windows are each socket's share, beyond three
 *   eighths received data is taken when it is read only, and five eighths are never passed
 *   (arch/lkl/net/mptcp.c). UDP has three sixteenths, the kernel's default; the rest is for
 *   what is not charged to a socket.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "engine/engine.h"
#include "lib/rawsys.h"
#include "netconf/sysctl.h"

#define PROC_SYS "/proc/sys/"

#define PAGE 4096u

#define WINDOW_MAX (16u << 20)
#define WINDOW_MIN (512u << 10)

static long sysctl_sys(nl_call_fn *call, long nr, long a, long b, long c, long d, long e)
{
	const long args[6] = {a, b, c, d, e, 0};

	return call(nr, args);
}

int sysctl_mount(nl_call_fn *call)
{
	long r;

	r = sysctl_sys(call, SYS_mkdirat, AT_FDCWD, (long)"/proc", 0755, 0, 0);
	if (r && r != -EEXIST)
		return (int)r;
	r = sysctl_sys(call, SYS_mount, (long)"proc", (long)"/proc", (long)"proc", 0, 0);
	return r == -EBUSY ? 0 : (int)r;
}

int sysctl_name_valid(const char *name)
{
	const char *p;

	if (!*name || *name == '/' || *name == '.' || strstr(name, "..") || strstr(name, "//") ||
	    strstr(name, "./") || strstr(name, "/."))
		return 0;
	for (p = name; *p; p++) {
		if (*p <= ' ' || *p >= 0x7f)
			return 0;
	}
	return p[-1] != '/' && p[-1] != '.';
}

static int sysctl_path(const char *name, char path[256])
{
	char *p;

	if (!sysctl_name_valid(name))
		return -ENOENT;
	if (snprintf(path, 256, PROC_SYS "%s", name) >= 256)
		return -ENAMETOOLONG;
	if (!strchr(name, '/')) {
		for (p = path + strlen(PROC_SYS); *p; p++) {
			if (*p == '.')
				*p = '/';
		}
	}
	return 0;
}

int sysctl_set(nl_call_fn *call, const char *name, const char *value)
{
	char path[256];
	long fd, r = sysctl_path(name, path);

	if (r)
		return (int)r;
	fd = sysctl_sys(call, SYS_openat, AT_FDCWD, (long)path, O_WRONLY | O_CLOEXEC, 0, 0);
	if (fd < 0)
		return (int)fd;
	/* Some keys take a lock of routing's, and ask to be called again while another has it. */
	do {
		r = sysctl_sys(call, SYS_write, fd, (long)value, (long)strlen(value), 0, 0);
	} while (r == -ENGINE_ERESTARTNOINTR);
	sysctl_sys(call, SYS_close, fd, 0, 0, 0, 0);
	if (r == -ENOENT) /* the key is there: its value names something that is not */
		return -EINVAL;
	return r < 0 ? (int)r : 0;
}

int sysctl_get(nl_call_fn *call, const char *name, char *value, size_t size)
{
	char path[256];
	long fd, r = sysctl_path(name, path);

	if (r)
		return (int)r;
	fd = sysctl_sys(call, SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0);
	if (fd < 0)
		return (int)fd;
	r = sysctl_sys(call, SYS_read, fd, (long)value, (long)size - 1, 0, 0);
	sysctl_sys(call, SYS_close, fd, 0, 0, 0, 0);
	if (r < 0)
		return (int)r;
	if (r && value[r - 1] == '\n')
		r--;
	value[r] = '\0';
	return 0;
}

int sysctl_again(nl_call_fn *call, const char *name)
{
	char value[128];
	int err = sysctl_get(call, name, value, sizeof(value));

	return err ? err : sysctl_set(call, name, value);
}

static const struct {
	const char *name;
	const char *value;
} defaults[] = {
	{"net.ipv4.conf.all.arp_ignore", "1"},
	{"net.ipv4.conf.all.arp_announce", "2"},
	{"net.ipv4.conf.all.rp_filter", "0"},
	{"net.ipv4.conf.default.rp_filter", "0"},
	{"net.ipv4.conf.all.promote_secondaries", "1"},
	{"net.ipv4.conf.all.ignore_routes_with_linkdown", "1"},
	{"net.ipv6.conf.all.ignore_routes_with_linkdown", "1"},
	{"net.ipv6.conf.default.ignore_routes_with_linkdown", "1"},
	{"net.mptcp.blackhole_timeout", "60"},
	{"net.ipv4.ping_group_range", "0 2147483647"},
	{"kernel.threads-max", "30000"},
	{"net.ipv6.conf.default.accept_ra", "0"},
	{"net.ipv6.conf.default.autoconf", "0"},
	{"net.ipv6.conf.default.accept_dad", "0"},
	{"net.ipv6.conf.default.dad_transmits", "0"},
	{"net.ipv6.conf.default.router_solicitations", "0"},
};

#define NDEFAULTS (sizeof(defaults) / sizeof(defaults[0]))

static size_t sysctl_clamp(size_t n, size_t low, size_t high)
{
	if (n < low)
		return low;
	return n > high ? high : n;
}

static void sysctl_note(int *first, int err)
{
	if (err && err != -ENOENT && !*first)
		*first = err;
}

int sysctl_defaults(nl_call_fn *call, size_t memory)
{
	size_t window = sysctl_clamp(memory / 40, WINDOW_MIN, WINDOW_MAX);
	size_t pages = memory / PAGE;
	char text[96];
	int err = 0;
	size_t i;

	for (i = 0; i < NDEFAULTS; i++)
		sysctl_note(&err, sysctl_set(call, defaults[i].name, defaults[i].value));

	snprintf(text, sizeof(text), "4096 131072 %zu", window);
	sysctl_note(&err, sysctl_set(call, "net.ipv4.tcp_rmem", text));
	snprintf(text, sizeof(text), "4096 65536 %zu", window / 2);
	sysctl_note(&err, sysctl_set(call, "net.ipv4.tcp_wmem", text));
	snprintf(text, sizeof(text), "%zu %zu %zu", pages / 4, pages * 3 / 8, pages * 5 / 8);
	sysctl_note(&err, sysctl_set(call, "net.ipv4.tcp_mem", text));
	snprintf(text, sizeof(text), "%zu", window);
	sysctl_note(&err, sysctl_set(call, "net.core.rmem_max", text));
	sysctl_note(&err, sysctl_set(call, "net.core.wmem_max", text));
	return err;
}
