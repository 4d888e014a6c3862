// SPDX-License-Identifier: GPL-2.0-only
/*
 * udp.c - back end `wg`: a tunnel's datagrams by a UDP socket of the host, see udp.h.
 *
 * Theory of operation
 *
 * The stack's own WireGuard sends IPv4 packets with UDP from the near to a far end inside. Header
 * and addresses stay here: the payload is sent by the host's socket to the endpoint that
 * the far end stands for. What comes from an endpoint gets a header of the same kind. So
 * no privilege is needed, names and families of endpoints are the host's matter, and the
 * tunnel does not notice when the host's address changes.
 *
 *	inside		192.0.0.1:51820 -> 192.0.0.2:51820 | payload
 *	on the wire	HOST:any	-> ENDPOINT:PORT   | payload
 *
 * The socket is bound to its interface by IP_UNICAST_IF, which needs no privilege and
 * can be set again (SO_BINDTODEVICE cannot), and is not connected. It is an IPv6 one that
 * serves both families, where the host has IPv6.
 *
 * Datagrams of one size and one far end go as a train (UDP_SEGMENT), which halves the cost of
 * sending. A host that refuses trains, or an MTU that is too small for one datagram of a
 * train (only single ones are fragmented), ends that: they go one at a time from then on,
 * until the socket is bound again.
 *
 * A handshake that nobody answers is a sign that an endpoint has gone which needs no timer, since
 * WireGuard has its own for it: initiations to a far end are counted until something comes from
 * there (udp_on_silence()). Another sign is what looks like WireGuard's and comes from elsewhere,
 * as a server that has moved goes on to send. It is dropped, but told.
 *
 * ECN bits are carried both ways (RFC 6040: the tunnel inside needs them).
 *
 * Ownership: one block with the descriptor. Threads: tx and rx have scratch of their own, and share
 * the counts of handshakes; the list of endpoints is replaced as a whole, the former one stays
 * until the next but one.
 *
 * Limits: payloads up to 65,000 bytes; what is sent inside to other addresses is dropped.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "backend/backend.h"
#include "backend/opening/hostif.h"
#include "backend/tunfd.h"
#include "backend/udp.h"
#include "lib/rawsys.h"
#include "lib/why.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef SOL_UDP
#define SOL_UDP 17
#endif
#ifndef IP_UNICAST_IF
#define IP_UNICAST_IF 50
#endif
#ifndef IPV6_UNICAST_IF
#define IPV6_UNICAST_IF 76
#endif

#define HEADERS	    28	  /* IPv4 without options, UDP */
#define MTU	    65535 /* inside: a tunnel must never be fragmented there */
#define TRAIN_BYTES 65000 /* with the real headers less than the largest packet */
#define TRAIN_MOST  64	  /* UDP_MAX_SEGMENTS of older kernels */
#define BUFFER	    (4 << 20)
#define ECN_MASK    3

#define INITIATION_TYPE	 1   /* first byte of WireGuard's handshake initiation */
#define INITIATION_BYTES 148 /* and its length */
#define SILENCE_EACH	 2   /* of initiations without an answer, each so many are told */
#define MESSAGE_LEAST	 32  /* bytes of WireGuard's messages, which are of four types */
#define MESSAGE_TYPES	 4
#define STRANGERS_EACH	 64 /* the first of so many is told */

struct packet {
	uint8_t version, tos;
	uint16_t length, id, fragment;
	uint8_t ttl, protocol;
	uint16_t sum;
	uint32_t from, to;
	uint16_t sport, dport, ulength, usum;
};

_Static_assert(sizeof(struct packet) == HEADERS, "no padding");

/* Control data of one message: segment size and traffic class. */
union control {
	struct cmsghdr align;
	uint8_t bytes[CMSG_SPACE(sizeof(uint16_t)) + 2 * CMSG_SPACE(sizeof(int))];
};

struct peers {
	unsigned int tunnel, n;
	struct sockaddr_in6 at[UDP_PEERS];
};

/**
 * struct train - one message under construction
 * @first, @n: its frames, of which some between may be dropped ones
 * @size:      bytes of each datagram but the last
 */
struct train {
	unsigned int first, n;
	uint32_t size, bytes;
	unsigned int datagrams, niov;
	uint8_t peer, tos;
	bool closed;
};

