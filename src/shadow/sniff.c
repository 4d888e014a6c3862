// SPDX-License-Identifier: GPL-2.0-only
/*
 * sniff.c - packet sockets of programs, see sniff.h.
 *
 * Theory of operation
 *
 * libpcap wants a ring that it can map, which only the host's kernel can give. So the first
 * packet socket makes a network namespace of our own with a TUN/TAP device for
 * each interface of the stack, of the same name, number and address; the
 * mirrors (backend/mirror.h) copy all frames of the stack there; and programs get
 * packet sockets of that namespace: rings, filters and statistics are the host
 * kernel's. What a program sends there we read from the device and send by a
 * packet socket of the stack.
 *
 * The namespace has no name and ends with its last descriptor. Its devices
 * have no addresses and no IPv6, so its kernel adds nothing of its own.
 *
 * Frames that the stack sends are sent there by a packet socket of ours, so that they
 * look sent (PACKET_OUTGOING). They carry a mark, by which a filter on the device
 * keeps them from coming back to us.
 *
 * Limits: a frame sent by a program is seen twice; the stack's loopback is not shown.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "backend/mirror.h"
#include "shadow/pump.h"
#include "shadow/sniff.h"
#include "shadow/sock.h"

#define MARK	  0x70657273 /* of our own copies */
#define FRAME_MAX (65536 + 64)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int space = -1;	/* the network namespace */
static int sender = -1; /* packet socket in the stack */
static struct {
	int fd;
	int out;     /* packet socket on the device; -1: sent frames look received */
	int ifindex; /* in the stack */
} links[SNIFF_LINKS];
static unsigned int nlinks;

static int sniff_stack_ifindex(const char *name)
{
	struct ifreq ifr = {0};

	strncpy(ifr.ifr_name, name, sizeof(ifr.ifr_name) - 1);
	return stack_call(SYS_ioctl, sender, SIOCGIFINDEX, &ifr, 0, 0, 0) ? 0 : ifr.ifr_ifindex;
}

static int sniff_bring_up(const char *name, const struct backend *be)
{
	struct ifreq ifr = {0};
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;

	if (s < 0)
		return -errno;
	strncpy(ifr.ifr_name, name, sizeof(ifr.ifr_name) - 1);
	if (be->link == BACKEND_LINK_ETHER) {
		ifr.ifr_hwaddr.sa_family = ARPHRD_ETHER;
		memcpy(ifr.ifr_hwaddr.sa_data, be->mac, 6);
		ioctl(s, SIOCSIFHWADDR, &ifr);
	}
	ifr.ifr_mtu = (int)be->mtu;
	ioctl(s, SIOCSIFMTU, &ifr);
	ifr.ifr_flags = IFF_UP | IFF_RUNNING | IFF_NOARP;
	if (ioctl(s, SIOCSIFFLAGS, &ifr))
		err = -errno;
	close(s);
	return err;
}

/* Frames with our mark do not come out of the device @fd. */
static int sniff_drop_marked(int fd)
{
	struct bpf_insn insn[] = {
		{BPF_LDX | BPF_MEM | BPF_W, 0, 1, offsetof(struct __sk_buff, mark), 0},
		{BPF_JMP | BPF_JNE | BPF_K, 0, 0, 2, MARK},
		{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0},
		{BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
		{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0x40000},
		{BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
	};
	union bpf_attr attr;
	int prog, err;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (uintptr_t)insn;
	attr.insn_cnt = sizeof(insn) / sizeof(insn[0]);
	attr.license = (uintptr_t) "GPL";
	prog = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (prog < 0)
		return -errno;
	err = ioctl(fd, TUNSETFILTEREBPF, &prog) ? -errno : 0;
	close(prog);
	return err;
}

/* For the frames that the stack sends; -1 if it cannot be had. */
static int sniff_make_sender(int tun, const char *name)
{
	struct sockaddr_ll self = {.sll_family = AF_PACKET,
				   .sll_ifindex = (int)if_nametoindex(name)};
	int fd, one = 1, mark = MARK;

	if (sniff_drop_marked(tun))
		return -1;
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) &&
	    !setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) &&
	    !bind(fd, (struct sockaddr *)&self, sizeof(self)))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static int sniff_make_link(const char *name, const struct backend *be)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK), err;
	struct ifreq ifr = {0};
	int ifindex = sniff_stack_ifindex(name);

	if (fd < 0)
		return -errno;
	strncpy(ifr.ifr_name, name, sizeof(ifr.ifr_name) - 1);
	ifr.ifr_flags = IFF_NO_PI | IFF_VNET_HDR;
	ifr.ifr_flags |= be->link == BACKEND_LINK_ETHER ? IFF_TAP : IFF_TUN;
	if (ifindex > 1)
		ioctl(fd, TUNSETIFINDEX, &ifindex);
	err = ioctl(fd, TUNSETIFF, &ifr) ? -errno : sniff_bring_up(name, be);
	if (err) {
		close(fd);
		return err;
	}
	links[nlinks].fd = fd;
	links[nlinks].out = sniff_make_sender(fd, name);
	links[nlinks].ifindex = ifindex;
	return 0;
}

