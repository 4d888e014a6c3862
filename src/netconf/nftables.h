/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nftables.h - a table of nf_tables, made in one transaction (linux/netfilter/nf_tables.h).
 *
 *	struct nft *t = nft_new(engine_syscall, "persona", &err);
 *
 *	nft_chain(t, "in", "filter", NF_INET_PRE_ROUTING, -150, NF_ACCEPT);
 *	nft_rule(t, "in");
 *	nft_meta(t, NFT_META_L4PROTO);
 *	nft_is(t, &tcp, sizeof(tcp));
 *	nft_verdict(t, NF_DROP);
 *	err = nft_commit(t, &why);
 *
 * Functions between nft_new() and nft_commit() add to the transaction, in memory; what does not
 * fit, or cannot be, is said by nft_commit(). One thread at a time. The rules' registers are the
 * module's matter: a value is loaded and then compared or used at once.
 */
#ifndef PERSONA_NETCONF_NFTABLES_H
#define PERSONA_NETCONF_NFTABLES_H

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stddef.h>
#include <stdint.h>
#include "netconf/netlink.h"

struct nft;

/**
 * nft_new() - begin a transaction that makes table @name (family inet)
 * @call: which Linux; its nf_tables must be there
 * @err:  -errno on failure
 *
 * Return: what nft_commit() frees, or NULL.
 */
struct nft *nft_new(nl_call_fn *call, const char *name, int *err);

/**
 * nft_chain() - a base chain
 * @type:     "filter", "nat" or "route"
 * @hook:     NF_INET_*
 * @priority: smaller is earlier
 * @policy:   NF_ACCEPT or NF_DROP
 */
void nft_chain(struct nft *t, const char *name, const char *type, uint32_t hook, int32_t priority,
	       uint32_t policy);

/** nft_rule() - begin a rule at the end of chain @chain; ends the rule before. */
void nft_rule(struct nft *t, const char *chain);

/** nft_meta() - load NFT_META_*. */
void nft_meta(struct nft *t, uint32_t key);

/** nft_ct() - load NFT_CT_*. */
void nft_ct(struct nft *t, uint32_t key);

/** nft_route() - load the index of the interface that leads to the destination; 0: none does. */
void nft_route(struct nft *t);

/** nft_is() - go on if what was loaded equals @len bytes at @data, else with the next rule. */
void nft_is(struct nft *t, const void *data, size_t len);

/** nft_is_not() - go on if it differs. */
void nft_is_not(struct nft *t, const void *data, size_t len);

/** nft_has() - go on if one bit of @mask is set in the 32-bit value that was loaded. */
void nft_has(struct nft *t, uint32_t mask);

/** nft_set_meta() - set NFT_META_* to @value. */
void nft_set_meta(struct nft *t, uint32_t key, uint32_t value);

/** nft_set_ct() - set NFT_CT_* of the packet's connection to @value. */
void nft_set_ct(struct nft *t, uint32_t key, uint32_t value);

/** nft_notrack() - connection tracking leaves the packet alone. */
void nft_notrack(struct nft *t);

/**
 * nft_tproxy() - give the packet to the transparent socket at local @port
 *
 * Goes on with the rule if there is one, else with the next rule.
 */
void nft_tproxy(struct nft *t, uint16_t port);

/**
 * nft_masquerade() - the packet's source becomes the address that it leaves by
 * @first, @last: ports to choose from; 0: any
 */
void nft_masquerade(struct nft *t, uint16_t first, uint16_t last);

/** nft_verdict() - NF_ACCEPT or NF_DROP. */
void nft_verdict(struct nft *t, uint32_t verdict);

/**
 * nft_commit() - all or nothing; frees @t
 * @why: on failure one sentence
 *
 * Return: 0; -EOPNOTSUPP (a personality without nf_tables, or without an expression), or another
 * -errno.
 */
int nft_commit(struct nft *t, const char **why);

#endif /* PERSONA_NETCONF_NFTABLES_H */
