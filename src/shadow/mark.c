// SPDX-License-Identifier: GPL-2.0-only
/*
 * mark.c - an error shown at the program's end of a message pair, see mark.h.
 *
 * Theory of operation
 *
 * The kernel gives an AF_UNIX datagram socket an error, ECONNRESET, when its peer connects to
 * somebody else while messages from it are unread there. So our end is disconnected with a
 * message unread, and connected again to the name of the program's end (pair.c). The mark is the
 * program's sk_err: cleared by whatever call is told of it, or by SO_ERROR.
 *
 * Disconnecting throws away what is unread, and that must not be a message of the program's.
 * So the program's end is first given the least send buffer, and one message, the filler, that
 * is as large as this allows: from then on nobody can write there. If the filler is all that
 * the end has under way (SIOCOUTQ), nothing else can be thrown away; otherwise a message came
 * before it, so all is taken out and the filler is sent again. Writers wait, or have
 * EAGAIN, for some microseconds.
 *
 * Threads: the one that holds the socket's lock; the filler is made once.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "shadow/dgram.h"
#include "shadow/mark.h"
#include "shadow/sock.h"

#define MARK_FILLER 4400 /* bytes: with what the kernel adds, more than the least buffer */
#define MARK_TRIES  100

static pthread_once_t once = PTHREAD_ONCE_INIT;
static unsigned char filler[MARK_FILLER]; /* random, so that it is known among messages */
static int filler_size;			  /* as SIOCOUTQ counts it; 0: it cannot be used */

static void mark_set_sndbuf(int fd, int bytes)
{
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

/* As the kernel counts it, twice what was set. */
static int mark_sndbuf(int fd)
{
	int bytes = 0;
	socklen_t len = sizeof(bytes);

	getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, &len);
	return bytes;
}

static int mark_outstanding(int fd)
{
	int n = 0;

	return ioctl(fd, SIOCOUTQ, &n) ? 0 : n;
}

static bool mark_send_filler(int fd)
{
	return send(fd, filler, sizeof(filler), MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
}

static void mark_make_filler(void)
{
	int sv[2];

	if (getrandom(filler, sizeof(filler), GRND_NONBLOCK) <= 0 ||
	    socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, sv))
		return;
	mark_set_sndbuf(sv[0], 1); /* the kernel makes it its least */
	if (mark_send_filler(sv[0]) && mark_outstanding(sv[0]) >= mark_sndbuf(sv[0]))
		filler_size = mark_outstanding(sv[0]);
	close(sv[0]);
	close(sv[1]);
}

static bool mark_is_set(int fd)
{
	struct pollfd p = {.fd = fd};

	return poll(&p, 1, 0) == 1 && p.revents & POLLERR;
}

/* Nothing but the filler is under way from the program's end @fd, and nothing can follow. */
static bool mark_block(struct sock *s, int fd)
{
	for (int try = 0; try < MARK_TRIES; try++) {
		dgram_take_up(s, filler, sizeof(filler));
		if (mark_send_filler(fd) && mark_outstanding(fd) == filler_size)
			return true;
	}
	dgram_take_up(s, filler, sizeof(filler));
	return false;
}

/* Our end looks away for a moment. */
static bool mark_disconnect(struct sock *s, int fd)
{
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	struct sockaddr_un name;
	socklen_t len = sizeof(name);

	return !getsockname(fd, (struct sockaddr *)&name, &len) &&
	       !connect(s->pair, &none, sizeof(none)) &&
	       !connect(s->pair, (struct sockaddr *)&name, len);
}

bool mark_set(struct sock *s)
{
	int fd = s->watch >= 0 ? sock_peek(s) : -1, bytes;
	bool done;

	if (fd < 0)
		return false;
	pthread_once(&once, mark_make_filler);
	done = mark_is_set(fd);
	if (s->marked && !done)
		s->error = 0; /* a plain call of the program has been told */
	if (!done && filler_size) {
		bytes = mark_sndbuf(fd);
		mark_set_sndbuf(fd, 1);
		done = mark_block(s, fd) && mark_disconnect(s, fd);
		mark_set_sndbuf(fd, bytes / 2);
		dgram_drain_up(s);
	}
	close(fd);
	s->marked = done;
	return done;
}

bool mark_clear(int fd)
{
	int err = 0;
	socklen_t len = sizeof(err);

	return !getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) && err;
}
