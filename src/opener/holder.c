// SPDX-License-Identifier: GPL-2.0-only
/*
 * holder.c - how long the claims of a run are held, see holder.h.
 *
 * Theory of operation
 *
 * In shadow mode the connection says it: it ends with persona, which has the stack. In inline mode
 * all that a run has started inherits the connection, since any of it may start the stack, and a
 * daemon without a socket would keep the run's addresses for as long as it lives. So claims are
 * held
 *
 *	while persona lives: nobody reads from the pipe OPENER_GONE_FD then, which poll() tells;
 *	after that, while the process lives that started the run's stack last (a pidfd).
 *
 * Then they lapse. What starts a stack of that run later takes them again, or is refused.
 *
 * Where one of the two cannot be seen (no pipe, no pidfd), claims last until the connection's end.
 *
 * Ownership: all state is static. One thread.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "opener/claims.h"
#include "opener/holder.h"
#include "opener/opener.h"

static bool run_seen;  /* there is a pipe */
static bool run_over;  /* persona has ended */
static bool unseen;    /* a process has the stack that cannot be watched */
static int stack = -1; /* pidfd of the process that started the stack last */

void holder_start(void)
{
	run_seen = fcntl(OPENER_GONE_FD, F_GETFD) >= 0;
}

int holder_stack(pid_t pid, const char **why)
{
	int err = claims_renew(why);

	if (err)
		return err;
	holder_end();
	stack = (int)syscall(SYS_pidfd_open, pid, 0);
	unseen = stack < 0;
	return 0;
}

void holder_watch(struct pollfd p[HOLDER_FDS])
{
	p[0] = (struct pollfd){.fd = run_seen && !run_over ? OPENER_GONE_FD : -1};
	p[1] = (struct pollfd){.fd = run_over ? stack : -1, .events = POLLIN};
}

void holder_news(const struct pollfd p[HOLDER_FDS])
{
	run_over |= p[0].revents & POLLERR;
	if (p[1].revents)
		holder_end();
	if (run_over && stack < 0 && !unseen)
		claims_lapse();
}

void holder_end(void)
{
	if (stack >= 0)
		close(stack);
	stack = -1;
	unseen = false;
}
