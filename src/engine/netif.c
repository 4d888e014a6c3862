// SPDX-License-Identifier: GPL-2.0-only
/*
 * netif.c - between the image's network devices and the back ends.
 *
 * Transmit: after a vCPU has been released, netif_flush() sends what its run
 * queued. One thread at a time per transmit queue of the back end, which one or more
 * rings feed; one that finds the queue taken leaves, since the holder looks
 * again after it has let go. A back end that takes
 * nothing leaves that queue of the device "stalled": it is tried again at the next release,
 * and after a millisecond by a thread that waits.
 *
 * Receive: called by the image's NAPI poll, by one vCPU at a time per device.
 */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include "backend/backend.h"
#include "engine/engine.h"
#include "engine/netif.h"
#include "engine/vcpu.h"

/**
 * struct netif - one device
 * @busy: per queue of the back end, a thread sends
 * @tx:	  per queue, scratch of the sending thread
 * @rx:	  scratch of the NAPI poll
 * @received, @sent: frames; @sent of each queue by its sending thread
 */
struct netif {
	struct backend *be;
	struct lkl_tx_ring *ring[LKL_MAX_VCPUS];
	_Atomic bool busy[LKL_MAX_VCPUS];
	struct backend_frame tx[LKL_MAX_VCPUS][BACKEND_BATCH];
	struct backend_frame rx[LKL_RX_BATCH];
	_Atomic uint64_t received;
	_Atomic uint64_t sent[LKL_MAX_VCPUS];
};

static struct netif netifs[LKL_MAX_NETDEVS];
static _Atomic uint32_t nnetifs;
static _Atomic uint32_t stalled[LKL_MAX_VCPUS]; /* per queue, a mask of devices */

_Static_assert(sizeof(struct lkl_iov) == sizeof(struct iovec), "same layout");

unsigned int netif_count(void)
{
	return atomic_load_explicit(&nnetifs, memory_order_acquire);
}

uint32_t netif_stalled(void)
{
	uint32_t devs = 0;

	for (unsigned int q = 0; q < engine.nvcpus; q++)
		devs |= atomic_load_explicit(&stalled[q], memory_order_relaxed);
	return devs;
}

static uint32_t netif_queued(const struct lkl_tx_ring *r)
{
	return __atomic_load_n(&r->head, __ATOMIC_SEQ_CST) -
	       __atomic_load_n(&r->tail, __ATOMIC_SEQ_CST);
}

/* One writer at a time. */
static void count_frames(_Atomic uint64_t *counter, int frames)
{
	atomic_store_explicit(
		counter, atomic_load_explicit(counter, memory_order_relaxed) + (uint64_t)frames,
		memory_order_relaxed);
}

void engine_netif_frames(unsigned int dev, uint64_t *rx, uint64_t *tx)
{
	*rx = atomic_load_explicit(&netifs[dev].received, memory_order_relaxed);
	*tx = 0;
	for (unsigned int q = 0; q < LKL_MAX_VCPUS; q++)
		*tx += atomic_load_explicit(&netifs[dev].sent[q], memory_order_relaxed);
}

uint64_t netif_received(void)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < netif_count(); i++)
		sum += atomic_load_explicit(&netifs[i].received, memory_order_relaxed);
	return sum;
}

/* Send what is in ring @q, add to @bytes; false if the host takes no more for now. */
static bool drain_ring(struct netif *n, unsigned int q, uint32_t *bytes)
{
	struct lkl_tx_ring *r = n->ring[q];
	unsigned int queue = q % n->be->queues;
	struct backend_frame *b = n->tx[queue];
	uint32_t tail = r->tail, count;

	while ((count = __atomic_load_n(&r->head, __ATOMIC_ACQUIRE) - tail)) {
		int sent;

		if (count > BACKEND_BATCH)
			count = BACKEND_BATCH;
		for (uint32_t i = 0; i < count; i++) {
			struct lkl_tx_frame *f = &r->frame[(tail + i) % LKL_TX_RING];

			b[i].hdr = f->hdr;
			b[i].iov = (struct iovec *)f->iov;
			b[i].niov = f->niov;
			b[i].len = f->len;
		}
		sent = n->be->ops->tx(n->be, queue, b, count);
		if (sent < 0)
			sent = (int)
				count; /* the device is gone: frames are lost, as on a dead link */
		for (int i = 0; i < sent; i++)
			*bytes += b[i].len;
		tail += (uint32_t)sent;
		count_frames(&n->sent[queue], sent);
		__atomic_store_n(&r->tail, tail, __ATOMIC_SEQ_CST);
		if ((uint32_t)sent < count)
			return false;
	}
	return true;
}

/* Is anything in the rings that feed queue @queue? */
static bool queue_pending(const struct netif *n, unsigned int queue)
{
	for (unsigned int q = queue; q < engine.nvcpus; q += n->be->queues) {
		if (netif_queued(n->ring[q]))
			return true;
	}
	return false;
}

