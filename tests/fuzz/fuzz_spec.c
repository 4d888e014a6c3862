// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_spec.c - libFuzzer target: the interface specification's parser.
 *
 * Whatever the text, the parser ends, stays inside its buffers, and either
 * says why not or gives a specification that is sane and survives the way
 * through a configuration.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "backend/backend.h"
#include "netconf/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_addr(const struct ip_addr *a)
{
	char text[IP_ADDR_TEXT];
	struct ip_addr again;

	if (a->family != AF_INET && a->family != AF_INET6)
		abort();
	if (!a->prefix || a->prefix > ip_len(a) * 8)
		abort();
	if (ip_parse(ip_format(a, false, text), &again) || !ip_equal(a, &again))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	const char *why = NULL;
	const struct backend_ops *be;
	struct iface_spec s;
	uint32_t i;

	memcpy(text, data, size);
	text[size] = '\0';
	if (spec_parse(text, &s, &why)) {
		if (!why || !*why)
			abort();
		goto out;
	}
	be = backend_find(s.backend);
	if (!be && s.backend[0]) /* none: chosen later, by the link's type */
		abort();
	if (!ifname_valid(s.ifname) && (s.ifname[0] || !be || !be->relay))
		abort();
	if (!ifname_valid(s.name) && (s.name[0] || !be || !be->designates))
		abort();
	if (s.naddrs > SPEC_MAX_ADDRS)
		abort();
	for (i = 0; i < s.naddrs; i++)
		check_addr(&s.addr[i]);
	if (s.gw4.family)
		check_addr(&s.gw4);
	if (s.gw6.family)
		check_addr(&s.gw6);
out:
	free(text);
	return 0;
}
