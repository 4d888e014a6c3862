/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * relay.h - the threads that accept clients' connections and carry them on.
 */
#ifndef PERSONA_GATEWAY_RELAY_H
#define PERSONA_GATEWAY_RELAY_H

#include "gateway/flow.h"

#define RELAY_MAX 16384 /* connections at a time; more wait in the listeners' queues */

/**
 * relay_start() - listen, and relay from now on
 * @o:   stays the relay's until relay_stop()
 * @why: on failure one sentence
 *
 * Return: 0 or -errno, and nothing is left.
 */
int relay_start(const struct flow_options *o, const char **why);

/** relay_unsent() - connections whose client has sent, or may send, what has not gone on. */
unsigned int relay_unsent(void);

/** relay_stop() - end the threads; reset what is open. Before engine_stop(). */
void relay_stop(void);

#endif /* PERSONA_GATEWAY_RELAY_H */
