// SPDX-License-Identifier: GPL-2.0-only
/*
 * passt.c - back end `passt`: Ethernet frames in a byte stream.
 *
 * Theory of operation
 *
 * passt (passtrun.c starts it) translates between our frames and ordinary sockets
 * of the host, so it needs no privilege. Between us is an AF_UNIX stream socket
 * on which each frame follows its length, 32 bits in network order.
 *
 * Sending. As many frames as fit into BATCH_BYTES go in one sendmsg(), a larger
 * one goes alone. The bound is not for speed: the host's kernel cuts what is
 * sent into buffers of some 36 KB which the reader may see one by one, and older
 * versions of passt lose their place when the last thing that they see is a
 * part of a length. So no length may lie where a cut can be: a batch is one
 * buffer, and a large frame begins one (tests/assumptions/unix_stream.c). A frame that
 * was taken only in part is `begun`: it is not reported as sent, so it comes again, and
 * until its rest (from byte `sent`) is gone nothing else is sent.
 *
 * Receiving. One recv() fills `buf`, which is cut into frames; these are copied
 * into their places. What is left of the last frame moves to the front. A
 * read that does not fill the buffer has emptied the socket.
 *
 * Checksums: passt looks at none of ours, since it hands data, not packets, to the
 * host's sockets, so the stack need not compute them; its frames have not left the machine,
 * so the stack need not check them.
 *
 * A stream cannot be taken up in its middle. So it belongs to the first stack that
 * reads from it: a mark on the socket (its priority, which means nothing here)
 * keeps others off, which inherit the descriptor in inline mode.
 *
 * The end: when passt ends, or sends what is no frame, the link is dead: all calls
 * give -ENXIO from then on. passt ends when our end of the socket is closed, however we end.
 *
 * Ownership: one malloc'ed block with the descriptor. Threads: `begun`, `sent`,
 * and the arrays for sending belong to tx, which there is one queue of; the rest to rx.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "backend/opening/hostif.h"
#include "backend/passt.h"
#include "backend/refusal.h"
#include "lib/rawsys.h"
#include "lib/why.h"

#define LEN_SIZE    4
#define FRAME_MAX   65549 /* largest IP packet and link header: more is no frame */
#define BATCH_BYTES 32768
#define BUFFER	    (256 << 10) /* bytes per read: four full frames stay in the cache */
#define SOCK_BUFFER (4 << 20)	/* passt drops what does not fit */
#define TAKEN	    1		/* the mark */

struct passt {
	struct backend be;
	bool dead; /* atomic */
	struct refusal refusal;
	const struct iovec *begun;
	size_t sent;
	uint32_t len[BACKEND_BATCH];
	struct iovec iov[BACKEND_BATCH * (BACKEND_MAX_IOV + 1)];
	bool taken;
	size_t from, to; /* what is in buf */
	uint8_t buf[BUFFER];
};

static bool passt_is_dead(const struct passt *p)
{
	return __atomic_load_n(&p->dead, __ATOMIC_RELAXED);
}

static int passt_lose(struct passt *p)
{
	__atomic_store_n(&p->dead, true, __ATOMIC_RELAXED);
	RAWSYS(SYS_shutdown, p->be.fd, SHUT_RDWR);
	return -ENXIO;
}

/* Pieces of one frame and its length, without the first @skip bytes. */
static unsigned int passt_add_frame(struct iovec *to, uint32_t *len, const struct backend_frame *f,
				    size_t skip)
{
	unsigned int i, n = 0;

	*len = htonl(f->len);
	to[n++] = (struct iovec){len, LEN_SIZE};
	for (i = 0; i < f->niov; i++)
		to[n++] = f->iov[i];
	for (i = 0; skip; i++) {
		size_t cut = skip < to[i].iov_len ? skip : to[i].iov_len;

		to[i].iov_base = (uint8_t *)to[i].iov_base + cut;
		to[i].iov_len -= cut;
		skip -= cut;
	}
	return n;
}

