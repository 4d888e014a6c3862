/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * requests.h - what the opener does when it is asked.
 */
#ifndef PERSONA_OPENER_REQUESTS_H
#define PERSONA_OPENER_REQUESTS_H

#include <stddef.h>
#include <sys/types.h>
#include "opener/opener.h"

/**
 * requests_serve() - serve one request
 * @q:	 what came, @len bytes of it; may be changed
 * @from: process that it came from, 0: not known
 * @r:	 receives the reply
 *
 * Return: the descriptor that goes with the reply and is the caller's, or a negative number.
 */
int requests_serve(struct opener_request *q, size_t len, pid_t from, struct opener_reply *r);

/** requests_take_back() - the end: rules, ports, devices. */
void requests_take_back(void);

#endif /* PERSONA_OPENER_REQUESTS_H */