unsigned int netif_backlog(uint32_t devs, unsigned int vcpu, uint32_t *bytes)
{
	unsigned int frames = 0;

	*bytes = 0;
	for (; devs; devs &= devs - 1) {
		const struct lkl_tx_ring *r = netifs[__builtin_ctz(devs)].ring[vcpu];
		uint32_t tail = __atomic_load_n(&r->tail, __ATOMIC_RELAXED);

		for (; tail != r->head; tail++, frames++)
			*bytes += r->frame[tail % LKL_TX_RING].len;
	}
	return frames;
}

static uint32_t flush_queue(struct netif *n, unsigned int dev, unsigned int queue,
			    unsigned int last)
{
	uint32_t bytes = 0;

	while (queue_pending(n, queue)) {
		bool ok = true;

		if (atomic_exchange(&n->busy[queue], true))
			break;
		/* All of them, even if one is refused: the frame that was begun may be any's. */
		for (unsigned int i = 1; i <= engine.nvcpus; i++) {
			unsigned int q = (last + i) % engine.nvcpus;

			if (q % n->be->queues == queue)
				ok &= drain_ring(n, q, &bytes);
		}
		if (ok)
			atomic_fetch_and(&stalled[queue], ~(1u << dev));
		else
			atomic_fetch_or(&stalled[queue], 1u << dev);
		atomic_store(&n->busy[queue], false);
		if (!ok)
			break;
	}
	return bytes;
}

uint32_t netif_flush(uint32_t devs, unsigned int last)
{
	uint32_t bytes = 0;

	for (; devs; devs &= devs - 1) {
		unsigned int dev = (unsigned int)__builtin_ctz(devs);
		struct netif *n = &netifs[dev];

		for (unsigned int i = 1; n->be && i <= n->be->queues; i++) {
			unsigned int q = (last + i) % n->be->queues;

			if (q < engine.nvcpus)
				bytes += flush_queue(n, dev, q, last);
		}
	}
	return bytes;
}

int netif_rx(unsigned int dev, struct lkl_rx_frame *f, unsigned int count)
{
	struct netif *n = &netifs[dev];
	int got;

	if (count > LKL_RX_BATCH)
		count = LKL_RX_BATCH;
	image_orders_begin(n);
	for (unsigned int i = 0; i < count; i++) {
		n->rx[i].iov = (struct iovec *)f[i].iov;
		n->rx[i].niov = f[i].niov;
	}
	got = n->be->ops->rx(n->be, 0, n->rx, count);
	if (got > 0)
		count_frames(&n->received, got);
	for (int i = 0; i < got; i++) {
		f[i].hdr = n->rx[i].hdr;
		f[i].len = n->rx[i].len;
	}
	image_orders_end(n);
	return got;
}

static uint32_t lkl_features(const struct backend *be)
{
	static const struct {
		uint32_t backend, lkl;
	} map[] = {
		{BACKEND_F_CSUM, LKL_NETDEV_F_CSUM}, {BACKEND_F_TSO4, LKL_NETDEV_F_TSO4},
		{BACKEND_F_TSO6, LKL_NETDEV_F_TSO6}, {BACKEND_F_TSO_ECN, LKL_NETDEV_F_TSO_ECN},
		{BACKEND_F_USO, LKL_NETDEV_F_USO},
	};
	uint32_t f = 0;

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (be->features & map[i].backend)
			f |= map[i].lkl;
	return f;
}

int engine_trust(int fd)
{
	return (int)engine_syscall(LKL_NR_TRUST, (long[6]){fd});
}

int engine_add_netif(struct backend *be, const char *name)
{
	struct lkl_netdev_params p = {
		.link = be->link == BACKEND_LINK_RAWIP ? LKL_NETDEV_RAWIP : LKL_NETDEV_ETHER,
		.mtu = be->mtu,
		.features = lkl_features(be),
	};
	uint32_t id = nnetifs;
	struct netif *n = &netifs[id];
	long ifindex, err;

	if (id == LKL_MAX_NETDEVS) {
		be->ops->close(be);
		return -ENOSPC;
	}
	p.id = id;
	strncpy(p.name, name, sizeof(p.name) - 1);
	memcpy(p.mac, be->mac, sizeof(p.mac));
	n->be = be;
	ifindex = engine_syscall(LKL_NR_NETDEV, (long[6]){(long)&p});
	if (ifindex < 0) {
		be->ops->close(be);
		n->be = NULL;
		return (int)ifindex;
	}
	memcpy(n->ring, p.rings, sizeof(n->ring));
	atomic_store_explicit(&nnetifs, id + 1, memory_order_release);
	err = vcpus_watch(be->fd, id);
	return err < 0 ? (int)err : (int)ifindex;
}

void netifs_close(void)
{
	uint32_t n = atomic_exchange(&nnetifs, 0);

	for (uint32_t i = 0; i < n; i++)
		netifs[i].be->ops->close(netifs[i].be);
	memset(netifs, 0, sizeof(netifs));
	for (unsigned int q = 0; q < LKL_MAX_VCPUS; q++)
		atomic_store(&stalled[q], 0);
}
