/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * holder.h - how long the claims of a run are held.
 */
#ifndef PERSONA_OPENER_HOLDER_H
#define PERSONA_OPENER_HOLDER_H

#include <poll.h>
#include <sys/types.h>

#define HOLDER_FDS 2

/** holder_start() - learn whether the run's persona can be seen to end. */
void holder_start(void);

/**
 * holder_stack() - process @pid (0: not known) starts the run's stack
 *
 * Return: 0, with all claims held; -EADDRINUSE if they had lapsed and another run has one of them,
 * or another -errno, with one sentence in @why.
 */
int holder_stack(pid_t pid, const char **why);

/** holder_watch() - what to poll for. */
void holder_watch(struct pollfd p[HOLDER_FDS]);

/** holder_news() - poll has returned, and no request has come. */
void holder_news(const struct pollfd p[HOLDER_FDS]);

/** holder_end() - as before the first request. */
void holder_end(void);

#endif /* PERSONA_OPENER_HOLDER_H */
