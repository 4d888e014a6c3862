// SPDX-License-Identifier: GPL-2.0-only
/*
 * tuntap.c - back ends `tap` (Ethernet) and `tun` (IP packets).
 *
 * Theory of operation
 *
 * A TUN/TAP descriptor is the far end of a link to the host's own kernel: what
 * is written there the host receives on the interface, what the host sends to
 * the interface is read there. IFF_VNET_HDR puts a virtio_net_hdr in front, and
 * TUNSETOFFLOAD tells the host that it may leave checksums undone and TCP
 * segments uncut for us. There is no batching call: one writev or readv per
 * frame, in a loop.
 *
 * An interface that does not exist is created (CAP_NET_ADMIN), brought up, and
 * vanishes with the last descriptor, so a crash leaves nothing behind. A
 * persistent one is attached to, and must be up.
 *
 * Inside, a TAP end needs an address of its own (the interface's belongs to
 * the host's side): a random, locally administered one unless mac= names it.
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
#include "backend/hostif.h"
#include "backend/rawsys.h"
#include "backend/tuntap.h"
#include "backend/why.h"

#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

#define TUN_PATH "/dev/net/tun"
#define HDR_LEN	 sizeof(struct virtio_net_hdr)

struct tuntap {
	struct backend be;
	struct iovec rxv[BACKEND_MAX_IOV + 2]; /* header, frame, spare byte */
	uint8_t spare;
};

