// SPDX-License-Identifier: GPL-2.0-only
/*
 * pcap.c - capture what passes a back end into a pcapng file.
 *
 * Theory of operation
 *
 * A decorator: a back end that passes its calls on to another one and records
 * the frames, sent ones after the host took them, received ones as they came.
 * One file serves all interfaces: a section header, one interface description
 * per interface, then one enhanced packet block per frame, with direction and
 * nanosecond time stamps (draft-ietf-opsawg-pcapng). Fields are in the byte
 * order of the machine, as the format allows.
 *
 * Frames are recorded as they pass here, so with offloads: up to 64 KiB long,
 * checksums of sent frames not yet filled in. The host's own tcpdump shows the
 * same of its own stack.
 *
 * What does not pass a back end as itself (stack/capture.c) is recorded packet by packet, and its
 * interface has a statistics block at the end.
 *
 * Each block is one writev to a file opened with O_APPEND, which the kernel
 * does atomically: several interfaces, queues and directions write concurrently
 * without a lock of ours. A write that fails (disk full) ends the capture with
 * one line and leaves the traffic alone.
 *
 * Ownership: a wrapper owns the wrapped back end and one reference of the
 * capture. References are counted by set-up and tear-down alone, one thread.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "backend/pcap.h"
#include "lib/clock.h"
#include "lib/rawsys.h"
#include "lib/why.h"

#define BLOCK_SHB 0x0a0d0d0a
#define BLOCK_IDB 1
#define BLOCK_ISB 5
#define BLOCK_EPB 6

#define SHB_MAGIC 0x1a2b3c4d

#define LINKTYPE_ETHERNET 1
#define LINKTYPE_RAW	  101

#define OPT_END	       0
#define OPT_IF_NAME    2
#define OPT_IF_TSRESOL 9
#define OPT_EPB_FLAGS  2
#define OPT_ISB_RECV   4
#define OPT_ISB_DROP   5

#define EPB_INBOUND  1
#define EPB_OUTBOUND 2

struct shb {
	uint32_t type, total, magic;
	uint16_t major, minor;
	int64_t section_len; /* -1: not known */
} __attribute__((packed));

struct opt {
	uint16_t code, len;
};

struct epb {
	uint32_t type, total, interface, ts_high, ts_low, captured, original;
};

/* Behind the frame: padding of 0 to 3 bytes, then this. */
struct epb_tail {
	struct opt flags_opt;
	uint32_t flags;
	struct opt end;
	uint32_t total;
};

struct pcap {
	int fd;
	unsigned int refs;
	unsigned int interfaces;
	atomic_bool broken;
};

/* A block under construction, of one queue or of reception. */
struct writer {
	struct epb head;
	struct epb_tail tail;
	struct iovec iov[BACKEND_MAX_IOV + 3];
};

struct pcap_backend {
	struct backend be;
	struct backend *inner;
	struct pcap *pcap;
	uint32_t interface;
	struct writer tx[BACKEND_QUEUES];
	struct writer rx;
};

static const uint8_t zeros[4];

/* @r: what the write gave instead of the whole block. */
static void pcap_stop(struct pcap *p, long r)
{
	char text[] = "persona: capture ends: the file cannot be written (error 000)\n";
	char *digits = text + sizeof(text) - 6;
	unsigned int err = r < 0 ? (unsigned int)-r : ENOSPC;

	if (atomic_exchange(&p->broken, true))
		return;
	digits[0] = (char)('0' + err / 100 % 10);
	digits[1] = (char)('0' + err / 10 % 10);
	digits[2] = (char)('0' + err % 10);
	RAWSYS(SYS_write, 2, text, sizeof(text) - 1);
}

static bool pcap_is_broken(const struct pcap *p)
{
	return atomic_load_explicit(&p->broken, memory_order_relaxed);
}

