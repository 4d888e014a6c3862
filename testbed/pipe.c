// SPDX-License-Identifier: GPL-2.0-only
/*
 * pipe.c - one direction of an emulated link: rate, queue, delay, loss.
 *
 * Theory of operation. The transmitter of a link is a clock: @free_at is the
 * moment when it will have sent everything it accepted so far. A frame that
 * enters at @now starts at max(now, free_at), occupies the transmitter for
 * length / rate, then travels for delay +- jitter. So the departure time of a
 * frame is known when it enters, the queue is a plain FIFO of frames with due
 * times, and the length of the queue as waiting time is free_at - now. No
 * token bucket: there are no bursts beyond the rate, and rounding does not add
 * up, because free_at advances by exact frame times.
 *
 * Loss strikes before the queue (the radio loses what the modem has sent, but
 * for a sender the two are the same). Random numbers come from a seeded
 * generator (splitmix64), so that a run can be repeated.
 *
 * Limits: parameters changed at run time hold for frames that enter later; the
 * frames in flight keep their due times. Jitter does not reorder.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testbed/pipe.h"

void pipe_init(struct pipe *pipe, unsigned int header, size_t frame_size, uint64_t seed)
{
	memset(pipe, 0, sizeof(*pipe));
	pipe->p = pipe_params_default();
	pipe->header = header;
	pipe->frame_size = frame_size;
	pipe->rng = seed;
	pipe->tail = &pipe->head;
}

struct pipe_params pipe_params_default(void)
{
	return (struct pipe_params){.queue_ns = 100 * NS_PER_MS};
}

static uint64_t random64(struct pipe *pipe)
{
	uint64_t z = pipe->rng += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* A number with a unit of the table; the unit "" ends it. */
struct unit {
	const char *name;
	double factor;
};

static int parse_unit(const char *text, const struct unit *units, double *value)
{
	char *end;
	double v = strtod(text, &end);

	if (end == text || !(v >= 0) || v > 1e15)
		return -EINVAL;
	for (; units->name; units++) {
		if (!strcmp(end, units->name)) {
			*value = v * units->factor;
			return 0;
		}
	}
	return -EINVAL;
}

static const struct unit rate_units[] = {
	{"bit", 1}, {"kbit", 1e3}, {"mbit", 1e6}, {"gbit", 1e9}, {NULL, 0}};
static const struct unit time_units[] = {
	{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {NULL, 0}};
static const struct unit byte_units[] = {{"", 1},	  {"b", 1},	  {"k", 1 << 10},
					 {"kb", 1 << 10}, {"m", 1 << 20}, {"mb", 1 << 20},
					 {NULL, 0}};
static const struct unit percent_units[] = {{"%", 4294967296.0 / 100}, {NULL, 0}};

static int parse_rate(struct pipe_params *p, const char *text)
{
	double v;

	if (!strcmp(text, "unlimited"))
		v = 0;
	else if (parse_unit(text, rate_units, &v) || v < 1000)
		return -EINVAL;
	p->rate = (uint64_t)v;
	return 0;
}

static int parse_time(uint64_t *ns, const char *text)
{
	double v;

	if (parse_unit(text, time_units, &v) || v > 60e9)
		return -EINVAL;
	*ns = (uint64_t)v;
	return 0;
}

static int parse_loss(struct pipe_params *p, const char *text)
{
	double v;

	if (parse_unit(text, percent_units, &v) || v > 4294967296.0)
		return -EINVAL;
	p->loss = (uint64_t)v;
	return 0;
}

static int parse_queue(struct pipe_params *p, const char *text)
{
	double v;

	if (!parse_time(&p->queue_ns, text)) {
		p->queue_bytes = 0;
		return 0;
	}
	if (parse_unit(text, byte_units, &v) || v < 1)
		return -EINVAL;
	p->queue_bytes = (uint64_t)v;
	return 0;
}

int pipe_params_parse(struct pipe_params *p, const char *word)
{
	if (!strncmp(word, "rate=", 5))
		return parse_rate(p, word + 5);
	if (!strncmp(word, "delay=", 6))
		return parse_time(&p->delay_ns, word + 6);
	if (!strncmp(word, "jitter=", 7))
		return parse_time(&p->jitter_ns, word + 7);
	if (!strncmp(word, "loss=", 5))
		return parse_loss(p, word + 5);
	if (!strncmp(word, "queue=", 6))
		return parse_queue(p, word + 6);
	if (!parse_rate(p, word) || !parse_loss(p, word) || !parse_time(&p->delay_ns, word))
		return 0;
	return -EINVAL;
}

struct frame *pipe_alloc(struct pipe *pipe)
{
	struct frame *f = pipe->pool;

	if (f)
		pipe->pool = f->next;
	else
		f = malloc(sizeof(*f) + pipe->frame_size);
	return f;
}

void pipe_free(struct pipe *pipe, struct frame *f)
{
	f->next = pipe->pool;
	pipe->pool = f;
}

/* Nanoseconds that the transmitter needs for @len bytes of a frame. */
static uint64_t send_time(const struct pipe *pipe, uint32_t len)
{
	uint64_t bytes = len > pipe->header ? len - pipe->header : 0;

	return pipe->p.rate ? bytes * 8 * NS_PER_S / pipe->p.rate : 0;
}

static bool queue_full(const struct pipe *pipe, uint64_t backlog_ns)
{
	const struct pipe_params *p = &pipe->p;

	/* An idle transmitter takes any frame, however slow the link. */
	if (!p->rate || !backlog_ns)
		return false;
	if (p->queue_bytes)
		return (double)backlog_ns * (double)p->rate / 8e9 > (double)p->queue_bytes;
	return backlog_ns > p->queue_ns;
}

void pipe_send(struct pipe *pipe, struct frame *f, uint64_t now)
{
	const struct pipe_params *p = &pipe->p;
	uint64_t start = pipe->free_at > now ? pipe->free_at : now;

	if (p->loss && (random64(pipe) >> 32) < p->loss) {
		pipe->stats.lost++;
		pipe_free(pipe, f);
		return;
	}
	if (queue_full(pipe, start - now)) {
		pipe->stats.queue_full++;
		pipe_free(pipe, f);
		return;
	}
	pipe->free_at = start + send_time(pipe, f->len);
	f->due = pipe->free_at + p->delay_ns;
	if (p->jitter_ns) {
		uint64_t shift = random64(pipe) % (2 * p->jitter_ns + 1);

		/* A delay shorter than the jitter ends at no delay. */
		f->due += shift;
		f->due = f->due > p->jitter_ns ? f->due - p->jitter_ns : 0;
		if (f->due < pipe->free_at)
			f->due = pipe->free_at;
	}
	if (f->due < pipe->last_due)
		f->due = pipe->last_due;
	pipe->last_due = f->due;
	f->next = NULL;
	*pipe->tail = f;
	pipe->tail = &f->next;
}

struct frame *pipe_receive(struct pipe *pipe, uint64_t now)
{
	struct frame *f = pipe->head;

	if (!f || f->due > now)
		return NULL;
	pipe->head = f->next;
	if (!pipe->head)
		pipe->tail = &pipe->head;
	return f;
}

void pipe_flush(struct pipe *pipe)
{
	struct frame *f;

	while ((f = pipe_receive(pipe, UINT64_MAX))) {
		pipe->stats.link_down++;
		pipe_free(pipe, f);
	}
	pipe->free_at = 0;
	pipe->last_due = 0;
}
