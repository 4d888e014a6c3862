/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pairfd.h - packets through one end of a socket pair, for back end `fd`. The functions are fit
 * for struct backend_ops.
 */
#ifndef PERSONA_BACKEND_PAIRFD_H
#define PERSONA_BACKEND_PAIRFD_H

#include <stdbool.h>
#include "backend/backend.h"

/** pairfd_is_socket() - is @fd a socket of any kind? */
bool pairfd_is_socket(int fd);

/**
 * pairfd_check() - can packets go through socket @fd both ways?
 * @number: as the user has written it
 *
 * AF_UNIX, SOCK_SEQPACKET or SOCK_DGRAM, with another end that is open. Return: 0, or -errno with
 * one sentence in @why. The socket is left as it was.
 */
int pairfd_check(int fd, const char *number, const char **why);

/**
 * pairfd_make() - make a back end of socket @fd, which is the back end's if this succeeds
 * @ops: the kind
 *
 * Return: 0, or -errno with one sentence in @why. To be called by one thread.
 */
int pairfd_make(struct backend **be, const struct backend_ops *ops, int fd, const char **why);

int pairfd_tx(struct backend *be, unsigned int queue, struct backend_frame *f, unsigned int n);
int pairfd_rx(struct backend *be, unsigned int queue, struct backend_frame *f, unsigned int n);
void pairfd_close(struct backend *be);

#endif /* PERSONA_BACKEND_PAIRFD_H */
