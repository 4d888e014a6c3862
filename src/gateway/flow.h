/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * flow.h - one connection of a client, and the one that carries it on.
 */
#ifndef PERSONA_GATEWAY_FLOW_H
#define PERSONA_GATEWAY_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "gateway/socks.h"

/**
 * struct lane - one direction of a flow
 * @from, @to: sockets of the stack
 * @kept: bytes that were received and that @to did not take: @len from @at; NULL if none
 * @end:  @from has no more
 * @told: and @to has been told
 */
struct lane {
	int from, to;
	uint8_t *kept;
	uint32_t at, len;
	bool end, told;
};

enum flow_state { FLOW_NEW, FLOW_CONNECTING, FLOW_ASKING, FLOW_OPEN };

/**
 * struct flow - one connection
 * @in, @out: the client's socket and ours to the far end
 * @up, @down: from the client, to the client
 * @to:     where the client wants to go, @tolen bytes
 * @socks:  while a server is asked
 * @empty:  the client has ended without a byte, before the far end was there
 * @queued: waits for its turn, to begin or with more to do
 * @over:   ended; freed when no event can name it any more
 * @turn:   next in that queue
 * @next, @prev: of all
 */
struct flow {
	enum flow_state state;
	int in, out;
	struct lane up, down;
	struct sockaddr_storage to;
	socklen_t tolen;
	struct socks *socks;
	bool empty, queued, over;
	struct flow *turn, *next, *prev;
};

/**
 * struct flow_options - what is the same for all
 * @mptcp: use MPTCP where the personality has it
 * @socks: server, or NULL
 */
struct flow_options {
	bool mptcp;
	const struct socks_server *socks;
};

enum flow_news {
	FLOW_WAITS, /* for an event of one of its sockets */
	FLOW_MORE,  /* has had its turn, and could go on */
	FLOW_ENDED, /* flow_free() */
};

/**
 * flow_new() - a connection @in was accepted
 * @to: where the client wants to go, @len bytes
 *
 * Owns @in from here on, whatever comes. Return: the flow, or NULL without memory; the client has
 * been reset.
 */
struct flow *flow_new(int in, const struct sockaddr_storage *to, socklen_t len);

/** flow_begin() - begin to connect; 0, or -errno: flow_free() resets the client. */
int flow_begin(struct flow *f, const struct flow_options *o);

/**
 * flow_step() - do what can be done now
 * @buf, @size: the thread's buffer, nothing stays in it
 * @error: an event said that a socket has an error
 */
enum flow_news flow_step(struct flow *f, const struct flow_options *o, uint8_t *buf, size_t size,
			 bool error);

/** flow_sent() - has all gone to the far end's socket that the client will ever send? Any thread.
 */
bool flow_sent(const struct flow *f);

/** flow_free() - close both sockets; what is not over is reset at both ends. */
void flow_free(struct flow *f);

#endif /* PERSONA_GATEWAY_FLOW_H */
