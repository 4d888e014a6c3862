// SPDX-License-Identifier: GPL-2.0-only
/*
 * xdp.c - back end `xdp`: frames through an AF_XDP socket.
 *
 * Theory of operation
 *
 * The socket shares an area of chunks (umem) and four rings with the kernel:
 *
 *	rx chunks:  fill ring -> kernel receives into them -> rx ring -> copied to
 *		    the stack's buffers -> fill ring
 *	tx chunks:  free list -> frame copied into them -> tx ring -> kernel sends
 *		    -> done ring -> free list
 *
 * Each chunk holds a frame and belongs to one of the two circles for ever, so the
 * fill ring always has headroom for what rx has taken. Reception needs no system
 * call but the wait; sending one per batch (need_wakeup), and none where the
 * driver has AF_XDP of its own and is awake. Zero copy to the driver is used
 * where it exists, by the kernel's choice.
 *
 * Which frames come here is decided by an XDP program on the interface; that and
 * the socket itself are the privileged part, opening/xdphost.c. Attach, in a process without
 * privileges, makes area and rings, and binds; a socket can be attached once.
 *
 * The engine may send from several vCPUs at a time: a lock guards chunks and
 * rings, held while copying, not while the kernel sends. What the driver does
 * not take at once is sent by the next call of tx or rx.
 *
 * Ownership: one malloc'ed block with the socket, area and rings. Threads: as
 * of backend.h.
 *
 * Limits: one receive queue; no offloads, since AF_XDP carries no metadata:
 * the stack makes and checks all checksums, and a veth's peer must make them,
 * too (ethtool -K PEER tx off); frames up to a chunk; no multicast nor broadcast but
 * ARP and neighbour discovery; the interface's own Ethernet address.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "backend/opening/hostif.h"
#include "backend/opening/xdphost.h"
#include "backend/xdp.h"
#include "backend/xring.h"
#include "lib/rawsys.h"
#include "lib/why.h"

#ifndef SOL_XDP
#define SOL_XDP 283
#endif

#define CHUNK	  4096u
#define RX_CHUNKS 1024u
#define TX_CHUNKS 512u
#define AREA	  ((size_t)(RX_CHUNKS + TX_CHUNKS) * CHUNK)
#define KICKS	  16 /* system calls without progress before we leave it to the next one */
#define QUEUE	  0

struct xdp {
	struct backend be;
	uint8_t *area; /* RX_CHUNKS, then TX_CHUNKS */
	struct xring fill, done, rx, tx;
	atomic_flag lock;
	uint32_t nfree;
	uint32_t free[TX_CHUNKS]; /* tx chunks by number */
};

/* Let the kernel send what is in the tx ring; -ENXIO, -ENETDOWN or 0. */
static int xdp_kick(struct xdp *x)
{
	uint32_t before = xring_pending(&x->tx), left;
	unsigned int idle = 0;
	long r;

	while (before && xring_sleeps(&x->tx) && idle < KICKS) {
		r = RAWSYS(SYS_sendto, x->be.fd, NULL, 0, MSG_DONTWAIT, NULL, 0);
		if (r == -ENXIO || r == -ENODEV || r == -EBADF)
			return -ENXIO;
		if (r == -ENETDOWN)
			return -ENETDOWN;
		left = xring_pending(&x->tx);
		if (left == before) {
			idle++;
			raw_yield();
		}
		before = left;
	}
	return 0;
}

/* Chunks of frames that were sent are free again. */
static void xdp_reclaim(struct xdp *x)
{
	uint32_t n = xring_ready(&x->done);

	for (uint32_t i = 0; i < n; i++)
		x->free[x->nfree++] = (uint32_t)(*xring_addr(&x->done, i) / CHUNK);
	xring_consumed(&x->done, n);
}

static void xdp_copy_out(uint8_t *to, const struct backend_frame *f)
{
	for (unsigned int i = 0; i < f->niov; i++) {
		memcpy(to, f->iov[i].iov_base, f->iov[i].iov_len);
		to += f->iov[i].iov_len;
	}
}

/* Put frames into the ring; how many were consumed. */
static unsigned int xdp_enqueue(struct xdp *x, struct backend_frame *f, unsigned int n)
{
	unsigned int i, put = 0;

	for (i = 0; i < n; i++) {
		struct xdp_desc *d = xring_desc(&x->tx, put);

		if (f[i].len < ETH_HLEN || f[i].len > x->be.mtu + ETH_HLEN) {
			x->be.tx_dropped++;
			continue;
		}
		if (!x->nfree || put == xring_headroom(&x->tx))
			break;
		d->addr = (uint64_t)x->free[--x->nfree] * CHUNK;
		d->len = f[i].len;
		d->options = 0;
		xdp_copy_out(x->area + d->addr, &f[i]);
		put++;
	}
	xring_produced(&x->tx, put);
	return i;
}

