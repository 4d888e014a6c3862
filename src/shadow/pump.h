/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pump.h - the thread that moves data between the host and the stack.
 *
 * It waits in both worlds at once, for what programs write and for what peers
 * send, drives the stack while it waits, and calls the operations of the socket's kind
 * (struct sock_ops) with the socket locked.
 */
#ifndef PERSONA_SHADOW_PUMP_H
#define PERSONA_SHADOW_PUMP_H

#include <stdint.h>

#define PUMP_FDS 8

struct sock;

/** pump_start() - make the sets and the thread; 0 or -errno. */
int pump_start(void);

/**
 * pump_set_due() - what the thread asks when a deadline is over
 * @due: monotonic ns in; gives the next deadline, UINT64_MAX: none. Before the first socket
 */
void pump_set_due(uint64_t (*due)(uint64_t now));

/** pump_quit() - tell the thread to end; nobody waits for it any more. Before pump_stop(). */
void pump_quit(void);

/** pump_stop() - end the thread. */
void pump_stop(void);

/** pump_watch_host() - edges of our end: @events beside hang-up. The socket is locked. */
void pump_watch_host(struct sock *s, uint32_t events);

/**
 * pump_watch_fd() - another descriptor of ours: @event(@arg) at each edge of its input
 *
 * At most PUMP_FDS at a time; @fd is closed to end it. Return: 0 or -ENOSPC.
 */
int pump_watch_fd(int fd, void (*event)(unsigned int arg), unsigned int arg);

/** pump_watch_stack() - edges of the stack's socket. The socket is locked. */
void pump_watch_stack(struct sock *s, uint32_t events);

/** pump_unwatch_stack() - no more events of it: its descriptor goes to another socket. */
void pump_unwatch_stack(struct sock *s);

/**
 * pump_suspect() - the program may have closed its end: have a sweep look
 *
 * A sweep reads the host's list of AF_UNIX sockets, a few times a second at most,
 * seldom while it finds nothing.
 * The socket is locked.
 */
void pump_suspect(struct sock *s);

/** pump_fresh() - a stream that is not joined yet: nothing else tells of its end. Locked. */
void pump_fresh(struct sock *s);

/** pump_relieve() - sweep if many sockets may have been closed. None locked. */
void pump_relieve(void);

/** pump_sweep() - look at all suspects now. No socket may be locked. */
void pump_sweep(void);

/** pump_settle() - the unconnected sockets that programs have closed so far are closed. None
 * locked. */
void pump_settle(void);

/** pump_deadline() - a parked call ends at @ns (monotonic): look then. */
void pump_deadline(uint64_t ns);

/** clock_mono_ns() - monotonic nanoseconds. */
uint64_t pump_now(void);

#endif /* PERSONA_SHADOW_PUMP_H */
