// SPDX-License-Identifier: GPL-2.0-only
/*
 * wire.c - an emulated link: two TUN/TAP devices and a pipe each way.
 *
 * The device is opened in the namespace of the caller; its descriptor works
 * from any other. Frames are read into buffers of the pipe and written from
 * there to the other device: one copy by each kernel call, none here.
 *
 * Limits: one queue per device, frames up to mtu + link header (or 64 KB with
 * gso), IFF_NO_PI always.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "testbed/wire.h"

#define ETH_HEADER 14u
#define MTU_MAX	   65535u
#define GSO_MAX	   65536u

static const char *const state_names[] = {
	[WIRE_UP] = "up", [WIRE_DOWN] = "down", [WIRE_DROP] = "drop"};

static int parse_directions(struct pipe_params p[2], const char *word)
{
	if (!strncmp(word, "up.", 3))
		return pipe_params_parse(&p[0], word + 3);
	if (!strncmp(word, "down.", 5))
		return pipe_params_parse(&p[1], word + 5);
	return pipe_params_parse(&p[0], word) ? -EINVAL : pipe_params_parse(&p[1], word);
}

const char *wire_parse(struct wire *w, char *spec)
{
	char *save = NULL, *word = strtok_r(spec, ",", &save);

	memset(w, 0, sizeof(*w));
	w->mtu = 1500;
	w->initial[0] = w->initial[1] = pipe_params_default();
	if (!word || strlen(word) >= sizeof(w->name))
		return "no name, or too long a name";
	strcpy(w->name, word);
	word = strtok_r(NULL, ",", &save);
	if (!word || (strcmp(word, "tap") && strcmp(word, "tun")))
		return "second word: tap or tun";
	w->tap = !strcmp(word, "tap");
	while ((word = strtok_r(NULL, ",", &save))) {
		if ((word[0] == 'a' || word[0] == 'b') && word[1] == '=') {
			if (!word[2] || strlen(word + 2) >= IF_NAMESIZE)
				return "bad device name";
			strcpy(w->end[word[0] - 'a'].ifname, word + 2);
		} else if (!strncmp(word, "mtu=", 4)) {
			w->mtu = (unsigned int)strtoul(word + 4, NULL, 10);
			if (w->mtu < 68 || w->mtu > MTU_MAX)
				return "mtu out of range";
		} else if (!strncmp(word, "seed=", 5)) {
			w->seed = strtoull(word + 5, NULL, 10);
		} else if (!strcmp(word, "gso")) {
			w->gso = true;
		} else if (parse_directions(w->initial, word)) {
			return word;
		}
	}
	if (!w->end[0].ifname[0] || !w->end[1].ifname[0])
		return "a=DEVICE and b=DEVICE are needed";
	if (w->gso && (w->initial[0].rate || w->initial[1].rate))
		return "gso is for links without a rate";
	return NULL;
}

const char *wire_open(struct wire *w, int side)
{
	struct wire_end *end = &w->end[side];
	struct ifreq ifr = {.ifr_flags = IFF_NO_PI | IFF_TUN_EXCL};
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return "cannot open /dev/net/tun";
	ifr.ifr_flags |= w->tap ? IFF_TAP : IFF_TUN;
	if (w->gso)
		ifr.ifr_flags |= IFF_VNET_HDR;
	memcpy(ifr.ifr_name, end->ifname, IF_NAMESIZE);
	if (ioctl(fd, TUNSETIFF, &ifr))
		return strerror(errno);
	if (w->gso && ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6))
		return strerror(errno);
	end->fd = fd;
	return NULL;
}

void wire_start(struct wire *w)
{
	unsigned int header = (w->tap ? ETH_HEADER : 0) +
			      (w->gso ? (unsigned int)sizeof(struct virtio_net_hdr) : 0);

	for (int side = 0; side < 2; side++) {
		struct wire_end *end = &w->end[side];

		end->wire = w;
		end->peer = &w->end[!side];
		/* 4 more than the MTU for a VLAN tag */
		pipe_init(&end->out, header, header + 4 + (w->gso ? GSO_MAX : w->mtu),
			  w->seed * 2 + (uint64_t)side);
		end->out.p = w->initial[side];
	}
}