static int tuntap_tx(struct backend *be, unsigned int queue, struct backend_frame *f,
		     unsigned int n)
{
	unsigned int i = 0;
	long r;

	while (i < n) {
		f[i].iov[-1].iov_base = &f[i].hdr;
		f[i].iov[-1].iov_len = HDR_LEN;
		r = RAWSYS(SYS_writev, be->fd, f[i].iov - 1, f[i].niov + 1);
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
static long rx_one(struct tuntap *tt, struct backend_frame *f)
{
	unsigned int i;
	size_t room = 0;
	long r;

	if (f->niov > BACKEND_MAX_IOV)
		return -EINVAL;
	tt->rxv[0].iov_base = &f->hdr;
	tt->rxv[0].iov_len = HDR_LEN;
	for (i = 0; i < f->niov; i++) {
		tt->rxv[1 + i] = f->iov[i];
		room += f->iov[i].iov_len;
	}
	tt->rxv[1 + i].iov_base = &tt->spare;
	tt->rxv[1 + i].iov_len = 1;

	r = RAWSYS(SYS_readv, tt->be.fd, tt->rxv, f->niov + 2);
	if (r < 0)
		return r;
	if ((size_t)r > HDR_LEN + room) {
		tt->be.rx_truncated++;
		return 0;
	}
	return r > (long)HDR_LEN ? r - (long)HDR_LEN : 0;
}

static int tuntap_rx(struct backend *be, unsigned int queue, struct backend_frame *f,
		     unsigned int n)
{
	struct tuntap *tt = (struct tuntap *)be;
	unsigned int i = 0;
	long r;

	while (i < n) {
		r = rx_one(tt, &f[i]);
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

static void tuntap_close(struct backend *be)
{
	raw_close(be->fd);
	free(be);
}

static int set_mac(struct backend *be, const uint8_t mac[6])
{
	memcpy(be->mac, mac, sizeof(be->mac));
	return 0;
}

static int random_mac(uint8_t mac[6])
{
	long r = RAWSYS(SYS_getrandom, mac, 6, 0);

	mac[0] = (uint8_t)((mac[0] & ~1) | 2);
	return r == 6 ? 0 : -EIO;
}

/* Reception offloads; which transmission offloads they imply. */
static int set_offload(int fd, unsigned int *features)
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

/* Make the struct for prepared descriptor @fd. */
static int make(struct backend **be, const struct backend_ops *ops, int fd, const char *ifname,
		const char **why)
{
	struct tuntap *tt;
	struct hostif h;
	int err;

	err = hostif_get(-1, ifname, &h);
	if (err)
		return why_set(why, -err, "cannot read interface '%s': %s", ifname, strerror(-err));
	tt = calloc(1, sizeof(*tt));
	if (!tt)
		return why_set(why, ENOMEM, "no memory for back end %s", ops->name);
	tt->be.ops = ops;
	strncpy(tt->be.ifname, ifname, sizeof(tt->be.ifname) - 1);
	tt->be.fd = fd;
	tt->be.link = ops == &backend_tap ? BACKEND_LINK_ETHER : BACKEND_LINK_RAWIP;
	tt->be.mtu = h.mtu < 65535 ? h.mtu : 65535;
	tt->be.queues = BACKEND_QUEUES;
	err = set_offload(fd, &tt->be.features);
	if (!err && ops == &backend_tap)
		err = random_mac(tt->be.mac);
	if (err) {
		free(tt);
		return why_set(why, -err, "cannot set offloads of '%s': %s", ifname,
			       strerror(-err));
	}
	*be = &tt->be;
	return 0;
}

static int bind_interface(int fd, const struct backend_ops *ops, const char *ifname, bool exists,
			  const char **why)
{
	struct ifreq ifr;
	int err;

	memset(&ifr, 0, sizeof(ifr));
	strncpy(ifr.ifr_name, ifname, sizeof(ifr.ifr_name) - 1);
	ifr.ifr_flags =
		(short)((ops == &backend_tap ? IFF_TAP : IFF_TUN) | IFF_NO_PI | IFF_VNET_HDR);
	err = raw_ioctl(fd, TUNSETIFF, &ifr);
	switch (err) {
	case 0:
		return 0;
	case -EPERM:
	case -EACCES:
		return why_set(
			why, -err,
			exists ? "interface '%s' is not yours: needs CAP_NET_ADMIN: run as root"
			       : "creating interface '%s' needs CAP_NET_ADMIN: run as root",
			ifname);
	case -EBUSY:
		return why_set(why, EBUSY, "interface '%s' is in use by another program", ifname);
	case -EINVAL:
		return why_set(why, EINVAL, "interface '%s' is not a single-queue %s interface",
			       ifname, ops->name);
	default:
		return why_set(why, -err, "cannot attach to interface '%s': %s", ifname,
			       strerror(-err));
	}
}

static int tuntap_open(const struct backend_ops *ops, const char *ifname, const char **why)
{
	struct hostif h;
	bool exists;
	int fd, err;

	err = hostif_get(-1, ifname, &h);
	if (err && err != -ENODEV)
		return why_set(why, -err, "cannot read interface '%s': %s", ifname, strerror(-err));
	exists = !err;

	fd = raw_open(TUN_PATH, O_RDWR | O_NONBLOCK | O_CLOEXEC, 0);
	if (fd < 0)
		return why_set(why, -fd, "interface '%s': cannot open " TUN_PATH ": %s%s", ifname,
			       strerror(-fd),
			       fd == -EACCES || fd == -EPERM ? ": run as root" : ": modprobe tun");
	err = bind_interface(fd, ops, ifname, exists, why);
	if (err)
		goto out_close;
	if (!exists) {
		err = hostif_set_up(ifname);
		if (err) {
			why_set(why, -err, "cannot bring '%s' up: %s", ifname, strerror(-err));
			goto out_close;
		}
	} else if (!(h.flags & IFF_UP)) {
		err = why_set(why, ENETDOWN, "interface '%s' is down: ip link set %s up", ifname,
			      ifname);
		goto out_close;
	}
	return fd;

out_close:
	raw_close(fd);
	return err;
}

static int tuntap_attach(struct backend **be, const struct backend_ops *ops, int fd,
			 const char *ifname, const char **why)
{
	int kind = ops == &backend_tap ? IFF_TAP : IFF_TUN;
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	if (raw_ioctl(fd, TUNGETIFF, &ifr) || !(ifr.ifr_flags & kind) ||
	    !(ifr.ifr_flags & IFF_VNET_HDR) || strcmp(ifr.ifr_name, ifname))
		return why_set(why, EBADF, "descriptor %d is not %s interface '%s'", fd, ops->name,
			       ifname);
	return make(be, ops, fd, ifname, why);
}

static int tap_open(const char *ifname, const char **why)
{
	return tuntap_open(&backend_tap, ifname, why);
}

static int tap_attach(struct backend **be, int fd, const char *ifname, const char **why)
{
	return tuntap_attach(be, &backend_tap, fd, ifname, why);
}

static int tun_open(const char *ifname, const char **why)
{
	return tuntap_open(&backend_tun, ifname, why);
}

static int tun_attach(struct backend **be, int fd, const char *ifname, const char **why)
{
	return tuntap_attach(be, &backend_tun, fd, ifname, why);
}

const struct backend_ops backend_tap = {
	.name = "tap",
	.help = "a TAP interface, created if it does not exist",
	.opener = BACKEND_EITHER,
	.open = tap_open,
	.attach = tap_attach,
	.close = tuntap_close,
	.tx = tuntap_tx,
	.rx = tuntap_rx,
	.set_mac = set_mac,
};

const struct backend_ops backend_tun = {
	.name = "tun",
	.help = "a TUN interface (IP packets), created if it does not exist",
	.opener = BACKEND_EITHER,
	.open = tun_open,
	.attach = tun_attach,
	.close = tuntap_close,
	.tx = tuntap_tx,
	.rx = tuntap_rx,
};
