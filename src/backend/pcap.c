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
#define BLOCK_EPB 6

#define SHB_MAGIC 0x1a2b3c4d

#define LINKTYPE_ETHERNET 1
#define LINKTYPE_RAW	  101

#define OPT_END	       0
#define OPT_IF_NAME    2
#define OPT_IF_TSRESOL 9
#define OPT_EPB_FLAGS  2

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

static void pcap_record(struct pcap_backend *pb, struct writer *w, const struct backend_frame *f,
			uint32_t direction)
{
	uint32_t pad = -f->len & 3;
	uint32_t left = f->len;
	unsigned int i, n = 0;
	uint64_t ns;
	long r;

	if (!f->len || f->niov > BACKEND_MAX_IOV ||
	    atomic_load_explicit(&pb->pcap->broken, memory_order_relaxed))
		return;
	ns = clock_read_ns(CLOCK_REALTIME);
	w->head.type = BLOCK_EPB;
	w->head.interface = pb->interface;
	w->head.ts_high = (uint32_t)(ns >> 32);
	w->head.ts_low = (uint32_t)ns;
	w->iov[n++] = (struct iovec){&w->head, sizeof(w->head)};
	for (i = 0; i < f->niov && left; i++) {
		size_t len = f->iov[i].iov_len < left ? f->iov[i].iov_len : left;

		w->iov[n++] = (struct iovec){f->iov[i].iov_base, len};
		left -= (uint32_t)len;
	}
	if (left)
		return; /* fewer bytes than @len says: not a frame */
	w->head.captured = f->len;
	w->head.original = f->len;
	w->head.total = (uint32_t)(sizeof(w->head) + f->len + pad + sizeof(w->tail));
	w->iov[n++] = (struct iovec){(void *)zeros, pad};
	w->tail = (struct epb_tail){
		.flags_opt = {OPT_EPB_FLAGS, 4},
		.flags = direction,
		.end = {OPT_END, 0},
		.total = w->head.total,
	};
	w->iov[n++] = (struct iovec){&w->tail, sizeof(w->tail)};
	do {
		r = RAWSYS(SYS_writev, pb->pcap->fd, w->iov, n);
	} while (r == -EINTR);
	if (r != (long)w->head.total)
		pcap_stop(pb->pcap, r);
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

int pcap_wrap(struct pcap *p, struct backend *inner, const char *name, struct backend **outer)
{
	struct pcap_backend *pb = calloc(1, sizeof(*pb));
	int err;

	if (!pb)
		return -ENOMEM;
	err = pcap_write_interface(p, inner->link, name);
	if (err) {
		free(pb);
		return err;
	}
	pb->be = *inner;
	pb->be.ops = &pcap_ops;
	pb->inner = inner;
	pb->pcap = p;
	pb->interface = p->interfaces++;
	p->refs++;
	*outer = &pb->be;
	return 0;
}

void pcap_put(struct pcap *p)
{
	if (!p || --p->refs)
		return;
	raw_close(p->fd);
	free(p);
}
