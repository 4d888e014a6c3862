/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pipe.h - one direction of an emulated link: rate, queue, delay, loss.
 *
 * A pipe owns frames in flight and decides when each leaves. It knows no
 * descriptor and no clock: the caller says what time it is.
 */
#ifndef PERSONA_TESTBED_PIPE_H
#define PERSONA_TESTBED_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NS_PER_MS 1000000ULL
#define NS_PER_S  1000000000ULL

/** struct frame - a frame in flight, or free (then only @next counts) */
struct frame {
	struct frame *next;
	uint64_t due; /* ns: when it reaches the far end */
	uint32_t len;
	uint8_t data[];
};

/**
 * struct pipe_params - what the link is like; change it at any time
 * @rate:	 bit/s of IP packets (a link header is free); 0 is unlimited
 * @delay_ns:	 one-way propagation delay
 * @jitter_ns:	 each frame's delay varies by up to this, both ways; order is kept
 * @loss:	 probability of a frame's loss, in 2^-32
 * @queue_ns:	 drop-tail limit, as waiting time at @rate
 * @queue_bytes: drop-tail limit in bytes; if not 0 it replaces @queue_ns
 */
struct pipe_params {
	uint64_t rate;
	uint64_t delay_ns;
	uint64_t jitter_ns;
	uint64_t loss;
	uint64_t queue_ns;
	uint64_t queue_bytes;
};

/** struct pipe_stats - frames and bytes delivered; frames dropped, by reason */
struct pipe_stats {
	uint64_t frames, bytes;
	uint64_t lost, queue_full, link_down, write_failed;
};

struct pipe {
	struct pipe_params p;
	struct pipe_stats stats;
	unsigned int header; /* bytes of link header that the rate does not count */
	size_t frame_size;   /* room for data in each frame */
	uint64_t free_at;    /* ns: when the transmitter has sent all it accepted */
	uint64_t last_due;   /* ns: due time of the newest frame */
	uint64_t rng;
	struct frame *head, **tail;
	struct frame *pool;
};

void pipe_init(struct pipe *pipe, unsigned int header, size_t frame_size, uint64_t seed);

/** pipe_params_default() - an unlimited wire with a queue of 100 ms. */
struct pipe_params pipe_params_default(void);

/**
 * pipe_params_parse() - apply one word of a specification
 * @p:	  parameters to change
 * @word: rate=50mbit delay=10ms jitter=1ms loss=0.1% queue=100ms (or queue=64k
 *	  for bytes), or a bare 50mbit, 10ms, 0.1%
 *
 * Return: 0 or -EINVAL.
 */
int pipe_params_parse(struct pipe_params *p, const char *word);

/** pipe_alloc() - an empty frame to read into; NULL without memory. */
struct frame *pipe_alloc(struct pipe *pipe);
void pipe_free(struct pipe *pipe, struct frame *f);

/**
 * pipe_send() - a frame enters the link
 *
 * The pipe takes the frame over and counts it if it is dropped.
 */
void pipe_send(struct pipe *pipe, struct frame *f, uint64_t now);

/** pipe_due() - when the next frame arrives, or UINT64_MAX. */
static inline uint64_t pipe_due(const struct pipe *pipe)
{
	return pipe->head ? pipe->head->due : UINT64_MAX;
}

/** pipe_receive() - the next frame that has arrived, or NULL; give it to pipe_free(). */
struct frame *pipe_receive(struct pipe *pipe, uint64_t now);

/** pipe_flush() - drop all frames in flight, as a link that goes down does. */
void pipe_flush(struct pipe *pipe);

#endif /* PERSONA_TESTBED_PIPE_H */
