// SPDX-License-Identifier: GPL-2.0-only
/*
 * drain.c - what the program wrote reaches its peers, though the program ends.
 *
 * Theory of operation: a host's kernel goes on sending after a process has
 * exited; a stack inside the process cannot. So the last thread waits: all
 * sockets are closed, and then the stack is asked for connections with bytes or
 * their end unacknowledged (stack/drain.h). Sleeping is a poll() inside the stack, so the
 * waiting thread drives the timers and the retransmissions itself. Last come datagrams
 * that wait inside (stack/settle.h).
 *
 * Only the owner's last thread comes here; nothing is shared.
 *
 * Limits: after --linger seconds the rest is lost. What the peer still sends to a
 * half-closed connection is not waited for, but for its FIN.
 */
#include "inline/real.h"
#include "inline/edge.h"
#include "inline/fdtable.h"
#include "inline/life.h"
#include "inline/say.h"
#include "lib/clock.h"
#include "stack/drain.h"
#include "stack/settle.h"

#include <time.h>

#define TELL_AFTER_MS 3000

static long drain_now_ms(void)
{
	return (long)clock_mono_ms();
}

static void drain_nap(long ms)
{
	struct timespec t = {.tv_nsec = ms * 1000000};

	edge(SYS_ppoll, NULL, 0, &t, NULL, 8, 0);
}

static void drain_tell(const char *sentence)
{
	say("%s", sentence);
}

/* A nap of @nap ms, the next one is longer. */
static void drain_sleep_inside(long *nap)
{
	drain_nap(*nap);
	*nap = *nap < 20 ? *nap * 2 : 20;
}

void drain(int seconds, bool close_all)
{
	long start = drain_now_ms(), nap = 1;
	bool told = false;
	int pending;

	for (int fd = 0; close_all && fd < fd_top(); fd++)
		if (slot_ours(fd_slot(fd)))
			fd_drop(fd_take(fd));
	while ((pending = drain_pending(edge_args)) > 0) {
		long waited = drain_now_ms() - start;

		if (waited >= seconds * 1000L) {
			say("gave up on %d connection%s: after %d s not all data, or not its end, "
			    "was acknowledged",
			    pending, pending == 1 ? "" : "s", seconds);
			return;
		}
		if (waited >= TELL_AFTER_MS && !told) {
			say("waiting for the peers of %d connection%s to take the last data",
			    pending, pending == 1 ? "" : "s");
			told = true;
		}
		drain_sleep_inside(&nap);
	}
	start = drain_now_ms();
	while (drain_now_ms() - start < DRAIN_CLOSING_MS && drain_closing(edge_args) > 0)
		drain_sleep_inside(&nap);
	settle(edge_args, seconds, drain_nap, drain_tell);
}