struct udp {
	struct backend be;
	int family; /* of the socket */
	bool single;
	const struct peers *peers;
	struct peers lists[2];
	_Atomic int silence_fd;
	_Atomic uint32_t silent;		     /* a bit for each far end */
	_Atomic unsigned int initiations[UDP_PEERS]; /* in a row */
	_Atomic unsigned int strangers;
	struct {
		struct mmsghdr msg[BACKEND_BATCH];
		struct train train[BACKEND_BATCH];
		union control control[BACKEND_BATCH];
		struct iovec iov[BACKEND_BATCH * BACKEND_MAX_IOV];
		struct sockaddr_in to[BACKEND_BATCH];
	} tx;
	struct {
		struct mmsghdr msg[BACKEND_BATCH];
		union control control[BACKEND_BATCH];
		struct sockaddr_in6 from[BACKEND_BATCH];
	} rx;
};

/* ---- endpoints ---- */

static bool udp_mapped(const struct sockaddr_in6 *a)
{
	return IN6_IS_ADDR_V4MAPPED(&a->sin6_addr);
}

void udp_set_peers(struct backend *be, unsigned int tunnel, const struct sockaddr_in6 *peer,
		   unsigned int n)
{
	struct udp *u = (struct udp *)be;
	struct peers *next = &u->lists[u->peers == &u->lists[0]];

	next->tunnel = tunnel;
	next->n = n < UDP_PEERS ? n : UDP_PEERS;
	memcpy(next->at, peer, next->n * sizeof(*peer));
	__atomic_store_n(&u->peers, next, __ATOMIC_RELEASE);
}

/* Number of the far end that a datagram from @from comes from, or -1. */
static int udp_find(const struct peers *p, const struct sockaddr_in6 *from)
{
	for (unsigned int i = 0; i < p->n; i++) {
		if (p->at[i].sin6_port == from->sin6_port && p->at[i].sin6_port &&
		    !memcmp(&p->at[i].sin6_addr, &from->sin6_addr, 16))
			return (int)i;
	}
	return -1;
}

/* ---- silence ---- */

void udp_on_silence(struct backend *be, int fd)
{
	atomic_store(&((struct udp *)be)->silence_fd, fd);
}

uint32_t udp_take_silent(struct backend *be)
{
	return atomic_exchange(&((struct udp *)be)->silent, 0);
}

static bool udp_is_initiation(const struct backend_frame *f)
{
	const struct iovec *iov = f->iov;

	if (f->len != HEADERS + INITIATION_BYTES)
		return false;
	if (iov[0].iov_len > HEADERS)
		return ((const uint8_t *)iov[0].iov_base)[HEADERS] == INITIATION_TYPE;
	return f->niov > 1 && iov[1].iov_len &&
	       *(const uint8_t *)iov[1].iov_base == INITIATION_TYPE;
}

static void udp_tell_silence(struct udp *u, uint32_t peers)
{
	int fd = atomic_load(&u->silence_fd);
	uint64_t one = 1;

	if (fd < 0)
		return;
	atomic_fetch_or(&u->silent, peers);
	RAWSYS(SYS_write, fd, &one, sizeof(one));
}

static void udp_note_initiation(struct udp *u, unsigned int peer)
{
	unsigned int n = atomic_fetch_add(&u->initiations[peer], 1) + 1;

	if (n % SILENCE_EACH == 0)
		udp_tell_silence(u, 1u << peer);
}

/* Whose far end it is, if any's, cannot be told here: each of the @n may be. */
static void udp_note_stranger(struct udp *u, const uint8_t *message, uint32_t len, unsigned int n)
{
	if (len < MESSAGE_LEAST || !message[0] || message[0] > MESSAGE_TYPES)
		return;
	if (atomic_fetch_add(&u->strangers, 1) % STRANGERS_EACH == 0)
		udp_tell_silence(u, (1u << n) - 1);
}

static void udp_note_answer(struct udp *u, unsigned int peer)
{
	if (atomic_load_explicit(&u->initiations[peer], memory_order_relaxed))
		atomic_store(&u->initiations[peer], 0);
	if (atomic_load_explicit(&u->strangers, memory_order_relaxed))
		atomic_store(&u->strangers, 0);
}

/* ---- sending ---- */

