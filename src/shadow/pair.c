// SPDX-License-Identifier: GPL-2.0-only
/*
 * pair.c - the two AF_UNIX ends between the program and us, see pair.h.
 *
 * An end that is alone is joined later by connecting it, through a duplicate
 * of ours, to a listening socket of ours, whose name the kernel chooses in the
 * abstract name space: so the socket, its inode, its duplicates and its places in
 * epoll sets stay the same. Others in the network namespace could connect there, too:
 * a connection is ours only if its peer's credentials are.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "shadow/pair.h"

/* Of our end: what may wait for the program. Of a message end of theirs: what may wait for us. */
#define PAIR_BUFFER (512 << 10)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int listener = -1;
static struct sockaddr_un name;
static socklen_t namelen;

static void pair_big_buffer(int fd)
{
	int bytes = PAIR_BUFFER;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

static int pair_inode(int fd, ino_t *ino)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	*ino = st.st_ino;
	return 0;
}

/* The kernel chooses a name. Nobody else can send there: a connected socket hears its peer only. */
static int pair_name(int fd)
{
	struct sockaddr_un any = {.sun_family = AF_UNIX};

	return bind(fd, (struct sockaddr *)&any, sizeof(any.sun_family)) ? -errno : 0;
}

int pair_make(int type, int *theirs, int *ours, ino_t *ino)
{
	int sv[2], err;

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, sv))
		return -errno;
	err = pair_inode(sv[0], ino);
	if (!err && type == SOCK_DGRAM)
		err = pair_name(sv[0]);
	if (err) {
		close(sv[0]);
		close(sv[1]);
		return err;
	}
	fcntl(sv[1], F_SETFL, O_RDWR | O_NONBLOCK);
	pair_big_buffer(sv[1]);
	if (type != SOCK_STREAM)
		pair_big_buffer(sv[0]);
	*theirs = sv[0];
	*ours = sv[1];
	return 0;
}

int pair_alone(int *theirs, ino_t *ino)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	err = pair_inode(fd, ino);
	if (err)
		close(fd);
	else
		*theirs = fd;
	return err;
}

/* The lock is held. */
static int pair_listen_once(void)
{
	struct sockaddr_un any = {.sun_family = AF_UNIX};
	int fd, err;

	if (listener >= 0)
		return 0;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	namelen = sizeof(name);
	if (bind(fd, (struct sockaddr *)&any, sizeof(any.sun_family)) || listen(fd, 64) ||
	    getsockname(fd, (struct sockaddr *)&name, &namelen)) {
		err = -errno;
		close(fd);
		return err;
	}
	listener = fd;
	return 0;
}

static bool pair_is_own(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) && peer.pid == getpid();
}

int pair_join(int theirs)
{
	int fd, err;

	pthread_mutex_lock(&lock);
	err = pair_listen_once();
	if (!err && connect(theirs, (struct sockaddr *)&name, namelen))
		err = -errno;
	while (!err) {
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			err = -errno;
		else if (pair_is_own(fd))
			break;
		else
			close(fd);
	}
	pthread_mutex_unlock(&lock);
	if (err)
		return err;
	pair_big_buffer(fd);
	return fd;
}
