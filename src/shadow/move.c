// SPDX-License-Identifier: GPL-2.0-only
/*
 * move.c - a socket moves from the stack to the host's loopback, see move.h.
 *
 * Theory of operation: sockets/route.c decides and makes the host socket, in the program's
 * network namespace since it is ours too; here it is put where the caller's process has the old one
 * (places.h). The program's end of the pair is closed by that, and the pump then closes our side.
 *
 * Copies in other processes cannot be reached, so our side stays as long as there are any. The
 * first call of such a process that we serve finds the host's socket by its inode (holder.h), and
 * puts it in the copy's place.
 *
 * Threads: the one that serves the call; the socket is locked.
 *
 * Limits: until then, plain reads and writes of such a copy find a socket without a peer.
 */
#include <errno.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/complain.h"
#include "lib/rawsys.h"
#include "shadow/holder.h"
#include "shadow/move.h"
#include "shadow/places.h"
#include "shadow/pump.h"

long move_host(long nr, const long a[6])
{
	return rawsys6(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static int move_replace(const struct socket_ref *ref, int fd)
{
	struct move *m = ref->transport;
	struct stat st;
	int err = fstat(fd, &st) ? -errno : 0;

	if (!err)
		err = places_replace(m->c, fd);
	if (err)
		return err;
	m->s->host = st.st_ino;
	if (m->s->pair < 0)
		pump_suspect(m->s); /* its end is gone */
	return 0;
}

int move_follow(struct call *c, const struct sock *s)
{
	int fd, number, err = -EBADF;
	pid_t tid;

	fd = holder_peek(s->host, &tid, &number);
	if (fd >= 0)
		err = places_replace(c, fd);
	if (err) {
		if (fd >= 0)
			close(fd);
		return err;
	}
	call_done(c);
	c->fd = fd;
	return 0;
}

const struct socket_ops move_ops = {
	.stack = engine_syscall,
	.host = move_host,
	.replace = move_replace,
};

long move_refused(void)
{
	static atomic_flag told = ATOMIC_FLAG_INIT;

	if (!atomic_flag_test_and_set(&told))
		complain(0, ROUTE_REFUSAL);
	return -ENETUNREACH;
}

long move_to(struct call *c, struct sock *s, int route)
{
	struct move m = {c, s};
	struct socket_ref ref;
	int err;

	if (route == ROUTE_STACK)
		return 0;
	if (route == -ENETUNREACH)
		return move_refused();
	if (route < 0)
		return route;
	ref = move_ref(&m);
	err = route_move(&ref);
	return err ? err : CALL_PASS;
}
