// SPDX-License-Identifier: GPL-2.0-only
/*
 * netname.c - a name in the network namespace, see netname.h.
 *
 * Theory of operation
 *
 * The holder has a listening AF_UNIX socket of that abstract name: it belongs to the network
 * namespace, and goes with its holder, however that ends. Those that find the name taken connect
 * to it and sleep: the connection is never accepted, and its end says that the holder is done.
 * Then all of them try, and one gets it.
 *
 * Limits: not fair; any user of the machine can take a name, and so keep others waiting.
 */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/netname.h"

#define BACKLOG 4096
#define NAP_MS	2 /* where the holder cannot be waited for: it does not listen yet */

/* Sleep until the holder is done, or @ms. @fd is used up by it. */
static void netname_wait(int fd, const struct sockaddr_un *name, socklen_t len, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	if (connect(fd, (const struct sockaddr *)name, len))
		poll(NULL, 0, NAP_MS);
	else
		poll(&p, 1, ms);
}

int netname_take(const char *name, int ms)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	long end = (long)clock_mono_ms() + ms, left;
	size_t bytes = strlen(name);
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + bytes);
	int fd, err;

	_Static_assert(NETNAME_MAX < sizeof(sun.sun_path), "a NUL goes before the name");
	if (bytes >= NETNAME_MAX)
		return -ENAMETOOLONG;
	memcpy(sun.sun_path + 1, name, bytes);
	while ((left = end - (long)clock_mono_ms()) > 0) {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd < 0)
			return -errno;
		if (!bind(fd, (struct sockaddr *)&sun, len) && !listen(fd, BACKLOG))
			return fd;
		err = errno;
		if (err == EADDRINUSE)
			netname_wait(fd, &sun, len, (int)left);
		close(fd);
		if (err != EADDRINUSE)
			return -err;
	}
	return -EBUSY;
}
