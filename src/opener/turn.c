// SPDX-License-Identifier: GPL-2.0-only
/*
 * turn.c - one opener at a time, see turn.h.
 *
 * Theory of operation
 *
 * The turn is a listening AF_UNIX socket of a fixed abstract name: it belongs to the network
 * namespace, as do the settings, and goes with its holder, however that ends. Those that find
 * the name taken connect to it and sleep: the connection is never accepted, and its end says
 * that the holder is done. Then all of them try, and one gets it.
 *
 * Why turns: nft reads all tables before it changes one, and begins again if they have changed
 * meanwhile. A hundred of them at once get nowhere.
 *
 * Limits: not fair; any user of the machine can take the name, and so keep others waiting for
 * PATIENCE_MS.
 */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/why.h"
#include "opener/turn.h"

#define PATIENCE_MS 90000 /* below OPENER_PATIENCE: our sentence comes first */
#define BACKLOG	    4096
#define NAP_MS	    2 /* where the holder cannot be waited for: it does not listen yet */

/* Sleep until the holder is done, or @ms. @fd is used up by it. */
static void turn_wait(int fd, const struct sockaddr_un *name, socklen_t len, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	if (connect(fd, (const struct sockaddr *)name, len))
		poll(NULL, 0, NAP_MS);
	else
		poll(&p, 1, ms);
}

int turn_take(const char **why)
{
	static const char name[] = "\0persona-opener-turn";
	const socklen_t len = offsetof(struct sockaddr_un, sun_path) + sizeof(name) - 1;
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	long end = (long)clock_mono_ms() + PATIENCE_MS, left;
	int fd, err;

	memcpy(sun.sun_path, name, sizeof(name) - 1);
	while ((left = end - (long)clock_mono_ms()) > 0) {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd < 0)
			return why_set(why, errno, "persona-opener cannot make a socket: %s",
				       strerror(errno));
		if (!bind(fd, (struct sockaddr *)&sun, len) && !listen(fd, BACKLOG))
			return fd;
		err = errno;
		if (err == EADDRINUSE)
			turn_wait(fd, &sun, len, (int)left);
		close(fd);
		if (err != EADDRINUSE)
			return why_set(why, err, "persona-opener cannot take its turn: %s",
				       strerror(err));
	}
	return why_set(why, EBUSY,
		       "other runs have been changing the host's settings for %d s: try again",
		       PATIENCE_MS / 1000);
}
