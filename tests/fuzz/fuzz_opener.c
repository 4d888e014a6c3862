// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_opener.c - libFuzzer target: what anybody may send to persona-opener.
 *
 * The input is a sequence of requests, each a piece of flat fields with a piece of flows, which
 * the opener's own code (opener/requests.c) serves. What that does to the machine
 * happens in namespaces of our own; where we may not make them, nothing is served. What is
 * not for this process is replaced: to confine itself, and to start a packet filter.
 *
 * After each input everything is taken back; then no port may be ours any more.
 */
#include <netinet/in.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>
#include "opener/confine.h"
#include "opener/hostports.h"
#include "opener/requests.h"
#include "opener/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define MAX_REQUESTS 8

static bool alone; /* in namespaces of our own */

/* The linker takes these instead of the archive's. */
int confine(void)
{
	return 0;
}

int rules_start(const char **why)
{
	return 0;
}

int rules_set(unsigned int slot, const char *ifname, const struct flows *f, const char **why)
{
	if (slot >= OPENER_SLOTS || !flows_valid(f) || strpbrk(ifname, " \"\\;{}\n") ||
	    strlen(ifname) >= IF_NAMESIZE)
		abort();
	for (uint32_t i = 0; i < f->nports; i++) {
		if (!hostports_ours(f->port[i].proto, f->port[i].port))
			abort();
	}
	return 0;
}

void rules_stop(void)
{
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	alone = !unshare(CLONE_NEWNET | CLONE_NEWNS) &&
		!mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
		!mount("tmpfs", "/run", "tmpfs", 0, NULL);
	if (!alone)
		fprintf(stderr, "SKIP: no namespaces of our own (run as root)\n");
	return 0;
}

/* Names that exist, half the time; not the kinds that start processes or wait for the kernel. */
static void name(struct opener_request *q, uint8_t how)
{
	static const char *const kinds[] = {"packet", "rawip", "tap", "tun"};

	if (how & 1)
		strcpy(q->backend, kinds[how >> 1 & 3]);
	if (how & 8)
		strcpy(q->ifname, how & 16 ? "lo" : "t0");
	if (!strncmp(q->backend, "xdp", 3) || !strncmp(q->backend, "macvtap", 7))
		q->backend[0] = '?';
}

static void serve(struct opener_request *q, size_t len)
{
	struct opener_reply r;
	int fd = requests_serve(q, len, getpid(), &r);

	if (!memchr(r.why, '\0', sizeof(r.why)) || (r.err != 0) != (r.why[0] != '\0') ||
	    r.err > 0 || (fd >= 0 && (r.err || q->op != OPENER_OPEN)))
		abort();
	if (q->op == OPENER_RANGE && !r.err && r.last && !hostports_has_range(r.first, r.last))
		abort();
	if (fd >= 0)
		close(fd);
}

/* One request of @data: how, its true length, its fields. Return: bytes used. */
static size_t one(const uint8_t *data, size_t size)
{
	struct opener_request q = {0};
	uint8_t how = data[0], cut = data[1];
	size_t len = size - 2 < sizeof(q) ? size - 2 : sizeof(q);

	memcpy(&q, data + 2, len);
	name(&q, how);
	if (how & 32)
		q.op %= OPENER_OPS;
	if (how & 64) {
		q.proto = q.proto & 1 ? IPPROTO_TCP : IPPROTO_UDP;
		q.family = q.family & 1 ? AF_INET : AF_INET6;
		q.flows.naddrs %= FLOWS_MAX_ADDRS + 1;
		q.flows.nports %= FLOWS_MAX_PORTS + 1;
	}
	if (how & 128)
		q.magic = OPENER_MAGIC;
	serve(&q, cut == 255 ? sizeof(q) - 1 : sizeof(q));
	return 2 + len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (unsigned int i = 0; alone && i < MAX_REQUESTS && size > 2; i++) {
		/* Most are short: all but flows lies in front. */
		size_t part = i & 1 || size < sizeof(struct opener_request)
				      ? offsetof(struct opener_request, flows)
				      : sizeof(struct opener_request);
		size_t used = one(data, size < part ? size : part);

		data += used;
		size -= used;
	}
	requests_take_back();
	/* The least range is of 64. */
	for (uint32_t port = 80; port <= 65535; port += 64)
		if (hostports_ours(IPPROTO_TCP, (uint16_t)port))
			abort();
	return 0;
}
