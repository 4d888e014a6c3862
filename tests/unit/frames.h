/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * frames.h - frames for the tests of back ends: buffers, contents, checksums.
 */
#ifndef PERSONA_FRAMES_H
#define PERSONA_FRAMES_H

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <time.h>
#include "backend/backend.h"
#include "backend/flowfilter.h"
#include "unit.h"

#define FRAME_MAX 66000

/* A frame with its buffer and the spare iovec in front that back ends are promised. */
struct test_frame {
	struct iovec iov[4];
	uint8_t data[FRAME_MAX];
};

static struct test_frame pool_tx[BACKEND_BATCH], pool_rx[BACKEND_BATCH];
static struct backend_frame tx[BACKEND_BATCH], rx[BACKEND_BATCH];

/* Frame @i of the batch to send: one piece of @len bytes. */
static inline uint8_t *tx_frame(unsigned int i, uint32_t len)
{
	struct test_frame *t = &pool_tx[i];

	memset(&tx[i], 0, sizeof(tx[i]));
	t->iov[1] = (struct iovec){t->data, len};
	tx[i].iov = &t->iov[1];
	tx[i].niov = 1;
	tx[i].len = len;
	return t->data;
}

/* Before a back end that shares its frames is told what is the stack's, it passes none. */
static inline void pass_all(struct backend *be)
{
	static struct sock_filter code[FLOWS_MAX_CODE];
	static const struct flows none;
	struct sock_fprog prog = {.filter = code};
	int n = flows_filter(&none, be->link, code);

	if (!be->ops->set_filter)
		return;
	assert_in_range(n, 1, FLOWS_MAX_CODE);
	prog.len = (unsigned short)n;
	assert_int_equal(be->ops->set_filter(be, &prog), 0);
}

static inline void rx_prepare(uint32_t room)
{
	unsigned int i;

	for (i = 0; i < BACKEND_BATCH; i++) {
		struct test_frame *t = &pool_rx[i];

		memset(&rx[i], 0xff, sizeof(rx[i]));
		t->iov[1] = (struct iovec){t->data, room};
		rx[i].iov = &t->iov[1];
		rx[i].niov = 1;
	}
}

static inline const uint8_t *rx_data(unsigned int i)
{
	return pool_rx[i].data;
}

/* Ethernet header to everybody, experimental EtherType, then a pattern. */
static inline void fill_ether(uint8_t *p, uint32_t len, uint8_t seed)
{
	uint32_t i;

	memset(p, 0xff, 6);
	memset(p + 6, 0x02, 6);
	p[12] = 0x88;
	p[13] = 0xb5;
	for (i = 14; i < len; i++)
		p[i] = (uint8_t)(seed + i);
}

static inline int receive(struct backend *be, unsigned int n, int ms)
{
	struct pollfd pfd = {.fd = be->fd, .events = POLLIN};

	if (poll(&pfd, 1, ms) <= 0)
		return 0;
	return be->ops->rx(be, 0, rx, n);
}

/* Receive until @n frames lie in rx[0..n) or nothing comes any more. */
static inline unsigned int receive_all(struct backend *be, unsigned int n)
{
	unsigned int got = 0;

	while (got < n) {
		struct pollfd pfd = {.fd = be->fd, .events = POLLIN};
		int r;

		if (poll(&pfd, 1, 300) <= 0)
			break;
		r = be->ops->rx(be, 0, rx + got, n - got);
		assert_true(r >= 0);
		got += (unsigned int)r;
	}
	return got;
}

static inline uint32_t sum(const void *data, size_t len, uint32_t acc)
{
	const uint8_t *p = data;
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		acc += (uint32_t)(p[i] << 8 | p[i + 1]);
	if (len & 1)
		acc += (uint32_t)p[len - 1] << 8;
	return acc;
}

static inline uint16_t fold(uint32_t acc)
{
	while (acc >> 16)
		acc = (acc & 0xffff) + (acc >> 16);
	return (uint16_t)acc;
}

struct headers4 {
	struct iphdr ip;
	struct tcphdr tcp;
};

/* Pseudo header's sum for TCP over IPv4. */
static inline uint32_t pseudo4(const struct iphdr *ip, size_t tcp_len)
{
	return sum(&ip->saddr, 8, IPPROTO_TCP + (uint32_t)tcp_len);
}

/* An IPv4 TCP segment of @payload bytes, checksum left to the host; returns its length. */
static inline uint32_t fill_tcp4(uint8_t *p, uint32_t payload, struct virtio_net_hdr *hdr,
				 uint16_t link_header, uint16_t gso_size)
{
	uint32_t tcp_len = sizeof(struct tcphdr) + payload;
	struct headers4 h;
	uint32_t i;

	memset(&h, 0, sizeof(h));
	h.ip.version = 4;
	h.ip.ihl = 5;
	h.ip.tot_len = htons((uint16_t)(sizeof(h.ip) + tcp_len));
	h.ip.ttl = 64;
	h.ip.protocol = IPPROTO_TCP;
	h.ip.saddr = htonl(0x0a000001);
	h.ip.daddr = htonl(0x0a000002);
	h.ip.check = htons((uint16_t)~fold(sum(&h.ip, sizeof(h.ip), 0)));
	h.tcp.source = htons(1000);
	h.tcp.dest = htons(2000);
	h.tcp.doff = 5;
	h.tcp.ack = 1;
	h.tcp.seq = htonl(7);
	h.tcp.check = htons(fold(pseudo4(&h.ip, tcp_len)));
	memcpy(p, &h, sizeof(h));
	for (i = 0; i < payload; i++)
		p[sizeof(h) + i] = (uint8_t)i;
	hdr->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	hdr->csum_start = (uint16_t)(link_header + sizeof(h.ip));
	hdr->csum_offset = offsetof(struct tcphdr, check);
	if (gso_size) {
		hdr->gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
		hdr->gso_size = gso_size;
		hdr->hdr_len = (uint16_t)(link_header + sizeof(h));
	}
	return (uint32_t)sizeof(h) + payload;
}

static inline bool tcp4_checksum_ok(const uint8_t *p)
{
	struct iphdr ip;
	size_t tcp_len;

	memcpy(&ip, p, sizeof(ip));
	tcp_len = ntohs(ip.tot_len) - sizeof(ip);
	return fold(sum(p + sizeof(ip), tcp_len, pseudo4(&ip, tcp_len))) == 0xffff;
}

#endif /* PERSONA_FRAMES_H */
