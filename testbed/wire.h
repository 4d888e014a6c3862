/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * wire.h - an emulated link: two TUN/TAP devices and a pipe each way.
 */
#ifndef PERSONA_TESTBED_WIRE_H
#define PERSONA_TESTBED_WIRE_H

#include <net/if.h>
#include <stdio.h>

#include "testbed/pipe.h"

enum wire_state {
	WIRE_UP,
	WIRE_DOWN, /* both devices without carrier, frames dropped */
	WIRE_DROP, /* carrier on, frames vanish */
};

/** struct wire_end - one device, and the pipe that its frames enter */
struct wire_end {
	struct wire *wire;
	struct wire_end *peer;
	char ifname[IF_NAMESIZE];
	int fd;
	struct pipe out;
};

/**
 * struct wire - a link
 * @end: [0] is side a, whose pipe is `up`; [1] is side b, whose pipe is `down`
 * @gso: frames carry a virtio_net_hdr
 */
struct wire {
	char name[32];
	bool tap;
	bool gso;
	unsigned int mtu;
	uint64_t seed;
	enum wire_state state;
	struct pipe_params initial[2];
	struct wire_end end[2];
};

/** wire_parse() - NAME,tap|tun,SPEC; NULL or what is wrong. @spec is modified. */
const char *wire_parse(struct wire *w, char *spec);

/** wire_open() - make the device of one side in the current namespace; NULL or why not. */
const char *wire_open(struct wire *w, int side);

/** wire_start() - both devices are open: get the pipes ready. */
void wire_start(struct wire *w);

/** wire_set() - change parameters; NULL or the word that is wrong (then nothing changed). */
const char *wire_set(struct wire *w, char *spec);

/** wire_set_state() - "up", "down" or "drop"; 0 or -EINVAL. */
int wire_set_state(struct wire *w, const char *state);

/** wire_read() - take up to @max frames from a readable device into its pipe. */
void wire_read(struct wire_end *end, uint64_t now, unsigned int max);

/** wire_deliver() - write what has arrived; when the next frame arrives, or UINT64_MAX. */
uint64_t wire_deliver(struct wire *w, uint64_t now);

/** wire_json() - "NAME":{...} */
void wire_json(const struct wire *w, FILE *out);

#endif /* PERSONA_TESTBED_WIRE_H */
