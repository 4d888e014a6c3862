// SPDX-License-Identifier: GPL-2.0-only
/*
 * afpacket.c - back ends `packet` (Ethernet) and `rawip` (header-less IP).
 *
 * Theory of operation
 *
 * One AF_PACKET socket of type SOCK_RAW per interface, bound to it, with
 * PACKET_VNET_HDR: each message begins with a virtio_net_hdr, so the host
 * completes checksums and cuts TCP segments for us, and hands us what GRO has
 * merged. Batches go by sendmmsg/recvmmsg; the header travels as the iovec
 * element in front of the frame's own (iov[-1]), nothing is copied here.
 *
 * The two kinds differ in three points. `rawip` serves interfaces without a
 * link header (TUN, a modem's rmnet/wwan, PPP): there the kernel cannot learn
 * the protocol from a header, so each message carries a sockaddr_ll with the
 * one that the version nibble says; frames that are neither IPv4 nor IPv6 are
 * dropped both ways; and there is no address to receive by.
 *
 * PACKET_QDISC_BYPASS is not used: dev_direct_xmit() drops every frame that
 * must be segmented in software, so GSO over an interface without TSO would
 * lose all bulk data; and the host's qdisc is what keeps queues short.
 *
 * Back-pressure is the socket's send buffer, charged until the driver has sent
 * the frame: EAGAIN ends a batch. ENOBUFS in contrast is the verdict of a full
 * qdisc that has already dropped the frame; the socket stays writable, so
 * trying again would only spin. It counts as sent and lost, and TCP treats it
 * as the congestion that it is.
 *
 * An interface that goes down raises ENETDOWN once and comes back by itself:
 * meanwhile frames are dropped. The one error may be met long after, by the first frame when all
 * is well again, so only its second is believed. One that was removed gives ENXIO for good.
 *
 * Ownership: struct afpacket is one malloc'ed block with the socket. Threads:
 * each transmit queue and rx have message arrays of their own, the socket
 * itself is safe, so all may run concurrently.
 *
 * Limits: no UDP segmentation (the host kernel tells nobody whether it accepts
 * it on a packet socket), one socket for all queues, frames up to 64 KiB.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "backend/afpacket.h"
#include "backend/opening/afsocket.h"
#include "backend/opening/hostif.h"
#include "lib/rawsys.h"
#include "lib/why.h"

#define RX_RETRIES 4 /* errors of single frames skipped in one call of rx */

#define HDR_LEN sizeof(struct virtio_net_hdr)

/* One transmit queue's batch: msg[i] carries f[frame[i]]. */
struct batch {
	struct mmsghdr msg[BACKEND_BATCH];
	unsigned char frame[BACKEND_BATCH];
};

struct afpacket {
	struct backend be;
	struct sockaddr_ll to4; /* rawip: destination by protocol */
	struct sockaddr_ll to6;
	struct batch tx[BACKEND_QUEUES];
	struct mmsghdr rx[BACKEND_BATCH];
};

static struct afpacket *afpacket(struct backend *be)
{
	return (struct afpacket *)be;
}

/* IP version of a frame without link header; 0 if it is empty. */
static unsigned int afpacket_ip_version(const struct backend_frame *f)
{
	unsigned int i;

	for (i = 0; i < f->niov; i++) {
		if (f->iov[i].iov_len)
			return *(const uint8_t *)f->iov[i].iov_base >> 4;
	}
	return 0;
}

static void afpacket_prepend_header(struct backend_frame *f, struct msghdr *m)
{
	f->iov[-1].iov_base = &f->hdr;
	f->iov[-1].iov_len = HDR_LEN;
	m->msg_iov = f->iov - 1;
	m->msg_iovlen = f->niov + 1;
}

static void afpacket_count_dropped(struct backend *be, unsigned int n)
{
	__atomic_fetch_add(&be->tx_dropped, n, __ATOMIC_RELAXED);
}

/* Describe @n frames in @b; return how many are worth sending. */
static unsigned int afpacket_tx_prepare(struct afpacket *ap, struct batch *b,
					struct backend_frame *f, unsigned int n)
{
	bool rawip = ap->be.link == BACKEND_LINK_RAWIP;
	struct sockaddr_ll *to = NULL;
	unsigned int i, m = 0;