/* Begin with @f, and add what may go with it: the result of sendmsg(). */
static long passt_send(struct passt *p, const struct backend_frame *f, unsigned int n)
{
	struct msghdr msg = {.msg_iov = p->iov};
	size_t bytes = LEN_SIZE + f[0].len;
	unsigned int k = 1;

	msg.msg_iovlen = passt_add_frame(p->iov, &p->len[0], f, p->begun ? p->sent : 0);
	for (; !p->begun && k < n && f[k].len <= FRAME_MAX; k++) {
		bytes += LEN_SIZE + f[k].len;
		if (bytes > BATCH_BYTES)
			break;
		msg.msg_iovlen += passt_add_frame(p->iov + msg.msg_iovlen, &p->len[k], &f[k], 0);
	}
	while (k--) /* before it is sent: the answer may be quick */
		refusal_note(&p->refusal, f[k].iov[0].iov_base, f[k].iov[0].iov_len);
	return RAWSYS(SYS_sendmsg, p->be.fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* How many frames @bytes more were enough for; notes what was begun. */
static unsigned int passt_account(struct passt *p, const struct backend_frame *f, size_t bytes)
{
	unsigned int i = 0;

	bytes += p->begun ? p->sent : 0;
	for (; bytes && bytes >= LEN_SIZE + f[i].len; i++)
		bytes -= LEN_SIZE + f[i].len;
	p->begun = bytes ? f[i].iov : NULL;
	p->sent = bytes;
	return i;
}

static int passt_tx(struct backend *be, unsigned int queue, struct backend_frame *f, unsigned int n)
{
	struct passt *p = (struct passt *)be;
	unsigned int i = 0;
	long r;

	while (i < n) {
		if (passt_is_dead(p))
			return -ENXIO;
		if (p->begun && p->begun != f[i].iov)
			break; /* another ring's frame comes first */
		if (f[i].len > FRAME_MAX) {
			__atomic_fetch_add(&be->tx_dropped, 1, __ATOMIC_RELAXED);
			i++;
			continue;
		}
		r = passt_send(p, f + i, n - i);
		if (r == -EINTR)
			continue;
		if (r == -EAGAIN)
			break;
		if (r < 0)
			return passt_lose(p);
		i += passt_account(p, f + i, (size_t)r);
	}
	return (int)i;
}

/* The next frame's bytes into @f, whose length is zero if they do not fit. */
static void passt_hand_over(struct passt *p, struct backend_frame *f, uint32_t len)
{
	uint8_t *from = p->buf + p->from;
	uint32_t left = len;
	unsigned int i;

	memset(&f->hdr, 0, sizeof(f->hdr));
	f->hdr.flags = VIRTIO_NET_HDR_F_DATA_VALID;
	refusal_mend(&p->refusal, from, len);
	for (i = 0; left && i < f->niov; i++) {
		uint32_t k = left < f->iov[i].iov_len ? left : (uint32_t)f->iov[i].iov_len;

		memcpy(f->iov[i].iov_base, from, k);
		from += k;
		left -= k;
	}
	p->from += len;
	f->len = left ? 0 : len;
	if (left)
		p->be.rx_truncated++;
}

/* Is there a whole frame? Its length, 0 if there is not, or -errno. Steps over its length. */
static long passt_next_frame(struct passt *p)
{
	uint32_t len;

	while (p->to - p->from >= LEN_SIZE) {
		memcpy(&len, p->buf + p->from, LEN_SIZE);
		len = ntohl(len);
		if (len > FRAME_MAX)
			return passt_lose(p);
		if (p->to - p->from - LEN_SIZE < len)
			return 0;
		p->from += LEN_SIZE;
		if (len)
			return len;
	}
	return 0;
}

/* Bytes read, or -errno; @more: there may be more. */
static long passt_fill(struct passt *p, bool *more)
{
	size_t capacity;
	long r;

	memmove(p->buf, p->buf + p->from, p->to - p->from);
	p->to -= p->from;
	p->from = 0;
	capacity = BUFFER - p->to;
	do {
		r = RAWSYS(SYS_recvfrom, p->be.fd, p->buf + p->to, capacity, MSG_DONTWAIT);
	} while (r == -EINTR);
	if (r > 0)
		p->to += (size_t)r;
	*more = r == (long)capacity;
	return r;
}

static bool passt_take(struct passt *p)
{
	int mark = 0;
	socklen_t len = sizeof(mark);

	if (RAWSYS(SYS_getsockopt, p->be.fd, SOL_SOCKET, SO_PRIORITY, &mark, &len) || mark)
		return false;
	p->taken = !raw_setsockopt_int(p->be.fd, SOL_SOCKET, SO_PRIORITY, TAKEN);
	return p->taken;
}

static int passt_rx(struct backend *be, unsigned int queue, struct backend_frame *f, unsigned int n)
{
	struct passt *p = (struct passt *)be;
	bool more = true;
	unsigned int i = 0;
	long r;

	if (passt_is_dead(p) || (!p->taken && !passt_take(p)))
		return -ENXIO;
	while (i < n) {
		r = passt_next_frame(p);
		if (r > 0) {
			passt_hand_over(p, &f[i++], (uint32_t)r);
			continue;
		}
		if (r < 0 || !more)
			break;
		r = passt_fill(p, &more);
		if (r == -EAGAIN)
			break;
		if (r <= 0) {
			passt_lose(p);
			break;
		}
	}
	return !i && passt_is_dead(p) ? -ENXIO : (int)i;
}

static int passt_open(const char *ifname, const char **why)
{
	int sv[2], i, err;

	err = (int)RAWSYS(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv);
	if (err)
		return why_set(why, -err, "cannot make a socket for passt: %s", strerror(-err));
	for (i = 0; i < 2; i++) {
		if (raw_setsockopt_int(sv[i], SOL_SOCKET, SO_SNDBUFFORCE, SOCK_BUFFER))
			raw_setsockopt_int(sv[i], SOL_SOCKET, SO_SNDBUF, SOCK_BUFFER);
	}
	err = passt_start(sv[1], ifname, why);
	raw_close(sv[1]);
	if (!err)
		return sv[0];
	raw_close(sv[0]);
	return err;
}

static int passt_attach(struct backend **be, int fd, const char *ifname, const char **why)
{
	int mark = 0, type = 0, err;
	socklen_t len = sizeof(int);
	struct passt *p;

	if (RAWSYS(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &len) || type != SOCK_STREAM ||
	    RAWSYS(SYS_getsockopt, fd, SOL_SOCKET, SO_PRIORITY, &mark, &len))
		return why_set(why, EBADF, "descriptor %d is no connection to passt", fd);
	if (mark)
		return why_set(
			why, EBUSY,
			"passt serves another process of this run already: with --inline one "
			"program has it: drop --inline, or name an interface by -i IFNAME");
	p = calloc(1, sizeof(*p));
	if (!p)
		return why_set(why, ENOMEM, "no memory for back end passt");
	err = hostif_random_mac(p->be.mac);
	if (err) {
		free(p);
		return why_set(why, -err, "no random numbers: %s", strerror(-err));
	}
	p->be.ops = &backend_passt;
	strncpy(p->be.ifname, ifname, sizeof(p->be.ifname) - 1);
	p->be.fd = fd;
	p->be.link = BACKEND_LINK_ETHER;
	p->be.mtu = PASST_MTU;
	p->be.features = BACKEND_F_CSUM | BACKEND_F_GUEST;
	p->be.queues = 1;
	*be = &p->be;
	return 0;
}

static int passt_set_mac(struct backend *be, const uint8_t mac[6])
{
	memcpy(be->mac, mac, sizeof(be->mac));
	return 0;
}

static void passt_close(struct backend *be)
{
	raw_close(be->fd);
	free(be);
}

static const struct backend_relay passt_relay = {
	.ifname = PASST_NAME,
	.addr4 = PASST_ADDR4,
	.prefix4 = PASST_PREFIX4,
	.gateway4 = PASST_GATEWAY4,
	.addr6 = PASST_ADDR6,
	.prefix6 = PASST_PREFIX6,
	.gateway6 = PASST_GATEWAY6,
};

static const struct backend_opening opening_passt = {
	.name = "passt",
	.opener = BACKEND_SELF,
	.open = passt_open,
};

const struct backend_ops backend_passt = {
	.opening = &opening_passt,
	.help = "through the host's sockets by passt(1), for any user; the default",
	.place = BACKEND_RELAY,
	.relay = &passt_relay,
	.link = BACKEND_LINK_ETHER,
	.mtu_max = PASST_MTU,
	.attach = passt_attach,
	.close = passt_close,
	.tx = passt_tx,
	.rx = passt_rx,
	.set_mac = passt_set_mac,
};