/*
 * Number of the far end that frame @f goes to, or -1 if it is nothing of the tunnel's: what a
 * program sends there itself would leave as it is. The near port is the tunnel's own socket's.
 */
static int udp_destination(const struct peers *p, const struct backend_frame *f)
{
	struct packet h;
	uint32_t end;

	if (!f->niov || f->iov[0].iov_len < HEADERS || f->len <= HEADERS || f->len > TRAIN_BYTES)
		return -1;
	memcpy(&h, f->iov[0].iov_base, sizeof(h));
	if (h.version != 0x45 || h.protocol != IPPROTO_UDP ||
	    h.sport != htons(UDP_PORT + (uint16_t)p->tunnel) || h.dport != h.sport)
		return -1;
	end = ntohl(h.to) - udp_inside(p->tunnel, 1);
	return end < p->n && p->at[end].sin6_port ? (int)end : -1;
}

static void udp_begin(struct train *t, unsigned int frame, uint32_t size, uint8_t peer, uint8_t tos)
{
	*t = (struct train){.first = frame, .size = size, .peer = peer, .tos = tos};
}

static bool udp_joins(const struct udp *u, const struct train *t, uint32_t size, uint8_t peer,
		      uint8_t tos)
{
	return !u->single && !t->closed && t->peer == peer && t->tos == tos && size <= t->size &&
	       t->bytes + size <= TRAIN_BYTES && t->datagrams < TRAIN_MOST;
}

static void udp_add(struct udp *u, struct train *t, const struct backend_frame *f,
		    struct iovec *iov)
{
	uint32_t size = f->len - HEADERS;
	unsigned int n = 0;

	for (unsigned int i = 0; i < f->niov; i++) {
		size_t skip = i ? 0 : HEADERS;

		if (f->iov[i].iov_len == skip)
			continue;
		iov[n].iov_base = (uint8_t *)f->iov[i].iov_base + skip;
		iov[n++].iov_len = f->iov[i].iov_len - skip;
	}
	t->niov += n;
	t->bytes += size;
	t->datagrams++;
	t->closed = size < t->size; /* only the last one may be shorter */
}

/* Cut frames [@i, @n) into trains; how many. What is not the tunnel's is counted and left out. */
static unsigned int udp_marshal(struct udp *u, const struct peers *p, struct backend_frame *f,
				unsigned int i, unsigned int n)
{
	struct iovec *iov = u->tx.iov;
	unsigned int trains = 0;

	for (; i < n; i++) {
		int peer = udp_destination(p, &f[i]);
		uint32_t size = f[i].len - HEADERS;
		struct train *t = trains ? &u->tx.train[trains - 1] : NULL;
		uint8_t tos;

		if (peer < 0) {
			u->be.tx_dropped++;
			if (t)
				t->n = i + 1 - t->first;
			continue;
		}
		if (udp_is_initiation(&f[i]))
			udp_note_initiation(u, (unsigned int)peer);
		tos = ((uint8_t *)f[i].iov[0].iov_base)[1] & ECN_MASK;
		if (!t || !udp_joins(u, t, size, (uint8_t)peer, tos)) {
			t = &u->tx.train[trains++];
			udp_begin(t, i, size, (uint8_t)peer, tos);
			u->tx.msg[trains - 1].msg_hdr.msg_iov = iov;
		}
		udp_add(u, t, &f[i], iov);
		iov = u->tx.msg[trains - 1].msg_hdr.msg_iov + t->niov;
		t->n = i + 1 - t->first;
	}
	return trains;
}

static void udp_put_control(struct msghdr *m, size_t *used, int level, int type, const void *data,
			    size_t len)
{
	struct cmsghdr *c = (struct cmsghdr *)((uint8_t *)m->msg_control + *used);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
	*used += CMSG_SPACE(len);
}

