/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xring.h - one ring between us and the kernel, as AF_XDP has four.
 *
 * Two indices count entries for ever; one side writes `producer`, the other
 * `consumer`. An index is published with release and read with acquire, so the
 * entries are valid when their index is seen. Our own index is `at`, the
 * shared copy of which nobody else writes.
 *
 * Threads: one at a time on our side; the kernel's side is its own.
 */
#ifndef PERSONA_BACKEND_XRING_H
#define PERSONA_BACKEND_XRING_H

#include <linux/if_xdp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct xring
 * @at:	    next entry to produce or to consume, ours
 * @size:   entries, a power of two
 * @flags:  XDP_RING_NEED_WAKEUP, written by the kernel
 * @map:    the mapping they all lie in, of @len bytes
 */
struct xring {
	uint32_t *producer;
	uint32_t *consumer;
	uint32_t *flags;
	void *entry;
	uint32_t at;
	uint32_t size;
	void *map;
	size_t len;
};

/** xring_map() - map a ring of socket @fd that lies at @offset; 0 or -errno. */
int xring_map(struct xring *r, int fd, uint64_t offset, const struct xdp_ring_offset *o,
	      uint32_t size, size_t entry_size);

/** xring_unmap() - allowed on a ring that was never mapped. */
void xring_unmap(struct xring *r);

/** xring_headroom() - entries that may be produced now. */
static inline uint32_t xring_headroom(const struct xring *r)
{
	return r->size - (r->at - __atomic_load_n(r->consumer, __ATOMIC_ACQUIRE));
}

/** xring_ready() - entries that may be consumed now. */
static inline uint32_t xring_ready(const struct xring *r)
{
	return __atomic_load_n(r->producer, __ATOMIC_ACQUIRE) - r->at;
}

/** xring_pending() - entries that we have published and the kernel has not taken. */
static inline uint32_t xring_pending(const struct xring *r)
{
	return __atomic_load_n(r->producer, __ATOMIC_RELAXED) -
	       __atomic_load_n(r->consumer, __ATOMIC_ACQUIRE);
}

/** xring_addr() - entry @i from our index on, of a ring of chunk addresses. */
static inline uint64_t *xring_addr(const struct xring *r, uint32_t i)
{
	return (uint64_t *)r->entry + ((r->at + i) & (r->size - 1));
}

/** xring_desc() - the same of a ring of descriptors. */
static inline struct xdp_desc *xring_desc(const struct xring *r, uint32_t i)
{
	return (struct xdp_desc *)r->entry + ((r->at + i) & (r->size - 1));
}

/** xring_produced() - publish @n entries. */
static inline void xring_produced(struct xring *r, uint32_t n)
{
	r->at += n;
	__atomic_store_n(r->producer, r->at, __ATOMIC_RELEASE);
}

/** xring_consumed() - give @n entries back. */
static inline void xring_consumed(struct xring *r, uint32_t n)
{
	r->at += n;
	__atomic_store_n(r->consumer, r->at, __ATOMIC_RELEASE);
}

/** xring_sleeps() - does the kernel want a system call before it looks at the ring? */
static inline bool xring_sleeps(const struct xring *r)
{
	return __atomic_load_n(r->flags, __ATOMIC_RELAXED) & XDP_RING_NEED_WAKEUP;
}

#endif /* PERSONA_BACKEND_XRING_H */