/* The block in pieces 0 to @n - 1 but for what stands behind the @len bytes of the packet. */
static void pcap_write_packet(struct pcap *p, struct writer *w, unsigned int n, uint32_t direction)
{
	uint32_t len = w->head.captured, pad = -len & 3;
	long r;

	w->head.total = (uint32_t)(sizeof(w->head) + len + pad + sizeof(w->tail));
	w->iov[n++] = (struct iovec){(void *)zeros, pad};
	w->tail = (struct epb_tail){
		.flags_opt = {OPT_EPB_FLAGS, 4},
		.flags = direction,
		.end = {OPT_END, 0},
		.total = w->head.total,
	};
	w->iov[n++] = (struct iovec){&w->tail, sizeof(w->tail)};
	do {
		r = RAWSYS(SYS_writev, p->fd, w->iov, n);
	} while (r == -EINTR);
	if (r != (long)w->head.total)
		pcap_stop(p, r);
}

static void pcap_record(struct pcap_backend *pb, struct writer *w, const struct backend_frame *f,
			uint32_t direction)
{
	uint32_t left = f->len;
	unsigned int i, n = 0;
	uint64_t ns;

	if (!f->len || f->niov > BACKEND_MAX_IOV || pcap_is_broken(pb->pcap))
		return;
	ns = clock_read_ns(CLOCK_REALTIME);
	w->head = (struct epb){.type = BLOCK_EPB,
			       .interface = pb->interface,
			       .ts_high = (uint32_t)(ns >> 32),
			       .ts_low = (uint32_t)ns,
			       .captured = f->len,
			       .original = f->len};
	w->iov[n++] = (struct iovec){&w->head, sizeof(w->head)};
	for (i = 0; i < f->niov && left; i++) {
		size_t len = f->iov[i].iov_len < left ? f->iov[i].iov_len : left;

		w->iov[n++] = (struct iovec){f->iov[i].iov_base, len};
		left -= (uint32_t)len;
	}
	if (left)
		return; /* fewer bytes than @len says: not a frame */
	pcap_write_packet(pb->pcap, w, n, direction);
}

void pcap_packet(struct pcap *p, uint32_t interface, uint64_t ns, bool outbound, const void *data,
		 uint32_t captured, uint32_t original)
{
	struct writer w;

	if (pcap_is_broken(p))
		return;
	w.head = (struct epb){.type = BLOCK_EPB,
			      .interface = interface,
			      .ts_high = (uint32_t)(ns >> 32),
			      .ts_low = (uint32_t)ns,
			      .captured = captured,
			      .original = original};
	w.iov[0] = (struct iovec){&w.head, sizeof(w.head)};
	w.iov[1] = (struct iovec){(void *)data, captured};
	pcap_write_packet(p, &w, 2, outbound ? EPB_OUTBOUND : EPB_INBOUND);
}

static int pcap_tx(struct backend *be, unsigned int queue, struct backend_frame *f, unsigned int n)
{
	struct pcap_backend *pb = (struct pcap_backend *)be;
	int i, done;

	done = pb->inner->ops->tx(pb->inner, queue, f, n);
	for (i = 0; i < done; i++)
		pcap_record(pb, &pb->tx[queue], &f[i], EPB_OUTBOUND);
	be->tx_dropped = pb->inner->tx_dropped;
	return done;
}

static int pcap_rx(struct backend *be, unsigned int queue, struct backend_frame *f, unsigned int n)
{
	struct pcap_backend *pb = (struct pcap_backend *)be;
	int i, got;

	got = pb->inner->ops->rx(pb->inner, queue, f, n);
	for (i = 0; i < got; i++)
		pcap_record(pb, &pb->rx, &f[i], EPB_INBOUND);
	be->rx_truncated = pb->inner->rx_truncated;
	be->rx_dropped = pb->inner->rx_dropped;
	return got;
}

static void pcap_close(struct backend *be)
{
	struct pcap_backend *pb = (struct pcap_backend *)be;

	pb->inner->ops->close(pb->inner);
	pcap_put(pb->pcap);
	free(pb);
}

static int pcap_set_mac(struct backend *be, const uint8_t mac[6])
{
	struct pcap_backend *pb = (struct pcap_backend *)be;
	int err = 0;

	if (pb->inner->ops->set_mac)
		err = pb->inner->ops->set_mac(pb->inner, mac);
	if (!err)
		memcpy(be->mac, mac, sizeof(be->mac));
	return err;
}

static const struct backend_ops pcap_ops = {
	.close = pcap_close,
	.tx = pcap_tx,
	.rx = pcap_rx,
	.set_mac = pcap_set_mac,
};