/* Address and control data of message @i, whose train is made. */
static void udp_address(struct udp *u, const struct peers *p, unsigned int i)
{
	const struct train *t = &u->tx.train[i];
	const struct sockaddr_in6 *to = &p->at[t->peer];
	struct msghdr *m = &u->tx.msg[i].msg_hdr;
	uint16_t segment = (uint16_t)t->size;
	int tos = t->tos;
	size_t used = 0;

	m->msg_iovlen = t->niov;
	m->msg_control = &u->tx.control[i];
	if (t->datagrams > 1)
		udp_put_control(m, &used, SOL_UDP, UDP_SEGMENT, &segment, sizeof(segment));
	if (tos && udp_mapped(to))
		udp_put_control(m, &used, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
	else if (tos)
		udp_put_control(m, &used, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos));
	m->msg_controllen = used;
	if (!used)
		m->msg_control = NULL;
	m->msg_name = (void *)to;
	m->msg_namelen = sizeof(*to);
	if (u->family == AF_INET6)
		return;
	u->tx.to[i] = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = to->sin6_port};
	memcpy(&u->tx.to[i].sin_addr, &to->sin6_addr.s6_addr[12], 4);
	m->msg_name = &u->tx.to[i];
	m->msg_namelen = sizeof(u->tx.to[i]);
}

/*
 * Send frames [@at, @n): how far that came, to be called again unless it is @n; or -EAGAIN, -ENXIO.
 */
static int udp_send(struct udp *u, struct backend_frame *f, unsigned int at, unsigned int n)
{
	const struct peers *p = __atomic_load_n(&u->peers, __ATOMIC_ACQUIRE);
	unsigned int trains = udp_marshal(u, p, f, at, n);
	const struct train *t = u->tx.train;
	long r;

	for (unsigned int i = 0; i < trains; i++)
		udp_address(u, p, i);
	if (!trains)
		return (int)n;
	do
		r = RAWSYS(SYS_sendmmsg, u->be.fd, u->tx.msg, trains, MSG_DONTWAIT);
	while (r == -EINTR);
	if (r == -EAGAIN || r == -EBADF || r == -ENOTSOCK)
		return r == -EAGAIN ? -EAGAIN : -ENXIO;
	if (r > 0)
		return (int)(t[r - 1].first + t[r - 1].n);
	if (t->datagrams > 1 && (r == -EINVAL || r == -EMSGSIZE || r == -EIO)) {
		u->single = true;
		return (int)at;
	}
	/* No way there, refused by a filter, link down: lost, as on a wire. */
	u->be.tx_dropped += t->datagrams;
	return (int)(t->first + t->n);
}

static int udp_tx(struct backend *be, unsigned int queue, struct backend_frame *f, unsigned int n)
{
	struct udp *u = (struct udp *)be;
	unsigned int at = 0;

	while (at < n) {
		int r = udp_send(u, f, at, n);

		if (r == -EAGAIN)
			break;
		if (r < 0)
			return r;
		at = (unsigned int)r;
	}
	return (int)at;
}

/* ---- receiving ---- */

static uint16_t udp_header_sum(const struct packet *h)
{
	uint16_t words[10];
	uint32_t sum = 0;

	memcpy(words, h, sizeof(words));
	for (int i = 0; i < 10; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

/* ECN bits of a received message. */
static uint8_t udp_ecn(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) ||
		    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS))
			return *CMSG_DATA(c) & ECN_MASK;
	}
	return 0;
}

static void udp_map(struct sockaddr_in6 *a)
{
	struct sockaddr_in in;

	if (a->sin6_family != AF_INET)
		return;
	memcpy(&in, a, sizeof(in));
	*a = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = in.sin_port};
	a->sin6_addr.s6_addr[10] = a->sin6_addr.s6_addr[11] = 0xff;
	memcpy(&a->sin6_addr.s6_addr[12], &in.sin_addr, 4);
}

/* Message @i is in frame @f, behind the room for a header: make it a packet, or nothing. */
static void udp_dress(struct udp *u, const struct peers *p, unsigned int i, struct backend_frame *f)
{
	struct mmsghdr *m = &u->rx.msg[i];
	struct packet h = {.version = 0x45, .ttl = 64, .protocol = IPPROTO_UDP};
	uint32_t len = m->msg_len + HEADERS;
	int peer;

	f->iov[0].iov_base = (uint8_t *)f->iov[0].iov_base - HEADERS;
	f->iov[0].iov_len += HEADERS;
	f->len = 0;
	memset(&f->hdr, 0, sizeof(f->hdr));
	udp_map(&u->rx.from[i]);
	peer = udp_find(p, &u->rx.from[i]);
	if (m->msg_hdr.msg_flags & MSG_TRUNC || len > MTU)
		u->be.rx_truncated++;
	else if (peer < 0)
		u->be.rx_dropped++;
	else
		f->len = len;
	if (f->len)
		udp_note_answer(u, (unsigned int)peer);
	else if (peer < 0)
		udp_note_stranger(u, (const uint8_t *)f->iov[0].iov_base + HEADERS, m->msg_len,
				  p->n);
	h.tos = udp_ecn(&m->msg_hdr);
	h.length = htons((uint16_t)len);
	h.from = htonl(udp_inside(p->tunnel, 1 + (unsigned int)peer));
	h.to = htonl(udp_inside(p->tunnel, 0));
	h.sport = h.dport = htons(UDP_PORT + (uint16_t)p->tunnel);
	h.ulength = htons((uint16_t)(len - 20));
	h.sum = udp_header_sum(&h);
	memcpy(f->iov[0].iov_base, &h, sizeof(h));
}