const char *wire_set(struct wire *w, char *spec)
{
	struct pipe_params p[2] = {w->end[0].out.p, w->end[1].out.p};
	char *save = NULL, *word;

	for (word = strtok_r(spec, ",", &save); word; word = strtok_r(NULL, ",", &save))
		if (parse_directions(p, word))
			return word;
	if (w->gso && (p[0].rate || p[1].rate))
		return "rate (a link with gso has none)";
	w->end[0].out.p = p[0];
	w->end[1].out.p = p[1];
	return NULL;
}

int wire_set_state(struct wire *w, const char *state)
{
	for (unsigned int i = 0; i < sizeof(state_names) / sizeof(state_names[0]); i++) {
		int carrier = i != WIRE_DOWN;

		if (strcmp(state, state_names[i]))
			continue;
		w->state = i;
		for (int side = 0; side < 2; side++) {
			if (i != WIRE_UP)
				pipe_flush(&w->end[side].out);
			ioctl(w->end[side].fd, TUNSETCARRIER, &carrier);
		}
		return 0;
	}
	return -EINVAL;
}

static void emit(struct wire_end *end, struct frame *f)
{
	struct pipe *pipe = &end->out;

	if (write(end->peer->fd, f->data, f->len) == (ssize_t)f->len) {
		pipe->stats.frames++;
		pipe->stats.bytes += f->len - (end->wire->gso ? sizeof(struct virtio_net_hdr) : 0);
	} else {
		pipe->stats.write_failed++;
	}
	pipe_free(pipe, f);
}

static bool unshaped(const struct pipe *pipe)
{
	return !pipe->p.rate && !pipe->p.delay_ns && !pipe->p.jitter_ns && !pipe->p.loss &&
	       !pipe->head;
}

void wire_read(struct wire_end *end, uint64_t now, unsigned int max)
{
	struct pipe *pipe = &end->out;

	while (max--) {
		struct frame *f = pipe_alloc(pipe);
		ssize_t n = f ? read(end->fd, f->data, pipe->frame_size) : -1;

		if (n <= 0) {
			if (f)
				pipe_free(pipe, f);
			return;
		}
		f->len = (uint32_t)n;
		if (end->wire->state != WIRE_UP) {
			pipe->stats.link_down++;
			pipe_free(pipe, f);
		} else if (unshaped(pipe)) {
			emit(end, f);
		} else {
			pipe_send(pipe, f, now);
		}
	}
}

uint64_t wire_deliver(struct wire *w, uint64_t now)
{
	uint64_t next = UINT64_MAX;

	for (int side = 0; side < 2; side++) {
		struct wire_end *end = &w->end[side];
		struct frame *f;

		while ((f = pipe_receive(&end->out, now)))
			emit(end, f);
		if (pipe_due(&end->out) < next)
			next = pipe_due(&end->out);
	}
	return next;
}

static void pipe_json(const struct pipe *pipe, const char *name, FILE *out)
{
	const struct pipe_params *p = &pipe->p;
	const struct pipe_stats *s = &pipe->stats;

	fprintf(out,
		"\"%s\":{\"rate_bit\":%llu,\"delay_ms\":%.3f,\"jitter_ms\":%.3f,"
		"\"loss_percent\":%.4f,",
		name, (unsigned long long)p->rate, (double)p->delay_ns / 1e6,
		(double)p->jitter_ns / 1e6, (double)p->loss * 100 / 4294967296.0);
	if (p->queue_bytes)
		fprintf(out, "\"queue_bytes\":%llu,", (unsigned long long)p->queue_bytes);
	else
		fprintf(out, "\"queue_ms\":%.3f,", (double)p->queue_ns / 1e6);
	fprintf(out,
		"\"frames\":%llu,\"bytes\":%llu,\"lost\":%llu,\"queue_full\":%llu,"
		"\"link_down\":%llu,\"write_failed\":%llu}",
		(unsigned long long)s->frames, (unsigned long long)s->bytes,
		(unsigned long long)s->lost, (unsigned long long)s->queue_full,
		(unsigned long long)s->link_down, (unsigned long long)s->write_failed);
}

void wire_json(const struct wire *w, FILE *out)
{
	fprintf(out, "\"%s\":{\"type\":\"%s\",\"state\":\"%s\",\"mtu\":%u,", w->name,
		w->tap ? "tap" : "tun", state_names[w->state], w->mtu);
	pipe_json(&w->end[0].out, "up", out);
	fputc(',', out);
	pipe_json(&w->end[1].out, "down", out);
	fputc('}', out);
}
