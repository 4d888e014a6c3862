/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nftables.h - a table of nf_tables for a Linux of ours, made in one transaction.
 *
 *	struct nft *t = nft_new(engine_syscall, "persona", &err);
 *
 *	nft_chain(t, "in", "filter", NF_INET_PRE_ROUTING, -150, NF_ACCEPT);
 *	nft_rule(t, "in");
 *	...
 *	err = nft_commit(t, &why);
 *
 * Functions between nft_new() and nft_commit() add to the transaction, in memory (lib/nft.h); what
 * does not fit, or cannot be, is said by nft_commit(). One thread at a time.
 */
#ifndef PERSONA_NETCONF_NFTABLES_H
#define PERSONA_NETCONF_NFTABLES_H

#include "lib/nft.h"
#include "netconf/netlink.h"

/**
 * nft_new() - begin a transaction that makes table @name (family inet)
 * @call: which Linux; its nf_tables must be there
 * @err:  -errno on failure
 *
 * Return: what nft_commit() frees, or NULL.
 */
struct nft *nft_new(nl_call_fn *call, const char *name, int *err);

/**
 * nft_commit() - all or nothing; frees @t
 * @why: on failure one sentence
 *
 * Return: 0; -EOPNOTSUPP (a personality without nf_tables, or without an expression), or another
 * -errno.
 */
int nft_commit(struct nft *t, const char **why);

#endif /* PERSONA_NETCONF_NFTABLES_H */
