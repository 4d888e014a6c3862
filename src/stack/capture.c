// SPDX-License-Identifier: GPL-2.0-only
/*
 * capture.c - what passes inside tunnels goes to the capture file, see capture.h.
 *
 * Theory of operation
 *
 * A tunnel's back end carries ciphertext, so its wrapper (backend/pcap.c) would record nothing
 * that anybody can read. Its packets are taken where Linux itself shows them, by a packet socket
 * of the stack on the WireGuard device, so after decryption and before encryption, with
 * offloads as on other interfaces. A thread sleeps on these sockets inside the stack and writes
 * what they have to the file.
 *
 * Time stamps are the stack's, moved by what its clock differs from the host's at the time of
 * reading: the stack's does not follow when the host's is set.
 *
 * What comes faster than the file takes waits in the socket, up to a part of the stack's memory;
 * beyond that Linux drops and counts it. The count stands in the file as its interface's
 * statistics, as pcapng has them, and the user hears of it at the end.
 *
 * Ownership: the sockets and the reference of the capture are this file's until capture_stop().
 * Threads: one, "persona-capture"; capture_add(), _start() and _stop() by those of the stack's
 * life. Inline the process's other threads are the program's, so the host's descriptor is high.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include "backend/pcap.h"
#include "engine/engine.h"
#include "lib/clock.h"
#include "lib/rawsys.h"
#include "stack/capture.h"
#include "stack/config.h"

#define BATCH	    16
#define PACKET_MAX  65536
#define WAITING_MAX (8u << 20) /* bytes of packets in a socket: 60 ms at 1 Gbit/s */
#define MEMORY_PART 32	       /* but no more than that part of the stack's memory */

/**
 * struct tap - one device
 * @fd:	     packet socket of the stack
 * @number:  in the file
 * @seen, @lost: packets
 */
struct tap {
	int fd;
	int number;
	char name[IF_NAMESIZE];
	uint64_t seen, lost;
};

union control {
	struct cmsghdr align;
	uint8_t bytes[CMSG_SPACE(sizeof(struct timespec))];
};

/* What the thread reads into. */
struct room {
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_ll from[BATCH];
	union control control[BATCH];
	uint8_t packet[BATCH][PACKET_MAX];
};

static struct tap taps[CONFIG_MAX_IFACES];
static unsigned int ntaps;
static struct pcap *pcap;
static struct room *room;
static int end_fd = -1;
static pthread_t thread;
static void (*tell)(const char *sentence);

static long capture_call(long nr, long a, long b, long c, long d, long e)
{
	const long args[6] = {a, b, c, d, e, 0};

	return engine_syscall(nr, args);
}

static long capture_set(int fd, int level, int name, int value)
{
	return capture_call(SYS_setsockopt, fd, level, name, (long)&value, sizeof(value));
}

int capture_add(struct pcap *p, int index, const char *name, size_t memory)
{
	const struct sockaddr_ll at = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = index};
	size_t waiting = memory / MEMORY_PART < WAITING_MAX ? memory / MEMORY_PART : WAITING_MAX;
	struct tap *t = &taps[ntaps];
	long fd, err;

	/* Without a protocol it hears nothing before it is bound. */
	fd = capture_call(SYS_socket, AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, 0, 0, 0);
	if (fd < 0)
		return (int)fd;
	err = capture_set((int)fd, SOL_SOCKET, SO_RCVBUFFORCE, (int)waiting);
	if (!err)
		err = capture_set((int)fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
	if (!err)
		err = t->number = pcap_add(p, BACKEND_LINK_RAWIP, name);
	if (err >= 0)
		err = capture_call(SYS_bind, fd, (long)&at, sizeof(at), 0, 0);
	if (err < 0) {
		capture_call(SYS_close, fd, 0, 0, 0, 0);
		return (int)err;
	}
	t->fd = (int)fd;
	t->seen = t->lost = 0;
	snprintf(t->name, sizeof(t->name), "%s", name);
	if (!ntaps++)
		pcap = pcap_get(p);
	return 0;
}