static int xdp_tx(struct backend *be, unsigned int queue, struct backend_frame *f, unsigned int n)
{
	struct xdp *x = (struct xdp *)be;
	unsigned int done;
	int err;

	if (xring_pending(&x->tx)) /* left by an earlier call: makes headroom */
		xdp_kick(x);
	while (atomic_flag_test_and_set_explicit(&x->lock, memory_order_acquire))
		raw_yield();
	xdp_reclaim(x);
	done = xdp_enqueue(x, f, n);
	atomic_flag_clear_explicit(&x->lock, memory_order_release);
	err = xdp_kick(x);
	if (err != -ENETDOWN)
		return err ? err : (int)done;
	__atomic_fetch_add(&be->tx_dropped, n - done, __ATOMIC_RELAXED);
	return (int)n;
}

/* Into the frame's pieces; 0 if it does not fit. */
static uint32_t xdp_copy_in(struct backend_frame *f, const uint8_t *from, uint32_t len)
{
	uint32_t left = len;

	for (unsigned int i = 0; i < f->niov && left; i++) {
		uint32_t piece = f->iov[i].iov_len < left ? (uint32_t)f->iov[i].iov_len : left;

		memcpy(f->iov[i].iov_base, from, piece);
		from += piece;
		left -= piece;
	}
	return left ? 0 : len;
}

