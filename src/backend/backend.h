/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * backend.h - how frames leave and enter the process: one ops struct per kind.
 *
 * A back end is a host descriptor that carries frames with a virtio_net_hdr in
 * front (checksum and segmentation offload; VIRTIO 1.2, section 5.1.6), in
 * batches both ways. It knows nothing of the stack: the engine calls
 * it, @tx after the vCPU has been released, @rx while a vCPU is held.
 *
 * Calls of one back end: @tx is serialised per queue by the engine, @rx
 * too; @tx and @rx run concurrently. Neither blocks, allocates, takes a libc
 * lock or touches errno (they may run on a kernel stack of 32 KiB, so no large
 * local arrays either: batch state belongs into the back end's own memory).
 */
#ifndef PERSONA_BACKEND_BACKEND_H
#define PERSONA_BACKEND_BACKEND_H

#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>
#include "backend/opening/opening.h"

struct backend;
struct sock_fprog;

#define BACKEND_BATCH	32 /* most frames in one @tx or @rx call */
#define BACKEND_MAX_IOV 24 /* most pieces of one frame */
#define BACKEND_QUEUES	16 /* most transmit queues: one per vCPU */

#define BACKEND_F_CSUM	  (1u << 0) /* host completes checksums of sent frames */
#define BACKEND_F_TSO4	  (1u << 1) /* host segments TCP/IPv4 */
#define BACKEND_F_TSO6	  (1u << 2) /* host segments TCP/IPv6 */
#define BACKEND_F_TSO_ECN (1u << 3)
#define BACKEND_F_USO	  (1u << 4) /* host segments UDP (VIRTIO_NET_HDR_GSO_UDP_L4) */
#define BACKEND_F_GUEST	  (1u << 5) /* frames come in with checksum/GSO metadata */

/**
 * struct backend_frame - one frame, to send or to receive into
 * @hdr:  offload metadata; tx: to be honoured, rx: filled in (zeroed if none)
 * @iov:  the pieces; frame data begins at iov[0], no virtio header in it.
 *	  A back end that must put a header in front of them may do so in
 *	  iov[-1]: the engine guarantees one writable element before iov[0].
 * @niov: pieces
 * @len:  tx: bytes of the frame; rx: bytes received (without header); 0 after
 *	  @rx: a frame stood here and was dropped (too long, malformed), skip it
 */
struct backend_frame {
	struct virtio_net_hdr hdr;
	struct iovec *iov;
	unsigned int niov;
	uint32_t len;
};

/* Where the stack stands; its addresses follow from that if -i names none. */
enum backend_place {
	BACKEND_BESIDE,	 /* beside the host, whose interface and addresses it takes over */
	BACKEND_STATION, /* a station of its own on the host's link: a free address of that network
			  */
	BACKEND_FAR_END, /* other end of a link to the host: another address of that network */
	BACKEND_RELAY,	 /* behind a relay of this machine: see struct backend_relay */
	BACKEND_TUNNEL,	 /* at the end of a tunnel of the stack's own, which has addresses */
};

/* Hooks of the host's packet filter that see the stack's frames. */
#define BACKEND_HOOK_EGRESS  (1u << 0)
#define BACKEND_HOOK_INGRESS (1u << 1)
#define BACKEND_HOOK_ALL     (1u << 2) /* to the host the stack is a machine of its network */

/**
 * struct backend_relay - a process of this machine that ends the stack's connections
 * @ifname: name of the interface inside, where none of the host's is named
 * @addr4, @prefix4, @gateway4: IPv4 address that it knows the stack by, and its own
 * @addr6, @prefix6, @gateway6: the same of IPv6
 */
struct backend_relay {
	const char *ifname;
	const char *addr4;
	unsigned int prefix4;
	const char *gateway4;
	const char *addr6;
	unsigned int prefix6;
	const char *gateway6;
};

/**
 * struct backend_ops - one kind of back end
 * @opening: how the interface is opened, and the name (opening/opening.h); NULL for a kind that
 *	  stands before another one (pcap.h, mirror.h)
 * @help: half a line for --help and the documentation
 * @place: where the stack stands
 * @relay: with BACKEND_RELAY, else NULL. Such a kind needs no interface of the host
 * @link: what its frames begin with. A kind that serves both (@designates) says it of each back
 *	  end (struct backend)
 * @mtu_max: bytes of the longest packet that it carries; 0: what the interface carries
 * @hooks: BACKEND_HOOK_* that see its frames
 * @designates: does @text stand for an interface? 0, or -EINVAL with a sentence. NULL: the text
 *	  is an interface's name; else the name is known when it is attached to. Pure
 * @attach: make a back end of a descriptor that @opening has prepared, here or in
 *	  another process; needs no privileges. Fills the public part of struct backend.
 * @close: close and free
 * @tx:   send up to @n frames in order; return how many were consumed (sent or
 *	  dropped for good), which may be fewer than @n when the host's queue is
 *	  full; the others come again, from the first, with the same @iov (another
 *	  ring's frames may come in between if there are fewer queues than rings);
 *	  -errno only if the device is gone (-ENETDOWN, -ENXIO)
 * @rx:   receive up to @n frames without blocking; return how many (0: none),
 *	  or -errno as above. A frame longer than its buffer is dropped,
 *	  and counted in rx_truncated.
 * @set_mac: receive frames to Ethernet address @mac too (before traffic; sets
 *	  be->mac); NULL if the kind has none, or none but the host interface's
 * @set_filter: receive only frames that the classic BPF program @filter passes, from
 *	  now on (any thread); NULL if the kind shares its frames with nobody
 * @rebind: the host's interface was removed and is there again under its name: use
 *	  that one (any thread); 0 or -errno. NULL if the descriptor does not survive it
 */
struct backend_ops {
	const struct backend_opening *opening;
	const char *help;
	enum backend_place place;
	const struct backend_relay *relay;
	enum backend_link link;
	unsigned int mtu_max;
	unsigned int hooks;
	int (*designates)(const char *text, const char **why);
	int (*attach)(struct backend **be, int fd, const char *ifname, const char **why);
	void (*close)(struct backend *be);
	int (*tx)(struct backend *be, unsigned int queue, struct backend_frame *f, unsigned int n);
	int (*rx)(struct backend *be, unsigned int queue, struct backend_frame *f, unsigned int n);
	int (*set_mac)(struct backend *be, const uint8_t mac[6]);
	int (*set_filter)(struct backend *be, const struct sock_fprog *filter);
	int (*rebind)(struct backend *be);
};

/**
 * struct backend - public part, the first member of each kind's own struct
 * @fd:	      the descriptor to poll for reception (and to pass on to another process)
 * @mac:      Ethernet address to use inside (ether only)
 * @features: BACKEND_F_*
 * @queues:   transmit queues, which may be used concurrently; @rx has queue 0 alone
 * @rx_truncated: frames dropped because they were longer than their buffer
 * @rx_dropped: frames the host could not hand over
 * @tx_dropped: frames the host refused for good (too long, malformed, link down)
 */
struct backend {
	const struct backend_ops *ops;
	char ifname[IF_NAMESIZE]; /* the host's interface */
	int fd;
	enum backend_link link;
	unsigned int mtu;
	unsigned int features;
	unsigned int queues;
	uint8_t mac[6];
	uint64_t rx_truncated;
	uint64_t rx_dropped;
	uint64_t tx_dropped;
};

/** backend_find() - ops by name, or NULL. */
const struct backend_ops *backend_find(const char *name);

/** backend_at() - ops number @i for listings, NULL after the last. */
const struct backend_ops *backend_at(unsigned int i);

/**
 * backend_open() - open and attach in one process
 *
 * Return: 0, or -errno with one sentence in @why.
 */
int backend_open(struct backend **be, const struct backend_ops *ops, const char *ifname,
		 const char **why);

/**
 * backend_choose() - kind fit for host interface @ifname by its link type
 * @why: set to one sentence on failure
 *
 * Return: ops, or NULL (no such interface, or a type that none serves).
 */
const struct backend_ops *backend_choose(const char *ifname, const char **why);

#endif /* PERSONA_BACKEND_BACKEND_H */