static int pcap_write_block(struct pcap *p, const void *block, size_t len)
{
	long r = RAWSYS(SYS_write, p->fd, block, len);

	if (r < 0)
		return (int)r;
	return r == (long)len ? 0 : -ENOSPC;
}

static int pcap_write_section(struct pcap *p)
{
	struct {
		struct shb shb;
		uint32_t total;
	} __attribute__((packed)) block = {
		.shb = {BLOCK_SHB, sizeof(block), SHB_MAGIC, 1, 0, -1},
		.total = sizeof(block),
	};

	return pcap_write_block(p, &block, sizeof(block));
}

static int pcap_write_interface(struct pcap *p, enum backend_link link, const char *name)
{
	struct {
		uint32_t type, total;
		uint16_t linktype, reserved;
		uint32_t snaplen;
		struct opt name_opt;
		char name[IF_NAMESIZE]; /* its length counts the padding: zeros end it */
		struct opt resol_opt;
		uint8_t resol, pad[3];
		struct opt end;
		uint32_t total2;
	} block = {
		.type = BLOCK_IDB,
		.total = sizeof(block),
		.linktype = link == BACKEND_LINK_ETHER ? LINKTYPE_ETHERNET : LINKTYPE_RAW,
		.name_opt = {OPT_IF_NAME, sizeof(block.name)},
		.resol_opt = {OPT_IF_TSRESOL, 1},
		.resol = 9,
		.total2 = sizeof(block),
	};

	strncpy(block.name, name, sizeof(block.name) - 1);
	return pcap_write_block(p, &block, sizeof(block));
}

void pcap_statistics(struct pcap *p, uint32_t interface, uint64_t passed, uint64_t missing)
{
	uint64_t ns = clock_read_ns(CLOCK_REALTIME);
	struct {
		uint32_t type, total, interface, ts_high, ts_low;
		struct opt recv_opt;
		uint64_t recv;
		struct opt drop_opt;
		uint64_t drop;
		struct opt end;
		uint32_t total2;
	} __attribute__((packed)) block = {
		.type = BLOCK_ISB,
		.total = sizeof(block),
		.interface = interface,
		.ts_high = (uint32_t)(ns >> 32),
		.ts_low = (uint32_t)ns,
		.recv_opt = {OPT_ISB_RECV, 8},
		.recv = passed,
		.drop_opt = {OPT_ISB_DROP, 8},
		.drop = missing,
		.total2 = sizeof(block),
	};
	int err;

	if (pcap_is_broken(p))
		return;
	err = pcap_write_block(p, &block, sizeof(block));
	if (err)
		pcap_stop(p, err);
}

int pcap_create(struct pcap **p, const char *path, const char **why)
{
	struct pcap *new = calloc(1, sizeof(*new));
	int err;

	if (!new)
		return why_set(why, ENOMEM, "no memory for a capture");
	new->refs = 1;
	new->fd = raw_open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	if (new->fd < 0) {
		err = why_set(why, -new->fd, "cannot write capture file '%s': %s", path,
			      strerror(-new->fd));
		goto out_free;
	}
	err = pcap_write_section(new);
	if (err) {
		why_set(why, -err, "cannot write capture file '%s': %s", path, strerror(-err));
		goto out_close;
	}
	*p = new;
	return 0;

out_close:
	raw_close(new->fd);
out_free:
	free(new);
	return err;
}

int pcap_add(struct pcap *p, enum backend_link link, const char *name)
{
	int err = pcap_write_interface(p, link, name);

	return err ? err : (int)p->interfaces++;
}

int pcap_wrap(struct pcap *p, struct backend *inner, const char *name, struct backend **outer)
{
	struct pcap_backend *pb = calloc(1, sizeof(*pb));
	int err;

	if (!pb)
		return -ENOMEM;
	err = pcap_add(p, inner->link, name);
	if (err < 0) {
		free(pb);
		return err;
	}
	pb->be = *inner;
	pb->be.ops = &pcap_ops;
	pb->inner = inner;
	pb->pcap = p;
	pb->interface = (uint32_t)err;
	p->refs++;
	*outer = &pb->be;
	return 0;
}

struct pcap *pcap_get(struct pcap *p)
{
	p->refs++;
	return p;
}

void pcap_put(struct pcap *p)
{
	if (!p || --p->refs)
		return;
	raw_close(p->fd);
	free(p);
}
