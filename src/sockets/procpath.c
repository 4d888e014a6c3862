// SPDX-License-Identifier: GPL-2.0-only
/*
 * procpath.c - which files are the network's, see procpath.h.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "sockets/procpath.h"

static const char *procpath_after(const char *path, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(path, prefix, n) ? NULL : path + n;
}

bool procpath_names_servers(const char *path)
{
	return !strcmp(path, "/etc/resolv.conf");
}

const char *procpath_inside(const char *path, pid_t pid)
{
	const char *rest = procpath_after(path, "/proc/"), *net;
	size_t digits;

	if (!rest || strnlen(path, PROCPATH_MAX) == PROCPATH_MAX)
		return NULL;
	if (procpath_after(rest, "sys/net/"))
		return rest;
	net = procpath_after(rest, "net/");
	if (!net)
		net = procpath_after(rest, "self/net/");
	if (!net)
		net = procpath_after(rest, "thread-self/net/");
	if (!net) {
		digits = strspn(rest, "0123456789");
		if (digits && (!pid || atoi(rest) == pid))
			net = procpath_after(rest + digits, "/net/");
	}
	return net && *net ? net - strlen("net/") : NULL;
}
