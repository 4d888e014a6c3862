// SPDX-License-Identifier: GPL-2.0-only
/*
 * packet_ignore_outgoing.c - PACKET_IGNORE_OUTGOING hides what the interface sends.
 *
 *   socket a (sends), socket c (listens) --- va, vb --- socket b
 *
 * Without it back end `packet` would receive a copy of each frame it sends.
 */
#include "packet.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

static const uint8_t frame[64] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x88, 0xb5};

int main(void)
{
	uint8_t buf[128];
	int a, b, c, one = 1;

	fresh_netns();
	veth_pair();
	a = packet_socket("va", false);
	b = packet_socket("vb", false);
	c = packet_socket("va", false);
	ok(send(a, frame, sizeof(frame), 0) == sizeof(frame) && recv(c, buf, sizeof(buf), 0) > 0,
	   "without the option another socket sees what is sent");
	recv(b, buf, sizeof(buf), 0);
	ok(!setsockopt(c, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)),
	   "PACKET_IGNORE_OUTGOING is there");
	send(a, frame, sizeof(frame), 0);
	ok(recv(c, buf, sizeof(buf), 0) < 0, "with it the socket does not see it");
	send(b, frame, sizeof(frame), 0);
	ok(recv(c, buf, sizeof(buf), 0) == sizeof(frame), "but still receives");
	return done();
}
