// SPDX-License-Identifier: GPL-2.0-only
/*
 * packet_rebind.c - a packet socket outlives its interface, and can be bound to the next.
 *
 *   packet socket a --- va, vb --- packet socket b
 *
 * Its filter, its buffers and its place in an edge-triggered epoll set are kept. So an
 * interface that is removed and made again needs neither privileges nor
 * another descriptor.
 */
#include <linux/filter.h>
#include <sys/epoll.h>

#include "packet.h"

static const uint8_t wanted[64] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,
				   0,	 0,    0,    0,	   1,	 0x88, 0xb5};

static void make(void)
{
	veth_pair();
}

static void send_both(void)
{
	uint8_t other[64];
	int b = packet_socket("vb", false);

	memcpy(other, wanted, sizeof(other));
	other[13] = 0xb6;
	send(b, other, sizeof(other), 0);
	send(b, wanted, sizeof(wanted), 0);
	close(b);
}

int main(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x88b5, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = {sizeof(code) / sizeof(code[0]), code};
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET};
	struct sockaddr_ll self;
	socklen_t len = sizeof(self);
	uint8_t buf[128];
	int a, ep;

	fresh_netns();
	make();
	a = packet_socket("va", false);
	setsockopt(a, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog));
	ep = epoll_create1(EPOLL_CLOEXEC);
	epoll_ctl(ep, EPOLL_CTL_ADD, a, &ev);
	if (system("ip link del va"))
		return 1;
	ok(recv(a, buf, sizeof(buf), 0) < 0 && errno == ENETDOWN, "ENETDOWN tells of the removal");
	ok(!getsockname(a, (void *)&self, &len) && self.sll_ifindex == -1,
	   "it is bound to nothing");
	ok(send(a, wanted, sizeof(wanted), 0) < 0 && errno == ENXIO, "sending gives ENXIO");
	make();
	send_both();
	ok(recv(a, buf, sizeof(buf), 0) < 0, "one of the same name is not its own");
	self.sll_family = AF_PACKET;
	self.sll_protocol = htons(ETH_P_ALL);
	self.sll_ifindex = (int)if_nametoindex("va");
	ok(!bind(a, (void *)&self, sizeof(self)), "it can be bound to it");
	while (epoll_wait(ep, &ev, 1, 0) > 0)
		;
	send_both();
	ok(epoll_wait(ep, &ev, 1, 1000) == 1, "the epoll set hears of frames as before");
	ok(recv(a, buf, sizeof(buf), 0) == sizeof(wanted) && buf[13] == 0xb5 &&
		   recv(a, buf, sizeof(buf), 0) < 0,
	   "through the filter that it had");
	return done();
}