static int xdp_rx(struct backend *be, unsigned int queue, struct backend_frame *f, unsigned int n)
{
	struct xdp *x = (struct xdp *)be;
	uint32_t ready = xring_ready(&x->rx);

	if (n > ready)
		n = ready;
	for (unsigned int i = 0; i < n; i++) {
		const struct xdp_desc *d = xring_desc(&x->rx, i);

		memset(&f[i].hdr, 0, sizeof(f[i].hdr));
		f[i].len = xdp_copy_in(&f[i], x->area + d->addr, d->len);
		if (!f[i].len)
			be->rx_truncated++;
		*xring_addr(&x->fill, i) = d->addr & ~(uint64_t)(CHUNK - 1);
	}
	xring_consumed(&x->rx, n);
	xring_produced(&x->fill, n);
	if (xring_sleeps(&x->fill) && n)
		RAWSYS(SYS_recvfrom, be->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
	if (xring_pending(&x->tx))
		xdp_kick(x);
	return (int)n;
}

static void xdp_close(struct backend *be)
{
	struct xdp *x = (struct xdp *)be;

	xring_unmap(&x->fill);
	xring_unmap(&x->done);
	xring_unmap(&x->rx);
	xring_unmap(&x->tx);
	if (x->area)
		RAWSYS(SYS_munmap, x->area, AREA);
	raw_close(be->fd);
	free(x);
}

static int xdp_make_area(struct xdp *x, const char **why)
{
	struct xdp_umem_reg reg = {.len = AREA, .chunk_size = CHUNK};
	long at = RAWSYS(SYS_mmap, 0, AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			 0);
	int err;

	if (at < 0 && at > -4096)
		return why_set(why, (int)-at, "xdp: cannot reserve %zu MB", AREA >> 20);
	x->area = (uint8_t *)at;
	/* A child's copy-on-write would part us from the pages that the kernel has. */
	RAWSYS(SYS_madvise, x->area, AREA, MADV_DONTFORK);
	reg.addr = (uint64_t)at;
	err = raw_setsockopt(x->be.fd, SOL_XDP, XDP_UMEM_REG, &reg, sizeof(reg));
	if (err == -ENOBUFS)
		return why_set(why, ENOBUFS,
			       "xdp on interface '%s' needs %zu MB of locked memory, more than the "
			       "limit leaves this user: ulimit -l %zu",
			       x->be.ifname, AREA >> 20, 2 * AREA >> 10);
	if (err)
		return why_set(why, -err, "xdp on interface '%s': cannot share memory: %s",
			       x->be.ifname, strerror(-err));
	return 0;
}

static int xdp_make_rings(struct xdp *x)
{
	const struct {
		struct xring *ring;
		int option;
		uint32_t size;
		uint64_t offset;
		size_t where, entry;
	} rings[] = {
		{&x->fill, XDP_UMEM_FILL_RING, RX_CHUNKS, XDP_UMEM_PGOFF_FILL_RING,
		 offsetof(struct xdp_mmap_offsets, fr), sizeof(uint64_t)},
		{&x->done, XDP_UMEM_COMPLETION_RING, TX_CHUNKS, XDP_UMEM_PGOFF_COMPLETION_RING,
		 offsetof(struct xdp_mmap_offsets, cr), sizeof(uint64_t)},
		{&x->rx, XDP_RX_RING, RX_CHUNKS, XDP_PGOFF_RX_RING,
		 offsetof(struct xdp_mmap_offsets, rx), sizeof(struct xdp_desc)},
		{&x->tx, XDP_TX_RING, TX_CHUNKS, XDP_PGOFF_TX_RING,
		 offsetof(struct xdp_mmap_offsets, tx), sizeof(struct xdp_desc)},
	};
	struct xdp_mmap_offsets at;
	int len = sizeof(at);
	int err = 0;

	for (unsigned int i = 0; !err && i < sizeof(rings) / sizeof(rings[0]); i++)
		err = raw_setsockopt_int(x->be.fd, SOL_XDP, rings[i].option, (int)rings[i].size);
	if (!err)
		err = (int)RAWSYS(SYS_getsockopt, x->be.fd, SOL_XDP, XDP_MMAP_OFFSETS, &at, &len);
	if (!err && len != sizeof(at))
		err = -EOPNOTSUPP; /* before 5.4: no flags */
	for (unsigned int i = 0; !err && i < sizeof(rings) / sizeof(rings[0]); i++) {
		const void *where = (const char *)&at + rings[i].where;

		err = xring_map(rings[i].ring, x->be.fd, rings[i].offset, where, rings[i].size,
				rings[i].entry);
	}
	return err;
}

static void xdp_fill_rings(struct xdp *x)
{
	for (uint32_t i = 0; i < RX_CHUNKS; i++)
		*xring_addr(&x->fill, i) = (uint64_t)i * CHUNK;
	xring_produced(&x->fill, RX_CHUNKS);
	for (uint32_t i = 0; i < TX_CHUNKS; i++)
		x->free[x->nfree++] = RX_CHUNKS + i;
}

static int xdp_bind_queue(struct xdp *x, int ifindex, const char **why)
{
	const struct sockaddr_xdp to = {.sxdp_family = AF_XDP,
					.sxdp_flags = XDP_USE_NEED_WAKEUP,
					.sxdp_ifindex = (uint32_t)ifindex,
					.sxdp_queue_id = QUEUE};
	int err = (int)RAWSYS(SYS_bind, x->be.fd, &to, sizeof(to));

	if (err == -EBUSY)
		return why_set(why, EBUSY,
			       "xdp on interface '%s': another AF_XDP socket has its queue %d",
			       x->be.ifname, QUEUE);
	if (err)
		return why_set(why, -err, "xdp on interface '%s': cannot bind: %s", x->be.ifname,
			       strerror(-err));
	return 0;
}

static int xdp_attach(struct backend **be, int fd, const char *ifname, const char **why)
{
	int domain = 0, len = sizeof(domain);
	struct hostif h;
	struct xdp *x;
	int err;

	if (RAWSYS(SYS_getsockopt, fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) || domain != AF_XDP)
		return why_set(why, EBADF, "descriptor %d for interface '%s' is no AF_XDP socket",
			       fd, ifname);
	err = hostif_get(-1, ifname, &h);
	if (err)
		return why_set(why, -err, "cannot read interface '%s': %s", ifname, strerror(-err));
	x = calloc(1, sizeof(*x));
	if (!x)
		return why_set(why, ENOMEM, "no memory for back end xdp");
	x->be.ops = &backend_xdp;
	strncpy(x->be.ifname, ifname, sizeof(x->be.ifname) - 1);
	x->be.fd = fd;
	x->be.link = BACKEND_LINK_ETHER;
	x->be.mtu = h.mtu < XDP_MAX_MTU ? h.mtu : XDP_MAX_MTU;
	x->be.queues = 1;
	memcpy(x->be.mac, h.mac, sizeof(x->be.mac));
	err = xdp_make_area(x, why);
	if (err)
		goto out;
	err = xdp_make_rings(x);
	if (err) {
		why_set(why, -err, "xdp on interface '%s': cannot make rings: %s%s", ifname,
			strerror(-err), err == -EOPNOTSUPP ? ": needs Linux 5.4" : "");
		goto out;
	}
	xdp_fill_rings(x);
	err = xdp_bind_queue(x, h.index, why);
	if (err)
		goto out;
	*be = &x->be;
	return 0;
out:
	x->be.fd = -1; /* the caller's */
	xdp_close(&x->be);
	return err;
}

const struct backend_ops backend_xdp = {
	.opening = &opening_xdp,
	.help = "chosen addresses of an Ethernet interface, by AF_XDP",
	.place = BACKEND_BESIDE,
	.link = BACKEND_LINK_ETHER,
	.mtu_max = XDP_MAX_MTU,
	.attach = xdp_attach,
	.close = xdp_close,
	.tx = xdp_tx,
	.rx = xdp_rx,
};