/* A program has sent on link @i: pass it to the stack. */
static void sniff_event(unsigned int i)
{
	static unsigned char frame[FRAME_MAX];
	const size_t hdr = sizeof(struct virtio_net_hdr);
	struct sockaddr_ll to = {.sll_family = AF_PACKET};
	ssize_t n;

	if (i >= nlinks)
		return;
	to.sll_ifindex = links[i].ifindex;
	while ((n = read(links[i].fd, frame, sizeof(frame))) > (ssize_t)hdr) {
		const unsigned char *data = frame + hdr;
		const struct backend *be;
		const char *name;

		be = mirror_at(i, &name);
		if (be && be->link == BACKEND_LINK_RAWIP)
			to.sll_protocol = htons(data[0] >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP);
		stack_call(SYS_sendto, sender, data, n - (ssize_t)hdr, MSG_DONTWAIT, &to,
			   sizeof(to));
	}
}

static void sniff_no_ipv6(void)
{
	int fd = open("/proc/sys/net/ipv6/conf/default/disable_ipv6", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "1", 1) != 1)
		errno = 0; /* its own packets would be seen, no more */
	close(fd);
}

/* In a thread of its own, which then stands in the new namespace, and ends. */
static void *sniff_make_space(void *arg)
{
	const struct backend *be;
	const char *name;
	int *err = arg;

	if (unshare(CLONE_NEWNET)) {
		*err = -errno;
		return NULL;
	}
	sniff_no_ipv6();
	for (unsigned int i = 0; nlinks < SNIFF_LINKS && (be = mirror_at(i, &name)); i++) {
		*err = sniff_make_link(name, be);
		if (*err)
			return NULL;
		mirror_show(i, links[nlinks].fd, links[nlinks].out, (int)if_nametoindex(name));
		pump_watch_fd(links[nlinks].fd, sniff_event, nlinks);
		nlinks++;
	}
	space = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	*err = space < 0 ? -errno : 0;
	return NULL;
}

/* The lock is held. */
static int sniff_start(void)
{
	pthread_t thread;
	int err = 0;

	if (space >= 0)
		return 0;
	if (sender < 0)
		sender = (int)stack_call(SYS_socket, AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0, 0, 0,
					 0);
	if (sender < 0)
		return sender;
	if (pthread_create(&thread, NULL, sniff_make_space, &err))
		return -EAGAIN;
	pthread_join(thread, NULL);
	if (err)
		sniff_stop();
	return err;
}

int sniff_socket(int type, int protocol)
{
	int home, fd = -1, err;

	pthread_mutex_lock(&lock);
	err = sniff_start();
	pthread_mutex_unlock(&lock);
	if (err)
		return err;
	/* A namespace is the thread's: there and back again. */
	home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (home < 0 || setns(space, CLONE_NEWNET)) {
		err = -errno;
	} else {
		fd = socket(AF_PACKET, type | SOCK_CLOEXEC, protocol);
		err = fd < 0 ? -errno : 0;
		setns(home, CLONE_NEWNET);
	}
	if (home >= 0)
		close(home);
	return err ? err : fd;
}

void sniff_stop(void)
{
	for (unsigned int i = 0; i < nlinks; i++) {
		mirror_show(i, -1, -1, 0);
		close(links[i].fd);
		if (links[i].out >= 0)
			close(links[i].out);
	}
	nlinks = 0;
	if (space >= 0)
		close(space);
	space = -1;
}
