// SPDX-License-Identifier: GPL-2.0-only
/*
 * tapfd.c - frames through a descriptor of the TUN/TAP family, see tapfd.h.
 *
 * Theory of operation
 *
 * tap, tun and macvtap devices speak one language: IFF_VNET_HDR puts a
 * virtio_net_hdr in front of each frame, and TUNSETOFFLOAD tells the host that
 * it may leave checksums undone and TCP segments uncut for us. A descriptor that
 * somebody else made may be without: frames are written and read as they are. There is no
 * batching call: one writev or readv per frame, in a loop.
 *
 * A frame longer than the buffers is cut silently by the driver, and the count
 * it returns is clamped. One spare byte behind the frame's buffers makes such
 * a frame recognisable.
 *
 * UDP segmentation is offered for sending where the driver knows it (6.2). It
 * is not asked for in receiving: an older kernel inside would not understand.
 *
 * Ownership: one malloc'ed block with the descriptor. Threads: tx uses no
 * state and may run on any number of queues, rx has its own iovec array.
 */
#include <errno.h>
#include <linux/if_tun.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include "backend/opening/hostif.h"
#include "backend/tapfd.h"
#include "lib/rawsys.h"
#include "lib/why.h"

#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

#define HDR_LEN	    sizeof(struct virtio_net_hdr)
#define MTU_UNKNOWN 1500

struct tapfd {
	struct backend be;
	bool hdr;			       /* a virtio_net_hdr stands before each frame */
	struct iovec rxv[BACKEND_MAX_IOV + 2]; /* header, frame, spare byte */
	uint8_t spare;
};

int tapfd_tx(struct backend *be, unsigned int queue, struct backend_frame *f, unsigned int n)
{
	unsigned int hdr = ((struct tapfd *)be)->hdr;
	unsigned int i = 0;
	long r;

	while (i < n) {
		f[i].iov[-1].iov_base = &f[i].hdr;
		f[i].iov[-1].iov_len = HDR_LEN;
		r = RAWSYS(SYS_writev, be->fd, f[i].iov - hdr, f[i].niov + hdr);
		switch (r) {
		case -EINTR:
			continue;
		case -EAGAIN:
			return (int)i;
		case -EBADFD: /* the interface was removed */
		case -EBADF:
		case -ENXIO:
			return -ENXIO;
		}
		if (r < 0) /* EINVAL, EMSGSIZE; EIO: the interface is down */
			__atomic_fetch_add(&be->tx_dropped, 1, __ATOMIC_RELAXED);
		i++;
	}
	return (int)n;
}

/* Read one frame: bytes of it, 0 if dropped, or -errno. */
static long tapfd_rx_one(struct tapfd *tt, struct backend_frame *f)
{
	size_t hdr = tt->hdr ? HDR_LEN : 0;
	size_t capacity = 0;
	unsigned int i;
	long r;

	if (f->niov > BACKEND_MAX_IOV)
		return -EINVAL;
	memset(&f->hdr, 0, sizeof(f->hdr));
	tt->rxv[0].iov_base = &f->hdr;
	tt->rxv[0].iov_len = hdr;
	for (i = 0; i < f->niov; i++) {
		tt->rxv[1 + i] = f->iov[i];
		capacity += f->iov[i].iov_len;
	}
	tt->rxv[1 + i].iov_base = &tt->spare;
	tt->rxv[1 + i].iov_len = 1;

	r = RAWSYS(SYS_readv, tt->be.fd, tt->rxv, f->niov + 2);
	if (r < 0)
		return r;
	if ((size_t)r > hdr + capacity) {
		tt->be.rx_truncated++;
		return 0;
	}
	return r > (long)hdr ? r - (long)hdr : 0;
}

int tapfd_rx(struct backend *be, unsigned int queue, struct backend_frame *f, unsigned int n)
{
	struct tapfd *tt = (struct tapfd *)be;
	unsigned int i = 0;
	long r;

	while (i < n) {
		r = tapfd_rx_one(tt, &f[i]);
		if (r == -EINTR)
			continue;
		if (r == -EAGAIN)
			break;
		if (r == -EBADFD || r == -EBADF || r == -ENXIO)
			return i ? (int)i : -ENXIO;
		if (r < 0) { /* EINVAL: offload that the header cannot express; EIO: down */
			be->rx_dropped++;
			break;
		}
		f[i++].len = (uint32_t)r;
	}
	return (int)i;
}

void tapfd_close(struct backend *be)
{
	raw_close(be->fd);
	free(be);
}

/* Reception offloads; which transmission offloads they imply. */
static int tapfd_set_offload(int fd, unsigned int *features)
{
	const unsigned long tso = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
	int size = HDR_LEN;
	int err;

	err = raw_ioctl(fd, TUNSETVNETHDRSZ, &size);
	if (err)
		return err;
	*features = BACKEND_F_CSUM | BACKEND_F_TSO4 | BACKEND_F_TSO6 | BACKEND_F_TSO_ECN |
		    BACKEND_F_GUEST;
	if (!raw_ioctl(fd, TUNSETOFFLOAD, (void *)(tso | TUN_F_USO4 | TUN_F_USO6)))
		*features |= BACKEND_F_USO;
	return raw_ioctl(fd, TUNSETOFFLOAD, (void *)tso);
}

int tapfd_make(struct backend **be, const struct backend_ops *ops, enum backend_link link, int fd,
	       const char *ifname, const char *device, const char **why)
{
	struct hostif h = {.mtu = MTU_UNKNOWN};
	struct ifreq ifr = {.ifr_flags = 0};
	struct tapfd *tt;
	int err;

	err = device ? hostif_get(-1, device, &h) : 0;
	if (err)
		return why_set(why, -err, "cannot read interface '%s': %s", device, strerror(-err));
	tt = calloc(1, sizeof(*tt));
	if (!tt)
		return why_set(why, ENOMEM, "no memory for back end %s", ops->opening->name);
	tt->be.ops = ops;
	strncpy(tt->be.ifname, ifname, sizeof(tt->be.ifname) - 1);
	tt->be.fd = fd;
	tt->be.link = link;
	tt->be.mtu = h.mtu < 65535 ? h.mtu : 65535;
	tt->be.queues = BACKEND_QUEUES;
	memcpy(tt->be.mac, h.mac, sizeof(tt->be.mac));
	err = raw_ioctl(fd, TUNGETIFF, &ifr);
	tt->hdr = ifr.ifr_flags & IFF_VNET_HDR;
	if (!err && tt->hdr)
		err = tapfd_set_offload(fd, &tt->be.features);
	if (err) {
		free(tt);
		return why_set(why, -err, "cannot set offloads of '%s': %s", ifname,
			       strerror(-err));
	}
	*be = &tt->be;
	return 0;
}