/* What is to be added to the stack's time stamps, ns. */
static int64_t capture_offset(void)
{
	struct timespec t = {0};

	capture_call(SYS_clock_gettime, CLOCK_REALTIME, (long)&t, 0, 0, 0);
	return (int64_t)(clock_read_ns(CLOCK_REALTIME) -
			 ((uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec));
}

static uint64_t capture_stamp(struct msghdr *m)
{
	struct timespec t = {0};

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS)
			memcpy(&t, CMSG_DATA(c), sizeof(t));
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void capture_prepare(void)
{
	for (unsigned int i = 0; i < BATCH; i++) {
		room->iov[i] = (struct iovec){room->packet[i], PACKET_MAX};
		room->msg[i].msg_hdr = (struct msghdr){
			.msg_name = &room->from[i],
			.msg_namelen = sizeof(room->from[i]),
			.msg_iov = &room->iov[i],
			.msg_iovlen = 1,
			.msg_control = &room->control[i],
			.msg_controllen = sizeof(room->control[i]),
		};
	}
}

/* All that waits at @t. */
static void capture_take(struct tap *t)
{
	int64_t offset;
	long n;

	do {
		capture_prepare();
		n = capture_call(SYS_recvmmsg, t->fd, (long)room->msg, BATCH,
				 MSG_DONTWAIT | MSG_TRUNC, 0);
		offset = n > 0 ? capture_offset() : 0;
		for (long i = 0; i < n; i++) {
			uint32_t len = room->msg[i].msg_len;
			uint64_t ns = capture_stamp(&room->msg[i].msg_hdr) + (uint64_t)offset;

			pcap_packet(pcap, (uint32_t)t->number, ns,
				    room->from[i].sll_pkttype == PACKET_OUTGOING, room->packet[i],
				    len < PACKET_MAX ? len : PACKET_MAX, len);
		}
		t->seen += n > 0 ? (uint64_t)n : 0;
	} while (n == BATCH);
}

static void capture_take_all(void)
{
	for (unsigned int i = 0; i < ntaps; i++)
		capture_take(&taps[i]);
}

static void *capture_run(void *arg)
{
	struct pollfd host = {.fd = end_fd, .events = POLLIN}, p[CONFIG_MAX_IFACES];
	struct timespec now = {0, 0};

	prctl(PR_SET_NAME, "persona-capture");
	while (!host.revents) {
		for (unsigned int i = 0; i < ntaps; i++)
			p[i] = (struct pollfd){.fd = taps[i].fd, .events = POLLIN};
		engine_syscall_poll(&host, 1, SYS_ppoll, (const long[6]){(long)p, ntaps, 0, 0, 8});
		RAWSYS(SYS_ppoll, &host, 1, &now, NULL, 8);
		capture_take_all();
	}
	engine_thread_exit();
	return arg;
}

int capture_start(void (*say)(const char *sentence))
{
	if (!ntaps)
		return 0;
	tell = say;
	room = malloc(sizeof(*room));
	end_fd = host_fd_keep((int)RAWSYS(SYS_eventfd2, 0, EFD_CLOEXEC));
	if (room && end_fd >= 0 && !engine_thread_create(&thread, 0, 0, capture_run, NULL))
		return 1;
	tell("cannot start a thread: what passes the tunnels is not captured");
	host_fd_close(&end_fd);
	free(room);
	room = NULL;
	return 0;
}

/* What Linux has dropped since its socket was made. */
static void capture_count(struct tap *t)
{
	struct tpacket_stats st = {0};
	socklen_t len = sizeof(st);
	char sentence[160];

	capture_call(SYS_getsockopt, t->fd, SOL_PACKET, PACKET_STATISTICS, (long)&st, (long)&len);
	t->lost = st.tp_drops;
	pcap_statistics(pcap, (uint32_t)t->number, t->seen + t->lost, t->lost);
	if (!t->lost || !tell)
		return;
	snprintf(sentence, sizeof(sentence),
		 "--pcap: %llu packets of %s are not in the file, which took them too slowly",
		 (unsigned long long)t->lost, t->name);
	tell(sentence);
}

void capture_stop(void)
{
	uint64_t one = 1;

	if (room) {
		RAWSYS(SYS_write, end_fd, &one, sizeof(one));
		pthread_join(thread, NULL);
		host_fd_close(&end_fd);
		capture_take_all();
		free(room);
		room = NULL;
	}
	for (unsigned int i = 0; i < ntaps; i++) {
		capture_count(&taps[i]);
		capture_call(SYS_close, taps[i].fd, 0, 0, 0, 0);
	}
	if (ntaps)
		pcap_put(pcap);
	ntaps = 0;
	pcap = NULL;
}
