/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * filter.h - the seccomp filter that sends socket calls to the supervisor.
 */
#ifndef PERSONA_SHADOW_FILTER_H
#define PERSONA_SHADOW_FILTER_H

#include <linux/filter.h>
#include <stddef.h>

#define FILTER_MAX 512 /* instructions that filter_build() may need at most */

/**
 * filter_build() - make the filter from the table of calls (sockets/calls.h)
 * @prog: receives up to FILTER_MAX instructions
 *
 * Return: how many. Thread-safe, allocates nothing.
 */
size_t filter_build(struct sock_filter *prog);

/**
 * filter_install() - put the filter on the calling thread and what it starts
 *
 * Without CAP_SYS_ADMIN it sets no_new_privs first, as seccomp(2) demands: then
 * set-user-ID programs below gain nothing.
 *
 * Return: the descriptor on which the calls arrive (close-on-exec), or -errno.
 */
int filter_install(void);

#endif /* PERSONA_SHADOW_FILTER_H */
