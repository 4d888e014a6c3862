// SPDX-License-Identifier: GPL-2.0-only
/*
 * nlbuf.c - append to netlink messages in the caller's memory, see nlbuf.h.
 *
 * Theory of operation
 *
 * All is appended in place, each piece zero-padded to four bytes. The length of a nested attribute
 * is known at its end and written then.
 *
 * Used by the stack's configuration (netconf/netlink.c) and by messages of nf_tables (lib/nft.c).
 */
#include <linux/netlink.h>
#include <string.h>
#include "lib/nlbuf.h"

void *nlbuf_extend(struct nlbuf *b, size_t len)
{
	size_t aligned = NLMSG_ALIGN(len);
	void *at = b->bytes + b->len;

	if (b->full || aligned > b->size - b->len) {
		b->full = true;
		return NULL;
	}
	memset(at, 0, aligned);
	b->len += aligned;
	return at;
}

void nlbuf_put(struct nlbuf *b, uint16_t type, const void *data, size_t len)
{
	struct nlattr *a = nlbuf_extend(b, NLA_HDRLEN + len);

	if (!a)
		return;
	a->nla_type = type;
	a->nla_len = (uint16_t)(NLA_HDRLEN + len);
	if (len)
		memcpy((uint8_t *)a + NLA_HDRLEN, data, len);
}

void nlbuf_put_string(struct nlbuf *b, uint16_t type, const char *value)
{
	nlbuf_put(b, type, value, strlen(value) + 1);
}

size_t nlbuf_nest(struct nlbuf *b, uint16_t type)
{
	size_t at = b->len;

	nlbuf_put(b, type | NLA_F_NESTED, NULL, 0);
	return at;
}

void nlbuf_nest_end(struct nlbuf *b, size_t nest)
{
	struct nlattr *a = (struct nlattr *)(b->bytes + nest);

	if (!b->full)
		a->nla_len = (uint16_t)(b->len - nest);
}
