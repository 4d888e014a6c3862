/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * look.h - signals of threads whose calls are parked.
 */
#ifndef PERSONA_SHADOW_LOOK_H
#define PERSONA_SHADOW_LOOK_H

#include <stdbool.h>
#include <stdint.h>

struct call;

/** look_prepare() - before the command's process is forked. Return: 0 or -errno. */
int look_prepare(void);

/**
 * look_in_child() - in the process that will execute the command, which has one thread
 *
 * Return: a descriptor that our process has to take and hold (look_hold()), or a negative number:
 * signals from outside the run are then seen by the slow look only.
 */
int look_in_child(void);

/** look_hold() - @fd is look_in_child()'s; look_stop() closes it. */
void look_hold(int fd);

/**
 * look_start() - the thread that looks
 * @at: looks at all parked calls; @now monotonic ns. Returns when to look again, UINT64_MAX: never
 *
 * Return: 0 or -errno.
 */
int look_start(uint64_t (*at)(uint64_t now));

/** look_quit() - tell the thread to end; look_stop() then waits for less time. */
void look_quit(void);

/** look_stop() - end it; look_at() does nothing after that. */
void look_stop(void);

/** look_at() - look at @ns, monotonic, at the latest. Any thread. */
void look_at(uint64_t ns);

/** look_often() - is a signal likely to be on its way, so that even old calls are looked at? */
bool look_often(uint64_t now);

/** look_kill() - kill(2) and its like: the host's, and a reason to look */
long look_kill(struct call *c);

/** look_alarm() - alarm(2), setitimer(2), timer_settime(2): the host's; look when it expires */
long look_alarm(struct call *c);

#endif /* PERSONA_SHADOW_LOOK_H */
