/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * netns.h - network namespaces that programs of the run make (unshare -n, bwrap, flatpak).
 *
 * Where persona stands is *home*: there sockets are the stack's. A namespace that a program of
 * the run has made is *private*: there sockets, netlink and /proc/net are the host kernel's own,
 * as a program expects that has cut itself off, and nothing of ours judges them. All others are
 * *outside*: no program of the run may enter one, for its bytes would leave by the host's stack.
 */
#ifndef PERSONA_SHADOW_NETNS_H
#define PERSONA_SHADOW_NETNS_H

#include <stdbool.h>
#include <sys/types.h>

struct call;

/** netns_start() - where this process stands now is home. */
void netns_start(void);

/** netns_is_home() - does thread @tid stand at home? Also if it cannot be seen. Any thread. */
bool netns_is_home(pid_t tid);

/** netns_sees_home() - does process @pid, a number as thread @tid knows it, stand at home? */
bool netns_sees_home(pid_t tid, pid_t pid);

/** netns_is_private() - is the socket @c->fd of a private namespace? Any thread. */
bool netns_is_private(const struct call *c);

/** netns_setns() - setns(2): a handler, see serve.h */
long netns_setns(struct call *c);

#endif /* PERSONA_SHADOW_NETNS_H */
