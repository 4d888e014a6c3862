// SPDX-License-Identifier: GPL-2.0-only
/*
 * mirror.c - a second pair of eyes on a back end's frames, see mirror.h.
 *
 * The copy is written after the frame has been sent or received, without
 * blocking; what the descriptor does not take is not seen, and nothing else
 * suffers. Transmit queues and reception run concurrently: each has its own
 * piece list.
 *
 * Ownership: the mirror owns the back end inside, not the descriptors.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "backend/mirror.h"
#include "lib/rawsys.h"

struct mirror {
	struct backend be;
	struct backend *inner;
	char name[IF_NAMESIZE];
	_Atomic int in, out;
	int ifindex;
	struct iovec tx[BACKEND_QUEUES][BACKEND_MAX_IOV + 1];
	struct iovec rx[BACKEND_MAX_IOV + 1];
};

static struct mirror *mirrors[MIRRORS];
static unsigned int nmirrors;

/* Header and pieces of @f, up to @len bytes. */
static unsigned int mirror_pieces(struct iovec *iov, struct backend_frame *f, uint32_t len)
{
	unsigned int n = 1;

	iov[0] = (struct iovec){&f->hdr, sizeof(f->hdr)};
	for (unsigned int i = 0; i < f->niov && len && n <= BACKEND_MAX_IOV; i++) {
		iov[n] = f->iov[i];
		if (iov[n].iov_len > len)
			iov[n].iov_len = len;
		len -= (uint32_t)iov[n++].iov_len;
	}
	return n;
}

/* The protocol is named, since a device without link header does not show it. */
static void mirror_show_sent(const struct mirror *m, int fd, struct iovec *iov,
			     struct backend_frame *f)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = m->ifindex};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = mirror_pieces(iov, f, f->len)};

	if (m->be.link == BACKEND_LINK_RAWIP) {
		bool v6 = *(const uint8_t *)f->iov[0].iov_base >> 4 == 6;

		to.sll_protocol = htons(v6 ? ETH_P_IPV6 : ETH_P_IP);
		msg.msg_name = &to;
		msg.msg_namelen = sizeof(to);
	}
	RAWSYS(SYS_sendmsg, fd, &msg, MSG_DONTWAIT);
}

static int mirror_tx(struct backend *be, unsigned int queue, struct backend_frame *f,
		     unsigned int n)
{
	struct mirror *m = (struct mirror *)be;
	int done = m->inner->ops->tx(m->inner, queue, f, n);
	int in = atomic_load_explicit(&m->in, memory_order_relaxed);
	int out = atomic_load_explicit(&m->out, memory_order_relaxed);

	for (int i = 0; in >= 0 && i < done; i++) {
		if (out >= 0)
			mirror_show_sent(m, out, m->tx[queue], &f[i]);
		else /* as if received */
			RAWSYS(SYS_writev, in, m->tx[queue],
			       mirror_pieces(m->tx[queue], &f[i], f[i].len));
	}
	be->tx_dropped = m->inner->tx_dropped;
	return done;
}

static int mirror_rx(struct backend *be, unsigned int queue, struct backend_frame *f,
		     unsigned int n)
{
	struct mirror *m = (struct mirror *)be;
	int got = m->inner->ops->rx(m->inner, queue, f, n);
	int fd = atomic_load_explicit(&m->in, memory_order_relaxed);

	for (int i = 0; fd >= 0 && i < got; i++)
		if (f[i].len)
			RAWSYS(SYS_writev, fd, m->rx, mirror_pieces(m->rx, &f[i], f[i].len));
	be->rx_truncated = m->inner->rx_truncated;
	be->rx_dropped = m->inner->rx_dropped;
	return got;
}

static void mirror_close(struct backend *be)
{
	struct mirror *m = (struct mirror *)be;

	for (unsigned int i = 0; i < nmirrors; i++)
		if (mirrors[i] == m)
			mirrors[i] = NULL;
	while (nmirrors && !mirrors[nmirrors - 1])
		nmirrors--;
	m->inner->ops->close(m->inner);
	free(m);
}

static int mirror_set_mac(struct backend *be, const uint8_t mac[6])
{
	struct mirror *m = (struct mirror *)be;
	int err = m->inner->ops->set_mac ? m->inner->ops->set_mac(m->inner, mac) : 0;

	if (!err)
		memcpy(be->mac, mac, sizeof(be->mac));
	return err;
}

static const struct backend_ops mirror_ops = {
	.close = mirror_close,
	.tx = mirror_tx,
	.rx = mirror_rx,
	.set_mac = mirror_set_mac,
};

int mirror_wrap(struct backend *inner, const char *name, struct backend **outer)
{
	struct mirror *m;

	if (nmirrors == MIRRORS)
		return -ENOSPC;
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->be = *inner;
	m->be.ops = &mirror_ops;
	m->inner = inner;
	atomic_store(&m->in, -1);
	atomic_store(&m->out, -1);
	strncpy(m->name, name, sizeof(m->name) - 1);
	mirrors[nmirrors++] = m;
	*outer = &m->be;
	return 0;
}

const struct backend *mirror_at(unsigned int i, const char **name)
{
	if (i >= nmirrors || !mirrors[i])
		return NULL;
	*name = mirrors[i]->name;
	return &mirrors[i]->be;
}

void mirror_show(unsigned int i, int in, int out, int ifindex)
{
	if (i >= nmirrors || !mirrors[i])
		return;
	mirrors[i]->ifindex = ifindex;
	atomic_store(&mirrors[i]->in, in);
	atomic_store(&mirrors[i]->out, out);
}
