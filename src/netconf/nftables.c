// SPDX-License-Identifier: GPL-2.0-only
/*
 * nftables.c - a table of nf_tables for a Linux of ours, in one transaction, see nftables.h.
 *
 * The messages are lib/nft.c's; here they are sent, and answers read. The kernel answers
 * while we send: an error for each message that it refuses, and the acknowledgement that
 * the last one asks for.
 *
 * Ownership: nft_new() to nft_commit(). Limits: NFT_BATCH bytes, some 60 rules.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "lib/rawsys.h"
#include "lib/why.h"
#include "netconf/nftables.h"

#define NFT_BATCH 16384

/** struct nftables - a transaction, its memory and the socket that it is for */
struct nftables {
	struct nft nft;
	struct nl *nl;
	uint8_t bytes[NFT_BATCH] __attribute__((aligned(8)));
};

static struct nftables *nftables_of(struct nft *t)
{
	return (struct nftables *)((char *)t - offsetof(struct nftables, nft));
}

struct nft *nft_new(nl_call_fn *call, const char *name, int *err)
{
	struct nftables *n = calloc(1, sizeof(*n));

	*err = -ENOMEM;
	if (!n)
		return NULL;
	n->nl = nl_open(call, NETLINK_NETFILTER, err);
	if (!n->nl) {
		free(n);
		return NULL;
	}
	*err = 0;
	nft_init(&n->nft, NFPROTO_INET, name, n->bytes, sizeof(n->bytes));
	nft_table(&n->nft, 0);
	return &n->nft;
}

/* Answers are there when the datagram has been sent: the first error, or 0. */
static int nftables_answers(struct nl *nl)
{
	long args[6] = {nl->fd, (long)nl->reply.bytes, sizeof(nl->reply), MSG_DONTWAIT, 0, 0};
	int err = 0;
	long n;

	while ((n = nl->call(SYS_recvfrom, args)) > 0)
		nft_answer(nl->reply.bytes, (size_t)n, &err);
	return err;
}

static int nftables_send(struct nftables *n)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	long args[6] = {n->nl->fd, (long)n->bytes, 0, 0, (long)&kernel, sizeof(kernel)};
	long r = nft_finish(&n->nft);

	if (r < 0)
		return (int)r;
	args[2] = r;
	do {
		r = n->nl->call(SYS_sendto, args);
	} while (r == -EINTR);
	return r < 0 ? (int)r : nftables_answers(n->nl);
}

int nft_commit(struct nft *t, const char **why)
{
	struct nftables *n = nftables_of(t);
	int err = nftables_send(n);

	if (err == -ENOENT || err == -EOPNOTSUPP || err == -EPROTONOSUPPORT || err == -EINVAL)
		err = why_set(why, EOPNOTSUPP,
			      "this personality's packet filter lacks what table '%s' needs",
			      t->table);
	else if (err)
		why_set(why, -err, "cannot make table '%s' of the packet filter: %s", t->table,
			strerror(-err));
	nl_close(n->nl);
	free(n);
	return err;
}