	for (i = 0; i < n; i++) {
		if (rawip) {
			unsigned int version = afpacket_ip_version(&f[i]);

			if (version != 4 && version != 6) {
				afpacket_count_dropped(&ap->be, 1);
				continue;
			}
			to = version == 4 ? &ap->to4 : &ap->to6;
		}
		b->msg[m].msg_hdr.msg_name = to;
		b->msg[m].msg_hdr.msg_namelen = to ? sizeof(*to) : 0;
		afpacket_prepend_header(&f[i], &b->msg[m].msg_hdr);
		b->frame[m++] = (unsigned char)i;
	}
	return m;
}

static int afpacket_tx(struct backend *be, unsigned int queue, struct backend_frame *f,
		       unsigned int n)
{
	struct afpacket *ap = afpacket(be);
	struct batch *b = &ap->tx[queue];
	unsigned int m, done = 0;
	bool down = false;
	long r;

	if (n > BACKEND_BATCH)
		n = BACKEND_BATCH;
	m = afpacket_tx_prepare(ap, b, f, n);
	while (done < m) {
		r = RAWSYS(SYS_sendmmsg, be->fd, b->msg + done, m - done, MSG_DONTWAIT);
		if (r > 0) {
			done += (unsigned int)r;
			continue;
		}
		switch (r) {
		case -EINTR:
			break;
		case -EAGAIN:
			return b->frame[done];
		case -ENXIO:
		case -ENODEV:
		case -EBADF:
			return -ENXIO;
		case -ENETDOWN:
			if (!down) {
				down = true;
				break;
			}
			/* all that follow would meet the same fate */
			afpacket_count_dropped(be, m - done);
			return (int)n;
		default: /* this frame: EMSGSIZE, EINVAL, ENOBUFS, ... */
			afpacket_count_dropped(be, 1);
			done++;
		}
	}
	return (int)n;
}

static int afpacket_rx_finish(struct afpacket *ap, struct backend_frame *f, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct mmsghdr *m = &ap->rx[i];

		f[i].len = 0;
		if (m->msg_hdr.msg_flags & MSG_TRUNC)
			ap->be.rx_truncated++;
		else if (m->msg_len > HDR_LEN)
			f[i].len = m->msg_len - HDR_LEN;
	}
	return (int)n;
}

/* After ENETDOWN: was the interface removed, or is it just down? */
static bool afpacket_gone(int fd)
{
	struct sockaddr_ll self;
	int len = sizeof(self);

	return RAWSYS(SYS_getsockname, fd, &self, &len) || self.sll_ifindex <= 0;
}

static int afpacket_rx(struct backend *be, unsigned int queue, struct backend_frame *f,
		       unsigned int n)
{
	struct afpacket *ap = afpacket(be);
	unsigned int i, retries;
	long r;

	if (n > BACKEND_BATCH)
		n = BACKEND_BATCH;
	for (i = 0; i < n; i++) {
		afpacket_prepend_header(&f[i], &ap->rx[i].msg_hdr);
		ap->rx[i].msg_hdr.msg_flags = 0;
	}
	for (retries = 0; retries < RX_RETRIES; retries++) {
		r = RAWSYS(SYS_recvmmsg, be->fd, ap->rx, n, MSG_DONTWAIT, NULL);
		if (r >= 0)
			return afpacket_rx_finish(ap, f, (unsigned int)r);
		switch (r) {
		case -EAGAIN:
			return 0;
		case -EINTR:
			break;
		case -EBADF:
			return -ENXIO;
		case -ENETDOWN:
			if (afpacket_gone(be->fd))
				return -ENXIO;
			break;
		default: /* a frame whose offload the header cannot express: it is consumed */
			be->rx_dropped++;
		}
	}
	return 0;
}

static int afpacket_set_filter(struct backend *be, const struct sock_fprog *filter)
{
	return raw_setsockopt(be->fd, SOL_SOCKET, SO_ATTACH_FILTER, filter, sizeof(*filter));
}

/* The socket outlives its interface, unbound; options and filter stay. */
static int afpacket_rebind(struct backend *be)
{
	struct afpacket *ap = afpacket(be);
	struct sockaddr_ll self;
	struct hostif h;
	int err;

	err = hostif_get(be->fd, be->ifname, &h);
	if (err)
		return err;
	afsocket_address(&self, h.index, ETH_P_ALL);
	err = (int)RAWSYS(SYS_bind, be->fd, &self, sizeof(self));
	if (err)
		return err;
	ap->to4.sll_ifindex = h.index;
	ap->to6.sll_ifindex = h.index;
	return 0;
}

static void afpacket_close(struct backend *be)
{
	raw_close(be->fd);
	free(be);
}