static int udp_rx(struct backend *be, unsigned int queue, struct backend_frame *f, unsigned int n)
{
	struct udp *u = (struct udp *)be;
	const struct peers *p = __atomic_load_n(&u->peers, __ATOMIC_ACQUIRE);
	long got;

	if (n > BACKEND_BATCH)
		n = BACKEND_BATCH;
	for (unsigned int i = 0; i < n; i++) {
		f[i].iov[0].iov_base = (uint8_t *)f[i].iov[0].iov_base + HEADERS;
		f[i].iov[0].iov_len -= HEADERS;
		u->rx.msg[i].msg_hdr = (struct msghdr){
			.msg_name = &u->rx.from[i],
			.msg_namelen = sizeof(u->rx.from[i]),
			.msg_iov = f[i].iov,
			.msg_iovlen = f[i].niov,
			.msg_control = &u->rx.control[i],
			.msg_controllen = sizeof(u->rx.control[i]),
		};
	}
	do
		got = RAWSYS(SYS_recvmmsg, be->fd, u->rx.msg, n, MSG_DONTWAIT, NULL);
	while (got == -EINTR);
	for (unsigned int i = 0; i < n; i++) {
		if ((long)i < got) {
			udp_dress(u, p, i, &f[i]);
			continue;
		}
		f[i].iov[0].iov_base = (uint8_t *)f[i].iov[0].iov_base - HEADERS;
		f[i].iov[0].iov_len += HEADERS;
	}
	if (got == -EBADF || got == -ENOTSOCK)
		return -ENXIO;
	return got > 0 ? (int)got : 0; /* others: of one datagram, or a link that comes back */
}

/* ---- the socket ---- */

static int udp_domain(int fd)
{
	socklen_t len = sizeof(int);
	int domain = 0;

	return RAWSYS(SYS_getsockopt, fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) ? 0 : domain;
}

/* Send by interface @index from now on. */
static int udp_use(int fd, int index)
{
	int net = (int)htonl((uint32_t)index), six = 0;
	int err = raw_setsockopt_int(fd, IPPROTO_IP, IP_UNICAST_IF, net);

	if (udp_domain(fd) == AF_INET6)
		six = raw_setsockopt_int(fd, IPPROTO_IPV6, IPV6_UNICAST_IF, net);
	return six ? six : err;
}

/* Of "fd=N", the number; -EINVAL if @text is none of that form. */
static int udp_number(const char *text)
{
	return strncmp(text, "fd=", 3) ? -EINVAL : tunfd_number(text + 3);
}

static int udp_designates(const char *text, const char **why)
{
	if (udp_number(text) >= 0)
		return 0;
	if (!strncmp(text, "fd=", 3))
		return why_set(why, EINVAL,
			       "'%s' is no inherited socket: write -i wg:fd=N,conf=FILE with N "
			       "from 3 on",
			       text);
	if (!*text || strchr(text, '='))
		return why_set(why, EINVAL, "no interface named: write -i wg:IFNAME,conf=FILE");
	return 0;
}

