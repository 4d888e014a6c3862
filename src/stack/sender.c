// SPDX-License-Identifier: GPL-2.0-only
/*
 * sender.c - by what the stack sends, see sender.h.
 *
 * Theory of operation
 *
 * New connections take the name that a sysctl has. Those that exist have a socket option for it,
 * and all sockets of the stack, of whichever mode, are descriptors of its one process: so
 * /proc/self/fd inside lists them. A socket is changed if it has the name that new ones had:
 * another one is its program's wish (a socket option), or of a policy for that program.
 *
 * Linux has had a choice of schedulers since 6.6, and an option of one socket's is an extension of
 * ours (docs/extensions.md): without it a scheduler is for connections that begin later.
 *
 * Threads: any, one at a time for the same @what (steering.c's lock). Limits: a connection that
 * begins while the name changes may have either.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include "engine/engine.h"
#include "lib/closest.h"
#include "lib/why.h"
#include "netconf/sysctl.h"
#include "stack/sender.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

#define SENDER_NAMES 32 /* that are told apart */

static const struct sender_kind {
	const char *what;
	const char *key, *available;
	int level, option;
	bool mptcp; /* of MPTCP sockets alone */
} senders[] = {
	[SENDER_SCHEDULER] = {"scheduler", "net.mptcp.scheduler", "net.mptcp.available_schedulers",
			      SENDER_SOL_MPTCP, SENDER_MPTCP_SCHEDULER, true},
	[SENDER_CONGESTION] = {"congestion control", "net.ipv4.tcp_congestion_control",
			       "net.ipv4.tcp_available_congestion_control", IPPROTO_TCP,
			       TCP_CONGESTION, false},
};

struct sender_entry { /* struct linux_dirent64 */
	uint64_t ino;
	int64_t off;
	uint16_t len;
	uint8_t type;
	char name[];
};

static long sender_call(long nr, long a, long b, long c, long d, long e)
{
	const long args[6] = {a, b, c, d, e, 0};

	return engine_syscall(nr, args);
}

void sender_get(enum sender what, char name[PATHPOLICY_NAME])
{
	if (sysctl_get(engine_syscall, senders[what].key, name, PATHPOLICY_NAME))
		name[0] = '\0';
}

int sender_has(enum sender what, const char *name, const char **why)
{
	const struct sender_kind *k = &senders[what];
	const char *names[SENDER_NAMES + 1] = {NULL};
	char list[512], *words, *word, *rest;
	const char *near;
	unsigned int n = 0;

	if (sysctl_get(engine_syscall, k->available, list, sizeof(list)))
		return why_set(why, ENOENT,
			       "%s '%s': this personality has no choice of them: linux-6.12 has",
			       k->what, name);
	words = strdup(list);
	if (!words)
		return why_set(why, ENOMEM, "out of memory");
	for (word = strtok_r(words, " ", &rest); word && n < SENDER_NAMES;
	     word = strtok_r(NULL, " ", &rest))
		names[n++] = word;
	for (n = 0; names[n] && strcmp(names[n], name); n++)
		;
	near = names[n] ? NULL : closest(name, names);
	if (!names[n] && near)
		why_set(why, ENOENT, "%s '%s': this personality has none: did you mean '%s'?",
			k->what, name, near);
	else if (!names[n])
		why_set(why, ENOENT, "%s '%s': this personality has none: it has %s", k->what, name,
			list);
	n = names[n] != NULL;
	free(words);
	return n ? 0 : -ENOENT;
}

/* Socket @fd of the stack, if it has the name @old. */
static void sender_change(const struct sender_kind *k, int fd, const char *old, const char *name)
{
	char has[PATHPOLICY_NAME + 1] = "";
	int protocol = 0;
	socklen_t len = sizeof(protocol);

	if (sender_call(SYS_getsockopt, fd, SOL_SOCKET, SO_PROTOCOL, (long)&protocol, (long)&len))
		return;
	if (protocol != IPPROTO_MPTCP && (k->mptcp || protocol != IPPROTO_TCP))
		return;
	len = PATHPOLICY_NAME;
	if (sender_call(SYS_getsockopt, fd, k->level, k->option, (long)has, (long)&len) ||
	    strcmp(has, old))
		return;
	sender_call(SYS_setsockopt, fd, k->level, k->option, (long)name, (long)strlen(name));
}

static void sender_change_all(const struct sender_kind *k, const char *old, const char *name)
{
	long dir = sender_call(SYS_openat, AT_FDCWD, (long)"/proc/self/fd",
			       O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, 0);
	union {
		struct sender_entry first;
		char bytes[4096];
	} list;
	long n;

	if (dir < 0)
		return;
	while ((n = sender_call(SYS_getdents64, dir, (long)&list, sizeof(list), 0, 0)) > 0) {
		for (long at = 0; at < n;) {
			const struct sender_entry *e = (const void *)(list.bytes + at);

			if (e->name[0] >= '0' && e->name[0] <= '9')
				sender_change(k, atoi(e->name), old, name);
			at += e->len;
		}
	}
	sender_call(SYS_close, dir, 0, 0, 0, 0);
}

int sender_set(enum sender what, const char *name, bool live, const char **why)
{
	const struct sender_kind *k = &senders[what];
	char old[PATHPOLICY_NAME];
	int err;

	sender_get(what, old);
	err = sysctl_set(engine_syscall, k->key, name);
	if (err)
		return why_set(why, -err, "%s '%s': %s", k->what, name, strerror(-err));
	if (live && strcmp(old, name))
		sender_change_all(k, old, name);
	return 0;
}
