/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ports.h - the two back ends of fuzz_rx.c: what is put in the queue arrives, what
 * the stack sends is checked and swallowed.
 *
 * Reception copies queued frames into the buffers given, scattered as they are;
 * a frame longer than all of them is dropped, as the contract of backend.h
 * wants. Frames that were sent must be whole and have offload metadata that
 * make sense and that the back end has promised. TCP numbers and MPTCP keys in
 * them are remembered, so that follow() can make a segment fit into its
 * connection. Everything but the fuzzer's own queue head may run on
 * another thread than the fuzzer's, reception on a kernel stack.
 */
#ifndef PERSONA_FUZZ_PORTS_H
#define PERSONA_FUZZ_PORTS_H

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "backend/backend.h"
#include "tests/fuzz/frames.h"

#define QUEUE	     48	   /* frames that wait in one back end */
#define FRAME_MAX    73728 /* more than the driver's buffers hold, 69632 bytes */
#define CONNECTIONS  64
#define MP_CAPABLE   0 /* MPTCP option subtypes */
#define MP_FASTCLOSE 7

/* libFuzzer takes each byte that is not zero for a piece of code that was reached. */
static uint8_t extra_counters[4096] __attribute__((section("__libfuzzer_extra_counters"), used));

static void fail(const char *what, long value)
{
	fprintf(stderr, "fuzz_rx: %s (%ld)\n", what, value);
	abort();
}

static long must(long ret, const char *what)
{
	if (ret < 0)
		fail(what, ret);
	return ret;
}

struct frame {
	struct virtio_net_hdr hdr;
	uint32_t len;
	uint8_t data[FRAME_MAX];
};

/**
 * struct port - a back end
 * @head: frames put in, by the fuzzer's thread
 * @tail: frames taken by the stack, on whatever thread drives it
 */
struct port {
	struct backend be;
	_Atomic uint32_t head, tail;
	struct frame queue[QUEUE];
};

/**
 * struct connection - a connection as the stack's last segment showed it
 * @seq: what the stack sends next; @ack: what it wants from us next
 */
struct connection {
	uint32_t seq, ack;
	uint8_t key[8];
};

static struct port ports[2];
static struct connection connections[CONNECTIONS];
static _Atomic bool connections_busy;

static void connections_lock(void)
{
	while (atomic_exchange(&connections_busy, true))
		sched_yield();
}

static void connections_unlock(void)
{
	atomic_store(&connections_busy, false);
}

static struct connection *connection_of(unsigned int dev, bool v6, uint16_t ours, uint16_t theirs)
{
	return &connections[dev | v6 << 1 | (theirs & 1) << 2 | (ours & 7) << 3];
}

/* The MPTCP option of a TCP header, of a subtype and not too short, or NULL. */
static uint8_t *find_mptcp(uint8_t *tcp, size_t n, unsigned int subtype, unsigned int min)
{
	size_t end = (tcp[12] >> 4) * 4U;

	if (end > n)
		return NULL;
	for (size_t at = 20; at + 1 < end;) {
		if (tcp[at] == 1) {
			at++;
			continue;
		}
		if (tcp[at] == 0 || tcp[at + 1] < 2 || at + tcp[at + 1] > end)
			return NULL;
		if (tcp[at] == OPTION_MPTCP && tcp[at + 1] >= min && tcp[at + 2] >> 4 == subtype)
			return tcp + at;
		at += tcp[at + 1];
	}
	return NULL;
}

/* Remember what a segment of the stack says. */
static void learn(unsigned int dev, uint8_t *p, size_t n, uint32_t len)
{
	struct connection *c;
	uint8_t proto = 0, *tcp, *option;
	size_t at = find_l4(p, n, &proto);
	uint32_t seq;

	if (!at || proto != IPPROTO_TCP || n < at + 20)
		return;
	tcp = p + at;
	c = connection_of(dev, p[0] >> 4 == 6, (uint16_t)get16(tcp + 2), (uint16_t)get16(tcp));
	seq = get32(tcp + 4) + len - (uint32_t)at - (tcp[12] >> 4) * 4U;
	seq += !!(tcp[13] & TCP_SYN) + !!(tcp[13] & TCP_FIN);
	connections_lock();
	c->seq = seq;
	c->ack = get32(tcp + 8);
	option = find_mptcp(tcp, n - at, MP_CAPABLE, 12);
	if (option)
		memcpy(c->key, option + 4, 8);
	connections_unlock();
}