/* A socket that our parent has made, and perhaps bound to a network. */
static int udp_open_inherited(const char *text, const char **why)
{
	int fd = udp_number(text), protocol = 0, domain, type = 0;
	struct sockaddr_storage peer;
	socklen_t len = sizeof(protocol);
	long flags;

	flags = RAWSYS(SYS_fcntl, fd, F_GETFL);
	if (flags < 0)
		return why_set(
			why, (int)-flags,
			"wg:%s: the descriptor is not open here: let the program that starts "
			"persona pass it on",
			text);
	if (RAWSYS(SYS_getsockopt, fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len))
		return why_set(why, ENOTSOCK, "wg:%s: the descriptor is no socket: pass a UDP one",
			       text);
	domain = udp_domain(fd);
	len = sizeof(type);
	if (protocol != IPPROTO_UDP || (domain != AF_INET && domain != AF_INET6) ||
	    RAWSYS(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &len) || type != SOCK_DGRAM)
		return why_set(why, ENOTSOCK,
			       "wg:%s: the descriptor is no UDP socket of IPv4 or IPv6", text);
	len = sizeof(peer);
	if (!RAWSYS(SYS_getpeername, fd, &peer, &len))
		return why_set(why, EISCONN,
			       "wg:%s: the UDP socket is connected: pass one that is not, since a "
			       "tunnel may have several peers, and they move",
			       text);
	RAWSYS(SYS_fcntl, fd, F_SETFL, flags | O_NONBLOCK);
	RAWSYS(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

static int udp_open(const char *ifname, const char **why)
{
	const int type = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
	struct hostif h;
	int fd, err;

	if (udp_number(ifname) >= 0)
		return udp_open_inherited(ifname, why);
	err = hostif_get(-1, ifname, &h);
	if (err)
		return why_set(why, -err,
			       err == -ENODEV ? "no interface '%s'%.0s"
					      : "cannot read interface '%s': %s",
			       ifname, strerror(-err));
	fd = raw_socket(AF_INET6, type, IPPROTO_UDP);
	if (fd >= 0)
		raw_setsockopt_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	else
		fd = raw_socket(AF_INET, type, IPPROTO_UDP);
	if (fd < 0)
		return why_set(why, -fd, "wg:%s: cannot make a UDP socket: %s", ifname,
			       strerror(-fd));
	err = udp_use(fd, h.index);
	if (!err)
		return fd;
	raw_close(fd);
	return why_set(why, -err, "wg:%s: cannot bind a socket to the interface: %s", ifname,
		       strerror(-err));
}

static int udp_attach(struct backend **be, int fd, const char *ifname, const char **why)
{
	struct udp *u = calloc(1, sizeof(*u));

	if (!u)
		return why_set(why, ENOMEM, "no memory for back end wg");
	u->be.ops = &backend_wg;
	strncpy(u->be.ifname, ifname, sizeof(u->be.ifname) - 1);
	u->be.fd = fd;
	u->be.link = BACKEND_LINK_RAWIP;
	u->be.mtu = MTU;
	u->be.features = BACKEND_F_CSUM;
	u->be.queues = 1;
	u->family = udp_domain(fd);
	u->peers = &u->lists[0];
	atomic_store(&u->silence_fd, -1);
	/* Of an inherited socket perhaps already so; what fails costs speed or ECN alone. */
	raw_setsockopt_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
	raw_setsockopt_int(fd, IPPROTO_IP, IP_RECVTOS, 1);
	if (u->family == AF_INET6) {
		raw_setsockopt_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
		raw_setsockopt_int(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
	}
	raw_setsockopt_int(fd, SOL_SOCKET, SO_RCVBUF, BUFFER);
	raw_setsockopt_int(fd, SOL_SOCKET, SO_SNDBUF, BUFFER);
	*be = &u->be;
	return 0;
}

static void udp_close(struct backend *be)
{
	raw_close(be->fd);
	free(be);
}

static int udp_rebind(struct backend *be)
{
	struct udp *u = (struct udp *)be;
	struct hostif h;
	int err = hostif_get(be->fd, be->ifname, &h) ?: udp_use(be->fd, h.index);

	if (!err)
		u->single = false;
	return err;
}

static const struct backend_opening opening_wg = {
	.name = "wg",
	.opener = BACKEND_SELF,
	.open = udp_open,
};

const struct backend_ops backend_wg = {
	.opening = &opening_wg,
	.help = "WireGuard tunnel of its own by a UDP socket (wg:IFNAME,conf=FILE)",
	.place = BACKEND_TUNNEL,
	.link = BACKEND_LINK_RAWIP,
	.designates = udp_designates,
	.attach = udp_attach,
	.close = udp_close,
	.tx = udp_tx,
	.rx = udp_rx,
	.rebind = udp_rebind,
};
