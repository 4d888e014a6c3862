/* SPDX-License-Identifier: GPL-2.0-only */
/* wait.h - waiting for descriptors of both kinds. */
#ifndef PERSONA_INLINE_WAIT_H
#define PERSONA_INLINE_WAIT_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include "inline/edge.h"

/** wait_concerns() - is it the stack's, or an epoll, which may get a half in the stack? */
bool wait_concerns(int fd);

/**
 * wait_poll() - poll() over descriptors of the stack and of the host
 * @until: when to give up
 * @mask:  signal mask while waiting, or NULL
 *
 * Return: number of entries with revents, 0 on time-out, or -errno.
 */
int wait_poll(struct pollfd *fds, nfds_t n, const struct edge_deadline *until,
	      const sigset_t *mask);

/** wait_stack_half() - the stack's epoll behind a descriptor, -1 if none. */
int wait_stack_half(int fd);

struct desc;

/** epoll_hosted() - one more descriptor of the host is registered with epoll @d. */
void epoll_hosted(struct desc *d);

#endif /* PERSONA_INLINE_WAIT_H */