/* Make a segment the next one of its connection. */
static void follow(unsigned int dev, uint8_t *p, size_t n)
{
	struct connection *c;
	uint8_t proto = 0, *tcp, *option;
	size_t at = find_l4(p, n, &proto);

	if (!at || proto != IPPROTO_TCP || n < at + 20)
		return;
	tcp = p + at;
	c = connection_of(dev, p[0] >> 4 == 6, (uint16_t)get16(tcp), (uint16_t)get16(tcp + 2));
	connections_lock();
	put32(tcp + 4, c->ack);
	put32(tcp + 8, c->seq);
	option = find_mptcp(tcp, n - at, MP_CAPABLE, 20);
	if (option)
		memcpy(option + 12, c->key, 8);
	option = find_mptcp(tcp, n - at, MP_FASTCLOSE, 12);
	if (option)
		memcpy(option + 4, c->key, 8);
	connections_unlock();
}

/* A rough class of a frame that was sent, as coverage. */
static void note_shape(unsigned int dev, const struct backend_frame *f, const uint8_t *p, size_t n)
{
	uint8_t proto = 0;
	size_t at = find_l4(p, n, &proto);
	uint32_t h = dev * 31 + f->hdr.gso_type * 7 + f->hdr.flags;

	h = h * 67 + proto;
	h = h * 67 + (uint32_t)__builtin_clz(f->len | 1);
	if (at && proto == IPPROTO_TCP && n >= at + 20)
		h = h * 67 + p[at + 13] * 16U + (p[at + 12] >> 4);
	else if (at)
		h = h * 67 + p[at];
	h *= 2654435761u;
	extra_counters[2048 + (h >> 21) % 2048] = 1;
}

static int fake_tx(struct backend *be, unsigned int queue, struct backend_frame *f, unsigned int n)
{
	unsigned int dev = be == &ports[1].be;
	unsigned int link = dev ? 0 : ETH_HLEN;

	for (unsigned int i = 0; i < n; i++) {
		const struct virtio_net_hdr *h = &f[i].hdr;
		uint8_t head[256], sum = 0;
		size_t got = 0, total = 0;

		for (unsigned int k = 0; k < f[i].niov; k++) {
			const uint8_t *base = f[i].iov[k].iov_base;
			size_t take = f[i].iov[k].iov_len;

			total += take;
			for (size_t b = 0; b < take; b++)
				sum ^= base[b];
			take = take > sizeof(head) - got ? sizeof(head) - got : take;
			memcpy(head + got, base, take);
			got += take;
		}
		__asm__ volatile("" ::"r"(sum));
		if (total != f[i].len || f[i].niov > BACKEND_MAX_IOV)
			fail("a sent frame's pieces are not its length", (long)total);
		if (h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM &&
		    (!be->features || h->csum_start + h->csum_offset + 2U > total))
			fail("a sent frame's checksum lies outside", h->csum_start);
		if (h->gso_type ? !be->features || !h->gso_size || h->hdr_len > total
				: total > be->mtu + link)
			fail("a sent frame's segmentation makes no sense", h->gso_type);
		if (got > link) {
			note_shape(dev, &f[i], head + link, got - link);
			learn(dev, head + link, got - link, f[i].len - link);
		}
	}
	return (int)n;
}

static void fill(struct backend *be, struct backend_frame *f, const struct frame *from)
{
	uint32_t done = 0;

	f->hdr = from->hdr;
	f->len = from->len;
	for (unsigned int k = 0; k < f->niov && done < from->len; k++) {
		size_t take = f->iov[k].iov_len;

		take = take > from->len - done ? from->len - done : take;
		memcpy(f->iov[k].iov_base, from->data + done, take);
		done += (uint32_t)take;
	}
	if (done < from->len) {
		be->rx_truncated++;
		f->len = 0;
	}
}

static int fake_rx(struct backend *be, unsigned int queue, struct backend_frame *f, unsigned int n)
{
	struct port *p = (struct port *)be;
	uint32_t tail = atomic_load(&p->tail);
	unsigned int i;

	for (i = 0; i < n && tail != atomic_load(&p->head); i++, tail++)
		fill(be, &f[i], &p->queue[tail % QUEUE]);
	atomic_store(&p->tail, tail);
	return (int)i;
}

static void fake_close(struct backend *be)
{
	close(be->fd);
}

static const struct backend_ops fake_ops = {
	.close = fake_close,
	.tx = fake_tx,
	.rx = fake_rx,
};

#endif /* PERSONA_FUZZ_PORTS_H */
