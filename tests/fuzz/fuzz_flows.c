// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_flows.c - libFuzzer target: whatever struct flows another process sends.
 *
 * What flows_valid() takes must become a filter that is sane (each jump forward and
 * inside, its end a return) and that the kernel accepts, and rules that fit their room.
 */
#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "backend/flowfilter.h"
#include "opener/iptables.h"
#include "opener/nftrules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One byte each, so that the fuzzer finds valid ones: not random families, but each. */
static void tame(struct flows *f)
{
	static const uint16_t families[] = {AF_INET, AF_INET6}, protos[] = {6, 17};

	f->naddrs %= FLOWS_MAX_ADDRS + 1;
	f->nports %= FLOWS_MAX_PORTS + 1;
	for (uint32_t i = 0; i < f->naddrs; i++) {
		f->addr[i].family = families[f->addr[i].family & 1];
		f->addr[i].owner %= 3;
	}
	for (uint32_t i = 0; i < f->nports; i++)
		f->port[i].proto = protos[f->port[i].proto & 1];
}

static void check_jumps(const struct sock_filter *code, unsigned int n)
{
	if (BPF_CLASS(code[n - 1].code) != BPF_RET)
		abort();
	for (unsigned int i = 0; i < n; i++) {
		unsigned int left = n - i - 1;

		if (BPF_CLASS(code[i].code) != BPF_JMP)
			continue;
		if (BPF_OP(code[i].code) == BPF_JA ? code[i].k >= left
						   : code[i].jt >= left || code[i].jf >= left)
			abort();
	}
}

static void check_filter(const struct flows *f, enum backend_link link)
{
	static struct sock_filter code[FLOWS_MAX_CODE];
	struct sock_fprog prog = {.filter = code};
	static int fd = -1;
	int n = flows_filter(f, link, code);

	if (n <= 0 || n > FLOWS_MAX_CODE)
		abort();
	check_jumps(code, (unsigned int)n);
	if (fd < 0)
		fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	prog.len = (unsigned short)n;
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[IPTABLES_TEXT];
	struct flows f = {0};

	memcpy(&f, data, size < sizeof(f) ? size : sizeof(f));
	if (size % 2) /* half of them as they came */
		tame(&f);
	if (!flows_valid(&f))
		return 0;
	check_filter(&f, BACKEND_LINK_ETHER);
	check_filter(&f, BACKEND_LINK_RAWIP);
	if (nftrules_compose(7, "fifteen-letters", &f) <= 0 ||
	    iptables_text(text, sizeof(text), "persona-4194304-7", AF_INET, &f) < 0 ||
	    iptables_text(text, sizeof(text), "persona-4194304-7", AF_INET6, &f) < 0)
		abort();
	return 0;
}