/* Frames to another address than the interface's own (mac=). */
static int packet_set_mac(struct backend *be, const uint8_t mac[6])
{
	struct packet_mreq mreq = {.mr_type = PACKET_MR_UNICAST, .mr_alen = ETH_ALEN};
	struct hostif h;
	int err;

	err = hostif_get(be->fd, be->ifname, &h);
	if (err)
		return err;
	if (memcmp(h.mac, mac, ETH_ALEN)) {
		mreq.mr_ifindex = h.index;
		memcpy(mreq.mr_address, mac, ETH_ALEN);
		err = raw_setsockopt(be->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mreq,
				     sizeof(mreq));
		if (err)
			return err;
	}
	memcpy(be->mac, mac, ETH_ALEN);
	return 0;
}

/*
 * SOCK_RAW reserves the driver's hard_header_len and takes the network header
 * to lie behind it. PPP announces four bytes that the frame does not have:
 * harmless for a checksum, whose place is counted from the start, fatal for
 * segmentation.
 */
static unsigned int rawip_features(unsigned int type)
{
	unsigned int features = BACKEND_F_CSUM | BACKEND_F_GUEST;

	if (type != ARPHRD_PPP)
		features |= BACKEND_F_TSO4 | BACKEND_F_TSO6 | BACKEND_F_TSO_ECN;
	return features;
}

/* Make the struct for socket @fd on interface @h. */
static int afpacket_make(struct backend **be, const struct backend_ops *ops, enum backend_link link,
			 int fd, const char *ifname, const struct hostif *h, const char **why)
{
	struct afpacket *ap = calloc(1, sizeof(*ap));

	if (!ap)
		return why_set(why, ENOMEM, "no memory for back end %s", ops->opening->name);
	ap->be.ops = ops;
	strncpy(ap->be.ifname, ifname, sizeof(ap->be.ifname) - 1);
	ap->be.fd = fd;
	ap->be.link = link;
	ap->be.mtu = h->mtu < 65535 ? h->mtu : 65535;
	ap->be.queues = BACKEND_QUEUES;
	if (link == BACKEND_LINK_ETHER) {
		memcpy(ap->be.mac, h->mac, sizeof(ap->be.mac));
		ap->be.features = BACKEND_F_CSUM | BACKEND_F_TSO4 | BACKEND_F_TSO6 |
				  BACKEND_F_TSO_ECN | BACKEND_F_GUEST;
	} else {
		ap->be.features = rawip_features(h->type);
		afsocket_address(&ap->to4, h->index, ETH_P_IP);
		afsocket_address(&ap->to6, h->index, ETH_P_IPV6);
	}
	*be = &ap->be;
	return 0;
}

static int afpacket_attach(struct backend **be, const struct backend_ops *ops,
			   enum backend_link link, int fd, const char *ifname, const char **why)
{
	struct hostif h;
	int err;

	err = afsocket_check(fd, link, ifname, &h, why);
	if (err)
		return err;
	return afpacket_make(be, ops, link, fd, ifname, &h, why);
}

static int packet_attach(struct backend **be, int fd, const char *ifname, const char **why)
{
	return afpacket_attach(be, &backend_packet, BACKEND_LINK_ETHER, fd, ifname, why);
}

static int rawip_attach(struct backend **be, int fd, const char *ifname, const char **why)
{
	return afpacket_attach(be, &backend_rawip, BACKEND_LINK_RAWIP, fd, ifname, why);
}

const struct backend_ops backend_packet = {
	.opening = &opening_packet,
	.help = "an Ethernet interface of the host, by packet socket",
	.place = BACKEND_BESIDE,
	.link = BACKEND_LINK_ETHER,
	.hooks = BACKEND_HOOK_EGRESS,
	.attach = packet_attach,
	.close = afpacket_close,
	.tx = afpacket_tx,
	.rx = afpacket_rx,
	.set_filter = afpacket_set_filter,
	.rebind = afpacket_rebind,
	.set_mac = packet_set_mac,
};

const struct backend_ops backend_rawip = {
	.opening = &opening_rawip,
	.help = "an interface without link header (modem, TUN, PPP), by packet socket",
	.place = BACKEND_BESIDE,
	.link = BACKEND_LINK_RAWIP,
	.hooks = BACKEND_HOOK_EGRESS,
	.attach = rawip_attach,
	.close = afpacket_close,
	.tx = afpacket_tx,
	.rx = afpacket_rx,
	.set_filter = afpacket_set_filter,
	.rebind = afpacket_rebind,
};
