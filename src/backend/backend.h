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

struct backend;
struct sock_fprog;
struct flows;

#define BACKEND_BATCH	32 /* most frames in one @tx or @rx call */
#define BACKEND_MAX_IOV 24 /* most pieces of one frame */
#define BACKEND_QUEUES	16 /* most transmit queues: one per vCPU */

enum backend_link {
	BACKEND_LINK_ETHER, /* Ethernet frames, ARP */
	BACKEND_LINK_RAWIP, /* IPv4/IPv6 packets without link header, no ARP */
};

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

/* Who opens: ourselves, ourselves or else persona-opener, persona-opener alone. */
enum backend_opener { BACKEND_SELF, BACKEND_EITHER, BACKEND_OPENER };

/**
 * struct backend_ops - one kind of back end
 * @name: as in the interface specification ("packet", "tap", ...)
 * @help: half a line for --help and the documentation
 * @opener: what open takes: no privilege, sometimes one, always
 * @open: open host interface @ifname: gives a descriptor (non-blocking,
 *	  CLOEXEC) that may be handed to another process, or -errno with @why set
 *	  to one sentence with reason and remedy. This is the part that needs
 *	  privileges; it allocates nothing.
 * @undo: take back what @open made on the host and what does not go with the
 *	  last descriptor, before that is closed; NULL if there is no such thing.
 *	  Same process and privileges as @open
 * @steer: tell the host which frames of @ifname are ours, all of it anew, as often as that
 *	  changes; 0, or -errno with a sentence. Same process as @open, one thread at a
 *	  time; NULL if the kind needs not be told
 * @attach: make a back end of a descriptor that @open has prepared, here or in
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
 *	  be->mac); NULL if the kind needs nothing for that
 * @set_filter: receive only frames that the classic BPF program @filter passes, from
 *	  now on (any thread); NULL if the kind shares its frames with nobody
 * @rebind: the host's interface was removed and is there again under its name: use
 *	  that one (any thread); 0 or -errno. NULL if the descriptor does not survive it
 */
struct backend_ops {
	const char *name;
	const char *help;
	enum backend_opener opener;
	int (*open)(const char *ifname, const char **why);
	void (*undo)(int fd, const char *ifname);
	int (*steer)(const char *ifname, const struct flows *f, const char **why);
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
