/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nft.h - words to messages of nf_tables (linux/netfilter/nf_tables.h), in the caller's memory.
 *
 *	nft_init(&t, NFPROTO_INET, "persona", bytes, sizeof(bytes));
 *	nft_table(&t, 0);
 *	nft_chain(&t, "in", "filter", NF_INET_PRE_ROUTING, -150, NF_ACCEPT);
 *	nft_rule(&t, "in");
 *	nft_meta(&t, NFT_META_L4PROTO);
 *	nft_is(&t, &tcp, sizeof(tcp));
 *	nft_verdict(&t, NF_DROP);
 *	len = nft_finish(&t);
 *
 * What comes out is one transaction, one datagram for a socket of NETLINK_NETFILTER; sending it is
 * the caller's matter: persona-opener's for the host's kernel (opener/nftrules.c), the gateway's
 * for a stack (netconf/nftables.h). Nothing is allocated and nothing can fail on the way: what
 * does not fit is said by nft_finish(). One thread per struct nft. The rules' registers are the
 * module's matter: a value is loaded and then compared or used at once.
 */
#ifndef PERSONA_LIB_NFT_H
#define PERSONA_LIB_NFT_H

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/nlbuf.h"

#define NFT_NAME 32 /* bytes of a table's name with its NUL */

/**
 * struct nft - a transaction under construction
 * @buf:  the caller's memory
 * @at:   offset of the last message
 * @list: offset of the open rule's list of expressions
 * @rule: a rule is open
 */
struct nft {
	struct nlbuf buf;
	size_t at, list;
	uint32_t seq;
	uint8_t family;
	bool rule;
	char table[NFT_NAME];
};

/**
 * nft_init() - begin a transaction about table @table of @family (NFPROTO_*)
 * @bytes: memory for it, aligned to 8
 */
void nft_init(struct nft *t, uint8_t family, const char *table, void *bytes, size_t size);

/** nft_table() - make the table if it is not there; @flags: NFT_TABLE_F_*. */
void nft_table(struct nft *t, uint32_t flags);

/** nft_drop_table() - remove the table with all that is in it. */
void nft_drop_table(struct nft *t);

/**
 * nft_chain() - a base chain
 * @type:     "filter", "nat" or "route"
 * @hook:     NF_INET_*
 * @priority: smaller is earlier
 * @policy:   NF_ACCEPT or NF_DROP
 */
void nft_chain(struct nft *t, const char *name, const char *type, uint32_t hook, int32_t priority,
	       uint32_t policy);

/** nft_chain_on() - a base chain at the ingress of interface @device, family netdev; it accepts. */
void nft_chain_on(struct nft *t, const char *name, const char *device, int32_t priority);

/** nft_chain_empty() - chain @name, without a hook and without rules, whatever was there. */
void nft_chain_empty(struct nft *t, const char *name);

/** nft_drop_chain() - remove chain @name and its rules, there or not. */
void nft_drop_chain(struct nft *t, const char *name);

/** nft_rule() - begin a rule at the end of chain @chain; ends the rule before. */
void nft_rule(struct nft *t, const char *chain);

/** nft_meta() - load NFT_META_*. */
void nft_meta(struct nft *t, uint32_t key);

/** nft_ct() - load NFT_CT_*. */
void nft_ct(struct nft *t, uint32_t key);

/** nft_route() - load the index of the interface that leads to the destination; 0: none does. */
void nft_route(struct nft *t);

/** nft_payload() - load @len bytes of the packet, at @offset of a header (NFT_PAYLOAD_*_HEADER). */
void nft_payload(struct nft *t, uint32_t base, uint32_t offset, uint32_t len);

/** nft_is() - go on if what was loaded equals @len bytes at @data, else with the next rule. */
void nft_is(struct nft *t, const void *data, size_t len);

/** nft_is_not() - go on if it differs. */
void nft_is_not(struct nft *t, const void *data, size_t len);

/** nft_between() - go on if @first <= the port that was loaded <= @last. */
void nft_between(struct nft *t, uint16_t first, uint16_t last);

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

/** nft_jump() - go through @chain, then on with the next rule. */
void nft_jump(struct nft *t, const char *chain);

/** nft_finish() - end it; bytes to be sent, or -EMSGSIZE: it does not fit. */
long nft_finish(struct nft *t);

/**
 * nft_answer() - read what the kernel answers: an error for each message that it refuses, or one
 *		  acknowledgement
 * @err: receives the first error, if it is 0 yet
 *
 * Return: is there an answer in the @len bytes at @bytes?
 */
bool nft_answer(const void *bytes, size_t len, int *err);

#endif /* PERSONA_LIB_NFT_H */
