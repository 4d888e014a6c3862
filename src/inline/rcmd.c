// SPDX-License-Identifier: GPL-2.0-only
/*
 * rcmd.c - reserved ports, and remote commands.
 *
 * Theory of operation: libc makes these sockets itself, behind the hooks, so they would be
 * the host's. Binding to a reserved port is done here by the hooks: rresvport() goes from
 * *port downwards, bindresvport() from a port that depends on the process upwards and round, as
 * libc's. Remote commands (rcmd, rexec), a protocol that nobody should speak any more, are
 * refused.
 *
 * Threads: nothing is kept between calls.
 */
#include "inline/real.h"
#include "inline/edge.h"
#include "inline/say.h"

#include <string.h>

#define BIND_FIRST 600 /* bindresvport(): below are servers */

/* An address of @af, rcmd_any, @port; its length, 0 for another family. */
static socklen_t rcmd_any(struct sockaddr_in6 *room, sa_family_t af, int port)
{
	memset(room, 0, sizeof(*room));
	room->sin6_family = af;
	/* The port stands at the same place in both families. */
	room->sin6_port = htons((uint16_t)port);
	return af == AF_INET	? sizeof(struct sockaddr_in)
	       : af == AF_INET6 ? sizeof(struct sockaddr_in6)
				: 0;
}

HOOK int rresvport_af(int *port, sa_family_t af)
{
	struct sockaddr_in6 sa;
	socklen_t len = rcmd_any(&sa, af, 0);
	int fd, start;

	if (!len)
		return (int)edge_ret(-EAFNOSUPPORT);
	fd = socket(af, SOCK_STREAM, 0);
	if (fd < 0)
		return -1;
	if (*port < IPPORT_RESERVED / 2)
		*port = IPPORT_RESERVED / 2;
	else if (*port >= IPPORT_RESERVED)
		*port = IPPORT_RESERVED - 1;
	start = *port;
	do {
		sa.sin6_port = htons((uint16_t)*port);
		if (bind(fd, (struct sockaddr *)&sa, len) == 0)
			return fd;
		if (errno != EADDRINUSE) {
			int err = errno;

			close(fd);
			return (int)edge_ret(-err);
		}
		if (--*port == IPPORT_RESERVED / 2)
			*port = IPPORT_RESERVED - 1;
	} while (*port != start);
	close(fd);
	return (int)edge_ret(-EAGAIN);
}

HOOK int rresvport(int *port)
{
	return rresvport_af(port, AF_INET);
}

HOOK int bindresvport(int fd, struct sockaddr_in *sin)
{
	int count = IPPORT_RESERVED - BIND_FIRST, start = getpid() % count;
	struct sockaddr_in room = {.sin_family = AF_INET};
	int saved = errno;

	if (!sin)
		sin = &room;
	else if (sin->sin_family != AF_INET)
		return (int)edge_ret(-EAFNOSUPPORT);
	for (int i = 0; i < count; i++) {
		sin->sin_port = htons((uint16_t)(BIND_FIRST + (start + i) % count));
		if (bind(fd, (struct sockaddr *)sin, sizeof(*sin)) == 0) {
			errno = saved;
			return 0;
		}
		if (errno != EADDRINUSE)
			return -1;
	}
	return -1;
}

static int rcmd_refused(const char *name)
{
	say_once("%s() would use the host's network: refused", name);
	return (int)edge_ret(-ENETDOWN);
}

HOOK int rcmd_af(char **host, unsigned short port, const char *local, const char *remote,
		 const char *command, int *errors, sa_family_t af)
{
	return rcmd_refused("rcmd");
}

HOOK int rcmd(char **host, unsigned short port, const char *local, const char *remote,
	      const char *command, int *errors)
{
	return rcmd_refused("rcmd");
}

HOOK int rexec_af(char **host, int port, const char *name, const char *password,
		  const char *command, int *errors, sa_family_t af)
{
	return rcmd_refused("rexec");
}

HOOK int rexec(char **host, int port, const char *name, const char *password, const char *command,
	       int *errors)
{
	return rcmd_refused("rexec");
}
